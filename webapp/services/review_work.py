"""What verification still costs, what was done, and what waits for the head: reading only."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from webapp.persistence.accounts import User
from webapp.persistence.campaign import Sheet
from webapp.persistence.page_resolutions import count_open_problems
from webapp.persistence.readings import TextDraft
from webapp.persistence.responses import OpenCount, open_item_counts
from webapp.persistence.verification import (
    UNFINISHED,
    Decision,
    ReviewItem,
    last_decision,
    second_opinions,
    standing_decisions,
)
from webapp.services.review_queues import QUEUES
from webapp.services.verification import SETTLES_ESCALATED, WorkFilter

ANCHOR_S = {queue.code: queue.anchor_s for queue in QUEUES}  # seconds a piece
_MEASURED_DECISIONS = 100
_ENOUGH_DECISIONS = 20
_LONGEST_MS = 60_000  # longer means that the person went away


@dataclass(frozen=True, slots=True)
class WorkLine:
    """What one form still asks for: pieces by queue; `minutes` for one person, rounded up."""

    form_code: str
    waiting: Mapping[str, int]
    escalated: int
    minutes: int


@dataclass(frozen=True, slots=True)
class QueueLeft:
    """What one queue still asks for; `minutes` for one person, rounded up."""

    code: str
    waiting: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Dispute:
    """A settled item: the decision that counts, and what others said of it too late to count."""

    item: ReviewItem
    counted: Decision
    opinions: Sequence[Decision]


def list_work(session: Session, campaign_id: int) -> list[WorkLine]:
    """One line per form with unfinished items, in the forms' order."""
    counts = open_item_counts(session, campaign_id)
    pace = measure_pace_s(session, campaign_id)
    forms = sorted({count.form_code for count in counts})
    return [_line(form, [c for c in counts if c.form_code == form], pace) for form in forms]


def list_queues(session: Session, campaign_id: int) -> list[QueueLeft]:
    """Every queue with something in it, in the order of work."""
    waiting = Counter({"page": count_open_problems(session, campaign_id)})
    for count in open_item_counts(session, campaign_id):
        waiting[count.queue] += count.open
    pace = measure_pace_s(session, campaign_id)
    return [
        QueueLeft(queue.code, waiting[queue.code], math.ceil(waiting[queue.code] * pace[queue.code] / 60))
        for queue in QUEUES
        if waiting[queue.code]
    ]


def measure_pace_s(session: Session, campaign_id: int) -> dict[str, float]:
    """Seconds a decision takes here: the mean of the latest hundred, or an anchor before there are twenty."""
    return {queue: _mean_s(session, campaign_id, queue) or anchor for queue, anchor in ANCHOR_S.items()}


def count_progress(session: Session, wanted: WorkFilter) -> tuple[int, int]:
    """How many of the wanted items are settled, of how many; those that wait for the head are not settled."""
    rows = select(
        func.count().filter(ReviewItem.state == "done"),
        func.count().filter(ReviewItem.state.in_(UNFINISHED)),
    ).where(ReviewItem.campaign_id == wanted.campaign_id)
    if wanted.queue is not None:
        rows = rows.where(ReviewItem.queue == wanted.queue)
    if wanted.form_code is not None:
        rows = rows.where(ReviewItem.form_code == wanted.form_code)
    done, waiting = session.execute(rows).one()
    return done, done + waiting


def list_recent(session: Session, user: User, campaign_id: int, limit: int = 10) -> Sequence[Decision]:
    """This person's latest decisions that stand, the newest first."""
    own = standing_decisions().join(ReviewItem, ReviewItem.id == Decision.item_id)
    return session.scalars(
        own.where(Decision.actor == user.username, ReviewItem.campaign_id == campaign_id)
        .options(joinedload(Decision.item).joinedload(ReviewItem.sheet))
        .order_by(Decision.id.desc())
        .limit(limit)
    ).all()


