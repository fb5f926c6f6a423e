"""Decoys: one tile in fifty is an answer that people settled with another value; who looks, marks it.

They measure attention (ux.md B6). What is said of one is kept on its tile and never becomes an answer. Who
misses two within an hour has the last five grids taken back, each answer by an undo of its own, so that
somebody else looks at them; nothing is deleted.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, joinedload

from webapp.persistence.accounts import User
from webapp.persistence.audit import write_log
from webapp.persistence.group_grid import Grid, GridTile
from webapp.persistence.verification import Decision, ReviewItem, last_decision, standing_decisions
from webapp.services.review_queues import BLANK, options_of, predicted_of

ACTOR = "o-moi"  # who takes back what was settled without looking
TAKEN_BACK = "decoys_missed"  # the reason of such an undo
ONE_IN = 50
MOST_MISSED = 2
WITHIN = dt.timedelta(hours=1)
GRIDS_TAKEN_BACK = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Which answer stands at one place of a grid."""

    item: ReviewItem
    is_decoy: bool = False


def is_decoy_due(item: ReviewItem) -> bool:
    """Whether a decoy goes before this tile: one in fifty, not to be foreseen from the screen.

    It depends on the item and on how often it was claimed, so that the same run gives the same decoys.
    """
    seed = f"{item.id}:{item.lease_fence}".encode()
    return int.from_bytes(hashlib.sha256(seed).digest()[:4]) % ONE_IN == 0


def place_decoys(session: Session, user: User, group_key: str, items: Sequence[ReviewItem]) -> list[Place]:
    """The items (of one campaign) in their order, with decoys where they are due and there are any."""
    due = [item for item in items if is_decoy_due(item)]
    decoys = _choose(session, user, group_key, due)
    before = dict(zip((item.id for item in due), decoys, strict=False))
    laid: list[Place] = []
    for item in items:
        if item.id in before:
            laid.append(Place(before[item.id], is_decoy=True))
        laid.append(Place(item))
    return laid


def was_taken_back(user: User) -> ColumnElement[bool]:
    """Whether what this person had settled of an item was taken back: somebody else is to look."""
    own = select(Decision.id).where(Decision.actor == user.username)
    taken = select(Decision.item_id).where(Decision.reason == TAKEN_BACK, Decision.undoes_id.in_(own))
    return ReviewItem.id.in_(taken)


def requeue_if_inattentive(session: Session, user: User, campaign_id: int, now: dt.datetime) -> int:
    """Take the last grids of a person back who missed too many decoys of late; give the answers' number."""
    if _count_missed(session, user, campaign_id, now - WITHIN) < MOST_MISSED:
        return 0
    latest = _answered_grids(user, campaign_id).order_by(Grid.answered_at.desc(), Grid.id.desc())
    grids = session.scalars(latest.limit(GRIDS_TAKEN_BACK)).all()
    settled = standing_decisions().where(
        Decision.grid_id.in_([grid.id for grid in grids]), Decision.actor == user.username
    )
    decisions = session.scalars(settled.order_by(Decision.item_id)).all()
    taken = sum(_take_back(session, decision, now) for decision in decisions)
    for grid in grids:
        grid.requeued_at = now
    write_log(
        session,
        now,
        ACTOR,
        "grids_requeued",
        f"user/{user.username}",
        grids=sorted(grid.id for grid in grids),
        answers=taken,
    )
    session.flush()
    return taken


def _choose(session: Session, user: User, group_key: str, due: Sequence[ReviewItem]) -> list[ReviewItem]:
    """Settled answers for the places where decoys are due: those that somebody looked at alone first."""
    if not due:
        return []
    rows = session.execute(_settled_otherwise(user, due[0].campaign_id, predicted_of(group_key))).all()
    options = options_of(group_key)
    known = [
        (grid_id is not None, _shuffled(item), item)
        for item, grid_id in rows
        if len(item.field_reading.bubbles) == options and item.field_reading.crop_sha256 is not None
    ]
    return [item for _at_a_glance, _order, item in sorted(known, key=lambda one: one[:2])][: len(due)]


def _settled_otherwise(user: User, campaign_id: int, predicted: str) -> Select[ReviewItem, int | None]:
    """Answers that people settled with another value, and this person was never shown as a decoy."""
    standing = standing_decisions().subquery()
    last = select(func.max(standing.c.id)).group_by(standing.c.item_id)
    shown = (
        select(GridTile.item_id)
        .join(Grid, Grid.id == GridTile.grid_id)
        .where(GridTile.is_decoy, Grid.actor == user.username)
    )
    is_other = (Decision.kind == "option") & (Decision.value != predicted)
    differs = is_other if predicted == BLANK else or_(is_other, Decision.kind == "blank")
    return (
        select(ReviewItem, Decision.grid_id)
        .join(Decision, Decision.item_id == ReviewItem.id)
        .where(ReviewItem.state == "done", ReviewItem.campaign_id == campaign_id)
        .where(Decision.id.in_(last), differs, ReviewItem.id.not_in(shown))
        .options(joinedload(ReviewItem.field_reading))
    )


def _shuffled(item: ReviewItem) -> bytes:
    return hashlib.sha256(f"decoy {item.id}".encode()).digest()


def _answered_grids(user: User, campaign_id: int) -> Select[Grid]:
    return select(Grid).where(
        Grid.actor == user.username, Grid.campaign_id == campaign_id, Grid.answered_at.is_not(None)
    )


def _count_missed(session: Session, user: User, campaign_id: int, since: dt.datetime) -> int:
    """Decoys accepted since then, those that have had their consequence left out."""
    missed = (
        select(func.count(GridTile.id))
        .join(Grid, Grid.id == GridTile.grid_id)
        .where(Grid.actor == user.username, Grid.campaign_id == campaign_id)
        .where(Grid.answered_at > since, Grid.requeued_at.is_(None))
        .where(GridTile.is_decoy, GridTile.said == "accepted")
    )
    return session.scalar(missed) or 0


def _take_back(session: Session, decision: Decision, now: dt.datetime) -> bool:
    """Undo what still counts; what others have said since is left alone."""
    item = session.get_one(ReviewItem, decision.item_id, with_for_update=True)
    if item.state not in ("done", "second") or last_decision(session, item.id) is not decision:
        return False
    session.add(
        Decision(
            item=item,
            field_reading_id=decision.field_reading_id,
            actor=ACTOR,
            decided_at=now,
            kind="undo",
            reason=TAKEN_BACK,
            undoes_id=decision.id,
        )
    )
    item.state, item.lease_user, item.lease_until = "open", None, None
    return True
