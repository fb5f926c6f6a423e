"""Recompute the log's chain, compare it with what was seen of it before, and find in it."""

import datetime as dt
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, LogBroken
from webapp.persistence.audit import (
    MARK_DIGITS,
    LogCheck,
    LogEntry,
    LogHead,
    hash_of,
    told_of,
)

PAGE_LENGTH = 100
_READ_AT_ONCE = 1000
_COLUMNS = tuple(LogEntry.__table__.columns)


class Fault(StrEnum):
    """How the first broken entry is wrong."""

    MISSING = "missing"  # its number is not there, a later one is
    UNLINKED = "unlinked"  # it does not hold the hash of the entry before
    CHANGED = "changed"  # its own hash is not that of its content
    REWRITTEN = "rewritten"  # sound in itself, but not what an earlier check has seen
    CUT = "cut"  # an earlier check has seen it, and nothing from there on is left


class Occasion(StrEnum):
    """Why the chain was recomputed."""

    START = "start"
    NIGHTLY = "nightly"
    PUBLICATION = "publication"
    PERSON = "person"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Break:
    """The first entry that is not as it was written."""

    seq: int
    fault: Fault


@dataclass(frozen=True, slots=True)
class ChainReport:
    """The newest sound entry, and the first broken one if there is one."""

    head: LogHead
    broken: Break | None


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What an auditor looks for; an empty text asks for all. `before` is the number to go on below."""

    actor: str = ""
    act: str = ""
    subject: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    before: int | None = None


def verify_log(session: Session) -> ChainReport:
    """Recompute every entry's hash, from the first to the newest, in one reading of the table."""
    seen = _heads_seen(session)
    head = LogHead()
    with closing(_rows(session)) as rows:
        for row in rows:
            fault = _fault_of(head, row, seen)
            if fault is not None:
                return ChainReport(head, Break(head.seq + 1 if fault is Fault.MISSING else row.seq, fault))
            head = LogHead(row.seq, row.hash)
    if max(seen, default=0) > head.seq:
        return ChainReport(head, Break(head.seq + 1, Fault.CUT))
    return ChainReport(head, None)


def check_log(session: Session, occasion: Occasion, now: dt.datetime) -> ChainReport:
    """Verify the chain and keep what came of it: the next check compares itself with this one."""
    report = verify_log(session)
    record_check(session, report, occasion, now)
    return report


def record_check(session: Session, report: ChainReport, occasion: Occasion, now: dt.datetime) -> None:
    """Keep what came of a check."""
    broken = report.broken
    session.add(
        LogCheck(
            checked_at=now,
            occasion=occasion.value,
            head_seq=report.head.seq,
            head_hash=report.head.hash,
            broken_seq=None if broken is None else broken.seq,
            fault=None if broken is None else broken.fault.value,
        )
    )


def require_sound_log(session: Session, now: dt.datetime) -> None:
    """What is published stands on a log that nobody has touched.

    Raises:
        LogBroken: names the first broken entry.
    """
    broken = check_log(session, Occasion.PUBLICATION, now).broken
    if broken is not None:
        raise LogBroken(
            "Chưa công bố: nhật ký không còn nguyên vẹn từ dòng số %(seq)s. Xem trang Nhật ký và báo người"
            " quản trị; số liệu vẫn giữ nguyên.",
            seq=broken.seq,
        )


def stands_in_chain(session: Session, mark: str) -> bool:
    """Whether the log still holds what was printed on a paper: "812-0123456789abcdef", blanks do not matter.

    Raises:
        InvalidInput: it is no such mark.
    """
    number, _dash, digits = "".join(mark.lower().split()).partition("-")
    is_plain = number.isascii() and number.isdigit() and len(number) <= MARK_DIGITS
    if not is_plain or len(digits) != MARK_DIGITS:
        raise InvalidInput(
            "Dấu nhật ký gồm số dòng, gạch nối và 16 chữ số, như in ở chân giấy: 812-0123456789abcdef."
        )
    found = session.scalar(select(LogEntry.hash).where(LogEntry.seq == int(number)))
    return found is not None and found.startswith(digits)


def find_entries(session: Session, wanted: LogFilter) -> Sequence[LogEntry]:
    """The newest entries that fit, `PAGE_LENGTH` of them."""
    rows = _fitting(select(LogEntry), wanted).order_by(LogEntry.seq.desc())
    return session.scalars(rows.limit(PAGE_LENGTH)).all()


def list_acts(session: Session) -> list[str]:
    """Every act that the log holds, to choose from."""
    return list(session.scalars(select(LogEntry.act).distinct().order_by(LogEntry.act)))


def exported_lines(session: Session) -> Iterator[dict[str, Any]]:
    """The whole log, oldest first, with both hashes: who has it needs no program of ours to check it."""
    for row in _rows(session):
        yield {**told_of(row), "prev_hash": row.prev_hash, "hash": row.hash}


def _rows(session: Session) -> Generator[Any, None, None]:
    ordered = select(*_COLUMNS).order_by(LogEntry.seq)
    with session.execute(ordered, execution_options={"yield_per": _READ_AT_ONCE}) as result:
        yield from result


def _fault_of(head: LogHead, row: Any, seen: dict[int, str]) -> Fault | None:  # noqa: ANN401 - a row
    """What is wrong with the entry that follows `head`."""
    if row.seq != head.seq + 1:
        return Fault.MISSING
    if row.prev_hash != head.hash:
        return Fault.UNLINKED
    if row.hash != hash_of(head.hash, told_of(row)):
        return Fault.CHANGED
    return Fault.REWRITTEN if seen.get(row.seq, row.hash) != row.hash else None


def _heads_seen(session: Session) -> dict[int, str]:
    """The heads that earlier checks have found sound."""
    rows = session.execute(select(LogCheck.head_seq, LogCheck.head_hash).where(LogCheck.head_seq > 0))
    return dict(rows.all())


def _fitting(rows: Select[LogEntry], wanted: LogFilter) -> Select[LogEntry]:
    if wanted.actor:
        rows = rows.where(LogEntry.actor == wanted.actor)
    if wanted.act:
        rows = rows.where(LogEntry.act == wanted.act)
    if wanted.subject:
        rows = rows.where(LogEntry.subject.contains(wanted.subject, autoescape=True))
    if wanted.since is not None:
        rows = rows.where(LogEntry.at >= wanted.since)
    if wanted.until is not None:
        rows = rows.where(LogEntry.at < wanted.until)
    return rows if wanted.before is None else rows.where(LogEntry.seq < wanted.before)
