"""The sample campaign, half-way through, as `make demo` shows it: every step goes the real way."""

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from ocr.template import FormLibrary
from webapp.campaign_plan.plan import CampaignPlan
from webapp.persistence.accounts import User
from webapp.persistence.campaign import Campaign, Unit
from webapp.services import hand_over
from webapp.services.accounts import NewAccount, Role, create_user, set_workplace
from webapp.services.appraisal import is_own_unit
from webapp.services.campaigns import SAMPLE_DIR, choose_campaign, create_campaign, sample_plan
from webapp.services.intake import Upload, receive_batch
from webapp.services.packs import list_packs
from webapp.services.payment_rates import load_rates
from webapp.services.printing import order_missing
from webapp.services.sample_scores import (
    appraise_unit,
    ask_and_return,
    attach_sample_evidence,
    declare_sample_sources,
    enter_self_scores,
    leave_to_meeting,
)
from webapp.services.schemes import load_sample_schemes
from webapp.services.self_scores import submit_self_scores
from webapp.storage import ScanStore

ACTOR = "quantri"
DEMO_PASSWORD = "thu-cham-diem-2020"  # noqa: S105 - shown on the demo's sign-in page, nowhere else
_PEOPLE = (
    ("vanthu", "Nguyễn Thị Hoa", Role.CLERK),
    ("rasoat", "Trần Văn Bình", Role.REVIEWER),
    ("rasoat2", "Lê Thị Lan", Role.REVIEWER),
    ("thamdinh", "Phạm Quang Huy", Role.APPRAISER),
    ("thamdinh2", "Bùi Thị Mai", Role.APPRAISER),
    ("lanhdao", "Hoàng Minh Đức", Role.HEAD),
    ("kiemtoan", "Đỗ Thị Hiền", Role.AUDITOR),
    ("thuquy", "Ngô Thị Hạnh", Role.TREASURER),
    ("xem", "Võ Thị Thu", Role.VIEWER),
    ("quantri", "Đặng Quốc Anh", Role.ADMINISTRATOR),
)
_DAYS_LEFT = 3
_RETURNED = 3  # of every five appraised units the fourth is back at the unit with questions
SAMPLES = tuple(sorted(path.parent.name for path in SAMPLE_DIR.glob("*/demo.yaml")))


@dataclass(frozen=True, slots=True)
class ScorePlan:
    """How far a made-up unit has come: the share entered, whether sent, and the share appraised.

    `is_returned`: it is back at the unit with questions; `awaits_meeting`: something is left to the team.
    """

    entered: float
    sent: bool = False
    appraised: float = 0.0
    is_returned: bool = False
    awaits_meeting: bool = False


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What the demo builds of a sample: the unit of its login, and stacks of (form, group, unit).

    `workplaces`: codes of the units in which appraisers work, by username; `former_year`: the finished year
    that stands before it, None for an office that is new.
    """

    featured_unit: str
    stacks: tuple[tuple[tuple[str, str, str], ...], ...]
    workplaces: Mapping[str, str]
    former_year: int | None = None


def demo_plan(folder: Path) -> DemoPlan:
    """The demo.yaml of a sample's folder."""
    raw = yaml.safe_load((folder / "demo.yaml").read_text(encoding="utf-8"))
    stacks = tuple(tuple((form, group, unit) for form, group, unit in stack) for stack in raw["stacks"])
    return DemoPlan(raw["featured_unit"], stacks, raw.get("workplaces", {}), raw.get("former_year"))


def add_people(session: Session, now: dt.datetime) -> None:
    """One account for each role but the units'."""
    for username, name, role in _PEOPLE:
        create_user(session, ACTOR, NewAccount(username, name, role), DEMO_PASSWORD, now)
    session.flush()


def open_sample_campaign(session: Session, folder: Path, now: dt.datetime) -> Campaign:
    """The campaign with its units, groups and schemes, now the current one; self-scores are due soon."""
    due_at = (now + dt.timedelta(days=_DAYS_LEFT)).replace(hour=10, minute=0, second=0, microsecond=0)
    campaign = create_campaign(session, ACTOR, _with_dates(sample_plan(folder), due_at), now)
    load_sample_schemes(session, ACTOR, campaign, folder, now)
    load_rates(session, ACTOR, campaign, folder, now)
    if not campaign.is_current:
        choose_campaign(session, ACTOR, campaign, now)
    units = {unit.code: unit.id for unit in campaign.units}
    for username, code in demo_plan(folder).workplaces.items():
        appraiser = session.scalars(select(User).where(User.username == username)).one()
        set_workplace(session, ACTOR, appraiser.id, units[code], now)
    return campaign


