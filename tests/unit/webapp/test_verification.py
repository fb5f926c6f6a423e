"""Verification: what enters the queue, who holds what, what is kept, and what counts in the end."""

import datetime as dt
import threading
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.worlds.read_pages import (
    Read,
    add_page,
    add_reading,
    add_sheet,
    comment,
    double,
    faint,
    striped,
    sure,
)
from tests.worlds.small import SmallWorld, make_small_world
from webapp.errors import ClaimLost, InvalidInput, NotFound
from webapp.persistence.accounts import User
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.campaign import Sheet
from webapp.persistence.responses import (
    accepted_answers,
    accepted_comments,
    count_unaccounted,
    open_item_counts,
)
from webapp.persistence.scans import Page
from webapp.persistence.verification import Decision, ReviewItem
from webapp.services.answer_kinds import Answer
from webapp.services.verification import (
    LEASE_S,
    WorkFilter,
    claim_next_item,
    drop_page_items,
    enqueue_reading,
    held_item,
    record_decision,
    release_items,
    renew_lease,
    undo_last_decision,
)

LATER = dt.timedelta(seconds=LEASE_S + 1)
FRONT = (sure("CX4.1", "2"), faint("CX4.2", "3"), double("CX4.3"), striped("CX4.4"))


@pytest.fixture
def world(session: Session, now: dt.datetime) -> SmallWorld:
    return make_small_world(session, now)


def everything(world: SmallWorld) -> WorkFilter:
    return WorkFilter(world.campaign.id)


def read_sheet(
    session: Session, world: SmallWorld, now: dt.datetime, serial: int = 1, reads: Sequence[Read] = FRONT
) -> Page:
    page = add_page(session, add_sheet(session, world, serial), now)
    enqueue_reading(session, add_reading(session, page, now, reads), now)
    session.flush()
    return page


def answers(session: Session, world: SmallWorld) -> dict[str, tuple[str | None, str, str]]:
    session.flush()
    rows = accepted_answers(session, world.campaign.id)
    return {row.field_code: (row.value, row.validity, row.provenance) for row in rows}


def claim(session: Session, world: SmallWorld, name: str, now: dt.datetime) -> ReviewItem | None:
    return claim_next_item(session, world.users[name], now, everything(world))


def arbitrate(session: Session, world: SmallWorld, now: dt.datetime) -> ReviewItem:
    """The head takes what waits for a third person."""
    session.flush()
    wanted = WorkFilter(world.campaign.id, "arbitration")
    item = claim_next_item(session, world.users["head"], now, wanted)
    assert item is not None
    return item


def must_claim(session: Session, world: SmallWorld, name: str, now: dt.datetime) -> ReviewItem:
    item = claim(session, world, name, now)
    assert item is not None
    return item


def option(value: str) -> Answer:
    return Answer("option", value, input_kind="key", shown_ms=900)


# -- enqueue


