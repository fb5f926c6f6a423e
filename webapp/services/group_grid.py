"""The group grid: answers of one predicted value, many at a glance, the least certain first.

A tile that a person marks as belonging elsewhere goes to the queue of single items. Every other tile that was
on the screen is settled by a decision of its own. What was not on the screen, or was another picture, stays.
Decoys stand among the tiles (services.decoys): what is said of them is kept on the tile and is no decision.
"""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import Select, case, func, select, update
from sqlalchemy.orm import Session, joinedload

from webapp.errors import ClaimLost, InvalidInput
from webapp.persistence.accounts import User
from webapp.persistence.group_grid import Grid, GridTile
from webapp.persistence.verification import ReviewItem, last_decision
from webapp.services.answer_kinds import Answer
from webapp.services.decoys import place_decoys, requeue_if_inattentive, was_taken_back
from webapp.services.review_items import is_settled_by_machine, set_aside
from webapp.services.review_queues import BLANK, is_free, predicted_of
from webapp.services.verification import (
    LEASE_S,
    Outcome,
    WorkFilter,
    open_items,
    record_decision,
    take_item,
)

TILES = 24
QUEUE = "grid"


@dataclass(frozen=True, slots=True)
class DealtGrid:
    """What is on one person's screen: a grid, and those of its tiles that can still be settled."""

    grid: Grid
    tiles: Sequence[GridTile]


@dataclass(frozen=True, slots=True)
class GridAnswer:
    """What a person said with one grid, by tile: `marked` ones belong elsewhere, seen or not."""

    seen: frozenset[int]
    marked: frozenset[int]
    input_kind: str | None = None
    shown_ms: int | None = None


@dataclass(frozen=True, slots=True)
class GridOutcome:
    """How many tiles were accepted, set aside, too late (kept as second opinions), or not settled.

    `void`: kept as second opinions too, for another page stands there now, or nobody is asked any more.
    Decoys are counted as if they were answers, so that nobody can tell them by the figures. `requeued` is the
    number of earlier answers that were taken back because decoys were missed.
    """

    accepted: int
    set_aside: int
    late: int
    unsettled: int
    requeued: int = 0
    void: int = 0


# -- deal and renew ----------------------------------------------------------------------------------


def deal_grid(
    session: Session, user: User, now: dt.datetime, wanted: WorkFilter, *, lease_s: int = LEASE_S
) -> DealtGrid | None:
    """Lease this person a grid: the one already dealt, else the tiles already held and free ones."""
    until = now + dt.timedelta(seconds=lease_s)
    dealt = find_dealt_grid(session, user, wanted)
    if dealt is not None:
        _lease(session, user, [tile.item_id for tile in dealt.tiles if not tile.is_decoy], until)
        return dealt
    for group_key in _groups(session, user, now, wanted):
        ids = session.scalars(_claimable(user, now, wanted, group_key)).all()
        if ids:
            return _deal(session, user, ids, now, until)
    return None


def find_dealt_grid(session: Session, user: User, wanted: WorkFilter) -> DealtGrid | None:
    """The grid that this person works on, if any: reading only, so a reload changes nothing."""
    newest = select(Grid).where(Grid.actor == user.username, Grid.campaign_id == wanted.campaign_id)
    grid = session.scalar(newest.order_by(Grid.id.desc()).limit(1))
    if grid is None or grid.answered_at is not None:
        return None
    held = set(session.scalars(open_items(wanted, (QUEUE,)).where(ReviewItem.lease_user == user.username)))
    tiles = [
        tile
        for tile in _tiles_of(session, grid)
        if tile.is_decoy or (tile.item_id in held and tile.item.field_reading_id == tile.field_reading_id)
    ]
    is_there = any(not tile.is_decoy for tile in tiles)
    return DealtGrid(grid, tiles) if is_there else None


def deal_again(session: Session, user: User, now: dt.datetime, item: ReviewItem) -> None:
    """Put what an undo has given back on the screen, `item`'s group first, instead of what is there."""
    wanted = WorkFilter(item.campaign_id)
    until = now + dt.timedelta(seconds=LEASE_S)
    ids = session.scalars(_claimable(user, now, wanted, item.group_key or "")).all()
    _deal(session, user, ids, now, until)


