"""Group grids: who gets which tiles, what is settled by whom, and what a re-read changes."""

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
    doubted,
    faint,
    sure,
)
from tests.worlds.small import SmallWorld, make_small_world
from webapp.errors import InvalidInput
from webapp.persistence.accounts import User
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.group_grid import Grid, GridTile
from webapp.persistence.readings import FieldReading
from webapp.persistence.responses import accepted_answers, count_unaccounted
from webapp.persistence.scans import Page
from webapp.persistence.verification import Decision, ReviewItem
from webapp.services.answer_kinds import Answer
from webapp.services.group_grid import (
    TILES,
    DealtGrid,
    GridAnswer,
    GridOutcome,
    deal_again,
    deal_grid,
    settle_grid,
)
from webapp.services.review_queues import doubt_of, group_of, queue_of
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


def deal(session: Session, world: SmallWorld, name: str, now: dt.datetime) -> DealtGrid:
    dealt = deal_grid(session, world.users[name], now, WorkFilter(world.campaign.id))
    return dealt or DealtGrid(Grid(), [])


def said(tiles: Collection[GridTile], marked: Collection[GridTile] = ()) -> GridAnswer:
    return GridAnswer(
        frozenset(tile.id for tile in tiles), frozenset(tile.id for tile in marked), "key", 2400
    )


def settle(  # noqa: PLR0917 - the whole scene of one answer
    session: Session, world: SmallWorld, name: str, dealt: DealtGrid, answer: GridAnswer, now: dt.datetime
) -> GridOutcome:
    outcome = settle_grid(session, world.users[name], dealt.grid, answer, now)
    session.flush()
    return outcome


def answers(session: Session, world: SmallWorld) -> dict[str, str]:
    return {row.field_code: row.validity for row in accepted_answers(session, world.campaign.id)}


MARK = ("empty", "filled", "empty")
FAINT = ("empty", "marginal", "empty")
CROP = "c" * 64


@pytest.mark.parametrize(
    ("what", "queue", "group"),
    [
        (blank("CX4.1"), "grid", "5-0"),
        (Read("CX4.1", None, ("no_mark",)), "single", None),  # no picture: nothing to see at a glance
        (Read("CX4.1", None, ("no_mark", "streak"), crop_sha256=CROP), "single", None),
        (Read("CX4.1", None, ("no_mark",), ("empty", "marginal"), crop_sha256=CROP), "single", None),
        (Read("CX4.1", None, ("low_confidence",), crop_sha256=CROP), "single", None),
        (Read("CX4.1", "2", ("low_confidence",), MARK, confidence=0.99, crop_sha256=CROP), "grid", "3-2"),
        (Read("CX4.1", "2", ("low_confidence",), MARK, confidence=0.99), "single", None),
        (Read("CX4.1", "2", ("low_confidence",), MARK, confidence=0.79, crop_sha256=CROP), "single", None),
        (Read("CX4.1", "1", ("low_confidence",), MARK, confidence=0.99, crop_sha256=CROP), "single", None),
        (Read("CX4.1", "2", ("marginal_mark",), FAINT, confidence=0.9, crop_sha256=CROP), "grid", "3-2"),
        (Read("CX4.1", "2", ("marginal_mark",), MARK, confidence=0.9, crop_sha256=CROP), "single", None),
        (
            Read("CX4.1", "2", ("marginal_mark", "streak"), FAINT, confidence=0.9, crop_sha256=CROP),
            "single",
            None,
        ),
        (Read("CX4.1", "2", ("corrected_mark",), MARK, confidence=0.99, crop_sha256=CROP), "single", None),
        (Read("CX4.1", None, ("multiple_marks",), MARK, confidence=0.99, crop_sha256=CROP), "single", None),
        (faint("CX4.1", "2"), "single", None),
        (comment("CX4.gop_y"), "comment", None),
    ],
)
def test_what_one_look_can_confirm_goes_to_the_grids(what: Read, queue: str, group: str | None) -> None:
    bubbles = [{"option": str(n), "state": state, "score": n / 100} for n, state in enumerate(what.states, 1)]
    field = FieldReading(
        kind=what.kind,
        value=what.value,
        confidence=what.confidence,
        flags=list(what.flags),
        bubbles=bubbles,
        crop_sha256=what.crop_sha256,
    )
    assert (queue_of(field), group_of(field)) == (queue, group)
    doubt = 1 - what.confidence if what.value and what.kind == "choice" else len(what.states) / 100
    assert doubt_of(field) == pytest.approx(doubt)


