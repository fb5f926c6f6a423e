"""What `chamdiem doctor` asks the database and the disks: each check gives one line, and never raises."""

import datetime as dt
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from webapp.persistence.audit import LogEntry, last_check
from webapp.persistence.backups import last_backup, last_good_backup
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.database_copy import database_kind, holds_tables
from webapp.persistence.guards import missing_guards
from webapp.persistence.jobs import last_pulse, queues
from webapp.persistence.schema import newest_revision, standing_revision
from webapp.services.backup_schedule import is_old
from webapp.services.backups import program_version
from webapp.services.batches import is_reader_silent
from webapp.services.disks import is_one_disk
from webapp.services.health import free_bytes
from webapp.settings import Settings
from webapp.storage import LEAST_FREE_BYTES

_PRIVATE = 0o077
_GENEROUS_BYTES = 20 * LEAST_FREE_BYTES
_SKEW = dt.timedelta(seconds=5)


class Grade(StrEnum):
    """How a check ended; people can work with warnings."""

    FINE = "ok"
    WARNING = "warning"
    FAULT = "FAULT"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor."""

    name: str
    grade: Grade
    words: str


def check_installation(settings: Settings, now: dt.datetime) -> list[Finding]:
    """Versions, disks, permissions, clock; where there is a database also guards, queue, log and backup."""
    dump = _dump_program(settings)
    findings = [
        _versions(settings),
        _folder(settings.data_dir, "data folder"),
        _privacy(settings.data_dir),
        _folder(settings.backups_dir, "backup folder"),
        _disk(settings.data_dir, "disk of the data"),
        _disk(settings.backups_dir, "disk of the backups"),
        _time_zone(),
        _clock_source(),
        *([] if dump is None else [dump]),
    ]
    try:
        findings.append(_schema(settings))
        if findings[-1].grade is Grade.FINE:
            findings += _check_rows(settings, now)
    except SQLAlchemyError as error:
        findings.append(Finding("database", Grade.FAULT, f"does not answer: {str(error).splitlines()[0]}"))
    return findings


def _versions(settings: Settings) -> Finding:
    python = sys.version.split()[0]
    words = f"Chấm Điểm {program_version()}, Python {python}, {database_kind(settings.database_url)}"
    return Finding("versions", Grade.FINE, f"{words}, SQLite library {sqlite3.sqlite_version}")


def _folder(folder: Path, name: str) -> Finding:
    """Whether a file can be written there."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-"):
            return Finding(name, Grade.FINE, f"{folder} can be written to")
    except OSError as error:
        return Finding(name, Grade.FAULT, f"{folder}: {error.strerror}")


def _privacy(folder: Path) -> Finding:
    """Whether other accounts of the machine can look into the data."""
    open_ones = [path for path in (folder, *folder.iterdir()) if path.lstat().st_mode & _PRIVATE]
    if open_ones:
        return Finding(
            "permissions",
            Grade.WARNING,
            f"other accounts of this machine can reach {open_ones[0]}: chmod -R go= {folder}",
        )
    return Finding("permissions", Grade.FINE, "the data is for this account alone")


def _disk(folder: Path, name: str) -> Finding:
    free = free_bytes(folder)
    grade = (
        Grade.FAULT if free < LEAST_FREE_BYTES else Grade.WARNING if free < _GENEROUS_BYTES else Grade.FINE
    )
    return Finding(name, grade, f"{free / 1e9:.1f} GB free at {folder}")


def _time_zone() -> Finding:
    try:
        ZoneInfo("Asia/Ho_Chi_Minh")
    except ZoneInfoNotFoundError:
        return Finding("time zone", Grade.FAULT, "Asia/Ho_Chi_Minh is unknown here (Debian package tzdata)")
    return Finding("time zone", Grade.FINE, "Asia/Ho_Chi_Minh is known")


def _clock_source() -> Finding:
    """Whether the machine's clock follows a time server."""
    program = shutil.which("timedatectl")
    if program is None:
        return Finding("clock", Grade.WARNING, "nobody here can tell whether it follows a time server")
    asked = [program, "show", "--property=NTPSynchronized", "--value"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=10).stdout.strip()
    if told == "yes":
        return Finding("clock", Grade.FINE, "follows a time server")
    return Finding(
        "clock", Grade.WARNING, "follows no time server: deadlines go by it, compare it with a watch"
    )


