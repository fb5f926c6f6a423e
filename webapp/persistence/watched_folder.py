"""Files taken from the folder that scanners store to: what was seen, so that nothing is taken twice."""

import datetime as dt

from sqlalchemy import BigInteger, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.persistence.base import Base, Id, Sha256, Slug, reference
from webapp.persistence.scans import Batch


class FolderFile(Base):
    """One file as it lay in the folder; `outcome` is "taken" or the slug of why it was refused.

    The row is written with the batch, before the file is moved away: a file that is still there after a
    power cut is known by its row, and is only moved.
    """

    __tablename__ = "folder_file"
    __table_args__ = (UniqueConstraint("name", "size_bytes", "mtime_ns", "sha256"),)
    id: Mapped[Id]
    name: Mapped[str]  # relative to the folder, "/" between its parts
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[Sha256]
    outcome: Mapped[Slug]
    batch_id: Mapped[int | None] = reference("batch.id")
    taken_at: Mapped[dt.datetime]
    moved_to: Mapped[str | None]  # relative to the folder; None while it still lies where it lay


class FolderState(Base):
    """What the worker last saw in the folder, for the clerk's page; one row."""

    __tablename__ = "folder_state"
    id: Mapped[Id]
    seen_at: Mapped[dt.datetime]
    path: Mapped[str]
    growing: Mapped[int]  # files that are still being written
    problem: Mapped[Slug | None]  # "unreachable", "read_only", "disk_full", "no_campaign"


def find_taken(session: Session, name: str, size_bytes: int, mtime_ns: int) -> FolderFile | None:
    """The file of this name, size and time of writing that was taken before."""
    rows = select(FolderFile).where(
        FolderFile.name == name, FolderFile.size_bytes == size_bytes, FolderFile.mtime_ns == mtime_ns
    )
    return session.scalar(rows.order_by(FolderFile.id.desc()).limit(1))


def open_folder_batch(session: Session, campaign_id: int, since: dt.datetime) -> Batch | None:
    """The batch that still takes files in: something came into it after `since`."""
    newest = (
        select(Batch)
        .join(FolderFile, FolderFile.batch_id == Batch.id)
        .where(Batch.campaign_id == campaign_id, Batch.trashed_at.is_(None))
        .group_by(Batch.id)
        .having(func.max(FolderFile.taken_at) > since)
        .order_by(Batch.id.desc())
        .limit(1)
    )
    return session.scalars(newest).first()


def folder_state(session: Session) -> FolderState | None:
    """What the worker last saw."""
    return session.scalar(select(FolderState).limit(1))


def count_taken(session: Session, since: dt.datetime) -> int:
    """Files taken after `since`."""
    rows = select(func.count()).select_from(FolderFile)
    return session.scalar(rows.where(FolderFile.taken_at > since, FolderFile.outcome == "taken")) or 0
