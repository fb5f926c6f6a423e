"""What verification still costs, what was done, and who is missing: reading only."""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from webapp.persistence.accounts import User
from webapp.persistence.page_resolutions import count_open_problems
from webapp.persistence.readings import TextDraft
from webapp.persistence.responses import OpenCount, open_item_counts
from webapp.persistence.verification import (
    UNFINISHED,
    Decision,
    ReviewItem,
    is_about_another_picture,
    opinions_this_round,
    said_this_round,
    standing_decisions,
    with_surroundings,
)
from webapp.services.review_queues import ONE_BY_ONE, QUEUES, TURNS, kind_of_work, turns_of
from webapp.services.verification import WorkFilter

ANCHOR_S = {queue.code: queue.anchor_s for queue in QUEUES}  # seconds a piece
_MEASURED_DECISIONS = 100
_ENOUGH_DECISIONS = 20
_LONGEST_MS = 60_000  # longer means that the person went away


@dataclass(frozen=True, slots=True)
class WorkLine:
    """What one form still asks for: pieces by queue; `minutes` for one person, rounded up."""

    form_code: str
    waiting: Mapping[str, int]
    minutes: int


@dataclass(frozen=True, slots=True)
class QueueLeft:
    """What one queue still asks for; `minutes` for one person, rounded up."""

    code: str
    waiting: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Missing:
    """Items that nobody of the office may take, and the names of those who have spoken about them."""

    second: int
    arbitration: int
    names: tuple[str, ...]


def list_work(session: Session, campaign_id: int) -> list[WorkLine]:
    """One line per form with unfinished items, in the forms' order."""
    counts = open_item_counts(session, campaign_id)
    pace = measure_pace_s(session, campaign_id)
    forms = sorted({count.form_code for count in counts})
    return [_line(form, [c for c in counts if c.form_code == form], pace) for form in forms]


def list_queues(session: Session, user: User, campaign_id: int) -> list[QueueLeft]:
    """Every queue with something in it for this person, in the order of work."""
    waiting = Counter(count_turns(session, user, campaign_id))
    waiting["page"] = count_open_problems(session, campaign_id)
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
    """How many of the wanted items are settled, of how many; those that wait for another person are not."""
    rows = select(
        func.count().filter(ReviewItem.state == "done"),
        func.count().filter(ReviewItem.state.in_(UNFINISHED)),
    ).where(ReviewItem.campaign_id == wanted.campaign_id)
    if wanted.queue in TURNS:
        taken = select(Decision.id).where(Decision.item_id == ReviewItem.id, Decision.stage == wanted.queue)
        rows = rows.where(or_(ReviewItem.state == wanted.queue, taken.exists()))
    elif wanted.queue is not None:
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


def count_turns(session: Session, user: User, campaign_id: int) -> dict[str, int]:
    """How many items of each kind of work this person may take, whoever holds them now."""
    mine = or_(turns_of(user), and_(ReviewItem.state == "open", ReviewItem.queue.not_in(ONE_BY_ONE)))
    rows = session.execute(
        select(kind_of_work().label("work"), func.count())
        .where(ReviewItem.campaign_id == campaign_id, mine)
        .group_by("work")
    )
    return {str(kind): int(count) for kind, count in rows}


def find_missing(session: Session, campaign_id: int, reviewers: Collection[str]) -> Missing:
    """What nobody can finish: everybody who may has already keyed it.

    Args:
        session: to look.
        campaign_id: whose items.
        reviewers: roles that may give a second key; arbitration is also for the head.
    """
    people = session.execute(select(User.username, User.display_name, User.role).where(User.is_active)).all()
    able = {
        "second": {name for name, _, role in people if role in reviewers},
        "arbitration": {name for name, _, role in people if role in reviewers or role == "head"},
    }
    spoken: dict[tuple[int, str], set[str]] = defaultdict(set)
    waiting = (
        select(ReviewItem.id, ReviewItem.state, Decision.actor)
        .outerjoin(Decision, and_(Decision.item_id == ReviewItem.id, ~is_about_another_picture()))
        .where(ReviewItem.campaign_id == campaign_id, ReviewItem.state.in_(TURNS))
    )
    for item_id, state, actor in session.execute(waiting):
        spoken[item_id, state] |= {actor} - {None}
    stuck = {place: actors for place, actors in spoken.items() if not able[place[1]] - actors}
    names = {display for name, display, _ in people if any(name in actors for actors in stuck.values())}
    counts = Counter(state for _, state in stuck)
    return Missing(counts["second"], counts["arbitration"], tuple(sorted(names)))


def list_opinions(session: Session, item: ReviewItem) -> Sequence[Decision]:
    """Everything that was said about an item in its present round and still stands, oldest first."""
    return [*said_this_round(session, item), *opinions_this_round(session, item)]


def own_word(session: Session, user: User, item: ReviewItem) -> Decision | None:
    """What this person said last about the item in its present round and did not take back."""
    own = standing_decisions().where(Decision.item_id == item.id, Decision.actor == user.username)
    own = own.where(Decision.round == item.round)
    return session.scalar(own.order_by(Decision.id.desc()).limit(1))


def find_item(session: Session, item_id: int, campaign_id: int) -> ReviewItem | None:
    """One item with all that its screen shows."""
    wanted = select(ReviewItem).where(ReviewItem.id == item_id, ReviewItem.campaign_id == campaign_id)
    return session.scalar(with_surroundings(wanted))


def is_item_of(session: Session, item_id: int, campaign_id: int) -> bool:
    """Whether the campaign has such an item."""
    wanted = select(ReviewItem.id).where(ReviewItem.id == item_id, ReviewItem.campaign_id == campaign_id)
    return session.scalar(wanted) is not None


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
    turns = {"second": sum(c.second for c in counts), "arbitration": sum(c.arbitration for c in counts)}
    waiting |= {turn: number for turn, number in turns.items() if number}
    seconds = sum(number * pace_s[queue] for queue, number in waiting.items())
    return WorkLine(form_code, waiting, math.ceil(seconds / 60))


def _mean_s(session: Session, campaign_id: int, queue: str) -> float | None:
    """The mean time on screen of the latest decisions of a queue, or None while there are too few."""
    latest = (
        select(Decision.shown_ms)
        .join(ReviewItem, ReviewItem.id == Decision.item_id)
        .where(ReviewItem.campaign_id == campaign_id)
        .where(Decision.stage == queue if queue in TURNS else ReviewItem.queue == queue)
        .where(Decision.shown_ms <= _LONGEST_MS)
        .order_by(Decision.id.desc())
        .limit(_MEASURED_DECISIONS)
    )
    times_ms = [time for time in session.scalars(latest) if time is not None]
    return sum(times_ms) / len(times_ms) / 1000 if len(times_ms) >= _ENOUGH_DECISIONS else None
