"""The year's campaign: levels, units, respondent groups, stated totals, signatories; packs of sheets."""

import datetime as dt

from sqlalchemy import ColumnElement, String, UniqueConstraint, func
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.persistence.base import Base, Id, Slug, reference


class Campaign(Base):
    """One evaluated year of one office; every name, number and date of it is data.

    At most one is current: the one that people work in.
    """

    __tablename__ = "campaign"
    id: Mapped[Id]
    year: Mapped[int] = mapped_column(unique=True)
    name: Mapped[str]
    office_name: Mapped[str]  # "UBND huyện Bố Trạch"
    place: Mapped[str]  # "Bố Trạch", for dates on documents
    recipient: Mapped[str] = mapped_column(default="")  # who gets the filled forms
    forms_out_on: Mapped[dt.date | None]  # forms are handed out
    forms_back_on: Mapped[dt.date | None]  # the last day on which filled forms are taken
    self_score_from_at: Mapped[dt.datetime | None]
    self_score_due_at: Mapped[dt.datetime]
    first_round_due_at: Mapped[dt.datetime | None]  # the appraisers have fixed all points and asked
    explanation_due_at: Mapped[dt.datetime | None]  # the units have replied
    second_round_due_at: Mapped[dt.datetime | None]  # the appraisal is over
    planned_sheets: Mapped[int | None]  # the total that the plan states, to check the quotas against
    is_sample: Mapped[bool] = mapped_column(default=False)
    is_current: Mapped[bool] = mapped_column(default=False)
    levels: Mapped[list["Level"]] = relationship(order_by="Level.position")
    all_units: Mapped[list["Unit"]] = relationship(back_populates="campaign", order_by="Unit.position")
    groups: Mapped[list["RespondentGroup"]] = relationship(order_by="RespondentGroup.position")
    form_totals: Mapped[list["FormTotal"]] = relationship(order_by="FormTotal.position")
    signatories: Mapped[list["Signatory"]] = relationship(order_by="Signatory.position")

    @property
    def units(self) -> list["Unit"]:
        """The units that are evaluated: those that exist on the last day of the evaluated year."""
        last_day = dt.date(self.year, 12, 31)
        return [unit for unit in self.all_units if unit.exists_on(last_day)]


class Level(Base):
    """A level of units, ranked apart from the others; the scheme of its criteria bears the same code."""

    __tablename__ = "level"
    __table_args__ = (UniqueConstraint("campaign_id", "code"),)
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    code: Mapped[Slug]
    name: Mapped[str]  # one of them, as in a sentence: "phòng"
    plural: Mapped[str]  # the heading over all of them: "Phòng, đơn vị thuộc huyện"
    position: Mapped[int]


class Unit(Base):
    """Who is evaluated, in the office's own order. A unit that is merged is ended, never deleted."""

    __tablename__ = "unit"
    __table_args__ = (UniqueConstraint("campaign_id", "code"),)
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    code: Mapped[Slug]
    name: Mapped[str]  # as printed in a sentence: "Phòng Nội vụ", "xã Đại Trạch"
    kind: Mapped[str] = mapped_column(String(40), default="")  # "phòng", "xã", "thị trấn", "phường", …
    level: Mapped[Slug]  # code of a level of the campaign
    valid_from: Mapped[dt.date | None]  # first day on which it exists; None: since ever
    valid_to: Mapped[dt.date | None]  # last day on which it exists; None: no end is known
    position: Mapped[int]
    campaign: Mapped[Campaign] = relationship(back_populates="all_units")

    def exists_on(self, day: dt.date) -> bool:
        """Whether it is there on that day, the first and the last day included."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)


class RespondentGroup(Base):
    """Who answers a form about a unit, how many sheets each unit of the level gets, and where they go out.

    `place`: PLACE_UNIT (at the rated unit itself), PLACE_OFFICE, or a level's code (at every unit of it).
    Elsewhere than at the rated unit one person rates every unit of the level: `people_per_place` at each
    place, and `sheets_per_unit` is people × places; `in_booklets`: what is printed next of these is one
    booklet for each person. `substitutes` may answer where there are too few. `population`: how many people
    the group has for one unit in all, where that is known; as many as sheets: everybody is asked.
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
    in_booklets: Mapped[bool] = mapped_column(default=False)
    substitutes: Mapped[str | None]  # "người dân"; None where nobody may stand in
    population: Mapped[int | None]
    position: Mapped[int]


class FormTotal(Base):
    """How many sheets of a form the plan states; the quotas are checked against it."""

    __tablename__ = "form_total"
    __table_args__ = (UniqueConstraint("campaign_id", "form_code"),)
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    form_code: Mapped[Slug]
    sheets: Mapped[int]
    position: Mapped[int]


class Signatory(Base):
    """Who signs the campaign's documents; `position` is the order of signing."""

    __tablename__ = "signatory"
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    name: Mapped[str]
    title: Mapped[str]
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
    """One person's printed form about one unit: form, version, group, pack and unit, never a person.

    A piece of paper of its own, or a row in each table of a booklet, whose pages bear the serial of its
    first row's sheet, `booklet_id`; the rows are in the order of serials. `sides`: pages of its paper.
    """

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
    sides: Mapped[int] = mapped_column(default=2)
    booklet_id: Mapped[int | None] = reference("sheet.id")
    group: Mapped[RespondentGroup] = relationship()
    unit: Mapped[Unit] = relationship()
    pack: Mapped[Pack] = relationship()
    replaces: Mapped["Sheet | None"] = relationship(
        remote_side="Sheet.id", foreign_keys=replaces_id, back_populates="replacement"
    )
    replacement: Mapped["Sheet | None"] = relationship(foreign_keys=replaces_id, back_populates="replaces")

    @hybrid_property
    def paper_id(self) -> int:
        """The sheet whose serial its paper bears, and to which that paper's pages are linked."""
        return self.booklet_id or self.id

    @paper_id.inplace.expression
    @classmethod
    def _paper_id(cls) -> ColumnElement[int]:
        return func.coalesce(cls.booklet_id, cls.id)


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
