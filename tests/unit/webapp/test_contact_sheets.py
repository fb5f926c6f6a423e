"""Contact sheets: who gets which tiles, what is settled by whom, and what a re-read changes."""

import datetime as dt
import threading
from collections.abc import Collection, Sequence

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.worlds.read_pages import (
    Read,
    add_page,
    add_reading,
    add_sheet,
    blank,
    comment,
    double,
    faint,
    sure,
)
from tests.worlds.small import SmallWorld, make_small_world
from webapp.errors import NotFound
from webapp.persistence.accounts import User
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.readings import FieldReading
from webapp.persistence.responses import accepted_answers, count_unaccounted
from webapp.persistence.scans import Page
from webapp.persistence.verification import Decision, ReviewItem
from webapp.services.answer_kinds import Answer
from webapp.services.contact_sheets import (
    TILES,
    SeenTile,
    SheetAnswer,
    SheetOutcome,
    claim_tiles,
    settle_tiles,
)
from webapp.services.review_queues import doubt_of, queue_of
from webapp.services.verification import (
    LEASE_S,
    WorkFilter,
    claim_next_item,
    enqueue_reading,
    record_decision,
    undo_last_decision,
)

LATER = dt.timedelta(seconds=LEASE_S + 1)
CODES = [f"CX4.{number}" for number in range(1, 18)]


@pytest.fixture
def world(session: Session, now: dt.datetime) -> SmallWorld:
    return make_small_world(session, now)


def read_sheet(
    session: Session, world: SmallWorld, now: dt.datetime, reads: Sequence[Read], serial: int = 1
) -> Page:
    page = add_page(session, add_sheet(session, world, serial), now)
    read(session, page, now, reads)
    return page


def read(session: Session, page: Page, now: dt.datetime, reads: Sequence[Read]) -> None:
    enqueue_reading(session, add_reading(session, page, now, reads), now)
    session.flush()


def claim(session: Session, world: SmallWorld, name: str, now: dt.datetime) -> list[ReviewItem]:
    return list(claim_tiles(session, world.users[name], now, WorkFilter(world.campaign.id)))


def said(tiles: Collection[ReviewItem], marked: Collection[ReviewItem] = ()) -> SheetAnswer:
    seen = frozenset(SeenTile(item.id, item.field_reading_id) for item in tiles)
    return SheetAnswer(seen, frozenset(item.id for item in marked), "key", 2400)


def settle(
    session: Session, world: SmallWorld, name: str, answer: SheetAnswer, now: dt.datetime
) -> SheetOutcome:
    outcome = settle_tiles(session, world.users[name], world.campaign.id, answer, now)
    session.flush()
    return outcome


def answers(session: Session, world: SmallWorld) -> dict[str, str]:
    return {row.field_code: row.validity for row in accepted_answers(session, world.campaign.id)}


@pytest.mark.parametrize(
    ("what", "queue"),
    [
        (blank("CX4.1"), "blank"),
        (Read("CX4.1", None, ("no_mark",)), "single"),  # no picture: nothing to see at a glance
        (Read("CX4.1", None, ("no_mark", "streak"), crop_sha256="c" * 64), "single"),
        (Read("CX4.1", None, ("no_mark",), ("empty", "marginal"), crop_sha256="c" * 64), "single"),
        (Read("CX4.1", None, ("low_confidence",), crop_sha256="c" * 64), "single"),
        (faint("CX4.1", "2"), "single"),
        (comment("CX4.gop_y"), "comment"),
    ],
)
def test_only_plain_blanks_go_to_the_sheets(what: Read, queue: str) -> None:
    bubbles = [{"option": str(n), "state": state, "score": n / 100} for n, state in enumerate(what.states)]
    field = FieldReading(
        kind=what.kind,
        value=what.value,
        flags=list(what.flags),
        bubbles=bubbles,
        crop_sha256=what.crop_sha256,
    )
    assert queue_of(field) == queue
    assert doubt_of(field) == (max(0, len(what.states) - 1)) / 100


