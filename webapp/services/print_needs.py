"""How many sheets each pack is due by the plan, and how many good ones are printed; sums on both axes."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.errors import NotFound
from webapp.persistence.campaign import Campaign, Pack, RespondentGroup, Sheet, Unit
from webapp.services.packs import PlannedPack, key_of, list_packs, plan_campaign

Key = TypeVar("Key", bound=Hashable)
_Printed = Mapping[int, Mapping[Unit, int]]


@dataclass(frozen=True, slots=True)
class Need:
    """Sheets of the plan, those of them still to print, and all good ones that are printed."""

    due: int = 0
    printed: int = 0
    missing: int = 0

    def __add__(self, other: "Need") -> "Need":
        """Two lots of sheets together; spare sheets of the one never hide what the other lacks."""
        return Need(self.due + other.due, self.printed + other.printed, self.missing + other.missing)


@dataclass(frozen=True, slots=True)
class UnitNeed:
    """How many sheets about one unit a pack is due, and how many good ones are printed."""

    unit: Unit
    due: int
    printed: int

    @property
    def missing(self) -> int:
        """Still to print; never negative."""
        return max(0, self.due - self.printed)

    @property
    def need(self) -> Need:
        """The figures alone."""
        return Need(self.due, self.printed, self.missing)


@dataclass(frozen=True, slots=True)
class PackNeed:
    """One pack, its row if it was ever ordered, and its need for each rated unit."""

    planned: PlannedPack
    pack: Pack | None
    units: tuple[UnitNeed, ...]

    @property
    def group(self) -> RespondentGroup:
        """Who answers."""
        return self.planned.group

    @property
    def place(self) -> Unit | None:
        """Where it is handed out; None: the office."""
        return self.planned.place

    @property
    def need(self) -> Need:
        """The pack as a whole."""
        return sum((unit.need for unit in self.units), Need())


def load_needs(session: Session, campaign: Campaign) -> list[PackNeed]:
    """All packs of the plan, place by place, then those that are there though the plan has them no more."""
    printed = _printed_sheets(session, campaign)
    rows = {key_of(pack): pack for pack in list_packs(session, campaign)}
    packs = [(planned, rows.pop(planned.key, None)) for planned in plan_campaign(session, campaign)]
    packs += [
        (PlannedPack(pack.group, pack.place_unit, pack.person_number, ()), pack) for pack in rows.values()
    ]
    return [PackNeed(planned, pack, tuple(_unit_needs(planned, printed, pack))) for planned, pack in packs]


def needs_by_place(needs: Iterable[PackNeed]) -> dict[Unit | None, list[PackNeed]]:
    """The packs of each place, places in the order of the plan."""
    places: dict[Unit | None, list[PackNeed]] = {}
    for need in needs:
        places.setdefault(need.place, []).append(need)
    return places


def sum_needs(needs: Iterable[PackNeed], key: Callable[[PackNeed], Key]) -> dict[Key, Need]:
    """The needs by place, by group, or whatever `key` gives."""
    sums: dict[Key, Need] = {}
    for need in needs:
        sums[key(need)] = sums.get(key(need), Need()) + need.need
    return sums


def sum_by_unit(needs: Iterable[PackNeed]) -> dict[Unit, Need]:
    """The other axis: the needs by rated unit."""
    sums: dict[Unit, Need] = {}
    for need in needs:
        for row in need.units:
            sums[row.unit] = sums.get(row.unit, Need()) + row.need
    return sums


def find_group(session: Session, campaign: Campaign, group_id: int) -> RespondentGroup:
    """A respondent group of this campaign.

    Raises:
        NotFound: no such group, or another campaign's.
    """
    group = session.get(RespondentGroup, group_id)
    if group is None or group.campaign_id != campaign.id:
        raise NotFound("Không có nhóm trả lời này.")
    return group


def _printed_sheets(session: Session, campaign: Campaign) -> _Printed:
    """Good sheets by pack id and unit."""
    rows = session.execute(
        select(Sheet.pack_id, Sheet.unit_id, func.count())
        .where(Sheet.campaign_id == campaign.id, Sheet.voided_at.is_(None))
        .group_by(Sheet.pack_id, Sheet.unit_id)
    )
    printed: dict[int, dict[Unit, int]] = {}
    for pack_id, unit_id, count in rows:
        printed.setdefault(pack_id, {})[session.get_one(Unit, unit_id)] = count
    return printed


def _unit_needs(planned: PlannedPack, printed: _Printed, pack: Pack | None) -> Iterator[UnitNeed]:
    """The plan's units, then those that it does not ask the pack about any more: their sheets are there."""
    there = dict(printed.get(pack.id, {})) if pack else {}
    for unit, due in planned.sheets:
        yield UnitNeed(unit, due, there.pop(unit, 0))
    for unit, count in there.items():
        yield UnitNeed(unit, 0, count)
