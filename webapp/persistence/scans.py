"""Scanned stacks: batches, the files they came in, and their pages with the state of reading each.

Files and pages are their own job rows: `state`, `attempt` and `lease_until` say what is to be done and
who has it (architecture §5). A page row is claimed, read, and closed in one transaction fenced by `attempt`.
`attempt` counts claims and only ever grows; `failures` counts the claims that ended in an error. Claims up to
`claims_from` are no tries: they were given back, or were before somebody had the row read anew.
"""

import datetime as dt

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.persistence.base import Base, Id, Sha256, Slug, reference
from webapp.persistence.campaign import Sheet

DIFFERING_COPY = "differing_copy"  # a page of a sheet that was read already, with other answers


class Batch(Base):
    """A stack that a clerk put on the scanner; `number` is what the clerk calls it (Lô 17).

    `source`: "upload", "folder" (the scanner's shared folder), "phone", or "separator" (the part of a stack
    that lay behind a separator sheet). `trashed_at`: it lies in the trash (webapp.persistence.trash).
    """

    __tablename__ = "batch"
    __table_args__ = (UniqueConstraint("campaign_id", "number"),)
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    number: Mapped[int]
    received_by: Mapped[str] = mapped_column(String(80))
    received_at: Mapped[dt.datetime]
    declared_sheets: Mapped[int | None]
    source: Mapped[Slug] = mapped_column(default="upload")
    trashed_at: Mapped[dt.datetime | None]
    files: Mapped[list["BatchFile"]] = relationship(back_populates="batch", order_by="BatchFile.id")


class BatchFile(Base):
    """One uploaded file of a batch; the original lies in the scan store under its SHA-256.

    `state`: waiting → splitting → split, or unpacked (an archive, whose files have it as `archive_id`), or
    refused (`failure_code`), or duplicate (`duplicate_of_id`), or trashed.
    """

    __tablename__ = "batch_file"
    id: Mapped[Id]
    batch_id: Mapped[int] = reference("batch.id")
    sha256: Mapped[Sha256] = mapped_column(index=True)
    size_bytes: Mapped[int]
    original_name: Mapped[str]
    state: Mapped[Slug] = mapped_column(index=True)
    attempt: Mapped[int] = mapped_column(default=0)
    claims_from: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[dt.datetime | None]
    failure_code: Mapped[Slug | None]
    duplicate_of_id: Mapped[int | None] = reference("batch_file.id")
    archive_id: Mapped[int | None] = reference("batch_file.id")
    page_count: Mapped[int | None]
    batch: Mapped[Batch] = relationship(back_populates="files")


class Page(Base):
    """One page image of a file.

    `state`: waiting → reading → read | blank | separator | cover | duplicate | problem (a person must look at
    the page; `problem` is a stable slug) | trashed. `sheet_id` and `side` are known once the code was read
    (of a booklet: its first row's sheet, and the page's number). The
    database itself refuses a second page in state `read` of the same side of a sheet: nothing counts twice.
    """

    __tablename__ = "page"
    __table_args__ = (
        UniqueConstraint("batch_file_id", "page_index"),
        Index(
            "uq_page_sheet_id_side_read",
            "sheet_id",
            "side",
            unique=True,
            sqlite_where=text("state = 'read'"),
            postgresql_where=text("state = 'read'"),
        ),
    )
    id: Mapped[Id]
    batch_id: Mapped[int] = reference("batch.id")
    batch_file_id: Mapped[int] = reference("batch_file.id")
    page_index: Mapped[int]
    state: Mapped[Slug] = mapped_column(index=True)
    attempt: Mapped[int] = mapped_column(default=0)
    claims_from: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[dt.datetime | None]
    problem: Mapped[Slug | None]
    sheet_id: Mapped[int | None] = reference("sheet.id")
    side: Mapped[int | None]
    duplicate_of_id: Mapped[int | None] = reference("page.id")
    file: Mapped[BatchFile] = relationship()
    batch: Mapped[Batch] = relationship()
    sheet: Mapped[Sheet | None] = relationship()
