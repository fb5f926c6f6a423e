"""Set up a year's campaign: its units, and the respondent groups with their number of sheets."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import PLACE_OFFICE, PLACE_UNIT, Campaign, RespondentGroup, Unit

SAMPLE_DIR = Path(__file__).parent.parent / "sample"


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """A unit to evaluate: its code, its name as in a sentence, and its level (division, commune, …)."""

    code: str
    name: str
    level: str


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """Who answers which form about units of a level, how many sheets each unit gets, and where they go out.

    `place`, `people_per_place` and `substitutes` as in `persistence.campaign.RespondentGroup`.
    """

    form_code: str
    code: str
    name: str
    level: str
    sheets_per_unit: int
    place: str = PLACE_UNIT
    people_per_place: int | None = None
    substitutes: str | None = None


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """All that a campaign starts from; the sample of Bố Trạch is one, another office's is another."""

    year: int
    name: str
    office_name: str
    place: str
    self_score_due_at: dt.datetime
    units: Sequence[UnitPlan]
    groups: Sequence[GroupPlan]
    is_sample: bool = False

    def with_units(self, units: Sequence[UnitPlan]) -> "CampaignPlan":
        """The same plan for other units; where one person rates all, fewer places mean fewer sheets."""
        fewer = replace(self, units=units)
        groups = [_refitted(group, fewer) for group in self.groups]
        return replace(fewer, groups=groups)


def count_places(plan: CampaignPlan, group: GroupPlan) -> int:
    """At how many places the sheets about one unit are handed out."""
    if group.place in (PLACE_UNIT, PLACE_OFFICE):
        return 1
    return sum(unit.level == group.place for unit in plan.units)


def current_campaign(session: Session) -> Campaign | None:
    """The campaign of the latest evaluated year."""
    return session.scalars(select(Campaign).order_by(Campaign.year.desc()).limit(1)).first()


def create_campaign(session: Session, actor: str, plan: CampaignPlan, now: dt.datetime) -> Campaign:
    """Add the campaign with its units and groups.

    Raises:
        InvalidInput: the year has a campaign already, a unit's code stands twice, or a group's sheets do not
            follow from its people and places.
    """
    if session.scalars(select(Campaign).where(Campaign.year == plan.year)).first() is not None:
        raise InvalidInput("Năm %(year)s đã có chu kỳ. Mở chu kỳ đó để sửa.", year=plan.year)
    codes = [unit.code for unit in plan.units]
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise InvalidInput("Mã đơn vị bị trùng: %(codes)s.", codes=", ".join(twice))
    for group in plan.groups:
        _check_places(plan, group)
    campaign = Campaign(
        year=plan.year,
        name=plan.name,
        office_name=plan.office_name,
        place=plan.place,
        self_score_due_at=plan.self_score_due_at,
        is_sample=plan.is_sample,
    )
    session.add(campaign)
    session.flush()  # its id is needed below
    _add_units(session, campaign, plan.units)
    _add_groups(session, campaign, plan.groups)
    write_log(session, now, actor, "campaign_created", f"campaign/{plan.year}", units=len(codes))
    return campaign


def _add_units(session: Session, campaign: Campaign, units: Sequence[UnitPlan]) -> None:
    for position, unit in enumerate(units):
        session.add(
            Unit(campaign_id=campaign.id, code=unit.code, name=unit.name, level=unit.level, position=position)
        )


def _add_groups(session: Session, campaign: Campaign, groups: Sequence[GroupPlan]) -> None:
    for position, group in enumerate(groups):
        session.add(
            RespondentGroup(
                campaign_id=campaign.id,
                form_code=group.form_code,
                code=group.code,
                name=group.name,
                level=group.level,
                sheets_per_unit=group.sheets_per_unit,
                place=group.place,
                people_per_place=group.people_per_place,
                substitutes=group.substitutes,
                position=position,
            )
        )


def _check_places(plan: CampaignPlan, group: GroupPlan) -> None:
    """Where one person rates all units, each unit gets one sheet of every person at every place.

    Raises:
        InvalidInput: the numbers do not fit together.
    """
    form = f"{group.form_code}.{group.code}"
    if group.place == PLACE_UNIT:
        if group.people_per_place is not None:
            raise InvalidInput(
                "Nhóm %(form)s phát tại chính đơn vị được đánh giá: bỏ số người mỗi nơi phát.", form=form
            )
        return
    places, people = count_places(plan, group), group.people_per_place or 0
    if people * places != group.sheets_per_unit or people < 1:
        raise InvalidInput(
            "Nhóm %(form)s: %(people)s người × %(places)s nơi phát không bằng %(sheets)s phiếu mỗi đơn vị.",
            form=form,
            people=people,
            places=places,
            sheets=group.sheets_per_unit,
        )


def _refitted(group: GroupPlan, plan: CampaignPlan) -> GroupPlan:
    """The group with as many sheets for a unit as its people and the plan's places make."""
    if group.people_per_place is None:
        return group
    return replace(group, sheets_per_unit=group.people_per_place * count_places(plan, group))


def sample_plan() -> CampaignPlan:
    """The campaign of the sample, Bố Trạch 2020."""
    return plan_from_folder(SAMPLE_DIR / "bo_trach_2020", is_sample=True)


def plan_from_folder(folder: Path, *, is_sample: bool = False) -> CampaignPlan:
    """The campaign that a folder describes: campaign.yaml (the office and its plan) and units.yaml.

    Raises:
        InvalidInput: a file is missing, or something in it is; the sentence says what.
    """
    try:
        campaign = yaml.safe_load((folder / "campaign.yaml").read_text(encoding="utf-8"))
        units = yaml.safe_load((folder / "units.yaml").read_text(encoding="utf-8"))
        return CampaignPlan(
            year=campaign["evaluated_year"],
            name=campaign["name"],
            office_name=campaign["office_name"],
            place=campaign["place"],
            self_score_due_at=dt.datetime.fromisoformat(campaign["self_score_due_at"]),
            units=[*_divisions(units["divisions"]), *_communes(units["communes"])],
            groups=[GroupPlan(**group) for group in campaign["groups"]],
            is_sample=is_sample,
        )
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError) as problem:
        raise InvalidInput(
            "Không đọc được chu kỳ trong thư mục %(folder)s: %(problem)s.", folder=folder, problem=problem
        ) from problem


def _divisions(raw: Sequence[Mapping[str, Any]]) -> list[UnitPlan]:
    return [UnitPlan(unit["code"], unit["name"], "division") for unit in raw]


def _communes(raw: Sequence[Mapping[str, Any]]) -> list[UnitPlan]:
    """Within a sentence the kind is written small: "xã Đại Trạch"."""
    return [UnitPlan(unit["code"], f"{unit['type'].lower()} {unit['name']}", "commune") for unit in raw]
