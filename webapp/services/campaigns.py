"""Set up a year's campaign: its units, and the respondent groups with their number of sheets."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign, RespondentGroup, Unit

SAMPLE_DIR = Path(__file__).parent.parent / "sample"


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """A unit to evaluate: its code, its name as in a sentence, and its level (division, commune, …)."""

    code: str
    name: str
    level: str


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """Who answers which form about units of a level, and how many sheets each unit gets."""

    form_code: str
    code: str
    name: str
    level: str
    sheets_per_unit: int
    place: str = "unit"
    people_per_place: int | None = None


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


def current_campaign(session: Session) -> Campaign | None:
    """The campaign of the latest evaluated year."""
    return session.scalars(select(Campaign).order_by(Campaign.year.desc()).limit(1)).first()


def create_campaign(session: Session, actor: str, plan: CampaignPlan, now: dt.datetime) -> Campaign:
    """Add the campaign with its units and groups.

    Raises:
        InvalidInput: the year has a campaign already, or a unit's code stands twice.
    """
    if session.scalars(select(Campaign).where(Campaign.year == plan.year)).first() is not None:
        raise InvalidInput("Năm %(year)s đã có chu kỳ. Mở chu kỳ đó để sửa.", year=plan.year)
    codes = [unit.code for unit in plan.units]
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise InvalidInput("Mã đơn vị bị trùng: %(codes)s.", codes=", ".join(twice))
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
                position=position,
            )
        )


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
