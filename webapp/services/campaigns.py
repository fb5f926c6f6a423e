"""Open a year's campaign, copy it from an earlier one, choose the one that people work in."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.campaign_plan.plan import (
    PLACE_UNIT,
    CampaignPlan,
    FormTotalPlan,
    GroupPlan,
    LevelPlan,
    SignatoryPlan,
    UnitPlan,
)
from webapp.errors import InvalidInput, NotFound
from webapp.persistence.accounts import User
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign, Unit
from webapp.services.campaign_rows import GENERAL_NAMES, add_rows

SAMPLE_DIR = Path(__file__).parent.parent / "sample"
BO_TRACH = SAMPLE_DIR / "bo_trach_2020"


def current_campaign(session: Session) -> Campaign | None:
    """The campaign that people work in: the chosen one, else that of the latest year."""
    newest = select(Campaign).order_by(Campaign.is_current.desc(), Campaign.year.desc()).limit(1)
    return session.scalars(newest).first()


def list_campaigns(session: Session) -> list[Campaign]:
    """All of them, the latest year first."""
    return list(session.scalars(select(Campaign).order_by(Campaign.year.desc())))


def find_campaign_of(session: Session, year: int) -> Campaign:
    """The campaign of a year.

    Raises:
        NotFound: there is none.
    """
    campaign = session.scalars(select(Campaign).where(Campaign.year == year)).first()
    if campaign is None:
        raise NotFound("Chưa có chu kỳ của năm này.")
    return campaign


def create_campaign(session: Session, actor: str, plan: CampaignPlan, now: dt.datetime) -> Campaign:
    """Add the campaign with all its parts; the first of an office is at once the current one.

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
    is_first = session.scalars(select(Campaign.id).limit(1)).first() is None
    general = {name: getattr(plan, name) for name in GENERAL_NAMES}
    campaign = Campaign(**general, is_sample=plan.is_sample, is_current=is_first)
    session.add(campaign)
    session.flush()  # its id is needed below
    add_rows(session, campaign, plan)
    write_log(session, now, actor, "campaign_created", f"campaign/{plan.year}", units=len(codes))
    return campaign


def choose_campaign(session: Session, actor: str, campaign: Campaign, now: dt.datetime) -> int:
    """Make it the one that people work in; the units' accounts go to the unit of the same code there.

    Returns:
        How many accounts of units moved. An account whose unit is not there stays with its old unit.
    """
    session.execute(update(Campaign).where(Campaign.id != campaign.id).values(is_current=False))
    campaign.is_current = True
    units = {unit.code: unit for unit in campaign.all_units}
    moved = 0
    rows = session.execute(select(User, Unit.code).join(Unit, Unit.id == User.unit_id)).all()
    for user, code in rows:
        unit = units.get(code)
        if unit is not None and user.unit_id != unit.id:
            user.unit_id = unit.id
            moved += 1
    write_log(session, now, actor, "campaign_chosen", f"campaign/{campaign.year}", accounts_moved=moved)
    session.flush()
    return moved


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
    places, people = plan.count_places(group), group.people_per_place or 0
    if people * places != group.sheets_per_unit or people < 1:
        raise InvalidInput(
            "Nhóm %(form)s: %(people)s người × %(places)s nơi phát không bằng %(sheets)s phiếu mỗi đơn vị.",
            form=form,
            people=people,
            places=places,
            sheets=group.sheets_per_unit,
        )


def plan_of_next_year(plan: CampaignPlan, year: int) -> CampaignPlan:
    """The same office in another year: units that exist then, groups, totals, signatories; dates move along.

    Raises:
        InvalidInput: the year is not later.
    """
    if year <= plan.year:
        raise InvalidInput("Năm mới phải sau năm %(year)s.", year=plan.year)
    return move_plan(plan, year)


def move_plan(plan: CampaignPlan, year: int) -> CampaignPlan:
    """The same office in any other year, later or earlier: units that exist then; dates move along."""
    moved = replace(
        plan,
        year=year,
        name=plan.name.replace(str(plan.year), str(year)),
        self_score_from_at=_later_moment(plan.self_score_from_at, year - plan.year),
        self_score_due_at=_later(plan.self_score_due_at, year - plan.year),
        first_round_due_at=_later_moment(plan.first_round_due_at, year - plan.year),
        explanation_due_at=_later_moment(plan.explanation_due_at, year - plan.year),
        second_round_due_at=_later_moment(plan.second_round_due_at, year - plan.year),
        forms_out_on=_later_day(plan.forms_out_on, year - plan.year),
        forms_back_on=_later_day(plan.forms_back_on, year - plan.year),
    )
    return moved.with_units([unit for unit in plan.units if unit.exists_on(moved.last_day)])


def _later(moment: dt.datetime, years: int) -> dt.datetime:
    """The same day and hour; the last of February where there is no 29th."""
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        return moment.replace(year=moment.year + years, day=28)


def _later_moment(moment: dt.datetime | None, years: int) -> dt.datetime | None:
    return None if moment is None else _later(moment, years)


def _later_day(day: dt.date | None, years: int) -> dt.date | None:
    if day is None:
        return None
    return _later(dt.datetime.combine(day, dt.time()), years).date()


def sample_plan(folder: Path = BO_TRACH) -> CampaignPlan:
    """The campaign of a sample; the first of them is Bố Trạch 2020."""
    return plan_from_folder(folder, is_sample=True)


def plan_from_folder(folder: Path, *, is_sample: bool = False) -> CampaignPlan:
    """The campaign that a folder describes: campaign.yaml (the office and its plan) and units.yaml.

    Raises:
        InvalidInput: a file is missing, or something in it is; the sentence says what.
    """
    try:
        raw = yaml.safe_load((folder / "campaign.yaml").read_text(encoding="utf-8"))
        units = yaml.safe_load((folder / "units.yaml").read_text(encoding="utf-8"))["units"]
        return _plan(raw, units, is_sample=is_sample)
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError) as problem:
        raise InvalidInput(
            "Không đọc được chu kỳ trong thư mục %(folder)s: %(problem)s.", folder=folder, problem=problem
        ) from problem


def _plan(raw: Mapping[str, Any], units: list[dict[str, Any]], *, is_sample: bool) -> CampaignPlan:
    totals = raw.get("form_totals", {})
    return CampaignPlan(
        year=raw["evaluated_year"],
        name=raw["name"],
        office_name=raw["office_name"],
        place=raw["place"],
        recipient=raw.get("recipient", ""),
        forms_out_on=raw.get("forms_out_on"),
        forms_back_on=raw.get("forms_back_on"),
        self_score_due_at=dt.datetime.fromisoformat(raw["self_score_due_at"]),
        planned_sheets=raw.get("planned_sheets"),
        levels=[LevelPlan(**level) for level in raw["levels"]],
        units=[UnitPlan(**unit) for unit in units],
        groups=[GroupPlan(**group) for group in raw["groups"]],
        form_totals=[FormTotalPlan(code, sheets) for code, sheets in totals.items()],
        signatories=[SignatoryPlan(**signatory) for signatory in raw.get("signatories", [])],
        is_sample=is_sample,
    )
