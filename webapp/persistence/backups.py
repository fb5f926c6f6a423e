"""Which backups were made, and which could not be: what the home page and the doctor go by."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import BigInteger, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.persistence.audit import LogEntry
from webapp.persistence.base import AppendOnly, Base, Id, Slug


class BackupOccasion(StrEnum):
    """Why a backup was made."""

    SCHEDULED = "scheduled"
    COMMAND = "command"
    UPGRADE = "upgrade"
    PERSON = "person"


class BackupFault(StrEnum):
    """Why there is no file of this backup."""

    DISK_FULL = "disk_full"  # too little room where backups lie
    FOLDER = "folder"  # the folder of backups cannot be written to
    DATABASE = "database"  # the database gave no whole copy of itself
    UNVERIFIED = "unverified"  # what was written reads back otherwise


class BackupRun(AppendOnly, Base):
    """One backup that was made, or that failed (`fault`; then nothing of it is kept).

    `missing_count` scan files that the database names were not in the store, or not what their names say.
    `log_mark` is the head of the log that the backup holds.
    """

    __tablename__ = "backup_run"
    id: Mapped[Id]
    occasion: Mapped[Slug]
    started_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime]
    path: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    file_count: Mapped[int]
    missing_count: Mapped[int]
    log_mark: Mapped[str] = mapped_column(String(40))
    fault: Mapped[Slug | None]
    detail: Mapped[str] = mapped_column(Text)


class BackupRequest(AppendOnly, Base):
    """An administrator asked for a backup now; the worker makes it within a minute."""

    __tablename__ = "backup_request"
    id: Mapped[Id]
    asked_by: Mapped[str] = mapped_column(String(80))
    asked_at: Mapped[dt.datetime]


def open_request(session: Session) -> BackupRequest | None:
    """The newest request, if nothing was begun since."""
    request = session.scalar(select(BackupRequest).order_by(BackupRequest.id.desc()).limit(1))
    newest = last_backup(session)
    if request is None or (newest is not None and newest.started_at > request.asked_at):
        return None
    return request


def last_backup(session: Session) -> BackupRun | None:
    """The newest attempt, good or not."""
    return session.scalar(select(BackupRun).order_by(BackupRun.id.desc()).limit(1))


def last_good_backup(session: Session) -> BackupRun | None:
    """The newest one of which there is a file."""
    good = select(BackupRun).where(BackupRun.fault.is_(None))
    return session.scalar(good.order_by(BackupRun.id.desc()).limit(1))


def list_backups(session: Session, limit: int) -> list[BackupRun]:
    """The newest attempts."""
    return list(session.scalars(select(BackupRun).order_by(BackupRun.id.desc()).limit(limit)))


def beginning(session: Session) -> dt.datetime | None:
    """When this installation began to have something to lose: the first entry of its log."""
    return session.scalar(select(func.min(LogEntry.at)))
