"""How each reviewer works: pace, agreement with others, attention to decoys. For help, not for ranking."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from webapp.persistence.accounts import User
from webapp.persistence.group_grid import Grid, GridTile
from webapp.persistence.verification import Decision, ReviewItem

if TYPE_CHECKING:
    from ocr.deck.bounds import Rate

_LONGEST_MS = 60_000  # longer means that the person went away


@dataclass(frozen=True, slots=True)
class ReviewerFigures:
    """One person's work in a campaign.

    `tile_s`, `item_s`: median seconds a tile and an item alone, None where nothing was timed.
    `differing`: of the answers that somebody else decided too, those decided otherwise.
    `missed`: of the decoys that were on the screen, those accepted; sensitivity is what is left of one.
    """

    name: str
    tiles: int
    tile_s: float | None
    items: int
    item_s: float | None
    differing: "Rate"
    missed: "Rate"


def list_reviewers(session: Session, campaign_id: int) -> list[ReviewerFigures]:
    """Everybody who decided something in this campaign or was dealt a grid; the caller sorts by name."""
    decided = (
        select(Decision.actor)
        .join(ReviewItem, ReviewItem.id == Decision.item_id)
        .where(ReviewItem.campaign_id == campaign_id)
    )
    users = session.scalars(select(User).where(User.username.in_(decided)))
    return [measure_reviewer(session, user, campaign_id) for user in users]


def measure_reviewer(session: Session, user: User, campaign_id: int) -> ReviewerFigures:
    """The figures of one person, from what is recorded; undone decisions were work, too."""
    rows = session.execute(
        select(Decision.grid_id, Decision.shown_ms)
        .join(ReviewItem, ReviewItem.id == Decision.item_id)
        .where(ReviewItem.campaign_id == campaign_id, Decision.actor == user.username)
        .where(Decision.kind != "undo")
    ).all()
    tiles = [shown_ms for grid_id, shown_ms in rows if grid_id is not None]
    items = [shown_ms for grid_id, shown_ms in rows if grid_id is None]
    return ReviewerFigures(
        name=user.display_name,
        tiles=len(tiles),
        tile_s=_median_s(tiles),
        items=len(items),
        item_s=_median_s(items),
        differing=_differing(session, user, campaign_id),
        missed=_missed(session, user, campaign_id),
    )


def _median_s(times_ms: Sequence[int | None]) -> float | None:
    timed = [time_ms for time_ms in times_ms if time_ms is not None and time_ms <= _LONGEST_MS]
    return statistics.median(timed) / 1000 if timed else None


def _differing(session: Session, user: User, campaign_id: int) -> "Rate":
    """Each person's last word on an item, against the last word of each other person on it."""
    last = (
        select(func.max(Decision.id))
        .join(ReviewItem, ReviewItem.id == Decision.item_id)
        .where(ReviewItem.campaign_id == campaign_id, Decision.kind.not_in(("undo", "escalate", "text")))
        .group_by(Decision.item_id, Decision.actor)
    )
    other = aliased(Decision)
    pairs = session.execute(
        select(Decision.kind, Decision.value, other.kind, other.value)
        .join(other, other.item_id == Decision.item_id)
        .where(Decision.actor == user.username, other.actor != user.username)
        .where(Decision.id.in_(last), other.id.in_(last))
    ).all()
    differ = sum((kind, value) != (their_kind, their_value) for kind, value, their_kind, their_value in pairs)
    return _rate(differ, len(pairs))


def _missed(session: Session, user: User, campaign_id: int) -> "Rate":
    said = session.scalars(
        select(GridTile.said)
        .join(Grid, Grid.id == GridTile.grid_id)
        .where(Grid.actor == user.username, Grid.campaign_id == campaign_id)
        .where(GridTile.is_decoy, GridTile.said.is_not(None))
    ).all()
    return _rate(said.count("accepted"), len(said))


def _rate(count: int, total: int) -> "Rate":
    """The share with its exact bound; only here does the web process load scipy, when it is asked for."""
    from ocr.deck.bounds import rate

    return rate(count, total)
