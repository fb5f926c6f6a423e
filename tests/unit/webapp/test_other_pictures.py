"""What was said of one picture counts for no other, and no doubt is lost to a machine that reads again."""

import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.unit.webapp.test_verification import answers, arbitrate, claim, must_claim, option, reread
from tests.worlds.read_pages import (
    Read,
    add_page,
    add_reading,
    add_sheet,
    blank,
    comment,
    double,
    doubted,
    faint,
    sure,
)
from tests.worlds.small import SmallWorld, make_small_world
from webapp.persistence.campaign import Sheet
from webapp.persistence.group_grid import GridTile
from webapp.persistence.responses import accepted_comments, count_unaccounted
from webapp.persistence.scans import Page
from webapp.persistence.verification import Decision, ReviewItem
from webapp.services.answer_kinds import Answer
from webapp.services.group_grid import DealtGrid, GridAnswer, GridOutcome, deal_grid, settle_grid
from webapp.services.overlay_sheets import doubt_answer
from webapp.services.review_work import own_word
from webapp.services.second_key import rule_of
from webapp.services.verification import (
    LEASE_S,
    WorkFilter,
    drop_page_items,
    enqueue_reading,
    record_decision,
    release_items,
    undo_last_decision,
)

LATER = dt.timedelta(seconds=LEASE_S + 1)
CODE = "CX4.3"


@pytest.fixture
def world(session: Session, now: dt.datetime) -> SmallWorld:
    return make_small_world(session, now)


def read_first(session: Session, world: SmallWorld, now: dt.datetime, *reads: Read) -> Page:
    page = add_page(session, add_sheet(session, world, 1), now)
    reread(session, page, now, reads)
    return page


def replaced(session: Session, page: Page, now: dt.datetime, *reads: Read) -> Page:
    """Another paper of the same side takes the page's place, as where a clerk lets it count."""
    page.state = "duplicate"
    session.flush()
    assert page.sheet is not None
    other = add_page(session, page.sheet, now)
    page.duplicate_of_id = other.id
    reread(session, other, now, reads)
    return other


def the_item(session: Session, code: str = CODE) -> ReviewItem:
    session.flush()
    return session.scalars(select(ReviewItem).where(ReviewItem.field_code == code)).one()


def say(  # noqa: PLR0917 - the whole scene of one answer
    session: Session, world: SmallWorld, name: str, answer: Answer, now: dt.datetime, code: str = CODE
) -> str:
    outcome = record_decision(session, world.users[name], the_item(session, code).id, answer, now)
    session.flush()
    return outcome


def seeing(answer: Answer, field_reading_id: int) -> Answer:
    return Answer(answer.kind, answer.value, answer.reason, seen_reading_id=field_reading_id)


def key_twice(session: Session, world: SmallWorld) -> None:
    rule = rule_of(session, world.campaign.id)
    rule.double_marks = rule.overridden = True


# -- another page takes the place of the one that was answered


@pytest.mark.parametrize("other", [blank(CODE), double(CODE), faint(CODE, "2"), sure(CODE, "4")])
def test_an_answer_to_one_picture_does_not_count_for_another_one(
    session: Session, world: SmallWorld, now: dt.datetime, other: Read
) -> None:
    page = read_first(session, world, now, double(CODE))
    say(session, world, "reviewer", option("2"), now)
    replaced(session, page, now, other)
    item = the_item(session)
    assert (item.state, item.queue, item.round, item.reopened_at) == ("open", "single", 2, now)
    assert answers(session, world) == {}
    assert own_word(session, world.users["reviewer"], item) is None  # nor is it shown as theirs
    say(session, world, "reviewer2", option("5"), now)
    assert answers(session, world)[CODE] == ("5", "valid", "keyed")


