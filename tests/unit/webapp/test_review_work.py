"""What verification shows of itself: work left, pace, progress, and when it may suggest an answer."""

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from tests.worlds.read_pages import Read, add_page, add_reading, add_sheet, blank, comment, double, faint
from tests.worlds.small import SmallWorld, make_small_world
from webapp.persistence.readings import FieldReading
from webapp.persistence.verification import ReviewItem
from webapp.services.answer_kinds import Answer
from webapp.services.review_work import (
    ANCHOR_S,
    count_progress,
    list_queues,
    list_recent,
    list_work,
    measure_pace_s,
)
from webapp.services.suggestions import suggest_answer
from webapp.services.verification import (
    WorkFilter,
    claim_next_item,
    enqueue_reading,
    record_decision,
    undo_last_decision,
)


@pytest.fixture
def world(session: Session, now: dt.datetime) -> SmallWorld:
    return make_small_world(session, now)


def read_sheets(session: Session, world: SmallWorld, now: dt.datetime, count: int, *reads: Read) -> None:
    for serial in range(1, count + 1):
        page = add_page(session, add_sheet(session, world, serial), now)
        enqueue_reading(session, add_reading(session, page, now, reads), now)
    session.flush()


def settle(session: Session, world: SmallWorld, now: dt.datetime, count: int, shown_ms: int) -> None:
    user = world.users["reviewer"]
    for _ in range(count):
        item = claim_next_item(session, user, now, WorkFilter(world.campaign.id))
        assert item is not None
        record_decision(session, user, item.id, Answer("blank", shown_ms=shown_ms), now)
        session.flush()