def test_only_doubtful_fields_and_written_comments_enter(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = add_page(session, add_sheet(session, world, 1), now)
    reads = (*FRONT, comment("CX4.gop_y"), comment("CX4.khac", written=False))
    assert enqueue_reading(session, add_reading(session, page, now, reads), now) == 4
    session.flush()
    items = session.scalars(select(ReviewItem).order_by(ReviewItem.position)).all()
    assert [(i.field_code, i.queue) for i in items] == [
        ("CX4.2", "single"), ("CX4.3", "single"), ("CX4.4", "single"), ("CX4.gop_y", "comment"),
    ]  # fmt: skip


@pytest.mark.parametrize("state", ["duplicate", "blank", "problem"])
def test_pages_that_stand_for_no_sheet_open_nothing(
    session: Session, world: SmallWorld, now: dt.datetime, state: str
) -> None:
    page = add_page(session, add_sheet(session, world, 1), now, state=state)
    assert enqueue_reading(session, add_reading(session, page, now, FRONT), now) == 0
    assert answers(session, world) == {}


def test_a_page_that_turns_out_to_be_another_sheets_takes_its_items_along(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_sheet(session, world, now)
    page.sheet = add_sheet(session, world, 2)
    session.flush()
    enqueue_reading(session, add_reading(session, page, now, FRONT), now)
    session.flush()
    states = session.execute(select(Sheet.serial, ReviewItem.state).join(Sheet).order_by(ReviewItem.id))
    assert [tuple(row) for row in states] == [(1, "dropped")] * 3 + [(2, "open")] * 3
    assert {row.sheet_id for row in accepted_answers(session, world.campaign.id)} == {page.sheet_id}


def test_a_page_that_cannot_be_read_again_takes_its_items_back(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_sheet(session, world, now)
    page.state = "problem"
    session.flush()
    assert enqueue_reading(session, add_reading(session, page, now, []), now) == 0
    assert claim(session, world, "reviewer", now) is None
    assert answers(session, world) == {}


def test_a_dropped_page_leaves_the_queue(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    page = read_sheet(session, world, now)
    assert drop_page_items(session, page.id) == 3
    assert claim(session, world, "reviewer", now) is None


# -- claim


def test_the_same_question_comes_together_and_comments_last(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    for serial in (1, 2):
        read_sheet(session, world, now, serial, (*FRONT, comment("CX4.gop_y")))
    order = []
    while (item := claim(session, world, "reviewer", now)) is not None:
        order.append(item.field_code)
        done = Answer("unreadable") if item.queue == "comment" else Answer("blank")
        record_decision(session, world.users["reviewer"], item.id, done, now)
        session.flush()
    assert order == [c for c in ("CX4.2", "CX4.3", "CX4.4", "CX4.gop_y") for _ in (1, 2)]


def test_two_people_get_two_items_and_each_keeps_the_own(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    read_sheet(session, world, now)
    mine, theirs = must_claim(session, world, "reviewer", now), must_claim(session, world, "reviewer2", now)
    assert mine.id != theirs.id
    assert must_claim(session, world, "reviewer", now).id == mine.id
    assert held_item(session, world.users["reviewer2"], everything(world)) is theirs


def test_a_lease_runs_out_unless_renewed(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    read_sheet(session, world, now, reads=[double("CX4.3")])
    item = must_claim(session, world, "reviewer", now)
    renew_lease(session, world.users["reviewer"], item.id, now + LATER / 2)
    session.flush()
    assert claim(session, world, "reviewer2", now + LATER) is None
    assert must_claim(session, world, "reviewer2", now + 2 * LATER).id == item.id
    with pytest.raises(ClaimLost):
        renew_lease(session, world.users["reviewer"], item.id, now + 2 * LATER)


def test_released_items_are_free_at_once(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    read_sheet(session, world, now, reads=[double("CX4.3")])
    item = must_claim(session, world, "reviewer", now)
    assert release_items(session, world.users["reviewer"]) == 1
    assert held_item(session, world.users["reviewer"], everything(world)) is None
    assert must_claim(session, world, "reviewer2", now).id == item.id


def test_filters_narrow_the_work(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    read_sheet(session, world, now, reads=[double("CX4.3"), comment("CX4.gop_y")])
    only_comments = WorkFilter(world.campaign.id, queue="comment")
    found = claim_next_item(session, world.users["reviewer"], now, only_comments)
    assert found is not None
    assert found.field_code == "CX4.gop_y"
    other_form = WorkFilter(world.campaign.id, form_code="CH1")
    assert claim_next_item(session, world.users["reviewer"], now, other_form) is None


def test_two_people_at_full_speed_never_get_the_same_item(database_url: str, now: dt.datetime) -> None:
    engine = make_engine(database_url)
    sessions = make_session_factory(engine)
    with sessions() as session:
        world = make_small_world(session, now)
        for serial in range(1, 21):
            read_sheet(session, world, now, serial)
        session.commit()
        people = [world.users["reviewer"], world.users["reviewer2"]]
        wanted = everything(world)
    claimed: list[int] = []

    def work(user: User) -> None:
        while True:
            with sessions() as session:
                item = claim_next_item(session, user, now, wanted)
                if item is None:
                    return
                claimed.append(item.id)
                assert record_decision(session, user, item.id, Answer("blank"), now) == "settled"
                session.commit()

    threads = [threading.Thread(target=work, args=(user,)) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == 60
    engine.dispose()
    assert sorted(claimed) == sorted(set(claimed))
    assert len(claimed) == 60


# -- decide


@pytest.mark.parametrize(
    ("answer", "counted"),
    [
        (Answer("option", "4"), ("4", "valid", "keyed")),
        (Answer("blank"), (None, "blank", "keyed")),
        (Answer("invalid", reason="several_marks"), (None, "invalid", "keyed")),
    ],
)
def test_a_decision_settles_the_answer(
    session: Session,
    world: SmallWorld,
    now: dt.datetime,
    answer: Answer,
    counted: tuple[str | None, str, str],
) -> None:
    read_sheet(session, world, now, reads=[sure("CX4.1", "2"), double("CX4.3")])
    assert answers(session, world) == {"CX4.1": ("2", "valid", "machine")}
    item = must_claim(session, world, "reviewer", now)
    assert record_decision(session, world.users["reviewer"], item.id, answer, now) == "settled"
    assert answers(session, world) == {"CX4.1": ("2", "valid", "machine"), "CX4.3": counted}
    assert open_item_counts(session, world.campaign.id) == []


@pytest.mark.parametrize(
    "wrong",
    [
        Answer("option", "6"),
        Answer("option"),
        Answer("invalid"),
        Answer("invalid", reason="no_such"),
        Answer("escalate"),
        Answer("text", "chữ"),
        Answer("undo"),
        Answer("unreadable"),
    ],
)
def test_what_an_item_cannot_have_is_refused(
    session: Session, world: SmallWorld, now: dt.datetime, wrong: Answer
) -> None:
    read_sheet(session, world, now, reads=[double("CX4.3")])
    item = must_claim(session, world, "reviewer", now)
    with pytest.raises(InvalidInput):
        record_decision(session, world.users["reviewer"], item.id, wrong, now)


def test_an_unknown_item_is_not_found(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    with pytest.raises(NotFound):
        record_decision(session, world.users["reviewer"], 99, Answer("blank"), now)


def test_a_late_answer_is_kept_as_a_second_opinion(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    read_sheet(session, world, now, reads=[double("CX4.3")])
    item = must_claim(session, world, "reviewer", now)
    must_claim(session, world, "reviewer2", now + LATER)
    slow, quick = world.users["reviewer"], world.users["reviewer2"]
    assert record_decision(session, slow, item.id, option("1"), now + LATER) == "late"
    assert record_decision(session, quick, item.id, option("2"), now + LATER) == "settled"
    assert record_decision(session, slow, item.id, option("5"), now + LATER) == "late"
    assert (item.state, answers(session, world).get("CX4.3")) == ("arbitration", None)  # two people differ
    kept = session.execute(select(Decision.value, Decision.second_opinion).order_by(Decision.id)).all()
    assert [tuple(row) for row in kept] == [("1", True), ("2", False), ("5", True)]


def test_an_answer_after_the_lease_counts_if_nobody_took_the_item(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    read_sheet(session, world, now, reads=[double("CX4.3")])
    item = must_claim(session, world, "reviewer", now)
    assert record_decision(session, world.users["reviewer"], item.id, option("1"), now + LATER) == "settled"


def test_the_same_answer_sent_twice_is_one_decision(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    read_sheet(session, world, now, reads=[double("CX4.3")])
    user, item = world.users["reviewer"], must_claim(session, world, "reviewer", now)
    assert record_decision(session, user, item.id, option("1"), now) == "settled"
    assert record_decision(session, user, item.id, option("1"), now) == "repeated"
    assert record_decision(session, user, item.id, option("2"), now) == "settled"  # a correction by hand
    assert answers(session, world)["CX4.3"] == ("2", "valid", "keyed")


def test_a_comment_counts_in_the_words_that_were_keyed(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    read_sheet(session, world, now, reads=[comment("CX4.gop_y")])
    item = must_claim(session, world, "reviewer", now)
    with pytest.raises(InvalidInput):
        record_decision(session, world.users["reviewer"], item.id, Answer("text", "  "), now)
    record_decision(session, world.users["reviewer"], item.id, Answer("text", "Cán bộ nhiệt tình"), now)
    session.flush()
    assert [row.text for row in accepted_comments(session, world.campaign.id)] == ["Cán bộ nhiệt tình"]
    assert answers(session, world) == {}


# -- escalate


def test_an_escalated_item_waits_for_the_head(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    read_sheet(session, world, now, reads=[double("CX4.3")])
    reviewer, head = world.users["reviewer"], world.users["head"]
    item = must_claim(session, world, "reviewer", now)
    up = Answer("escalate", reason="unsure_rule")
    assert record_decision(session, reviewer, item.id, up, now) == "escalated"
    session.flush()
    assert claim(session, world, "reviewer", now) is None
    counts = open_item_counts(session, world.campaign.id)
    assert [(c.form_code, c.open, c.arbitration) for c in counts] == [("CX4", 0, 1)]
    assert answers(session, world) == {}
    assert record_decision(session, world.users["reviewer"], item.id, up, now) == "repeated"
    assert arbitrate(session, world, now) is item
    assert record_decision(session, head, item.id, option("2"), now) == "settled"
    assert answers(session, world)["CX4.3"] == ("2", "valid", "keyed")


def test_the_head_corrects_what_the_head_said_and_takes_it_back(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_sheet(session, world, now, reads=[double("CX4.3")])
    head, item = world.users["head"], must_claim(session, world, "reviewer", now)
    up = Answer("escalate", reason="unsure_rule")
    record_decision(session, world.users["reviewer"], item.id, up, now)
    reread(session, page, now, [double("CX4.3")])  # the paper was read again in the meantime
    arbitrate(session, world, now)
    for value in ("2", "5"):
        assert record_decision(session, head, item.id, option(value), now) == "settled"
        assert answers(session, world)["CX4.3"] == (value, "valid", "keyed")
    undo_last_decision(session, head, now, world.campaign.id)
    assert answers(session, world)["CX4.3"] == ("2", "valid", "keyed")
    undo_last_decision(session, head, now, world.campaign.id)
    assert (item.state, answers(session, world)) == ("arbitration", {})


@pytest.mark.parametrize("again", [sure("CX4.3", "2"), double("CX4.3")])
def test_a_reread_leaves_a_question_to_the_head_with_the_head(
    session: Session, world: SmallWorld, now: dt.datetime, again: Read
) -> None:
    page = read_sheet(session, world, now, reads=[double("CX4.3")])
    item = must_claim(session, world, "reviewer", now)
    up = Answer("escalate", reason="need_paper")
    record_decision(session, world.users["reviewer"], item.id, up, now)
    session.flush()
    for leaves in (False, True):
        if leaves:
            drop_page_items(session, page.id)
        reread(session, page, now, [again])
        assert item.state == "arbitration"
        assert count_unaccounted(session, world.campaign.id) == 0


# -- undo


def test_undo_goes_back_step_by_step(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    read_sheet(session, world, now)
    user = world.users["reviewer"]
    first = must_claim(session, world, "reviewer", now)
    record_decision(session, user, first.id, option("1"), now)
    second = must_claim(session, world, "reviewer", now)
    record_decision(session, user, second.id, option("2"), now)
    session.flush()
    undone = [undo_last_decision(session, user, now, world.campaign.id) for _ in range(3)]
    assert undone == [second, first, None]
    assert set(answers(session, world)) == {"CX4.1"}
    assert must_claim(session, world, "reviewer", now) in (first, second)
    assert session.scalar(select(func.count()).select_from(Decision)) == 4


def test_undoing_a_correction_brings_the_former_answer_back(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    read_sheet(session, world, now, reads=[double("CX4.3")])
    user, item = world.users["reviewer"], must_claim(session, world, "reviewer", now)
    for value in ("1", "4"):
        record_decision(session, user, item.id, option(value), now)
        session.flush()
    undo_last_decision(session, user, now, world.campaign.id)
    assert answers(session, world)["CX4.3"] == ("1", "valid", "keyed")
    assert item.state == "done"


def test_undo_leaves_alone_what_others_settled(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    read_sheet(session, world, now, reads=[double("CX4.3")])
    item = must_claim(session, world, "reviewer", now)
    reviewer = world.users["reviewer"]
    record_decision(session, reviewer, item.id, Answer("escalate", reason="need_paper"), now)
    arbitrate(session, world, now)
    record_decision(session, world.users["head"], item.id, option("2"), now)
    session.flush()
    assert undo_last_decision(session, reviewer, now, world.campaign.id) is None
    assert answers(session, world)["CX4.3"] == ("2", "valid", "keyed")


# -- read again


def reread(session: Session, page: Page, now: dt.datetime, reads: Sequence[Read]) -> int:
    opened = enqueue_reading(session, add_reading(session, page, now, reads), now)
    session.flush()
    return opened


def settled_sheet(session: Session, world: SmallWorld, now: dt.datetime) -> Page:
    page = read_sheet(session, world, now, reads=[double("CX4.3")])
    item = must_claim(session, world, "reviewer", now)
    record_decision(session, world.users["reviewer"], item.id, option("2"), now)
    session.flush()
    return page


@pytest.mark.parametrize("again", [sure("CX4.3", "2"), double("CX4.3"), faint("CX4.3", "4")])
def test_a_reread_that_does_not_contradict_keeps_the_decision(
    session: Session, world: SmallWorld, now: dt.datetime, again: Read
) -> None:
    page = settled_sheet(session, world, now)
    assert reread(session, page, now, [again]) == 0
    assert answers(session, world)["CX4.3"] == ("2", "valid", "keyed")
    assert open_item_counts(session, world.campaign.id) == []


def test_a_reread_that_contradicts_opens_the_answer_again_and_keeps_the_decision(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = settled_sheet(session, world, now)
    assert reread(session, page, now, [sure("CX4.3", "5")]) == 1
    assert "CX4.3" not in answers(session, world)  # nothing counts while somebody must look
    again = must_claim(session, world, "reviewer2", now)
    assert again.reopened_at == now
    record_decision(session, world.users["reviewer2"], again.id, option("5"), now)
    assert answers(session, world)["CX4.3"] == ("5", "valid", "keyed")


def test_under_other_limits_the_same_page_is_no_news_and_the_decision_stands(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_sheet(session, world, now, reads=[faint("CX4.3", "4")])
    item = must_claim(session, world, "reviewer", now)
    record_decision(session, world.users["reviewer"], item.id, option("2"), now)
    session.flush()
    assert reread(session, page, now, [sure("CX4.3", "4")]) == 0
    assert answers(session, world)["CX4.3"] == ("2", "valid", "keyed")
    page.state = "duplicate"
    assert page.sheet is not None
    session.flush()
    other = add_page(session, page.sheet, now)  # another scan of the same side is another picture
    assert reread(session, other, now, [sure("CX4.3", "4")]) == 1


def test_a_better_reading_takes_an_open_question_away_and_a_worse_one_asks(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_sheet(session, world, now, reads=[double("CX4.3")])
    reread(session, page, now, [sure("CX4.3", "3")])
    assert answers(session, world)["CX4.3"] == ("3", "valid", "machine")
    assert reread(session, page, now, [double("CX4.3")]) == 1
    assert answers(session, world) == {}
    assert must_claim(session, world, "reviewer", now).field_code == "CX4.3"


def test_an_answer_that_neither_counts_nor_waits_is_found(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    read_sheet(session, world, now)
    lost, escalated, _ = session.scalars(select(ReviewItem).order_by(ReviewItem.id)).all()
    assert count_unaccounted(session, world.campaign.id) == 0
    lost.state = "dropped"
    up = Answer("escalate", reason="need_paper")
    record_decision(session, world.users["reviewer"], escalated.id, up, now)
    escalated.state = "done"
    session.flush()
    assert count_unaccounted(session, world.campaign.id) == 2


def test_voided_sheets_and_duplicate_pages_never_count(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_sheet(session, world, now, reads=[sure("CX4.1", "2")])
    copy = add_page(session, page.sheet, now, state="duplicate") if page.sheet else None
    assert copy is not None
    add_reading(session, copy, now, [sure("CX4.1", "5")])
    assert answers(session, world) == {"CX4.1": ("2", "valid", "machine")}
    assert page.sheet is not None
    page.sheet.voided_at = now
    assert answers(session, world) == {}
