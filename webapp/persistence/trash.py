"""What was put into the trash and taken out again. Rows are only ever added; nothing is deleted by them."""

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import String, Text, func, select
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from webapp.persistence.base import AppendOnly, Base, Id, Slug, reference
from webapp.persistence.scans import Batch, Page

KEPT_FOR = dt.timedelta(days=30)


class Move(StrEnum):
    """Into the trash, out of it, or its pictures deleted by an administrator's command."""

    TRASH = "trash"
    RESTORE = "restore"
    ERASE = "erase"


class TrashMove(AppendOnly, Base):
    """One batch (`page_id` None) or one page, moved by whom, when and why; the newest row of each counts."""

    __tablename__ = "trash_move"
    id: Mapped[Id]
    batch_id: Mapped[int] = reference("batch.id")
    page_id: Mapped[int | None] = reference("page.id")
    kind: Mapped[Slug]
    reason: Mapped[str] = mapped_column(Text)
    moved_by: Mapped[str] = mapped_column(String(80))
    moved_at: Mapped[dt.datetime]
    batch: Mapped[Batch] = relationship()
    page: Mapped[Page | None] = relationship()


_newest = select(func.max(TrashMove.id)).group_by(TrashMove.batch_id, TrashMove.page_id).scalar_subquery()


def list_trash(session: Session, campaign_id: int, limit: int = 200) -> Sequence[TrashMove]:
    """What lies in the trash now, the newest first."""
    rows = select(TrashMove).join(Batch).where(Batch.campaign_id == campaign_id)
    lying = rows.where(TrashMove.id.in_(_newest), TrashMove.kind == Move.TRASH)
    pages = joinedload(TrashMove.page).joinedload(Page.file)
    return session.scalars(
        lying.options(joinedload(TrashMove.batch), pages).order_by(TrashMove.id.desc()).limit(limit)
    ).all()


def last_move(session: Session, batch_id: int, page_id: int | None) -> TrashMove | None:
    """The newest move of this batch or page."""
    rows = select(TrashMove).where(TrashMove.batch_id == batch_id)
    of_page = TrashMove.page_id.is_(None) if page_id is None else TrashMove.page_id == page_id
    return session.scalar(rows.where(of_page).order_by(TrashMove.id.desc()).limit(1))
