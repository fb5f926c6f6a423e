"""Which sheets a version of the index counted, and what each said then: only ever added, with the version."""

from typing import Any

from sqlalchemy import Index, func, select
from sqlalchemy.orm import Mapped, Session, joinedload, relationship

from webapp.persistence.base import AppendOnly, Base, Id, Slug, reference
from webapp.persistence.campaign import Sheet


class CountedSheet(AppendOnly, Base):
    """One sheet as a version took it.

    `answers` holds field code → option code, "blank" or "invalid", of the scored questions that were settled
    then; `keyed` the field codes that a person had decided. `set_aside`: too little was answered, nothing
    of it counts.
    """

    __tablename__ = "counted_sheet"
    __table_args__ = (Index("ix_counted_sheet_version_id_unit_id", "version_id", "unit_id"),)
    id: Mapped[Id]
    version_id: Mapped[int] = reference("index_version.id", index=False)
    unit_id: Mapped[int] = reference("unit.id", index=False)
    sheet_id: Mapped[int] = reference("sheet.id")
    form_code: Mapped[Slug]
    group_code: Mapped[Slug]
    set_aside: Mapped[bool]
    answers: Mapped[dict[str, Any]]
    keyed: Mapped[list[Any]]
    sheet: Mapped[Sheet] = relationship()


def counted_sheets(session: Session, version_id: int, unit_id: int) -> list[CountedSheet]:
    """What a version took from the sheets about one unit, by serial."""
    wanted = select(CountedSheet).where(
        CountedSheet.version_id == version_id, CountedSheet.unit_id == unit_id
    )
    rows = wanted.join(Sheet, Sheet.id == CountedSheet.sheet_id).options(joinedload(CountedSheet.sheet))
    return list(session.scalars(rows.order_by(Sheet.serial)))


def count_counted(session: Session, version_id: int) -> int:
    """How many sheets are kept with a version; 0 where it was computed before any were."""
    own = select(func.count(CountedSheet.id)).where(CountedSheet.version_id == version_id)
    return session.scalar(own) or 0
