"""All that a campaign starts from, as frozen values."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

PLACE_UNIT = "unit"
"""Sheets are handed out at the unit that they are about."""
PLACE_OFFICE = "office"
"""Sheets are handed out at the office itself."""


@dataclass(frozen=True, slots=True)
class LevelPlan:
    """A level of units: its code, one of them in a sentence ("xã"), and the heading over all of them."""

    code: str
    name: str
    plural: str


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """A unit: its name as in a sentence ("xã Đại Trạch"), its level, its kind, its first and last day."""

    code: str
    name: str
    level: str
    kind: str = ""
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None

    def exists_on(self, day: dt.date) -> bool:
        """Whether it is there on that day, the first and the last day included."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """Who answers which form about units of a level, how many sheets each unit gets, and where they are.

    `place` is PLACE_UNIT, PLACE_OFFICE, or the code of a level at whose every unit `people_per_place` people
    rate all units of the group's level. `population`: how many people the group has for one unit in all,
    where that is known; as many as sheets: everybody is asked.
    """

    form_code: str
    code: str
    name: str
    level: str
    sheets_per_unit: int
    place: str = PLACE_UNIT
    people_per_place: int | None = None
    substitutes: str | None = None  # who may answer instead: "người dân"
    in_booklets: bool = False  # one booklet for each person instead of a sheet for each unit
    population: int | None = None


@dataclass(frozen=True, slots=True)
class FormTotalPlan:
    """How many sheets of a form the plan states."""

    form_code: str
    sheets: int


@dataclass(frozen=True, slots=True)
class SignatoryPlan:
    """Who signs, in the order of signing."""

    name: str
    title: str


APPRAISAL_DATES = (
    "self_score_from_at",
    "self_score_due_at",
    "first_round_due_at",
    "explanation_due_at",
    "second_round_due_at",
)
"""The five dates of self-score and appraisal, in their order; all but the deadline may be open."""


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """One year of one office; the sample of Bố Trạch is one, another office's is another."""

    year: int
    name: str
    office_name: str
    place: str
    self_score_due_at: dt.datetime
    recipient: str = ""
    forms_out_on: dt.date | None = None
    forms_back_on: dt.date | None = None
    self_score_from_at: dt.datetime | None = None
    first_round_due_at: dt.datetime | None = None
    explanation_due_at: dt.datetime | None = None
    second_round_due_at: dt.datetime | None = None
    planned_sheets: int | None = None
    levels: Sequence[LevelPlan] = ()
    units: Sequence[UnitPlan] = ()
    groups: Sequence[GroupPlan] = ()
    form_totals: Sequence[FormTotalPlan] = ()
    signatories: Sequence[SignatoryPlan] = ()
    is_sample: bool = False

    @property
    def last_day(self) -> dt.date:
        """The last day of the evaluated year: who exists then is evaluated."""
        return dt.date(self.year, 12, 31)

    def count_places(self, group: GroupPlan) -> int:
        """At how many places the sheets about one unit are handed out."""
        if group.place in (PLACE_UNIT, PLACE_OFFICE):
            return 1
        return sum(unit.level == group.place and unit.exists_on(self.last_day) for unit in self.units)

    def with_units(self, units: Sequence[UnitPlan]) -> "CampaignPlan":
        """The same plan for other units; where one person rates all, fewer places mean fewer sheets."""
        fewer = replace(self, units=units)
        groups = [
            group
            if group.people_per_place is None
            else replace(group, sheets_per_unit=group.people_per_place * fewer.count_places(group))
            for group in self.groups
        ]
        return replace(fewer, groups=groups)
