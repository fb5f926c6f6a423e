"""The year's campaign: its units, respondent groups and the number of sheets each unit is due."""

import datetime as dt

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.persistence.base import Base, Id, Slug, reference


class Campaign(Base):
    """One evaluated year of one office. Names and dates are data: no “huyện” in code."""

    __tablename__ = "campaign"
    id: Mapped[Id]
    year: Mapped[int] = mapped_column(unique=True)
    name: Mapped[str]
    office_name: Mapped[str]  # "UBND huyện Bố Trạch"
    place: Mapped[str]  # "Bố Trạch", for dates on documents
    self_score_due_at: Mapped[dt.datetime]
    is_sample: Mapped[bool] = mapped_column(default=False)
    units: Mapped[list["Unit"]] = relationship(back_populates="campaign", order_by="Unit.position")


class Unit(Base):
    """A division or commune that is evaluated; `position` is the office's own order."""

    __tablename__ = "unit"
    __table_args__ = (UniqueConstraint("campaign_id", "code"),)
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    code: Mapped[Slug]
    name: Mapped[str]  # as printed in a sentence: "Phòng Nội vụ", "xã Đại Trạch"
    level: Mapped[Slug]  # "division" | "commune"; each level is ranked apart
    position: Mapped[int]
    campaign: Mapped[Campaign] = relationship(back_populates="units")


class RespondentGroup(Base):
    """Who answers a form about a unit, how many sheets each unit of the level gets, and where they are.

    `place`: "unit" (handed out at the rated unit), "office", or the code of a level at whose every unit they
    are handed out; there `people_per_place` people rate all units of the group's level, one sheet each.
    """

    __tablename__ = "respondent_group"
    __table_args__ = (UniqueConstraint("campaign_id", "form_code", "code"),)
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    form_code: Mapped[Slug]
    code: Mapped[Slug]  # rides in the sheet's code: "DB", "LD", …
    name: Mapped[str]
    level: Mapped[Slug]  # level of the units that are evaluated
    sheets_per_unit: Mapped[int]
    place: Mapped[Slug] = mapped_column(default="unit")
    people_per_place: Mapped[int | None]
    position: Mapped[int]


class Sheet(Base):
    """One printed piece of paper: form, version, group and evaluated unit, never a person."""

    __tablename__ = "sheet"
    __table_args__ = (UniqueConstraint("campaign_id", "serial"),)
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    serial: Mapped[int]
    form_code: Mapped[Slug]
    form_version: Mapped[int]
    group_id: Mapped[int] = reference("respondent_group.id")
    unit_id: Mapped[int] = reference("unit.id")
    printed_at: Mapped[dt.datetime]
    voided_at: Mapped[dt.datetime | None]
    print_order_id: Mapped[int | None] = reference("print_order.id")
    group: Mapped[RespondentGroup] = relationship()
    unit: Mapped[Unit] = relationship()


class PrintOrder(Base):
    """One PDF of new sheets for one form, group and unit."""

    __tablename__ = "print_order"
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    ordered_by: Mapped[str] = mapped_column(String(80))
    ordered_at: Mapped[dt.datetime]
    form_code: Mapped[Slug]
    group_id: Mapped[int] = reference("respondent_group.id")
    unit_id: Mapped[int] = reference("unit.id")
    first_serial: Mapped[int]
    sheet_count: Mapped[int]
    group: Mapped[RespondentGroup] = relationship()
    unit: Mapped[Unit] = relationship()
