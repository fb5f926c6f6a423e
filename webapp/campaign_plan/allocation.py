"""The plan's arithmetic: the quotas give their own sums, the plan states others, and both should agree."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webapp.campaign_plan.plan import PLACE_OFFICE, PLACE_UNIT, CampaignPlan, GroupPlan


@dataclass(frozen=True, slots=True)
class FormSum:
    """One form: sheets by its quotas, and what the plan states (None: it states nothing)."""

    form_code: str
    sheets: int
    stated: int | None

    @property
    def difference(self) -> int:
        """Quotas minus plan: below 0 sheets are missing, above 0 there are too many."""
        return 0 if self.stated is None else self.sheets - self.stated


@dataclass(frozen=True, slots=True)
class PlaceSum:
    """A group whose people rate all units: the sheets a unit gets by people and places are not its quota."""

    form_code: str
    group_code: str
    people: int
    places: int
    sheets_per_unit: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """The sums of all forms; `stated` is the plan's own total, or the sum of its forms where it has none."""

    forms: tuple[FormSum, ...]
    stated_total: int | None
    places: tuple[PlaceSum, ...] = ()

    @property
    def sheets(self) -> int:
        """All sheets by the quotas."""
        return sum(form.sheets for form in self.forms)

    @property
    def stated_by_forms(self) -> int | None:
        """The sum of what the plan states for its forms; None unless it states every one."""
        stated = [form.stated for form in self.forms if form.stated is not None]
        return sum(stated) if stated and len(stated) == len(self.forms) else None

    @property
    def stated(self) -> int | None:
        """What the quotas are compared with."""
        return self.stated_by_forms if self.stated_total is None else self.stated_total

    @property
    def differing(self) -> tuple[FormSum, ...]:
        """Forms whose quotas are not what the plan states."""
        return tuple(form for form in self.forms if form.difference)

    @property
    def is_contradictory(self) -> bool:
        """Whether the plan's total is not the sum of what it states for its forms."""
        return (
            None not in (self.stated_total, self.stated_by_forms)
            and self.stated_total != self.stated_by_forms
        )

    @property
    def is_sound(self) -> bool:
        """Whether nothing differs that the plan states."""
        return not self.differing and not self.is_contradictory and self.stated in (None, self.sheets)


def allocate(
    groups: Sequence[GroupPlan],
    units_per_level: Mapping[str, int],
    stated: Mapping[str, int],
    stated_total: int | None,
) -> Allocation:
    """Compare quotas and plan.

    Args:
        groups: each asks for `sheets_per_unit` sheets for every unit of its level.
        units_per_level: how many units of each level are evaluated; a level that is not there has none.
        stated: the plan's number of sheets by form code.
        stated_total: the plan's number of all sheets.
    """
    sheets: Counter[str] = Counter(dict.fromkeys(stated, 0))
    for group in groups:
        sheets[group.form_code] += group.sheets_per_unit * units_per_level.get(group.level, 0)
    codes = dict.fromkeys([*(group.form_code for group in groups), *stated])
    return Allocation(
        forms=tuple(FormSum(code, sheets[code], stated.get(code)) for code in codes),
        stated_total=stated_total,
        places=tuple(_odd_places(groups, units_per_level)),
    )


def allocation_of(plan: CampaignPlan) -> Allocation:
    """The allocation of a whole campaign."""
    units = Counter(unit.level for unit in plan.units if unit.exists_on(plan.last_day))
    stated = {total.form_code: total.sheets for total in plan.form_totals}
    return allocate(plan.groups, units, stated, plan.planned_sheets)


def _odd_places(groups: Sequence[GroupPlan], units_per_level: Mapping[str, int]) -> list[PlaceSum]:
    found = []
    for group in groups:
        if group.place == PLACE_UNIT or group.people_per_place is None:
            continue
        places = 1 if group.place == PLACE_OFFICE else units_per_level.get(group.place, 0)
        if group.people_per_place * places != group.sheets_per_unit:
            found.append(
                PlaceSum(group.form_code, group.code, group.people_per_place, places, group.sheets_per_unit)
            )
    return found