def test_two_people_at_full_speed_settle_every_tile_once(database_url: str, now: dt.datetime) -> None:
    engine = make_engine(database_url)
    sessions = make_session_factory(engine)
    with sessions() as session:
        world = make_small_world(session, now)
        for serial in range(1, 9):
            read_sheet(session, world, now, [blank(code) for code in CODES], serial)
        session.commit()
        people, wanted = [world.users["reviewer"], world.users["reviewer2"]], WorkFilter(world.campaign.id)
    outcomes: list[GridOutcome] = []

    def work(user: User) -> None:
        while True:
            with sessions() as session:
                dealt = deal_grid(session, user, now, wanted)
                session.commit()
            if dealt is None:
                return
            with sessions() as session:
                grid = session.get_one(Grid, dealt.grid.id)
                outcomes.append(settle_grid(session, user, grid, said(dealt.tiles), now))
                session.commit()

    threads = [threading.Thread(target=work, args=(user,)) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == 8 * 17
    engine.dispose()
    assert sum(outcome.accepted for outcome in outcomes) == 8 * 17
    assert all((outcome.late, outcome.unsettled) == (0, 0) for outcome in outcomes)


def test_a_grid_is_filled_up_behind_what_was_not_seen(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    for serial in (1, 2):
        read_sheet(session, world, now, [blank(c, n / 100) for n, c in enumerate(CODES)], serial)
    first = deal(session, world, "reviewer", now)
    doubts = [tile.item.doubt for tile in first.tiles]
    assert doubts == sorted(doubts, reverse=True)
    settle(session, world, "reviewer", first, said(first.tiles[:20]), now)
    second = deal(session, world, "reviewer", now)
    left = [tile.item_id for tile in first.tiles[20:]]
    assert (len(second.tiles), [tile.item_id for tile in second.tiles[:4]]) == (34 - 20, left)
    assert len(first.tiles) == TILES
    assert settle(session, world, "reviewer", second, said(second.tiles), now) == GridOutcome(14, 0, 0, 0)
    assert settle(session, world, "reviewer", second, said(second.tiles), now) == GridOutcome(0, 0, 0, 0)


def test_each_group_has_its_own_grid_and_marks_come_before_blanks(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    reads = [blank("CX4.1"), blank("CX4.2"), doubted("CX4.3", "2"), doubted("CX4.4", "5"), blank("CX4.5")]
    read_sheet(session, world, now, [*reads, doubted("CX4.6", "5", 0.9), doubted("CX4.7", "5", 0.99)])
    seen = []
    while (dealt := deal(session, world, "reviewer", now)).tiles:
        seen.append((dealt.grid.group_key, [tile.item.field_code for tile in dealt.tiles]))
        settle(session, world, "reviewer", dealt, said(dealt.tiles), now)
    assert seen == [
        ("5-5", ["CX4.6", "CX4.4", "CX4.7"]),
        ("5-2", ["CX4.3"]),
        ("5-0", ["CX4.1", "CX4.2", "CX4.5"]),
    ]
    assert count_unaccounted(session, world.campaign.id) == 0


def test_what_was_said_of_a_tile_alone_is_not_talked_over(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    read_sheet(session, world, now, [blank("CX4.1")])
    dealt = deal(session, world, "reviewer", now)
    record_decision(session, world.users["reviewer"], dealt.tiles[0].item_id, Answer("option", "2"), now)
    session.flush()
    assert settle(session, world, "reviewer", dealt, said(dealt.tiles), now) == GridOutcome(0, 0, 0, 0)
    assert answers(session, world) == {"CX4.1": "valid"}


def test_the_head_has_the_last_word_of_a_tile(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    read_sheet(session, world, now, [blank("CX4.1")])
    slow = deal(session, world, "reviewer2", now)
    dealt = deal(session, world, "reviewer", now + LATER)
    settle(session, world, "reviewer", dealt, said(dealt.tiles), now + LATER)
    item_id = dealt.tiles[0].item_id
    other = Answer("invalid", reason="unreadable_mark")
    assert record_decision(session, world.users["reviewer2"], item_id, other, now) == "late"
    session.flush()
    wanted = WorkFilter(world.campaign.id, "arbitration")
    assert claim_next_item(session, world.users["head"], now, wanted) is dealt.tiles[0].item
    record_decision(session, world.users["head"], item_id, other, now)
    assert settle(session, world, "reviewer2", slow, said([], slow.tiles), now) == GridOutcome(0, 0, 0, 0)
    assert undo_last_decision(session, world.users["reviewer"], now, world.campaign.id) is None
    assert answers(session, world) == {"CX4.1": "invalid"}


def test_undo_takes_back_one_grid_and_leaves_what_others_settled(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    read_sheet(session, world, now, [blank(code) for code in CODES[:4]])
    first = deal(session, world, "reviewer", now)
    settle(session, world, "reviewer", first, said(first.tiles[:1]), now)
    second = deal(session, world, "reviewer", now)
    settle(session, world, "reviewer", second, said(second.tiles), now)
    items = [tile.item for tile in first.tiles]
    record_decision(session, world.users["reviewer2"], items[3].id, Answer("option", "1"), now)
    session.flush()
    wanted = WorkFilter(world.campaign.id, "arbitration")
    assert claim_next_item(session, world.users["head"], now, wanted) is items[3]
    record_decision(session, world.users["head"], items[3].id, Answer("option", "1"), now)
    session.flush()
    back = undo_last_decision(session, world.users["reviewer"], now, world.campaign.id)
    assert [item.state for item in items] == ["done", "open", "open", "done"]
    assert {item.lease_user for item in items[1:3]} == {"reviewer"}
    assert back is not None
    deal_again(session, world.users["reviewer"], now, back)
    assert [tile.item for tile in deal(session, world, "reviewer", now).tiles] == items[1:3]
    undo_last_decision(session, world.users["reviewer"], now, world.campaign.id)
    assert [item.state for item in items] == ["open", "open", "open", "done"]


def test_a_reread_moves_a_tile_and_a_set_aside_one_stays_alone(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    page = read_sheet(session, world, now, [blank("CX4.1"), blank("CX4.2"), double("CX4.3"), blank("CX4.4")])
    dealt = deal(session, world, "reviewer", now)
    tiles = {tile.item.field_code: tile for tile in dealt.tiles}
    settle(session, world, "reviewer", dealt, said([tiles["CX4.4"]], [tiles["CX4.2"]]), now)
    read(session, page, now, [faint("CX4.1", "2"), sure("CX4.2", "3"), blank("CX4.3"), sure("CX4.4", "1")])
    items = session.scalars(select(ReviewItem).order_by(ReviewItem.field_code))
    assert [(item.queue, item.state) for item in items] == [
        ("single", "open"), ("single", "open"), ("grid", "open"), ("single", "open"),
    ]  # fmt: skip
    read(session, page, now, [faint("CX4.1", "2"), blank("CX4.2"), blank("CX4.3"), blank("CX4.4")])
    assert session.scalar(select(ReviewItem.queue).where(ReviewItem.field_code == "CX4.4")) == "single"
    assert count_unaccounted(session, world.campaign.id) == 0


def test_a_tile_that_nobody_holds_any_more_is_not_settled(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    read_sheet(session, world, now, [blank("CX4.1")])
    dealt = deal(session, world, "reviewer", now)
    deal(session, world, "reviewer2", now + LATER)
    assert settle(session, world, "reviewer", dealt, said(dealt.tiles), now + LATER).late == 1
    assert settle(session, world, "reviewer", dealt, said(dealt.tiles), now + 3 * LATER).unsettled == 1
    assert answers(session, world) == {}
    assert claim_next_item(session, world.users["reviewer"], now, WorkFilter(world.campaign.id)) is None


def test_another_grids_tile_is_refused(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    read_sheet(session, world, now, [blank("CX4.1"), doubted("CX4.2", "1")])
    own, other = deal(session, world, "reviewer", now), deal(session, world, "reviewer2", now)
    for answer in (said(other.tiles), said([], other.tiles)):
        with pytest.raises(InvalidInput):
            settle_grid(session, world.users["reviewer"], own.grid, answer, now)