def renew_grid(
    session: Session, user: User, wanted: WorkFilter, now: dt.datetime, *, lease_s: int = LEASE_S
) -> None:
    """Keep the tiles while their person is active.

    Raises:
        ClaimLost: none of them is this person's any more.
    """
    mine = open_items(wanted, (QUEUE,)).where(ReviewItem.lease_user == user.username)
    until = now + dt.timedelta(seconds=lease_s)
    renewed = update(ReviewItem).where(ReviewItem.id.in_(mine)).values(lease_until=until)
    if session.execute(renewed.returning(ReviewItem.id)).first() is None:
        raise ClaimLost("Bảng này hết giờ giữ và người khác đang làm. Bấm “Tiếp tục” để nhận bảng khác.")


def find_grid(session: Session, user: User, grid_id: int, campaign_id: int) -> Grid | None:
    """A grid that was dealt to this person."""
    own = select(Grid).where(Grid.id == grid_id, Grid.actor == user.username)
    return session.scalar(own.where(Grid.campaign_id == campaign_id))


def find_tile(session: Session, user: User, tile_id: int, campaign_id: int) -> GridTile | None:
    """A tile that was dealt to this person."""
    own = select(GridTile).join(Grid, Grid.id == GridTile.grid_id)
    return session.scalar(
        own.where(GridTile.id == tile_id, Grid.actor == user.username, Grid.campaign_id == campaign_id)
    )


def _groups(session: Session, user: User, now: dt.datetime, wanted: WorkFilter) -> list[str]:
    """Groups with something for this person: the one already begun, then the fullest first.

    Blanks come last: the marks settled before are the decoys among them.
    """
    mine = ReviewItem.lease_user == user.username
    is_blank = case((ReviewItem.group_key.endswith(f"-{BLANK}"), 1), else_=0)
    rows = session.execute(
        select(ReviewItem.group_key)
        .where(ReviewItem.id.in_(open_items(wanted, (QUEUE,))), mine | is_free(now))
        .where(~was_taken_back(user))
        .group_by(ReviewItem.group_key)
        .order_by(func.max(case((mine, 1), else_=0)).desc(), is_blank, func.count().desc())
        .order_by(ReviewItem.group_key)
    )
    return [key for (key,) in rows if key is not None]


def _claimable(user: User, now: dt.datetime, wanted: WorkFilter, group_key: str) -> Select[int]:
    """The ids of a group's tiles for this person: those already held first, then by doubt."""
    mine = ReviewItem.lease_user == user.username
    return (
        open_items(wanted, (QUEUE,))
        .where(ReviewItem.group_key == group_key, mine | is_free(now), ~was_taken_back(user))
        .order_by(case((mine, 0), else_=1), ReviewItem.doubt.desc(), ReviewItem.id)
        .limit(TILES)
        .with_for_update(skip_locked=True)
    )


def _deal(
    session: Session, user: User, ids: Sequence[int], now: dt.datetime, until: dt.datetime
) -> DealtGrid:
    """Lay items of one group out, the least certain first, with decoys where due; the rest stays free."""
    fresh = {"populate_existing": True}
    items = session.scalars(
        select(ReviewItem).where(ReviewItem.id.in_(ids)).order_by(ReviewItem.doubt.desc(), ReviewItem.id),
        execution_options=fresh,
    ).all()
    group_key = items[0].group_key or ""
    laid = place_decoys(session, user, group_key, items)[:TILES]
    _lease(session, user, [place.item.id for place in laid if not place.is_decoy], until)
    grid = Grid(
        campaign_id=items[0].campaign_id,
        actor=user.username,
        group_key=group_key,
        dealt_at=now,
        tiles=[
            GridTile(
                item_id=place.item.id, field_reading_id=place.item.field_reading_id, is_decoy=place.is_decoy
            )
            for place in laid
        ],
    )
    session.add(grid)
    session.flush()  # the screen names tiles by their ids
    return DealtGrid(grid, _tiles_of(session, grid))


def _lease(session: Session, user: User, ids: Sequence[int], until: dt.datetime) -> None:
    lease = {"lease_user": user.username, "lease_until": until, "lease_fence": ReviewItem.lease_fence + 1}
    session.execute(
        update(ReviewItem).where(ReviewItem.id.in_(ids)).values(lease),
        execution_options={"synchronize_session": False},
    )


