"""Contact sheets: answers that were read as blank, many at a glance, the least certain first.

A tile that a person marks as not blank goes to the queue of single items. Every other tile that was on the
screen is settled by a decision of its own. What was not on the screen, or was another picture, stays.
"""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session, joinedload

from webapp.errors import ClaimLost, NotFound
from webapp.persistence.accounts import User
from webapp.persistence.verification import ReviewItem, last_decision
from webapp.services.answer_kinds import Answer
from webapp.services.verification import (
    LEASE_S,
    Outcome,
    WorkFilter,
    is_free,
    open_items,
    record_decision,
    take_item,
)

TILES = 24
QUEUE = "blank"


@dataclass(frozen=True, slots=True)
class SeenTile:
    """A tile that was on the screen: the item, and the field reading whose crop it showed."""

    item_id: int
    reading_id: int


@dataclass(frozen=True, slots=True)
class SheetAnswer:
    """What a person said with one contact sheet; `marked` are the items that are not blank, seen or not."""

    seen: frozenset[SeenTile]
    marked: frozenset[int]
    input_kind: str | None = None
    shown_ms: int | None = None


@dataclass(frozen=True, slots=True)
class SheetOutcome:
    """How many tiles were settled as blank, set aside, too late (kept as second opinions), or not settled."""

    blank: int
    set_aside: int
    late: int
    unsettled: int


# -- claim and renew ---------------------------------------------------------------------------------


def claim_tiles(
    session: Session, user: User, now: dt.datetime, wanted: WorkFilter, *, lease_s: int = LEASE_S
) -> Sequence[ReviewItem]:
    """Lease this person a sheet's tiles: those already held, filled up with free ones, if any."""
    mine = ReviewItem.lease_user == user.username
    chosen = (
        open_items(wanted, (QUEUE,))
        .where(mine | is_free(now))
        .order_by(case((mine, 0), else_=1), ReviewItem.doubt.desc(), ReviewItem.id)
        .limit(TILES)
        .with_for_update(skip_locked=True)
    )
    ids = session.scalars(chosen).all()
    until = now + dt.timedelta(seconds=lease_s)
    lease = {"lease_user": user.username, "lease_until": until, "lease_fence": ReviewItem.lease_fence + 1}
    session.execute(
        update(ReviewItem).where(ReviewItem.id.in_(ids)).values(lease),
        execution_options={"synchronize_session": False},
    )
    return _tiles(session, ids)


def held_tiles(session: Session, user: User, wanted: WorkFilter) -> Sequence[ReviewItem]:
    """The tiles that this person works on: reading only, so a reload changes nothing."""
    held = open_items(wanted, (QUEUE,)).where(ReviewItem.lease_user == user.username)
    by_doubt = held.order_by(ReviewItem.doubt.desc(), ReviewItem.id)
    return _tiles(session, session.scalars(by_doubt.limit(TILES)).all())


def renew_tiles(
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


def _tiles(session: Session, ids: Sequence[int]) -> Sequence[ReviewItem]:
    """The items with what their tiles show, the least certain first."""
    return session.scalars(
        select(ReviewItem)
        .where(ReviewItem.id.in_(ids))
        .options(joinedload(ReviewItem.field_reading), joinedload(ReviewItem.sheet))
        .order_by(ReviewItem.doubt.desc(), ReviewItem.id),
        execution_options={"populate_existing": True},
    ).all()


# -- settle ------------------------------------------------------------------------------------------


def settle_tiles(
    session: Session, user: User, campaign_id: int, answer: SheetAnswer, now: dt.datetime
) -> SheetOutcome:
    """Set the marked tiles aside and record each other seen one as blank, with one token for all.

    Raises:
        NotFound: a tile is none of this campaign's.
    """
    blank = sorted((tile for tile in answer.seen if tile.item_id not in answer.marked), key=_by_item)
    share_ms = None if answer.shown_ms is None else answer.shown_ms // max(1, len(blank))
    said = Answer("blank", None, None, answer.input_kind, share_ms, contact_sheet=uuid.uuid4().hex)
    aside = [
        _set_aside(session, _take(session, item_id, campaign_id), now) for item_id in sorted(answer.marked)
    ]
    outcomes = Counter(
        _settle(
            session,
            user,
            _take(session, tile.item_id, campaign_id),
            replace(said, seen_reading_id=tile.reading_id),
            now,
        )
        for tile in blank
    )
    return SheetOutcome(outcomes["settled"], sum(aside), outcomes["late"], outcomes["unsettled"])


def _by_item(tile: SeenTile) -> int:
    return tile.item_id


def _take(session: Session, item_id: int, campaign_id: int) -> ReviewItem:
    item = take_item(session, item_id)
    if item.campaign_id != campaign_id:
        raise NotFound("Không có ô này.")
    return item


def _set_aside(session: Session, item: ReviewItem, now: dt.datetime) -> bool:
    """Let somebody look at the tile alone; True if that is news.

    Who holds it does not matter: of two people who see different things, the one who sees a mark is heard.
    """
    said = last_decision(session, item.id)
    at_a_glance = item.state in ("done", "second") and said is not None and said.contact_sheet is not None
    if item.queue != QUEUE or not (item.state == "open" or at_a_glance):
        return False
    item.state, item.queue, item.set_aside_at = "open", "single", now
    item.lease_user, item.lease_until = None, None
    return True


def _settle(
    session: Session, user: User, item: ReviewItem, said: Answer, now: dt.datetime
) -> Outcome | Literal["unsettled"]:
    """Record one tile as blank if it is this person's and still the picture that was on the screen."""
    if item.state == "open":
        mine, shown = item.lease_user == user.username, item.field_reading_id == said.seen_reading_id
        counts = item.queue == QUEUE and shown if mine else _is_taken(item, now)
        if not counts:
            return "unsettled"
    else:
        before = last_decision(session, item.id)
        if before is None:
            return "unsettled"
        if before.actor == user.username:  # the reply was lost, or the tile was looked at alone since
            return "repeated"
    return record_decision(session, user, item.id, said, now)


def _is_taken(item: ReviewItem, now: dt.datetime) -> bool:
    return item.lease_until is not None and item.lease_until > now
