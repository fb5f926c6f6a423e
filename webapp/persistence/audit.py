"""The log of what people did: a chain in which every entry holds the hash of the one before.

hash = SHA-256 of (prev_hash + canonical JSON of the other fields); the first prev_hash is 64 zeros; `seq` has
no gaps. Entries are sealed at the very end of the caller's transaction, so that an act and its record live or
die together and two writers meet only for the moment of their commit.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import String, event, select
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from webapp.par_index.exact import as_plain, canonical_json
from webapp.persistence.accounts import User
from webapp.persistence.base import AppendOnly, Base, Id, Sha256, Slug, Turn, wait_for_turn

ROOT_HASH: Final = "0" * 64
MARK_DIGITS: Final = 16
_PENDING = "log entries of this transaction"


@dataclass(frozen=True, slots=True)
class LogHead:
    """The newest entry: its number, and its hash, which stands for all entries up to it."""

    seq: int = 0
    hash: str = ROOT_HASH

    @property
    def mark(self) -> str:
        """What is printed on papers: "812-0123456789abcdef"."""
        return f"{self.seq}-{self.hash[:MARK_DIGITS]}"


class LogEntry(AppendOnly, Base):
    """One act: who, in which role, when, what (a stable slug), on which object, and what changed."""

    __tablename__ = "log_entry"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[dt.datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(80), index=True)
    role: Mapped[str] = mapped_column(String(40))  # "" of what is no person: the command line, the folder
    act: Mapped[Slug] = mapped_column(index=True)
    subject: Mapped[str] = mapped_column(String(120))
    detail: Mapped[dict[str, Any]]
    prev_hash: Mapped[Sha256]
    hash: Mapped[Sha256]

    @property
    def head(self) -> LogHead:
        """The chain up to this entry, once it is sealed."""
        return LogHead(self.seq, self.hash)


class LogCheck(AppendOnly, Base):
    """The whole chain was recomputed: why, how long it was, and the first broken entry if there was one."""

    __tablename__ = "log_check"
    id: Mapped[Id]
    checked_at: Mapped[dt.datetime]
    occasion: Mapped[Slug]  # start | nightly | publication | person | command
    head_seq: Mapped[int]
    head_hash: Mapped[Sha256]
    broken_seq: Mapped[int | None]
    fault: Mapped[Slug | None]  # webapp.services.log_chain.Fault


def write_log(
    session: Session,
    at: dt.datetime,
    actor: str,
    act: str,
    subject: str,
    **detail: Any,  # noqa: ANN401 - any JSON value
) -> LogEntry:
    """Add an entry to the caller's transaction; it gets its number and hash when that commits."""
    entry = LogEntry(at=at, actor=actor, act=act, subject=subject, detail=as_plain(detail))
    session.info.setdefault(_PENDING, []).append(entry)
    return entry


def read_head(session: Session) -> LogHead:
    """The newest entry's number and hash."""
    newest = select(LogEntry.seq, LogEntry.hash).order_by(LogEntry.seq.desc()).limit(1)
    row = session.execute(newest).first()
    return LogHead() if row is None else LogHead(*row)


def last_check(session: Session, occasion: str | None = None) -> LogCheck | None:
    """When the chain was last recomputed (on this occasion), and how that ended."""
    checks = select(LogCheck).order_by(LogCheck.id.desc()).limit(1)
    return session.scalar(checks if occasion is None else checks.where(LogCheck.occasion == occasion))


def told_of(entry: Any) -> dict[str, Any]:  # noqa: ANN401 - an entry or a row with its columns
    """All fields of an entry but the two hashes, as they are hashed and exported."""
    return {
        "seq": entry.seq,
        "at": entry.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "role": entry.role,
        "act": entry.act,
        "subject": entry.subject,
        "detail": entry.detail,
    }


def hash_of(prev_hash: str, told: dict[str, Any]) -> str:
    """The hash of an entry that follows the one with `prev_hash`."""
    return hashlib.sha256((prev_hash + canonical_json(told)).encode()).hexdigest()


@event.listens_for(Session, "before_commit")
def _seal(session: Session) -> None:
    """Number and hash this transaction's entries; from here to the end of the commit others wait."""
    pending: list[LogEntry] = session.info.pop(_PENDING, [])
    if not pending:
        return
    session.flush()
    wait_for_turn(session, Turn.LOG)
    head, roles = read_head(session), _roles(session, {entry.actor for entry in pending})
    for entry in pending:
        entry.seq, entry.prev_hash, entry.role = head.seq + 1, head.hash, roles.get(entry.actor, "")
        entry.hash = hash_of(head.hash, told_of(entry))
        head = entry.head
    session.add_all(pending)


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    """What did not happen is not told."""
    if transaction.parent is None:
        session.info.pop(_PENDING, None)


def _roles(session: Session, actors: Iterable[str]) -> dict[str, str]:
    known = select(User.username, User.role).where(User.username.in_(actors))
    return dict(session.execute(known).all())