def test_another_picture_of_which_the_machine_is_sure_of_the_same_opens_nothing(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_first(session, world, now, double(CODE))
    say(session, world, "reviewer", option("2"), now)
    replaced(session, page, now, sure(CODE, "2"))
    assert answers(session, world)[CODE] == ("2", "valid", "keyed")


@pytest.mark.parametrize("other", [comment(CODE), comment(CODE, written=False)])
def test_another_respondents_words_are_not_this_ones(
    session: Session, world: SmallWorld, now: dt.datetime, other: Read
) -> None:
    page = read_first(session, world, now, comment(CODE))
    say(session, world, "reviewer", Answer("text", "Lời trên tờ kia"), now)
    replaced(session, page, now, other)
    item = the_item(session)
    assert (item.state, item.queue) == ("open", "comment")
    assert accepted_comments(session, world.campaign.id) == []
    say(session, world, "reviewer", Answer("text", "Lời trên tờ này"), now)
    assert [row.text for row in accepted_comments(session, world.campaign.id)] == ["Lời trên tờ này"]


def test_nothing_stays_nothing_on_another_picture_without_writing(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_first(session, world, now, comment(CODE))
    say(session, world, "reviewer", Answer("blank"), now)
    replaced(session, page, now, comment(CODE, written=False))
    assert the_item(session).state == "done"


def test_a_page_of_the_wrong_sheet_leaves_no_answer_for_the_right_one(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_first(session, world, now, double(CODE))
    right = page.sheet
    assert right is not None
    say(session, world, "reviewer", option("2"), now)
    page.sheet = add_sheet(session, world, 2)
    session.flush()
    reread(session, page, now, [double(CODE)])
    reread(session, add_page(session, right, now), now, [blank(CODE)])
    states = session.execute(select(Sheet.serial, ReviewItem.state).join(Sheet).order_by(Sheet.serial))
    assert [tuple(row) for row in states] == [(1, "open"), (2, "open")]
    assert answers(session, world) == {}


def test_what_waits_again_is_not_begun_anew_with_each_reading(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_first(session, world, now, double(CODE))
    say(session, world, "reviewer", option("2"), now)
    other = replaced(session, page, now, double(CODE))
    for again in (double(CODE), sure(CODE, "2"), sure(CODE, "5")):
        reread(session, other, now, [again])
        assert (the_item(session).state, the_item(session).round) == ("open", 2)
    drop_page_items(session, other.id)
    reread(session, other, now, [sure(CODE, "5")])
    assert (the_item(session).state, answers(session, world)) == ("open", {})


def test_a_page_corrected_to_the_other_side_takes_its_questions_back(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_first(session, world, now, blank("CX4.1"), double("CX4.2"))
    sheet = page.sheet
    assert sheet is not None
    say(session, world, "reviewer", Answer("blank"), now, "CX4.1")
    page.side = 2
    session.flush()
    reread(session, page, now, [sure("CX4.12", "1")])
    assert claim(session, world, "reviewer", now) is None
    late = seeing(Answer("blank"), the_item(session, "CX4.2").field_reading_id)
    assert say(session, world, "reviewer", late, now, "CX4.2") == "void"
    front = add_page(session, sheet, now)
    reread(session, front, now, [double("CX4.1"), faint("CX4.2", "4")])
    assert answers(session, world) == {"CX4.12": ("1", "valid", "machine")}
    assert {the_item(session, code).state for code in ("CX4.1", "CX4.2")} == {"open"}


# -- typed on the picture that was replaced meanwhile


def test_what_was_typed_on_the_former_picture_is_an_opinion_and_the_new_one_is_shown(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_first(session, world, now, double(CODE))
    item = must_claim(session, world, "reviewer", now)
    seen = item.field_reading_id
    replaced(session, page, now, double(CODE))
    assert item.lease_user is None
    assert say(session, world, "reviewer", seeing(option("2"), seen), now) == "replaced"
    kept = session.scalars(select(Decision)).one()
    assert (kept.value, kept.stage, kept.second_opinion, kept.field_reading_id) == ("2", None, True, seen)
    assert (item.state, answers(session, world)) == ("open", {})
    assert must_claim(session, world, "reviewer", now) is item
    assert say(session, world, "reviewer", seeing(option("5"), item.field_reading_id), now) == "settled"
    assert answers(session, world)[CODE] == ("5", "valid", "keyed")  # it differs from no word of this picture


def test_what_was_typed_on_the_former_picture_corrects_nothing(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_first(session, world, now, double(CODE))
    seen = the_item(session).field_reading_id
    replaced(session, page, now, double(CODE))
    say(session, world, "reviewer", option("5"), now)
    assert say(session, world, "reviewer", seeing(option("2"), seen), now) == "replaced"
    assert answers(session, world)[CODE] == ("5", "valid", "keyed")


def test_a_second_key_and_a_third_persons_word_count_for_the_picture_that_they_saw(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    """They have said nothing about the new picture, so it is theirs to look at."""
    key_twice(session, world)
    page = read_first(session, world, now, double(CODE))
    say(session, world, "reviewer", option("2"), now)
    item = must_claim(session, world, "reviewer2", now)
    seen = item.field_reading_id
    other = replaced(session, page, now, sure(CODE, "2"))
    assert (item.state, item.lease_user) == ("second", None)
    assert say(session, world, "reviewer2", seeing(option("5"), seen), now) == "replaced"
    assert must_claim(session, world, "reviewer2", now) is item
    reads = seeing(option("3"), item.field_reading_id)
    assert say(session, world, "reviewer2", reads, now) == "settled"
    assert arbitrate(session, world, now) is item
    seen = item.field_reading_id
    replaced(session, other, now, sure(CODE, "3"))
    assert say(session, world, "head", seeing(option("4"), seen), now) == "replaced"
    assert (item.state, answers(session, world)) == ("arbitration", {})
    assert arbitrate(session, world, now) is item


def test_taking_a_word_back_brings_none_of_another_picture_to_count(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_first(session, world, now, double(CODE))
    say(session, world, "reviewer", option("2"), now)
    other = replaced(session, page, now, sure(CODE, "2"))
    say(session, world, "reviewer", option("3"), now)
    reread(session, other, now, [double(CODE)])
    assert answers(session, world)[CODE] == ("3", "valid", "keyed")
    assert undo_last_decision(session, world.users["reviewer"], now, world.campaign.id) is the_item(session)
    assert (the_item(session).state, answers(session, world)) == ("open", {})


def test_a_late_word_about_a_picture_is_heard_when_that_picture_counts_again(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    first = read_first(session, world, now, double(CODE))
    must_claim(session, world, "reviewer", now)
    must_claim(session, world, "reviewer2", now + LATER)
    assert say(session, world, "reviewer", option("3"), now + LATER) == "late"
    other = replaced(session, first, now, double(CODE))
    say(session, world, "reviewer2", option("2"), now + LATER)
    assert answers(session, world)[CODE] == ("2", "valid", "keyed")  # of this picture nobody says otherwise
    other.state, other.duplicate_of_id = "duplicate", first.id
    session.flush()
    first.state, first.duplicate_of_id = "read", None
    session.flush()
    reread(session, first, now + LATER, [sure(CODE, "2")])
    assert (the_item(session).state, answers(session, world)) == ("arbitration", {})


def test_the_same_page_read_again_is_the_same_picture(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_first(session, world, now, double(CODE))
    item = must_claim(session, world, "reviewer", now)
    seen = item.field_reading_id
    reread(session, page, now, [faint(CODE, "4")])
    assert item.lease_user == "reviewer"
    assert say(session, world, "reviewer", seeing(option("2"), seen), now) == "settled"
    assert answers(session, world)[CODE] == ("2", "valid", "keyed")


def test_a_tile_of_a_picture_that_was_replaced_is_no_answer_and_no_dispute(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_first(session, world, now, blank(CODE))
    slow = deal(session, world, "reviewer", now)
    replaced(session, page, now, blank(CODE))
    quick = deal(session, world, "reviewer2", now)
    assert settle(session, world, "reviewer", slow, [], now) == GridOutcome(0, 0, 0, 0, void=1)
    assert settle(session, world, "reviewer2", quick, [], now).accepted == 1
    assert the_item(session).state == "done"


# -- a machine that has just become sure, and a person who sees otherwise


@pytest.mark.parametrize("said", [option("3"), Answer("blank"), Answer("escalate", reason="wrong_sheet")])
def test_whoever_differs_from_what_was_just_accepted_is_heard(
    session: Session, world: SmallWorld, now: dt.datetime, said: Answer
) -> None:
    page = read_first(session, world, now, faint(CODE, "2"))
    seen = must_claim(session, world, "reviewer", now).field_reading_id
    reread(session, page, now, [sure(CODE, "2")])
    assert say(session, world, "reviewer", seeing(said, seen), now) == "set_aside"
    item = the_item(session)
    assert (item.state, item.queue, item.set_aside_at) == ("open", "single", now)
    assert answers(session, world) == {}
    reread(session, page, now, [sure(CODE, "2")])
    assert (item.state, count_unaccounted(session, world.campaign.id)) == ("open", 0)
    say(session, world, "reviewer2", option("2"), now)
    assert item.state == "arbitration"  # two people differ


def test_whoever_agrees_with_what_was_just_accepted_opens_nothing(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_first(session, world, now, faint(CODE, "2"))
    seen = must_claim(session, world, "reviewer", now).field_reading_id
    reread(session, page, now, [sure(CODE, "2")])
    assert say(session, world, "reviewer", seeing(option("2"), seen), now) == "void"
    assert answers(session, world)[CODE] == ("2", "valid", "machine")


def test_nobody_is_asked_about_a_page_that_stands_for_nothing(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_first(session, world, now, faint(CODE, "2"))
    reread(session, page, now, [sure(CODE, "2")])
    page.state = "trashed"
    session.flush()
    assert say(session, world, "reviewer", option("3"), now) == "void"
    assert the_item(session).state == "dropped"
    page.state = "read"
    session.flush()
    reread(session, page, now, [sure(CODE, "2")])  # it came back, and so does the word that differs
    assert (the_item(session).state, answers(session, world)) == ("open", {})


def test_a_late_word_that_differs_is_not_dropped_by_a_reading(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_first(session, world, now, faint(CODE, "2"))
    must_claim(session, world, "reviewer", now)
    must_claim(session, world, "reviewer2", now + LATER)
    assert say(session, world, "reviewer", option("3"), now + LATER) == "late"
    release_items(session, world.users["reviewer2"])
    reread(session, page, now, [sure(CODE, "2")])
    assert (the_item(session).state, answers(session, world)) == ("open", {})
    reread(session, page, now, [sure(CODE, "3")])
    assert answers(session, world)[CODE] == ("3", "valid", "machine")


def deal(session: Session, world: SmallWorld, name: str, now: dt.datetime) -> DealtGrid:
    dealt = deal_grid(session, world.users[name], now, WorkFilter(world.campaign.id))
    assert dealt is not None
    return dealt


def settle(  # noqa: PLR0917 - the whole scene of one answer
    session: Session, world: SmallWorld, name: str, dealt: DealtGrid, marked: list[str], now: dt.datetime
) -> GridOutcome:
    """All tiles were seen; those of these questions belong elsewhere."""
    tiles = session.scalars(select(GridTile).where(GridTile.grid_id == dealt.grid.id)).all()
    odd = frozenset(tile.id for tile in tiles if tile.item.field_code in marked)
    answer = GridAnswer(frozenset(tile.id for tile in tiles), odd)
    outcome = settle_grid(session, world.users[name], dealt.grid, answer, now)
    session.flush()
    return outcome


def test_a_tile_marked_as_odd_is_looked_at_however_sure_the_machine_is_since(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_first(session, world, now, doubted(CODE, "2"), doubted("CX4.4", "2"))
    dealt = deal(session, world, "reviewer", now)
    reread(session, page, now, [sure(CODE, "2"), doubted("CX4.4", "2")])
    assert settle(session, world, "reviewer", dealt, [CODE], now).set_aside == 1
    item = the_item(session)
    assert (item.state, item.queue, item.set_aside_at) == ("open", "single", now)
    assert CODE not in answers(session, world)


@pytest.mark.parametrize(("value", "outcome"), [("4", "set_aside"), ("2", "void")])
def test_a_tile_that_was_seen_otherwise_than_the_machine_now_reads_is_looked_at(
    session: Session, world: SmallWorld, now: dt.datetime, value: str, outcome: str
) -> None:
    page = read_first(session, world, now, doubted(CODE, "2"))
    dealt = deal(session, world, "reviewer", now)
    reread(session, page, now, [sure(CODE, value)])
    told = settle(session, world, "reviewer", dealt, [], now)
    assert {"set_aside": told.set_aside, "void": told.void}[outcome] == 1
    assert (CODE in answers(session, world)) is (outcome == "void")


def test_a_doubt_is_not_forgotten_for_the_glance_before_it(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_first(session, world, now, blank(CODE))
    slow = deal(session, world, "reviewer", now)
    quick = deal(session, world, "reviewer2", now + LATER)
    assert settle(session, world, "reviewer2", quick, [], now + LATER).accepted == 1
    assert settle(session, world, "reviewer", slow, [CODE], now + LATER).set_aside == 1
    drop_page_items(session, page.id)
    reread(session, page, now + LATER, [blank(CODE)])
    item = the_item(session)
    assert (item.state, item.queue, answers(session, world)) == ("open", "single", {})
    assert undo_last_decision(session, world.users["reviewer2"], now, world.campaign.id) is None


# -- an accepted answer doubted on an overlay sheet, while its page is read again


@pytest.mark.parametrize("state", ["waiting", "reading"])
def test_an_answer_is_doubted_while_its_page_waits_to_be_read_again(
    session: Session, world: SmallWorld, now: dt.datetime, state: str
) -> None:
    page = read_first(session, world, now, double("CX4.4"))
    shown = add_reading(session, page, now, [sure(CODE, "2"), double("CX4.4")])
    enqueue_reading(session, shown, now)
    page.state = state
    session.flush()
    assert doubt_answer(session, world.users["reviewer"], shown.fields[0], now) is not None
    assert doubt_answer(session, world.users["reviewer2"], shown.fields[0], now) is None  # it waits already
    page.state = "read"
    reread(session, page, now, [sure(CODE, "2"), double("CX4.4")])
    assert (the_item(session).state, answers(session, world)) == ("open", {})


def test_a_doubt_of_an_earlier_reading_is_one_of_the_answer(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = add_page(session, add_sheet(session, world, 1), now)
    shown = add_reading(session, page, now, [sure(CODE, "2")])
    enqueue_reading(session, shown, now)
    session.flush()
    newest = add_reading(session, page, now, [sure(CODE, "2")])
    enqueue_reading(session, newest, now)
    session.flush()
    item = doubt_answer(session, world.users["reviewer"], shown.fields[0], now)
    assert item is not None
    assert (item.state, item.field_reading, answers(session, world)) == ("open", newest.fields[0], {})


def test_of_a_page_that_counts_no_more_nothing_is_doubted(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = add_page(session, add_sheet(session, world, 1), now)
    shown = add_reading(session, page, now, [sure(CODE, "2")])
    enqueue_reading(session, shown, now)
    session.flush()
    replaced(session, page, now, sure(CODE, "2"))
    assert doubt_answer(session, world.users["reviewer"], shown.fields[0], now) is None
    assert answers(session, world)[CODE] == ("2", "valid", "machine")
