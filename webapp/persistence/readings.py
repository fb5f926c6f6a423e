"""What the machine read. Rows are only ever added: a re-read makes a new reading beside the old one."""

import datetime as dt
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.persistence.base import AppendOnly, Base, Id, Sha256, Slug, reference
from webapp.persistence.scans import Page


class Reading(AppendOnly, Base):
    """One reading of one page: exactly with what it was read, how good the picture was, and its flags."""

    __tablename__ = "reading"
    id: Mapped[Id]
    page_id: Mapped[int] = reference("page.id")
    read_at: Mapped[dt.datetime]
    status: Mapped[Slug]  # ocr.model.PageStatus
    flags: Mapped[list[Any]]
    quality: Mapped[dict[str, Any]]
    engine: Mapped[str] = mapped_column(String(80))
    template_sha256: Mapped[Sha256]
    thresholds: Mapped[str] = mapped_column(String(80))
    preview_sha256: Mapped[Sha256 | None]
    page: Mapped[Page] = relationship()
    fields: Mapped[list["FieldReading"]] = relationship(back_populates="reading", order_by="FieldReading.id")


class FieldReading(AppendOnly, Base):
    """One question or text box of a reading: value, confidence, flags and the crop that people see.

    `kind` is "choice" or "text"; for text, `value` is the draft and `accepted` is False where something
    is written. `sheet_id` is the sheet that the answer counts for: the page's, or the row's in a booklet.
    """

    __tablename__ = "field_reading"
    __table_args__ = (Index("ix_field_reading_sheet_id_field_code", "sheet_id", "field_code"),)
    id: Mapped[Id]
    reading_id: Mapped[int] = reference("reading.id")
    sheet_id: Mapped[int] = reference("sheet.id", index=False)
    field_code: Mapped[Slug]
    kind: Mapped[Slug]
    value: Mapped[str | None]
    confidence: Mapped[float]
    accepted: Mapped[bool]
    flags: Mapped[list[Any]]
    bubbles: Mapped[list[Any]]  # [{option, state, score}]
    crop_sha256: Mapped[Sha256 | None]
    reading: Mapped[Reading] = relationship(back_populates="fields")


class TextDraft(Base):
    """Tesseract's draft of a handwritten box, made after all pages are read; its own job row.

    `state`: waiting → drafting → done | failed. Beside the reading, never in it: a draft is no answer.
    """

    __tablename__ = "text_draft"
    __table_args__ = (UniqueConstraint("field_reading_id"),)
    id: Mapped[Id]
    field_reading_id: Mapped[int] = reference("field_reading.id", index=False)
    state: Mapped[Slug] = mapped_column(index=True)
    attempt: Mapped[int] = mapped_column(default=0)
    claims_from: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[dt.datetime | None]
    draft: Mapped[str | None]
    confidence: Mapped[float | None]
    field: Mapped[FieldReading] = relationship()
