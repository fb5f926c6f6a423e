"""The year's campaign: its units and respondent groups, and the packs of sheets that are printed for them."""

import datetime as dt

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.persistence.base import Base, Id, Slug, reference

PLACE_UNIT = "unit"
PLACE_OFFICE = "office"


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
    """Who answers a form about a unit, how many sheets each unit of the level gets, and where they go out.

    `place`: PLACE_UNIT (at the rated unit itself), PLACE_OFFICE, or a level's code (at every unit of it).
    Elsewhere than at the rated unit one person rates every unit of the level: `people_per_place` at each
    place, and `sheets_per_unit` is people × places. `substitutes` may answer where there are too few.
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
    place: Mapped[Slug]
    people_per_place: Mapped[int | None]  # None where the place is the rated unit
    substitutes: Mapped[str | None]  # "người dân"; None where nobody may stand in
    position: Mapped[int]


class Pack(Base):
    """Sheets that are printed, handed out and collected together: place of issue × form × group.

    Where one person rates all units of a level, the sheets of one person, who is a number, never a name.
    """

    __tablename__ = "pack"
    __table_args__ = (UniqueConstraint("code"),)
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    code: Mapped[str] = mapped_column(String(16))  # typed and scanned: "B017-4"
    group_id: Mapped[int] = reference("respondent_group.id")
    place_unit_id: Mapped[int | None] = reference("unit.id")  # None: the office itself
    person_number: Mapped[int | None]  # counts from 1 within place and group
    group: Mapped[RespondentGroup] = relationship()
    place_unit: Mapped[Unit | None] = relationship()


class Sheet(Base):
    """One printed piece of paper: form, version, group, pack and evaluated unit, never a person."""

    __tablename__ = "sheet"
    __table_args__ = (UniqueConstraint("campaign_id", "serial"), UniqueConstraint("replaces_id"))
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    serial: Mapped[int]
    form_code: Mapped[Slug]
    form_version: Mapped[int]
    group_id: Mapped[int] = reference("respondent_group.id")
    unit_id: Mapped[int] = reference("unit.id")
    pack_id: Mapped[int] = reference("pack.id")
    printed_at: Mapped[dt.datetime]
    voided_at: Mapped[dt.datetime | None]
    replaces_id: Mapped[int | None] = reference("sheet.id", index=False)  # the void sheet it was printed for
    print_order_id: Mapped[int | None] = reference("print_order.id")
    group: Mapped[RespondentGroup] = relationship()
    unit: Mapped[Unit] = relationship()
    pack: Mapped[Pack] = relationship()


class PrintOrder(Base):
    """New sheets of one pack, ordered at one moment; their serials run on."""

    __tablename__ = "print_order"
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    ordered_by: Mapped[str] = mapped_column(String(80))
    ordered_at: Mapped[dt.datetime]
    pack_id: Mapped[int] = reference("pack.id")
    first_serial: Mapped[int]
    sheet_count: Mapped[int]
    pack: Mapped[Pack] = relationship()

    @property
    def last_serial(self) -> int:
        """The highest serial of the order."""
        return self.first_serial + self.sheet_count - 1