def test_two_people_at_full_speed_settle_every_tile_once(database_url: str, now: dt.datetime) -> None:
    engine = make_engine(database_url)
    sessions = make_session_factory(engine)
    with sessions() as session:
        world = make_small_world(session, now)
        for serial in range(1, 9):
            read_sheet(session, world, now, [blank(code) for code in CODES], serial)
        session.commit()
        people, wanted = [world.users["reviewer"], world.users["reviewer2"]], WorkFilter(world.campaign.id)
    outcomes: list[SheetOutcome] = []

    def work(user: User) -> None:
        while True:
            with sessions() as session:
                tiles = claim_tiles(session, user, now, wanted)
                session.commit()
            if not tiles:
                return
            with sessions() as session:
                outcomes.append(settle_tiles(session, user, wanted.campaign_id, said(tiles), now))
                session.commit()

    threads = [threading.Thread(target=work, args=(user,)) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == 8 * 17
    engine.dispose()
    assert sum(outcome.blank for outcome in outcomes) == 8 * 17
    assert all((outcome.late, outcome.unsettled) == (0, 0) for outcome in outcomes)


def test_a_sheet_is_filled_up_behind_what_was_not_seen(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    for serial in (1, 2):
        read_sheet(session, world, now, [blank(c, n / 100) for n, c in enumerate(CODES)], serial)
    first = claim(session, world, "reviewer", now)
    assert [item.doubt for item in first] == sorted((item.doubt for item in first), reverse=True)
    settle(session, world, "reviewer", said(first[:20]), now)
    second = claim(session, world, "reviewer", now)
    assert (len(second), second[:4]) == (34 - 20, first[20:])
    assert len(first) == TILES


def test_what_was_said_of_a_tile_alone_is_not_talked_over(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    read_sheet(session, world, now, [blank("CX4.1")])
    (tile,) = claim(session, world, "reviewer", now)
    record_decision(session, world.users["reviewer"], tile.id, Answer("option", "2"), now)
    session.flush()
    assert settle(session, world, "reviewer", said([tile]), now) == SheetOutcome(0, 0, 0, 0)
    assert answers(session, world) == {"CX4.1": "valid"}


def test_the_head_has_the_last_word_of_a_tile(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    read_sheet(session, world, now, [blank("CX4.1")])
    (tile,) = claim(session, world, "reviewer", now)
    settle(session, world, "reviewer", said([tile]), now)
    other = Answer("invalid", reason="unreadable_mark")
    assert record_decision(session, world.users["reviewer2"], tile.id, other, now) == "late"
    wanted = WorkFilter(world.campaign.id, "arbitration")
    assert claim_next_item(session, world.users["head"], now, wanted) is tile
    record_decision(session, world.users["head"], tile.id, other, now)
    assert settle(session, world, "reviewer2", said([], [tile]), now) == SheetOutcome(0, 0, 0, 0)
    assert undo_last_decision(session, world.users["reviewer"], now, world.campaign.id) is None
    assert answers(session, world) == {"CX4.1": "invalid"}


def test_undo_takes_back_one_sheet_and_leaves_what_others_settled(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    read_sheet(session, world, now, [blank(code) for code in CODES[:4]])
    tiles = claim(session, world, "reviewer", now)
    settle(session, world, "reviewer", said(tiles[:1]), now)
    settle(session, world, "reviewer", said(tiles[1:]), now)
    record_decision(session, world.users["reviewer2"], tiles[3].id, Answer("option", "1"), now)
    session.flush()
    wanted = WorkFilter(world.campaign.id, "arbitration")
    assert claim_next_item(session, world.users["head"], now, wanted) is tiles[3]
    record_decision(session, world.users["head"], tiles[3].id, Answer("option", "1"), now)
    session.flush()
    undo_last_decision(session, world.users["reviewer"], now, world.campaign.id)
    assert [item.state for item in tiles] == ["done", "open", "open", "done"]
    assert {item.lease_user for item in tiles[1:3]} == {"reviewer"}
    undo_last_decision(session, world.users["reviewer"], now, world.campaign.id)
    assert [item.state for item in tiles] == ["open", "open", "open", "done"]


def test_a_reread_moves_a_tile_and_a_set_aside_one_stays_alone(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_sheet(session, world, now, [blank("CX4.1"), blank("CX4.2"), double("CX4.3"), blank("CX4.4")])
    tiles = {item.field_code: item for item in claim(session, world, "reviewer", now)}
    settle(session, world, "reviewer", said([], [tiles["CX4.2"]]), now)
    settle(session, world, "reviewer", said([tiles["CX4.4"]]), now)
    read(session, page, now, [faint("CX4.1", "2"), blank("CX4.2"), blank("CX4.3"), sure("CX4.4", "1")])
    items = session.scalars(select(ReviewItem).order_by(ReviewItem.field_code))
    assert [(item.queue, item.state) for item in items] == [
        ("single", "open"), ("single", "open"), ("blank", "open"), ("single", "open"),
    ]  # fmt: skip
    read(session, page, now, [faint("CX4.1", "2"), blank("CX4.2"), blank("CX4.3"), blank("CX4.4")])
    assert session.scalar(select(ReviewItem.queue).where(ReviewItem.field_code == "CX4.4")) == "single"
    assert count_unaccounted(session, world.campaign.id) == 0


def test_a_tile_that_nobody_holds_any_more_is_not_settled(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    read_sheet(session, world, now, [blank("CX4.1")])
    tiles = claim(session, world, "reviewer", now)
    claim(session, world, "reviewer2", now + LATER)
    assert settle(session, world, "reviewer", said(tiles), now + LATER).late == 1
    assert settle(session, world, "reviewer", said(tiles), now + 3 * LATER).unsettled == 1
    assert answers(session, world) == {}
    assert claim_next_item(session, world.users["reviewer"], now, WorkFilter(world.campaign.id)) is None


def test_another_campaigns_tile_is_not_found(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    read_sheet(session, world, now, [blank("CX4.1")])
    tiles = claim(session, world, "reviewer", now)
    for answer in (said(tiles), said([], tiles)):
        with pytest.raises(NotFound):
            settle_tiles(session, world.users["reviewer"], world.campaign.id + 1, answer, now)
