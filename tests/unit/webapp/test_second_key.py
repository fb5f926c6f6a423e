"""The second key and the third person: which answers need them, who may, what counts meanwhile."""

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from tests.worlds.read_pages import Read, add_page, add_reading, add_sheet, double, faint, sure
from tests.worlds.small import SmallWorld, make_small_world
from webapp.persistence.accounts import User
from webapp.persistence.responses import accepted_answers, count_unaccounted, open_item_counts
from webapp.persistence.verification import ReviewItem
from webapp.services.answer_kinds import Answer
from webapp.services.review_work import find_missing
from webapp.services.second_key import Value, is_drawn, rule_of, state_after
from webapp.services.verification import (
    WorkFilter,
    claim_next_item,
    enqueue_reading,
    record_decision,
    undo_last_decision,
)

ONE, TWO, BLANK = ("option", "1"), ("option", "2"), ("blank", None)


@pytest.fixture
def world(session: Session, now: dt.datetime) -> SmallWorld:
    """The small world under the usual rule, but without a sample; and a third reviewer."""
    made = make_small_world(session, now)
    rule = rule_of(session, made.campaign.id)
    rule.double_marks, rule.overridden, rule.full_up_to_sheets = True, True, 3
    third = User(username="reviewer3", display_name="Reviewer3", role="reviewer", password_hash="-")
    session.add(third)
    session.flush()
    made.users["reviewer3"] = third
    return made


def open_read(
    session: Session, world: SmallWorld, now: dt.datetime, read: Read, *, form: str = "CX4", serial: int = 1
) -> None:
    unit = "NV" if form == "CH1" else "19186"
    page = add_page(session, add_sheet(session, world, serial, form, unit), now)
    enqueue_reading(session, add_reading(session, page, now, [read]), now)
    session.flush()


def claim(session: Session, world: SmallWorld, name: str, now: dt.datetime) -> ReviewItem | None:
    session.flush()
    return claim_next_item(session, world.users[name], now, WorkFilter(world.campaign.id))


def key(session: Session, world: SmallWorld, name: str, answer: Answer, now: dt.datetime) -> ReviewItem:
    item = claim(session, world, name, now)
    assert item is not None
    assert record_decision(session, world.users[name], item.id, answer, now) in ("settled", "escalated")
    session.flush()
    return item


def counted(session: Session, world: SmallWorld) -> list[str | None]:
    session.flush()
    return [row.value for row in accepted_answers(session, world.campaign.id)]


@pytest.mark.parametrize(
    ("said", "opinions", "machine", "twice", "state"),
    [
        ({}, [], None, True, "open"),
        ({"first": ONE}, [], None, False, "done"),
        ({"first": ONE}, [], None, True, "second"),
        ({"first": ONE, "second": ONE}, [], None, True, "done"),
        ({"first": ONE, "second": TWO}, [], None, True, "arbitration"),
        ({"first": ONE, "second": ONE}, [BLANK], None, True, "arbitration"),
        ({"first": ONE}, [ONE], None, False, "done"),
        ({"first": ONE, "second": TWO, "arbitration": BLANK}, [TWO], None, True, "done"),
        ({"first": ("escalate", None)}, [], None, False, "arbitration"),
        ({"first": ONE, "second": ("escalate", None)}, [], None, True, "arbitration"),
        ({}, [], ONE, True, "second"),
        ({"second": ONE}, [], ONE, True, "done"),
        ({"second": TWO}, [], ONE, True, "arbitration"),
    ],
)
def test_the_state_follows_from_what_was_said(
    said: dict[str, Value],
    opinions: list[Value],
    machine: Value | None,
    twice: bool,  # noqa: FBT001 - a case of the table
    state: str,
) -> None:
    assert state_after(said, opinions, machine=machine, is_keyed_twice=twice) == state


@pytest.mark.parametrize(
    "case",
    [
        (double("CX4.3"), Answer("option", "2"), "double_mark"),
        (faint("CX4.3", "2"), Answer("option", "2"), None),
        (faint("CX4.3", "2"), Answer("option", "3"), "overridden"),
        (faint("CX4.3", "2"), Answer("blank"), "overridden"),
    ],
)
def test_doubles_and_overridden_readings_are_keyed_twice(
    session: Session, world: SmallWorld, now: dt.datetime, case: tuple[Read, Answer, str | None]
) -> None:
    read, answer, because = case
    rule_of(session, world.campaign.id).sample_percent = 0
    open_read(session, world, now, read)
    item = key(session, world, "reviewer", answer, now)
    assert item.second_because == because
    assert item.state == ("done" if because is None else "second")
    assert len(counted(session, world)) == (1 if because is None else 0)
    assert count_unaccounted(session, world.campaign.id) == 0


