"""How many sheets each unit is due by the plan, and how many good ones are printed."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.errors import NotFound
from webapp.persistence.campaign import Campaign, RespondentGroup, Sheet, Unit

_Printed = Mapping[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class UnitNeed:
    """How many sheets of a group one unit is due, and how many good ones are printed."""

    unit: Unit
    due: int
    printed: int

    @property
    def missing(self) -> int:
        """Still to print; never negative."""
        return max(0, self.due - self.printed)


@dataclass(frozen=True, slots=True)
class GroupNeed:
    """The sheets of one form and respondent group, over all units of its level."""

    group: RespondentGroup
    units: tuple[UnitNeed, ...]

    @property
    def due(self) -> int:
        """The plan's number of sheets."""
        return sum(need.due for need in self.units)

    @property
    def printed(self) -> int:
        """Good sheets that are printed."""
        return sum(need.printed for need in self.units)

    @property
    def missing(self) -> int:
        """Still to print."""
        return sum(need.missing for need in self.units)


def load_needs(session: Session, campaign: Campaign) -> list[GroupNeed]:
    """All groups of the campaign in the plan's order, each with its units in the office's order."""
    groups = session.scalars(
        select(RespondentGroup)
        .where(RespondentGroup.campaign_id == campaign.id)
        .order_by(RespondentGroup.position)
    )
    printed = _printed_sheets(session, campaign)
    return [_group_need(group, campaign, printed) for group in groups]


def find_group(session: Session, campaign: Campaign, group_id: int) -> RespondentGroup:
    """A respondent group of this campaign.

    Raises:
        NotFound: no such group, or another campaign's.
    """
    group = session.get(RespondentGroup, group_id)
    if group is None or group.campaign_id != campaign.id:
        raise NotFound("Không có nhóm trả lời này.")
    return group


def load_need(session: Session, campaign: Campaign, group: RespondentGroup) -> GroupNeed:
    """One group's need."""
    return _group_need(group, campaign, _printed_sheets(session, campaign))


def _printed_sheets(session: Session, campaign: Campaign) -> _Printed:
    """Good sheets by (group id, unit id)."""
    rows = session.execute(
        select(Sheet.group_id, Sheet.unit_id, func.count())
        .where(Sheet.campaign_id == campaign.id, Sheet.voided_at.is_(None))
        .group_by(Sheet.group_id, Sheet.unit_id)
    )
    return {(group_id, unit_id): count for group_id, unit_id, count in rows}


def _group_need(group: RespondentGroup, campaign: Campaign, printed: _Printed) -> GroupNeed:
    units = tuple(
        UnitNeed(unit, group.sheets_per_unit, printed.get((group.id, unit.id), 0))
        for unit in campaign.units
        if unit.level == group.level
    )
    return GroupNeed(group, units)
