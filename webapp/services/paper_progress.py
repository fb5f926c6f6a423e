"""What the home page draws: the strip of units on both axes, the funnel, and each group against its quota."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from sqlalchemy.orm import Session

from webapp.persistence.campaign import Campaign, RespondentGroup, Unit
from webapp.services.sheet_counts import (
    Reached,
    SheetCount,
    list_groups,
    planned_at_places,
    sum_by,
)


class Axis(StrEnum):
    """Along which units are lined up: whom the forms are about, or where they were handed out."""

    RATED = "rated"
    PLACE = "place"


class Order(StrEnum):
    """Of the strip: the office's own, or whoever is furthest behind first."""

    OFFICE = "office"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class UnitPaper:
    """One unit on the strip (None: the office itself): forms that came back, of those it is due."""

    unit: Unit | None
    due: int
    back: int

    @property
    def share(self) -> Fraction:
        """Back, in [0, 1]."""
        return min(Fraction(1), Fraction(self.back, self.due)) if self.due else Fraction(0)


@dataclass(frozen=True, slots=True)
class GroupPaper:
    """One group: the plan's quota and how far its forms are."""

    group: RespondentGroup
    quota: int
    reached: Reached

    def share(self, sheets: int) -> Fraction:
        """Of the quota; more than 1 where more was printed than planned."""
        return Fraction(sheets, self.quota) if self.quota else Fraction(0)


@dataclass(frozen=True, slots=True)
class PaperProgress:
    """All three pictures' figures, of one moment."""

    axis: Axis
    order: Order
    units: Sequence[UnitPaper]
    planned: int
    reached: Reached
    groups: Sequence[GroupPaper]

    @property
    def figures(self) -> tuple[object, ...]:
        """All numbers, in their order: two moments with the same figures look the same."""
        units = [(row.unit and row.unit.id, row.due, row.back) for row in self.units]
        groups = [(row.group.id, row.quota, row.reached) for row in self.groups]
        return self.axis, self.order, units, self.planned, self.reached, groups

    @property
    def late(self) -> list[UnitPaper]:
        """Units whose forms are not all back, the furthest behind first."""
        return [row for row in _by_lateness(self.units) if row.due and row.share < 1]


def paper_progress(
    session: Session,
    campaign: Campaign,
    counts: Iterable[SheetCount],
    axis: Axis,
    order: Order,
    *,
    only_unit_id: int | None = None,
) -> PaperProgress:
    """All figures are sums of `counts`; with `only_unit_id` of that unit's own forms alone."""
    groups = list_groups(session, campaign)
    quotas = _quotas(campaign, groups)
    counts = [count for count in counts if only_unit_id in (None, _key(axis, count))]
    units = _units(session, campaign, groups, counts, axis)
    if only_unit_id is not None:
        units = [row for row in units if row.unit is not None and row.unit.id == only_unit_id]
    return PaperProgress(
        axis=axis,
        order=order,
        units=_by_lateness(units) if order is Order.LATE else units,
        planned=sum(quotas.values()),
        reached=sum((count.reached for count in counts), Reached()),
        groups=_groups(groups, quotas, counts),
    )


def _units(
    session: Session,
    campaign: Campaign,
    groups: Sequence[RespondentGroup],
    counts: Iterable[SheetCount],
    axis: Axis,
) -> list[UnitPaper]:
    """In the office's own order; the office itself last, if it is a place."""
    due: dict[int | None, int] = {}
    if axis is Axis.RATED:
        for group in groups:
            for unit in campaign.units:
                if unit.level == group.level:
                    due[unit.id] = due.get(unit.id, 0) + group.sheets_per_unit
    else:
        for (place_id, _group_id), (forms, _people) in planned_at_places(session, campaign).items():
            due[place_id] = due.get(place_id, 0) + forms
    back = sum_by(counts, lambda count: _key(axis, count))
    rows = [
        UnitPaper(unit, due.get(unit.id, 0), back.get(unit.id, Reached()).returned) for unit in campaign.units
    ]
    office = [UnitPaper(None, due[None], back.get(None, Reached()).returned)] if None in due else []
    return [*rows, *office]


def _quotas(campaign: Campaign, groups: Iterable[RespondentGroup]) -> dict[int, int]:
    """The plan's sheets of each group over all units of its level."""
    levels = Counter(unit.level for unit in campaign.units)
    return {group.id: group.sheets_per_unit * levels[group.level] for group in groups}


def _groups(
    groups: Sequence[RespondentGroup], quotas: Mapping[int, int], counts: Iterable[SheetCount]
) -> list[GroupPaper]:
    reached = sum_by(counts, lambda count: count.group_id)
    return [GroupPaper(group, quotas[group.id], reached.get(group.id, Reached())) for group in groups]


def _key(axis: Axis, count: SheetCount) -> int | None:
    return count.unit_id if axis is Axis.RATED else count.place_unit_id


def _by_lateness(units: Iterable[UnitPaper]) -> list[UnitPaper]:
    """The smallest share first; equals keep their order."""
    return sorted(units, key=lambda row: row.share)
