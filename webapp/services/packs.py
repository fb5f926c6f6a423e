"""The packs that a plan asks for, and the packs that there are.

The plan's packs follow from units and groups alone; a pack becomes a row, with its code, when its first
sheets are ordered.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from ocr.sheet_code import pack_code
from webapp.campaign_plan.plan import PLACE_OFFICE, PLACE_UNIT
from webapp.errors import NotFound
from webapp.persistence.campaign import Campaign, Pack, RespondentGroup, Unit

PackKey = tuple[int, int | None, int | None]  # group id, place's unit id, person number


OFFICE_CODE = "co-quan"  # stands for the office itself where a place's code is written


@dataclass(frozen=True, slots=True)
class Place:
    """Where packs are handed out: a unit, or the office itself (None); `name` as in a sentence."""

    unit: Unit | None
    name: str

    @property
    def code(self) -> str:
        """In addresses and file names."""
        return place_code(self.unit)

    @property
    def unit_id(self) -> int | None:
        """As in the tables."""
        return self.unit.id if self.unit else None


@dataclass(frozen=True, slots=True)
class PlannedPack:
    """One pack of the plan: its place (None: the office), whose it is if one person's, its sheets."""

    group: RespondentGroup
    place: Unit | None
    person_number: int | None
    sheets: tuple[tuple[Unit, int], ...]

    @property
    def key(self) -> PackKey:
        """What tells it from all other packs."""
        return self.group.id, self.place.id if self.place else None, self.person_number

    @property
    def due(self) -> int:
        """How many sheets it should hold."""
        return sum(count for _unit, count in self.sheets)


def plan_packs(units: Sequence[Unit], groups: Sequence[RespondentGroup]) -> list[PlannedPack]:
    """All packs, place by place (the office first, then units in their order), groups in the plan's order."""
    packs = [pack for group in groups for pack in _packs_of(group, units)]
    order = {None: -1} | {unit.id: number for number, unit in enumerate(units)}
    return sorted(packs, key=lambda pack: order[pack.place.id if pack.place else None])


def plan_campaign(session: Session, campaign: Campaign) -> list[PlannedPack]:
    """All packs that the campaign's plan asks for."""
    groups = select(RespondentGroup).where(RespondentGroup.campaign_id == campaign.id)
    return plan_packs(campaign.units, session.scalars(groups.order_by(RespondentGroup.position)).all())


def key_of(pack: Pack) -> PackKey:
    """The key of a pack that is there."""
    return pack.group_id, pack.place_unit_id, pack.person_number


def place_code(unit: Unit | None) -> str:
    """A place's code: its unit's, or OFFICE_CODE."""
    return unit.code if unit else OFFICE_CODE


def place_name(campaign: Campaign, unit: Unit | None) -> str:
    """A place's name as in a sentence: “xã Đại Trạch”, “UBND huyện Bố Trạch”."""
    return unit.name if unit else campaign.office_name


def find_place(campaign: Campaign, code: str) -> Place:
    """The place with this code.

    Raises:
        NotFound: no unit of the campaign has it.
    """
    if code == OFFICE_CODE:
        return Place(None, campaign.office_name)
    for unit in campaign.units:
        if unit.code == code:
            return Place(unit, unit.name)
    raise NotFound("Không có nơi phát này.")


def list_packs(session: Session, campaign: Campaign) -> list[Pack]:
    """The packs that there are, by code."""
    packs = select(Pack).options(joinedload(Pack.group), joinedload(Pack.place_unit))
    return list(session.scalars(packs.where(Pack.campaign_id == campaign.id).order_by(Pack.id)))


def find_pack(session: Session, campaign: Campaign, code: str) -> Pack:
    """A pack of this campaign by its code as it is printed.

    Raises:
        NotFound: no such pack, or another campaign's.
    """
    pack = session.scalars(select(Pack).where(Pack.code == code)).first()
    if pack is None or pack.campaign_id != campaign.id:
        raise NotFound("Chu kỳ này không có bộ phiếu %(code)s.", code=code)
    return pack


def make_packs(session: Session, planned: Iterable[PlannedPack]) -> list[Pack]:
    """The row of each planned pack; new ones get the next codes of all years. The caller holds the lock."""
    wanted = list(planned)
    group_ids = {pack.group.id for pack in wanted}
    there = {key_of(pack): pack for pack in session.scalars(select(Pack).where(Pack.group_id.in_(group_ids)))}
    number = session.scalar(select(func.max(Pack.id))) or 0
    for pack in wanted:
        if pack.key not in there:
            number += 1
            there[pack.key] = _row(pack, number)
            session.add(there[pack.key])
    session.flush()  # orders and sheets need their ids
    return [there[pack.key] for pack in wanted]


def _packs_of(group: RespondentGroup, units: Sequence[Unit]) -> list[PlannedPack]:
    rated = [unit for unit in units if unit.level == group.level]
    if group.place == PLACE_UNIT:
        return [PlannedPack(group, unit, None, ((unit, group.sheets_per_unit),)) for unit in rated]
    places: list[Unit | None] = [unit for unit in units if unit.level == group.place]
    if group.place == PLACE_OFFICE:
        places = [None]
    one_each = tuple((unit, 1) for unit in rated)
    people = range(1, (group.people_per_place or 0) + 1)
    return [PlannedPack(group, place, person, one_each) for place in places for person in people]


def _row(pack: PlannedPack, number: int) -> Pack:
    return Pack(
        campaign_id=pack.group.campaign_id,
        code=pack_code(number),
        group=pack.group,
        place_unit=pack.place,
        person_number=pack.person_number,
    )
