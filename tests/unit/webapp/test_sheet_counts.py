"""Which sheets are paid as valid: those on which somebody answered something that stands."""

import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.worlds.read_pages import add_page, add_reading, add_sheet, blank, striped, sure
from tests.worlds.small import SmallWorld, make_small_world
from webapp.persistence.verification import ReviewItem
from webapp.services.answer_kinds import Answer
from webapp.services.sheet_counts import count_sheets
from webapp.services.verification import enqueue_reading, record_decision, undo_last_decision


@pytest.fixture
def world(session: Session, now: dt.datetime) -> SmallWorld:
    return make_small_world(session, now)


def valid(session: Session, world: SmallWorld) -> int:
    session.flush()
    return sum(count.reached.valid for count in count_sheets(session, world.campaign))


def say(session: Session, world: SmallWorld, code: str, answer: Answer, now: dt.datetime) -> None:
    item = session.scalars(select(ReviewItem).where(ReviewItem.field_code == code)).one()
    record_decision(session, world.users["reviewer"], item.id, answer, now)
    session.flush()


@pytest.fixture
def blank_sheet(session: Session, world: SmallWorld, now: dt.datetime) -> SmallWorld:
    """One sheet with nothing on it, as people have settled."""
    sheet = add_sheet(session, world, 1)
    front, back = (add_page(session, sheet, now, side=side) for side in (1, 2))
    enqueue_reading(session, add_reading(session, front, now, [blank("CX4.1"), striped("CX4.2")]), now)
    enqueue_reading(session, add_reading(session, back, now, [striped("CX4.12")]), now)
    session.flush()
    for code in ("CX4.1", "CX4.2", "CX4.12"):
        say(session, world, code, Answer("blank"), now)
    return world


def test_a_sheet_is_valid_by_what_stands_not_by_what_was_taken_back(
    session: Session, blank_sheet: SmallWorld, now: dt.datetime
) -> None:
    assert valid(session, blank_sheet) == 0
    undo_last_decision(session, blank_sheet.users["reviewer"], now, blank_sheet.campaign.id)
    say(session, blank_sheet, "CX4.12", Answer("option", "2"), now)
    assert valid(session, blank_sheet) == 1
    undo_last_decision(session, blank_sheet.users["reviewer"], now, blank_sheet.campaign.id)
    say(session, blank_sheet, "CX4.12", Answer("blank"), now)
    assert valid(session, blank_sheet) == 0


def test_a_sheet_is_not_valid_by_a_page_that_counts_no_more(
    session: Session, blank_sheet: SmallWorld, now: dt.datetime
) -> None:
    item = session.scalars(select(ReviewItem).where(ReviewItem.field_code == "CX4.1")).one()
    thrown_away = add_page(session, item.sheet, now, state="trashed")
    add_reading(session, thrown_away, now, [sure("CX4.1", "2")])
    elsewhere = add_page(session, add_sheet(session, blank_sheet, 2), now)
    elsewhere.sheet = item.sheet
    elsewhere.side = 3
    add_reading(session, elsewhere, now, [sure("CX4.1", "2")])
    elsewhere.sheet, elsewhere.side = add_sheet(session, blank_sheet, 3), 1  # assigned to another sheet since
    assert valid(session, blank_sheet) == 0