def test_work_is_counted_by_form_with_minutes(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    read_sheets(session, world, now, 3, double("CX4.1"), blank("CX4.2"), comment("CX4.gop_y"))
    (line,) = list_work(session, world.campaign.id)
    assert (line.form_code, line.waiting) == ("CX4", {"grid": 3, "single": 3, "comment": 3})
    assert line.minutes == 2  # 3 × 0.6 s + 3 × 2 s + 3 × 20 s, rounded up
    left = list_queues(session, world.users["reviewer"], world.campaign.id)
    queues = [(queue.code, queue.waiting, queue.minutes) for queue in left]
    assert queues == [("grid", 3, 1), ("single", 3, 1), ("comment", 3, 1)]
    settle(session, world, now, 1, 900)
    assert count_progress(session, WorkFilter(world.campaign.id)) == (1, 9)
    assert count_progress(session, WorkFilter(world.campaign.id, "grid")) == (0, 3)
    assert count_progress(session, WorkFilter(world.campaign.id, "single")) == (1, 3)
    assert count_progress(session, WorkFilter(world.campaign.id, None, "CH1")) == (0, 0)


def test_an_escalation_leaves_the_total_as_it_was(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    read_sheets(session, world, now, 2, double("CX4.1"))
    wanted, user = WorkFilter(world.campaign.id), world.users["reviewer"]
    item = claim_next_item(session, user, now, wanted)
    assert item is not None
    record_decision(session, user, item.id, Answer("escalate", reason="need_paper"), now)
    session.flush()
    assert count_progress(session, wanted) == (0, 2)
    head = world.users["head"]
    assert claim_next_item(session, head, now, WorkFilter(world.campaign.id, "arbitration")) is item
    record_decision(session, head, item.id, Answer("blank", reason="dirt"), now)
    session.flush()
    assert count_progress(session, wanted) == (1, 2)


@pytest.mark.parametrize(
    ("late", "state"),
    [
        (Answer("option", "1"), "arbitration"),
        (Answer("blank"), "arbitration"),
        (Answer("escalate", reason="need_paper"), "arbitration"),
        (Answer("option", "2"), "done"),
    ],
)
def test_a_late_answer_that_differs_calls_a_third_person(
    session: Session, world: SmallWorld, now: dt.datetime, late: Answer, state: str
) -> None:
    read_sheets(session, world, now, 1, double("CX4.1"))
    wanted = WorkFilter(world.campaign.id)
    item = claim_next_item(session, world.users["reviewer"], now, wanted)
    assert item is not None
    assert record_decision(session, world.users["reviewer2"], item.id, late, now) == "late"
    assert item.state == "open"  # nothing counts yet
    record_decision(session, world.users["reviewer"], item.id, Answer("option", "2"), now)
    session.flush()
    assert item.state == state
    if state == "arbitration":
        for name in ("reviewer", "reviewer2"):
            assert claim_next_item(session, world.users[name], now, wanted) is None
        assert claim_next_item(session, world.users["head"], now, wanted) is item
        record_decision(session, world.users["head"], item.id, Answer("option", "2", "dirt"), now)
        assert item.state == "done"


def test_pace_is_measured_once_there_are_enough_decisions(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    read_sheets(session, world, now, 25, double("CX4.1"))
    settle(session, world, now, 19, 4000)
    assert measure_pace_s(session, world.campaign.id) == ANCHOR_S
    settle(session, world, now, 1, 10**7)  # the person went to lunch: not counted
    assert measure_pace_s(session, world.campaign.id)["single"] == ANCHOR_S["single"]
    settle(session, world, now, 1, 4000)
    assert measure_pace_s(session, world.campaign.id) == {**ANCHOR_S, "single": 4.0}


def test_the_last_ten_leave_out_what_was_undone(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    read_sheets(session, world, now, 12, double("CX4.1"))
    settle(session, world, now, 12, 900)
    undo_last_decision(session, world.users["reviewer"], now, world.campaign.id)
    session.flush()
    recent = list_recent(session, world.users["reviewer"], world.campaign.id)
    assert len(recent) == 10
    assert [one.id for one in recent] == sorted((one.id for one in recent), reverse=True)
    assert {one.kind for one in recent} == {"blank"}
    assert list_recent(session, world.users["reviewer2"], world.campaign.id) == []


def item_of(read: Read, **more: object) -> ReviewItem:
    bubbles = [
        {"option": str(n), "state": state, "score": 0.5} for n, state in enumerate(read.states, start=1)
    ]
    field = FieldReading(value=read.value, flags=list(read.flags), bubbles=bubbles, kind=read.kind)
    return ReviewItem(**{"queue": "single", "state": "open", "field_reading": field, **more})


@pytest.mark.parametrize(
    ("read", "suggested"),
    [
        (faint("CX4.1", "3"), "3"),
        (Read("CX4.1", None, ("marginal_mark",), ("empty", "marginal", "empty")), "2"),
        (blank("CX4.1"), None),
        (double("CX4.1"), None),
        (Read("CX4.1", None, ("no_mark",), ("empty", "marginal", "empty")), None),
        (Read("CX4.1", None, ("no_mark", "streak")), None),
        (Read("CX4.1", "1", ("marginal_mark",), ("filled", "marginal", "empty")), None),
        (Read("CX4.1", "1", ("marginal_mark",), ("empty", "marginal", "empty")), None),
        (Read("CX4.1", "2", ("marginal_mark", "poor_registration"), ("empty", "marginal", "empty")), None),
        (Read("CX4.1", "2", ("corrected_mark",), ("cancelled", "filled", "empty")), None),
        (Read("CX4.1", "2", ("low_confidence",), ("empty", "filled", "empty")), None),
        (Read("CX4.1", "2", (), ("empty", "filled", "empty")), None),
    ],
)
def test_a_suggestion_needs_a_single_harmless_reason(read: Read, suggested: str | None) -> None:
    assert suggest_answer(item_of(read)) == suggested


def test_nothing_is_suggested_twice(now: dt.datetime) -> None:
    assert suggest_answer(item_of(faint("CX4.1", "3"), reopened_at=now)) is None
    assert suggest_answer(item_of(faint("CX4.1", "3"), set_aside_at=now)) is None
    assert suggest_answer(item_of(faint("CX4.1", "3"), state="arbitration")) is None
    assert suggest_answer(item_of(faint("CX4.1", "3"), queue="comment")) is None
