"""What a unit declares once for all components: its numbers, with where each comes from."""

import datetime as dt

from sqlalchemy import String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.persistence.base import AppendOnly, Base, Id, Slug, reference


class UnitFactEntry(AppendOnly, Base):
    """One revision of a fact: as it was typed, right or wrong, and the document and day that it is from.

    `fact_code` is par_index.unit_facts'; `label` are the words that the scheme asked in at that time.
    """

    __tablename__ = "unit_fact_entry"
    __table_args__ = (UniqueConstraint("unit_id", "fact_code", "revision"),)
    id: Mapped[Id]
    unit_id: Mapped[int] = reference("unit.id")
    fact_code: Mapped[Slug]
    label: Mapped[str] = mapped_column(Text)
    revision: Mapped[int]
    typed: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(300), default="")
    source_date: Mapped[str] = mapped_column(String(20), default="")
    entered_by: Mapped[str] = mapped_column(String(80))
    entered_at: Mapped[dt.datetime]


def latest_unit_facts(session: Session, unit_id: int) -> dict[str, UnitFactEntry]:
    """The newest revision of each of the unit's facts, by the fact's code."""
    newest = (
        select(func.max(UnitFactEntry.id))
        .where(UnitFactEntry.unit_id == unit_id)
        .group_by(UnitFactEntry.fact_code)
    )
    rows = session.scalars(select(UnitFactEntry).where(UnitFactEntry.id.in_(newest)))
    return {row.fact_code: row for row in rows}