def list_escalated(session: Session, campaign_id: int) -> list[tuple[ReviewItem, Decision | None]]:
    """What waits for the head, the oldest first, each with the decision that sent it up."""
    items = session.scalars(
        select(ReviewItem)
        .where(ReviewItem.campaign_id == campaign_id, ReviewItem.state == "escalated")
        .options(joinedload(ReviewItem.sheet))
        .order_by(ReviewItem.id)
    )
    return [(item, last_decision(session, item.id)) for item in items]


def list_disputed(session: Session, campaign_id: int) -> list[Dispute]:
    """Settled items of which somebody else said something different too late, the oldest first.

    What the head said is the last word: it closes the dispute, whichever answer it upholds.
    """
    items = session.scalars(
        select(ReviewItem)
        .where(ReviewItem.campaign_id == campaign_id, ReviewItem.state == "done")
        .where(ReviewItem.id.in_(select(Decision.item_id).where(Decision.second_opinion)))
        .options(joinedload(ReviewItem.sheet))
        .order_by(ReviewItem.id)
    ).all()
    return [dispute for item in items if (dispute := find_dispute(session, item)) is not None]


def find_dispute(session: Session, item: ReviewItem) -> Dispute | None:
    """What was said late against the answer that counts; None where nobody differs or the head has spoken."""
    counted = last_decision(session, item.id)
    if item.state != "done" or counted is None or _is_final(session, counted):
        return None
    latest = {said.actor: said for said in second_opinions(session, item.id)}  # each person's last
    differing = [said for said in latest.values() if _differs(said, counted)]
    return Dispute(item, counted, differing) if differing else None


def find_item(session: Session, item_id: int, campaign_id: int) -> ReviewItem | None:
    """One item with all that its screen shows."""
    return session.scalar(
        select(ReviewItem)
        .where(ReviewItem.id == item_id, ReviewItem.campaign_id == campaign_id)
        .options(joinedload(ReviewItem.field_reading), joinedload(ReviewItem.sheet).joinedload(Sheet.unit))
    )


def find_draft(session: Session, item: ReviewItem) -> str | None:
    """The machine's draft of a comment, if it made one."""
    return session.scalar(
        select(TextDraft.draft).where(
            TextDraft.field_reading_id == item.field_reading_id, TextDraft.state == "done"
        )
    )


def has_decided(session: Session, user: User, item_id: int) -> bool:
    """Whether this person said anything about the item, ever."""
    own = select(Decision.id).where(Decision.item_id == item_id, Decision.actor == user.username)
    return session.scalar(own.limit(1)) is not None


def _line(form_code: str, counts: Sequence[OpenCount], pace_s: Mapping[str, float]) -> WorkLine:
    waiting = {count.queue: count.open for count in counts}
    seconds = sum(number * pace_s[queue] for queue, number in waiting.items())
    escalated = sum(count.escalated for count in counts)
    return WorkLine(form_code, waiting, escalated, math.ceil(seconds / 60))


def _is_final(session: Session, said: Decision) -> bool:
    """Whether the head said it."""
    role = session.scalar(select(User.role).where(User.username == said.actor))
    return role in SETTLES_ESCALATED


def _differs(opinion: Decision, counted: Decision) -> bool:
    """Whether it is another answer of somebody who has not come round to the one that counts."""
    if opinion.actor == counted.actor and opinion.id < counted.id:
        return False
    return (opinion.kind, opinion.value) != (counted.kind, counted.value)


def _mean_s(session: Session, campaign_id: int, queue: str) -> float | None:
    """The mean time on screen of the latest decisions of a queue, or None while there are too few."""
    latest = (
        select(Decision.shown_ms)
        .join(ReviewItem, ReviewItem.id == Decision.item_id)
        .where(ReviewItem.campaign_id == campaign_id, ReviewItem.queue == queue)
        .where(Decision.shown_ms <= _LONGEST_MS)
        .order_by(Decision.id.desc())
        .limit(_MEASURED_DECISIONS)
    )
    times_ms = [time for time in session.scalars(latest) if time is not None]
    return sum(times_ms) / len(times_ms) / 1000 if len(times_ms) >= _ENOUGH_DECISIONS else None