def test_two_who_agree_settle_an_answer_and_nobody_has_two_turns(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    open_read(session, world, now, double("CX4.3"))
    key(session, world, "reviewer", Answer("option", "2"), now)
    assert claim(session, world, "reviewer", now) is None
    assert [(c.open, c.second) for c in open_item_counts(session, world.campaign.id)] == [(0, 1)]
    key(session, world, "reviewer2", Answer("option", "2"), now)
    assert counted(session, world) == ["2"]
    assert undo_last_decision(session, world.users["reviewer"], now, world.campaign.id) is None


def test_two_who_differ_call_a_third_who_has_the_last_word(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    open_read(session, world, now, double("CX4.3"))
    key(session, world, "reviewer", Answer("option", "2"), now)
    item = key(session, world, "reviewer2", Answer("option", "3"), now)
    assert (item.state, counted(session, world)) == ("arbitration", [])
    for name in ("reviewer", "reviewer2"):
        assert claim(session, world, name, now) is None
        assert (
            record_decision(session, world.users[name], item.id, Answer("option", "5", "dirt"), now) == "late"
        )
        session.flush()
    key(session, world, "reviewer3", Answer("option", "3", "crossed_out"), now)
    assert (item.state, counted(session, world)) == ("done", ["3"])
    for name in ("reviewer", "reviewer2"):
        assert undo_last_decision(session, world.users[name], now, world.campaign.id) is None
    assert undo_last_decision(session, world.users["reviewer3"], now, world.campaign.id) is item
    assert (item.state, item.lease_user) == ("arbitration", "reviewer3")
    key(session, world, "reviewer3", Answer("blank", reason="dirt"), now)
    assert counted(session, world) == [None]


def test_a_second_key_that_differs_cannot_be_tried_again_until_it_fits(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    """Else its author would learn the first person's answer, and the two would agree in the end."""
    open_read(session, world, now, double("CX4.3"))
    key(session, world, "reviewer", Answer("option", "2"), now)
    item = key(session, world, "reviewer2", Answer("option", "3"), now)
    for value in ("4", "5", "1", "2"):
        assert (
            record_decision(session, world.users["reviewer2"], item.id, Answer("option", value), now)
            == "late"
        )
        session.flush()
        assert undo_last_decision(session, world.users["reviewer2"], now, world.campaign.id) is None
        assert (item.state, counted(session, world)) == ("arbitration", [])


def test_a_question_passed_on_may_be_taken_back(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    open_read(session, world, now, double("CX4.3"))
    key(session, world, "reviewer", Answer("option", "2"), now)
    item = key(session, world, "reviewer2", Answer("escalate", reason="need_paper"), now)
    assert undo_last_decision(session, world.users["reviewer2"], now, world.campaign.id) is item
    assert (item.state, item.lease_user) == ("second", "reviewer2")


def test_undo_works_until_the_second_key(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    open_read(session, world, now, double("CX4.3"))
    item = key(session, world, "reviewer", Answer("option", "2"), now)
    assert undo_last_decision(session, world.users["reviewer"], now, world.campaign.id) is item
    assert (item.state, item.lease_user) == ("open", "reviewer")
    key(session, world, "reviewer", Answer("option", "3"), now)
    assert item.state == "second"


def test_who_was_late_with_a_first_key_gives_no_blind_second_one(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    open_read(session, world, now, double("CX4.3"))
    item = claim(session, world, "reviewer", now)
    assert item is not None
    later = now + dt.timedelta(hours=1)
    key(session, world, "reviewer2", Answer("option", "2"), later)
    assert record_decision(session, world.users["reviewer"], item.id, Answer("option", "2"), later) == "late"
    assert item.state == "second"
    key(session, world, "reviewer3", Answer("option", "2"), later)
    assert counted(session, world) == ["2"]


def test_forms_with_few_sheets_a_unit_are_checked_in_full(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    for serial in (1, 2):
        open_read(session, world, now, sure("CH1.1", "2"), form="CH1", serial=serial)
    assert counted(session, world) == []
    right = key(session, world, "reviewer", Answer("option", "2"), now)
    assert (right.state, counted(session, world)) == ("done", ["2"])
    wrong = key(session, world, "reviewer", Answer("option", "4"), now)
    assert (wrong.state, claim(session, world, "reviewer", now)) == ("arbitration", None)
    key(session, world, "reviewer2", Answer("option", "4", "other"), now)
    assert counted(session, world) == ["2", "4"]


def test_the_sample_is_fixed_by_the_seed_and_has_its_share_of_every_person(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    for serial in range(1, 61):
        open_read(session, world, now, faint("CX4.3", "2"), serial=serial)
    rule = rule_of(session, world.campaign.id)
    rule.sample_percent = 10
    items = [key(session, world, "reviewer", Answer("option", "2"), now) for _ in range(60)]
    for number, item in enumerate(items, 1):
        taken = sum(one.second_because == "sample" for one in items[:number])
        assert taken >= number // 10
        if is_drawn(rule, item):
            assert item.second_because == "sample"
    assert 6 <= sum(item.state == "second" for item in items) < 30
    drawn = {item.id for item in items if is_drawn(rule, item)}
    rule.seed = "0" * 32
    assert drawn != {item.id for item in items if is_drawn(rule, item)}


def test_the_office_is_told_whom_it_lacks(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    open_read(session, world, now, double("CX4.3"))
    key(session, world, "reviewer", Answer("option", "2"), now)
    assert find_missing(session, world.campaign.id, ["reviewer"]).second == 0
    for name in ("reviewer2", "reviewer3"):
        world.users[name].is_active = False
    session.flush()
    missing = find_missing(session, world.campaign.id, ["reviewer"])
    assert (missing.second, missing.arbitration, missing.names) == (1, 0, ("Reviewer",))