def _dump_program(settings: Settings) -> Finding | None:
    """PostgreSQL is backed up by its own program."""
    if database_kind(settings.database_url) != "postgresql":
        return None
    if shutil.which("pg_dump") is None or shutil.which("pg_restore") is None:
        return Finding("pg_dump", Grade.FAULT, "missing, so there are no backups (postgresql-client)")
    told = subprocess.run(["pg_dump", "--version"], capture_output=True, text=True, check=False, timeout=10)
    return Finding("pg_dump", Grade.FINE, told.stdout.strip())


def _schema(settings: Settings) -> Finding:
    url = settings.database_url
    if not holds_tables(url):
        return Finding("database", Grade.FAULT, "is not there yet: chamdiem upgrade")
    standing, newest = standing_revision(url), newest_revision(url)
    if standing != newest:
        return Finding(
            "database", Grade.FAULT, f"schema {standing}, this program needs {newest}: chamdiem upgrade"
        )
    return Finding("database", Grade.FINE, f"schema {standing}")


def _check_rows(settings: Settings, now: dt.datetime) -> list[Finding]:
    checks: tuple[Callable[[Session, dt.datetime], Finding], ...] = (
        _guards,
        _clock,
        _queue,
        _log,
        _backup,
    )
    engine = make_engine(settings.database_url)
    try:
        with make_session_factory(engine, read_only=True)() as session:
            found = [check(session, now) for check in checks]
            good = last_good_backup(session)
    finally:
        engine.dispose()
    if good is not None and is_one_disk(settings.data_dir, Path(good.path).parent):
        words = (
            "the backups lie on the disk of the data: set CHAMDIEM_BACKUPS to another one, or copy them away"
        )
        found.append(Finding("backup disk", Grade.WARNING, words))
    return found


def _guards(session: Session, _now: dt.datetime) -> Finding:
    missing = missing_guards(session.connection())
    if missing:
        return Finding("guards", Grade.FAULT, f"somebody took the guard from {', '.join(missing)}")
    return Finding("guards", Grade.FINE, "append-only tables refuse changes")


def _clock(session: Session, now: dt.datetime) -> Finding:
    """Against what was written before, and against the database server's clock."""
    newest = session.scalar(select(func.max(LogEntry.at)))
    if newest is not None and newest - now > _SKEW:
        return Finding(
            "clock and log", Grade.FAULT, f"the clock is behind the log, whose newest entry is of {newest}"
        )
    if session.get_bind().dialect.name == "postgresql":
        skew = abs(session.scalars(text("SELECT clock_timestamp()")).one() - dt.datetime.now(dt.UTC))
        if skew > _SKEW:
            return Finding("clock and log", Grade.WARNING, f"the database server's clock differs by {skew}")
    return Finding("clock and log", Grade.FINE, "in order")


def _queue(session: Session, now: dt.datetime) -> Finding:
    lengths = queues(session, now)
    told = ", ".join(f"{job} {queue.waiting} waiting {queue.held} in hand" for job, queue in lengths.items())
    if not is_reader_silent(session, now):
        return Finding("queue", Grade.FINE, told)
    waiting = sum(queue.waiting for queue in lengths.values())
    seen = last_pulse(session)
    words = f"no worker since {seen.isoformat(timespec='seconds') if seen else 'the beginning'}; {told}"
    return Finding("queue", Grade.FAULT if waiting else Grade.WARNING, words)


def _log(session: Session, _now: dt.datetime) -> Finding:
    check = last_check(session)
    if check is None:
        return Finding("log", Grade.WARNING, "was never checked: chamdiem log verify")
    at = check.checked_at.isoformat(timespec="seconds")
    if check.broken_seq is not None:
        return Finding(
            "log", Grade.FAULT, f"BROKEN at entry {check.broken_seq} ({check.fault}), checked {at}"
        )
    return Finding("log", Grade.FINE, f"whole, {check.head_seq} entries, checked {at}")


def _backup(session: Session, now: dt.datetime) -> Finding:
    newest, good = last_backup(session), last_good_backup(session)
    if newest is not None and newest.fault is not None:
        return Finding("backup", Grade.FAULT, f"the last one failed ({newest.fault}): {newest.detail}")
    if good is None:
        return Finding("backup", Grade.WARNING, "none yet: chamdiem backup")
    told = f"{good.started_at.isoformat(timespec='seconds')} {good.path}"
    if not Path(good.path).is_file():
        return Finding("backup", Grade.FAULT, f"{told} is gone")
    if good.missing_count:
        return Finding("backup", Grade.FAULT, f"{told} lacks {good.missing_count} scans, lost before it")
    if is_old(good.started_at, now):
        return Finding("backup", Grade.FAULT, f"{told} is old: does the worker run?")
    return Finding("backup", Grade.FINE, told)
