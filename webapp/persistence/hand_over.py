"""Who fetched which sheets and who brought them back: facts are appended, an error is undone by another one.

A person here is whoever carried a pack, by name or office; nobody who answered is known.
"""

import datetime as dt
from enum import StrEnum

from sqlalchemy import ColumnElement, ForeignKey, String, UniqueConstraint, exists
from sqlalchemy.orm import Mapped, aliased, mapped_column, relationship

from webapp.persistence.base import AppendOnly, Base, Id, Slug, reference
from webapp.persistence.campaign import Pack, Sheet


class HandOverKind(StrEnum):
    """What happened to the sheets of a hand-over."""

    ISSUED = "issued"
    RETURNED = "returned"
    UNDONE = "undone"


class HandOver(AppendOnly, Base):
    """Sheets of one pack that changed hands at one moment; `undoes_id` takes an earlier one back."""

    __tablename__ = "hand_over"
    __table_args__ = (UniqueConstraint("undoes_id"),)
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    pack_id: Mapped[int] = reference("pack.id")
    kind: Mapped[Slug]
    at: Mapped[dt.datetime]
    by: Mapped[str] = mapped_column(String(80))  # username of the clerk
    person: Mapped[str] = mapped_column(String(120))  # who fetched or brought them; may be empty on return
    sheet_count: Mapped[int]
    undoes_id: Mapped[int | None] = reference("hand_over.id", index=False)
    pack: Mapped[Pack] = relationship()
    sheets: Mapped[list[Sheet]] = relationship(secondary="hand_over_sheet", order_by=Sheet.serial)


class HandOverSheet(AppendOnly, Base):
    """A sheet of a hand-over."""

    __tablename__ = "hand_over_sheet"
    hand_over_id: Mapped[int] = mapped_column(ForeignKey("hand_over.id"), primary_key=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("sheet.id"), primary_key=True, index=True)


def was_handed(kind: HandOverKind) -> ColumnElement[bool]:
    """Whether a sheet (of the query around it) is in a hand-over of this kind that was not undone."""
    undo = aliased(HandOver)
    return (
        exists()
        .where(HandOverSheet.sheet_id == Sheet.id, HandOver.id == HandOverSheet.hand_over_id)
        .where(HandOver.kind == kind, ~exists().where(undo.undoes_id == HandOver.id))
        .correlate(Sheet)
    )


class Substitution(AppendOnly, Base):
    """Sheets of a pack that others answered because there were too few of those meant, and why."""

    __tablename__ = "substitution"
    __table_args__ = (UniqueConstraint("undoes_id"),)
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    pack_id: Mapped[int] = reference("pack.id")
    sheet_count: Mapped[int]
    reason: Mapped[str]
    recorded_at: Mapped[dt.datetime]
    recorded_by: Mapped[str] = mapped_column(String(80))
    undoes_id: Mapped[int | None] = reference("substitution.id", index=False)
    pack: Mapped[Pack] = relationship()
