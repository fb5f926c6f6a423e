"""Who works on which row until when: claims with a lease, closed under a fence (architecture §5).

A claim is one UPDATE that raises `attempt`. Only the holder of the newest attempt can close the row, so a
worker that was thought dead and comes back cannot write a second time.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, String, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.errors import ClaimLost
from webapp.persistence.base import Base, Id
from webapp.persistence.readings import TextDraft
from webapp.persistence.scans import BatchFile, Page
from webapp.persistence.trials import TrialScan


class JobKind(StrEnum):
    """What there is to do, in the order in which it is done."""

    TRIAL = "trial"
    SPLIT = "split"
    READ = "read"
    DRAFT = "draft"


_TABLES: dict[JobKind, type[TrialScan | BatchFile | Page | TextDraft]] = {
    JobKind.TRIAL: TrialScan,
    JobKind.SPLIT: BatchFile,
    JobKind.READ: Page,
    JobKind.DRAFT: TextDraft,
}
_HELD = {
    JobKind.TRIAL: "checking",
    JobKind.SPLIT: "splitting",
    JobKind.READ: "reading",
    JobKind.DRAFT: "drafting",
}


# Nobody gives a lease for longer: one that ends later was given by a clock that was ahead, and holds nothing.
LONGEST_LEASE = dt.timedelta(minutes=10)
_STRANGE_PULSE = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to close one row, as long as nobody else has claimed it since.

    `tries`: which try it is since the row was last given to the readers.
    """

    job: JobKind
    row_id: int
    attempt: int
    tries: int = 1


class WorkerPulse(Base):
    """The last sign of life of a worker, so that people can be told when nobody is reading."""

    __tablename__ = "worker_pulse"
    id: Mapped[Id]
    worker: Mapped[str] = mapped_column(String(120), unique=True)
    seen_at: Mapped[dt.datetime]


def waiting_jobs(session: Session, now: dt.datetime) -> list[JobKind]:
    """The kinds of which a claim would find a row, in the order of JobKind.

    A plain read, so that an idle worker writes nothing.
    """
    found = session.execute(select(*(exists().where(_is_free(job, now)) for job in JobKind))).one()
    return [job for job, is_waiting in zip(JobKind, found, strict=True) if is_waiting]


@dataclass(frozen=True, slots=True)
class Queue:
    """How much of one kind waits for a worker, and how much one has in hand."""

    waiting: int
    held: int


def queues(session: Session, now: dt.datetime) -> dict[JobKind, Queue]:
    """Every kind's queue; what a worker has let go of by its lease waits again."""
    counted = {}
    for job, table in _TABLES.items():
        free, all_held = _is_free(job, now), table.state == _HELD[job]
        waiting = session.scalar(select(func.count()).select_from(table).where(free)) or 0
        held = session.scalar(select(func.count()).select_from(table).where(all_held, ~free)) or 0
        counted[job] = Queue(waiting, held)
    return counted


def last_pulse(session: Session) -> dt.datetime | None:
    """When any worker last showed that it lives."""
    return session.scalar(select(func.max(WorkerPulse.seen_at)))


def claim_rows(
    session: Session, job: JobKind, limit: int, now: dt.datetime, lease: dt.timedelta
) -> list[Claim]:
    """Take up to `limit` rows that wait, or whose holder has let its lease run out; oldest first.

    The choice is a CTE: PostgreSQL may run a plain sub-select once per row, and so take more than `limit`.
    """
    table, free = _TABLES[job], _is_free(job, now)
    oldest = select(table.id).where(free).order_by(table.id).limit(limit).with_for_update(skip_locked=True)
    chosen = oldest.cte("chosen").prefix_with("MATERIALIZED")
    statement = (
        update(table)
        .where(table.id.in_(select(chosen.c.id)), free)
        .values(state=_HELD[job], attempt=table.attempt + 1, lease_until=now + lease)
        .returning(table.id, table.attempt, table.attempt - table.claims_from)
        .execution_options(synchronize_session=False)
    )
    return sorted((Claim(job, *row) for row in session.execute(statement)), key=lambda claim: claim.row_id)


def renew_claims(session: Session, claims: Iterable[Claim], lease_until: dt.datetime) -> None:
    """Keep what is still being worked on; a claim that was lost stays lost."""
    for claim in claims:
        _update_held(session, claim, {"lease_until": lease_until})


def close_claim(session: Session, claim: Claim, state: str, **values: Any) -> None:  # noqa: ANN401 - column values
    """End the claim in `state`, with what was found.

    Raises:
        ClaimLost: somebody else has claimed the row since; the caller rolls back.
    """
    if not _update_held(session, claim, {"state": state, "lease_until": None, **values}):
        raise ClaimLost("Hết thời hạn giữ; việc này đã được giao lại.")


def give_back(session: Session, claim: Claim) -> None:
    """End the claim unworked: the row waits for anybody, and this was no try.

    Raises:
        ClaimLost: as `close_claim`.
    """
    close_claim(session, claim, "waiting", claims_from=_TABLES[claim.job].claims_from + 1)


def count_failures(session: Session, claim: Claim) -> int:
    """How often work on the row ended in an error so far."""
    table = _TABLES[claim.job]
    return session.scalars(select(table.failures).where(table.id == claim.row_id)).one()


def show_pulse(session: Session, worker: str, now: dt.datetime) -> None:
    """Say that this worker lives; forget those gone for a day, and what a clock said that was ahead."""
    is_old = WorkerPulse.seen_at < now - dt.timedelta(days=1)
    session.execute(delete(WorkerPulse).where(is_old | (WorkerPulse.seen_at > now + _STRANGE_PULSE)))
    pulse = session.scalars(select(WorkerPulse).where(WorkerPulse.worker == worker)).first()
    if pulse is None:
        session.add(WorkerPulse(worker=worker, seen_at=now))
    else:
        pulse.seen_at = now


def _is_free(job: JobKind, now: dt.datetime) -> ColumnElement[bool]:
    table = _TABLES[job]
    is_over = or_(table.lease_until < now, table.lease_until > now + LONGEST_LEASE)
    return or_(table.state == "waiting", and_(table.state == _HELD[job], is_over))


def _update_held(session: Session, claim: Claim, values: dict[str, Any]) -> bool:
    table = _TABLES[claim.job]
    statement = (
        update(table)
        .where(table.id == claim.row_id, table.attempt == claim.attempt, table.state == _HELD[claim.job])
        .values(**values)
        .returning(table.id)
        .execution_options(synchronize_session="fetch")
    )
    return session.execute(statement).first() is not None