def _tiles_of(session: Session, grid: Grid) -> Sequence[GridTile]:
    """The grid's tiles in their order, with what they show."""
    return session.scalars(
        select(GridTile)
        .where(GridTile.grid_id == grid.id)
        .options(joinedload(GridTile.item).joinedload(ReviewItem.sheet), joinedload(GridTile.field_reading))
        .order_by(GridTile.id),
        execution_options={"populate_existing": True},
    ).all()


# -- settle ------------------------------------------------------------------------------------------


def settle_grid(
    session: Session, user: User, grid: Grid, answer: GridAnswer, now: dt.datetime
) -> GridOutcome:
    """Set the marked tiles of one's own grid aside and record each other seen one as the predicted value.

    Raises:
        InvalidInput: a tile is none of this grid's.
    """
    session.refresh(grid, with_for_update=True)
    tiles = {tile.id: tile for tile in _tiles_of(session, grid)}
    if not answer.seen | answer.marked <= tiles.keys():
        raise InvalidInput("Trang gửi lên một ô không thuộc bảng này. Tải lại trang rồi làm lại.")
    aside = [tiles[tile_id] for tile_id in sorted(answer.marked)]
    accepted = [tiles[tile_id] for tile_id in sorted(answer.seen - answer.marked)]
    said = _predicted_answer(grid, answer, len(accepted))
    was_aside = [_set_aside(session, tile, now) for tile in _by_item(aside)]
    outcomes = Counter(_settle(session, user, tile, said, now) for tile in _by_item(accepted))
    if grid.answered_at is None:
        grid.answered_at = now
        for tile in tiles.values():
            tile.said = "marked" if tile in aside else "accepted" if tile in accepted else None
    session.flush()
    requeued = requeue_if_inattentive(session, user, grid.campaign_id, now)
    return GridOutcome(
        accepted=outcomes["settled"],
        set_aside=sum(was_aside) + outcomes["set_aside"],
        late=outcomes["late"],
        unsettled=outcomes["unsettled"],
        requeued=requeued,
        void=outcomes["void"] + outcomes["replaced"],
    )


def _by_item(tiles: Sequence[GridTile]) -> list[GridTile]:
    """In the order in which rows are always locked, so that two people never wait for one another."""
    return sorted(tiles, key=lambda tile: tile.item_id)


def _predicted_answer(grid: Grid, answer: GridAnswer, accepted: int) -> Answer:
    """What is said of each accepted tile, with its share of the time."""
    predicted = predicted_of(grid.group_key)
    kind, value = ("blank", None) if predicted == BLANK else ("option", predicted)
    share_ms = None if answer.shown_ms is None else answer.shown_ms // max(1, accepted)
    return Answer(kind, value, None, answer.input_kind, share_ms, grid_id=grid.id)


def _set_aside(session: Session, tile: GridTile, now: dt.datetime) -> bool:
    """Let somebody look at the tile alone; True if that is news.

    Who holds it does not matter: of two people who see different things, the one who doubts is heard, and
    so is who doubts what the machine has accepted since.
    """
    if tile.is_decoy:
        return tile.grid.answered_at is None
    item = take_item(session, tile.item_id)
    said = last_decision(session, item.id)
    at_a_glance = item.state in ("done", "second") and said is not None and said.grid_id is not None
    is_tile = item.queue == QUEUE and (item.state == "open" or at_a_glance)
    if not (is_tile or is_settled_by_machine(session, item)):
        return False
    set_aside(session, item, now)
    return True


def _settle(
    session: Session, user: User, tile: GridTile, said: Answer, now: dt.datetime
) -> Outcome | Literal["unsettled"]:
    """Record one tile as predicted if it is this person's and still the picture that was on the screen."""
    if tile.is_decoy:
        return "settled" if tile.grid.answered_at is None else "repeated"
    item = take_item(session, tile.item_id)
    if item.state == "open":
        mine, shown = item.lease_user == user.username, item.field_reading_id == tile.field_reading_id
        counts = (
            item.queue == QUEUE and item.group_key == tile.grid.group_key and shown
            if mine
            else (_is_taken(item, now))
        )
        if not counts:
            return "unsettled"
    elif item.state != "dropped":
        before = last_decision(session, item.id)
        if before is None:
            return "unsettled"
        if before.actor == user.username:  # the reply was lost, or the tile was looked at alone since
            return "repeated"
    return record_decision(session, user, item.id, replace(said, seen_reading_id=tile.field_reading_id), now)


def _is_taken(item: ReviewItem, now: dt.datetime) -> bool:
    return item.lease_until is not None and item.lease_until > now
