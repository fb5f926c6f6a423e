"""Who looked at which overlay sheet, and which accepted answers a person doubts. Rows are only ever added."""

import datetime as dt

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.persistence.base import AppendOnly, Base, Id, Slug, reference


class OverlaySheet(AppendOnly, Base):
    """One look: `actor` saw the pictures of these tiles side by side and sent the sheet as looked at.

    `group_key` as in ReviewItem: the number of options and the one that the machine had accepted, "5-2".
    """

    __tablename__ = "overlay_sheet"
    id: Mapped[Id]
    batch_id: Mapped[int] = reference("batch.id")
    form_code: Mapped[Slug]
    group_key: Mapped[Slug]
    actor: Mapped[str] = mapped_column(String(80))
    looked_at: Mapped[dt.datetime]
    tiles: Mapped[list["OverlayTile"]] = relationship(order_by="OverlayTile.id")


class OverlayTile(AppendOnly, Base):
    """One picture of a sheet that was looked at; a later reading of the same answer is another picture."""

    __tablename__ = "overlay_tile"
    __table_args__ = (UniqueConstraint("overlay_sheet_id", "field_reading_id"),)
    id: Mapped[Id]
    overlay_sheet_id: Mapped[int] = reference("overlay_sheet.id", index=False)
    field_reading_id: Mapped[int] = reference("field_reading.id")


class AnswerDoubt(AppendOnly, Base):
    """A person doubts what the machine had accepted; `item` is where the answer is looked at alone."""

    __tablename__ = "answer_doubt"
    id: Mapped[Id]
    item_id: Mapped[int] = reference("review_item.id")
    field_reading_id: Mapped[int] = reference("field_reading.id", index=False)
    actor: Mapped[str] = mapped_column(String(80))
    doubted_at: Mapped[dt.datetime]
