"""Who was asked, and who went asking: lists for payment, apart from everything that was answered.

These tables know the campaign, a place of issue and a respondent group, and nothing else: no sheet, serial,
pack, page or reading, no order of entry and no moment that could be laid beside a sheet's. A contract test
walks the schema and fails when somebody adds a link. A row whose name was erased stays, so that counts stay.
"""

import datetime as dt

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.persistence.base import Base, Id, reference

NAME_LENGTH = 120


class Respondent(Base):
    """Somebody asked to answer. `place_unit_id` None is the office itself; `post` is post or address."""

    __tablename__ = "respondent"
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    place_unit_id: Mapped[int | None] = reference("unit.id")
    group_id: Mapped[int] = reference("respondent_group.id")
    name: Mapped[str | None] = mapped_column(String(NAME_LENGTH))  # None: erased at the person's wish
    post: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    erased_on: Mapped[dt.date | None]


class Enumerator(Base):
    """Somebody who surveyed a unit: handed the forms out there and collected them."""

    __tablename__ = "enumerator"
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    place_unit_id: Mapped[int] = reference("unit.id")
    name: Mapped[str | None] = mapped_column(String(NAME_LENGTH))  # None: erased at the person's wish
    post: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    phone: Mapped[str | None] = mapped_column(String(40))
    erased_on: Mapped[dt.date | None]