def _with_dates(plan: CampaignPlan, due_at: dt.datetime) -> CampaignPlan:
    """The plan with self-scores due then, and the other dates of the appraisal around it."""
    return replace(
        plan,
        self_score_from_at=due_at - dt.timedelta(days=14),
        self_score_due_at=due_at,
        first_round_due_at=due_at + dt.timedelta(days=10),
        explanation_due_at=due_at + dt.timedelta(days=15),
        second_round_due_at=due_at + dt.timedelta(days=20),
    )


def add_unit_accounts(session: Session, units: Sequence[Unit], now: dt.datetime) -> None:
    """One account for each of the units, named dv-nv, dv-19186 and so on."""
    for unit in units:
        account = NewAccount(unit_username(unit), unit.name, Role.UNIT, unit.id)
        create_user(session, ACTOR, account, DEMO_PASSWORD, now)


def unit_username(unit: Unit) -> str:
    """What a unit's officer signs in with."""
    return f"dv-{unit.code.lower()}"


def print_quota(session: Session, library: FormLibrary, campaign: Campaign, now: dt.datetime) -> None:
    """Order every sheet of the plan, as the clerk does with one button."""
    order_missing(session, "vanthu", library, campaign=campaign, is_wanted=lambda _need: True, now=now)


def hand_out(session: Session, campaign: Campaign, now: dt.datetime) -> None:
    """Sign every pack out to whoever came for it."""
    for pack in list_packs(session, campaign):
        hand_over.issue(session, "vanthu", campaign, pack.code, person="Cán bộ đầu mối", now=now)


def scan_batch(
    session: Session, store: ScanStore, files: Sequence[Path], declared_sheets: int, now: dt.datetime
) -> int:
    """Drop files on the intake as the clerk would; the batch's number."""
    with ExitStack() as opened:
        uploads = [Upload(path.name, opened.enter_context(path.open("rb"))) for path in files]
        return receive_batch(session, store, "vanthu", uploads, declared_sheets, now).number


def score_plan(unit: Unit, featured_unit: str, position: int, count: int) -> ScorePlan:
    """The first units are appraised, the next have sent, the next are writing, the last have not begun."""
    if unit.code == featured_unit:
        return ScorePlan(0.6)
    place = position / count
    appraised_until, sent_until, writing_until = 0.25, 0.5, 0.85
    if place < appraised_until:
        return ScorePlan(1.0, sent=True, appraised=1.0, is_returned=position % 5 == _RETURNED)
    if place < sent_until:
        has_begun = position % 2 == 1
        return ScorePlan(1.0, sent=True, appraised=0.4 if has_begun else 0.0, awaits_meeting=has_begun)
    if place < writing_until:
        return ScorePlan(0.3 + 0.6 * (position % 5) / 5)
    return ScorePlan(0.0)


def score_unit(
    session: Session, store: ScanStore, unit: Unit, plan: ScorePlan, *, seed: int, now: dt.datetime
) -> None:
    """Bring one unit as far as the plan says."""
    if plan.entered == 0:
        return
    actor = unit_username(unit)
    evidence = attach_sample_evidence(session, store, unit, actor, now)
    enter_self_scores(session, unit, evidence, actor=actor, seed=seed, now=now, share=plan.entered)
    declare_sample_sources(session, unit, actor, now)
    if plan.sent:
        submit_self_scores(session, actor, unit, now)
    if plan.appraised > 0:
        team = session.scalars(select(User).where(User.role == Role.APPRAISER).order_by(User.id))
        appraiser = next(user for user in team if not is_own_unit(user, unit))
        appraise_unit(
            session,
            appraiser,
            unit,
            seed=seed,
            now=now,
            share=plan.appraised,
            is_finished=not plan.is_returned,
        )
        if plan.is_returned:
            ask_and_return(session, appraiser, unit, now)
        if plan.awaits_meeting:
            leave_to_meeting(session, appraiser, unit, now)
