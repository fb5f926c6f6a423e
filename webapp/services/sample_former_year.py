"""The year before the sample campaign, finished and published: what a second year sets beside this one.

Its plan is the sample's, moved; units, points and answers are made up, and every page and paper of it says
so. All but the paper goes the real way: orders, self-scores, appraisal, fixing, publication, a complaint.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from ocr.template import FormLibrary
from webapp.campaign_plan.plan import CampaignPlan
from webapp.par_index.outcome import unit_index_from_plain
from webapp.persistence.accounts import User
from webapp.persistence.campaign import Campaign, Unit
from webapp.persistence.complaints import Complaint
from webapp.persistence.results import IndexUnit, IndexVersion, units_of_version
from webapp.services.appraisal import Decision, appraise_component, finish_appraisal
from webapp.services.campaigns import create_campaign, move_plan, sample_plan
from webapp.services.complaints import Answer, Outcome, Petition, answer_complaint, record_complaint
from webapp.services.made_up_answers import add_made_up_answers
from webapp.services.printing import order_missing
from webapp.services.publication import confirmation_words, freeze_version, publish_version
from webapp.services.reopening import reopen_appraisal
from webapp.services.sample_scores import appraise_unit, enter_self_scores
from webapp.services.schemes import load_sample_schemes
from webapp.services.self_scores import submit_self_scores
from webapp.services.unit_scores import load_unit_scores
from webapp.storage import ScanStore

ACTOR, CLERK, APPRAISER, HEAD = "quantri", "vanthu", "thamdinh", "lanhdao"
MADE_UP = "số liệu dựng để xem thử"
_ANSWERS = (
    (
        Outcome.UPHELD,
        "Đã đối chiếu lại hồ sơ gốc: minh chứng đủ. Tổ thẩm định chấm lại, bản mới đã công bố.",
    ),
    (Outcome.REFUSED, "Đã xem lại: tài liệu kèm theo ký sau ngày 31/12, không thuộc năm đánh giá."),
)


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a year's acts happened, all told from the day on which self-scores were due."""

    due_at: dt.datetime

    @property
    def opened_at(self) -> dt.datetime:
        """When the year was opened in the program."""
        return self.after(-50)

    def after(self, days: int) -> dt.datetime:
        """So many days after (before: negative) the due day."""
        return self.due_at + dt.timedelta(days=days)


Step = Callable[[Session], None]


def former_plan(folder: Path, year: int) -> CampaignPlan:
    """The sample's plan moved to an earlier year; the units are taken to be the same."""
    plan = move_plan(sample_plan(folder), year)
    return replace(plan, name=f"{plan.name} ({MADE_UP})")


def open_former_year(session: Session, plan: CampaignPlan, folder: Path) -> Campaign:
    """The year with the sample's schemes."""
    opened = Calendar(plan.self_score_due_at).opened_at
    campaign = create_campaign(session, ACTOR, plan, opened)
    load_sample_schemes(session, ACTOR, campaign, folder, opened)
    return campaign


def former_steps(campaign: Campaign, library: FormLibrary, store: ScanStore) -> Iterator[Step]:
    """What is left to do after opening, in order; each step wants a transaction of its own."""
    days, seed, campaign_id = Calendar(campaign.self_score_due_at), campaign.year, campaign.id

    def of(session: Session) -> Campaign:
        return session.get_one(Campaign, campaign_id)

    def read(session: Session) -> None:
        found = of(session)
        printed = days.after(-10)
        order_missing(session, CLERK, library, campaign=found, is_wanted=lambda _need: True, now=printed)
        add_made_up_answers(session, store, library, found, actor=CLERK, seed=seed, now=days.after(-1))

    yield read
    for unit_id in [unit.id for unit in campaign.units]:
        yield partial(_score, unit_id, days, seed)

    def publish(session: Session) -> None:
        _publish(session, of(session), days.after(30))

    yield publish
    yield lambda session: _complain(session, of(session), days)


def _score(unit_id: int, days: Calendar, seed: int, session: Session) -> None:
    """A unit scores itself, sends, and is appraised."""
    unit = session.get_one(Unit, unit_id)
    sender = f"dv-{unit.code.lower()}"
    enter_self_scores(session, unit, None, actor=sender, seed=seed, now=days.after(-3))
    submit_self_scores(session, sender, unit, days.after(-2))
    appraise_unit(session, _appraiser(session), unit, seed=seed, now=days.after(20))


def _appraiser(session: Session) -> User:
    return session.scalars(select(User).where(User.username == APPRAISER)).one()


def _publish(session: Session, campaign: Campaign, now: dt.datetime) -> IndexVersion:
    version = freeze_version(session, HEAD, campaign, now)
    return publish_version(session, HEAD, version, confirmation_words(campaign), now + dt.timedelta(days=4))


def _complain(session: Session, campaign: Campaign, days: Calendar) -> None:
    """Two complaints: one put right by a second version, one refused."""
    version = campaign_version(session, campaign)
    upheld, refused = (
        _complaint(session, campaign, line, days.after(40)) for line in _lowered(session, version)[:2]
    )
    _give_back(session, upheld, days.after(45))
    put_right = _publish(session, campaign, days.after(50))
    for complaint, number, (outcome, reason) in zip(
        (upheld, refused), (put_right.number, None), _ANSWERS, strict=True
    ):
        answer_complaint(
            session, HEAD, complaint, Answer(outcome, reason, number), seen=0, now=days.after(55)
        )


def campaign_version(session: Session, campaign: Campaign) -> IndexVersion:
    """The newest version of a campaign."""
    newest = select(IndexVersion).where(IndexVersion.campaign_id == campaign.id)
    return session.scalars(newest.order_by(IndexVersion.number.desc()).limit(1)).one()


def _lowered(session: Session, version: IndexVersion) -> list[tuple[IndexUnit, str]]:
    """Units of which the appraisal lowered a component, with the first of these; the last rank first."""
    found = []
    for line in reversed(units_of_version(session, version.id)):
        for part in unit_index_from_plain(line.detail).parts:
            if part.self_points is not None and part.points is not None and part.points < part.self_points:
                found.append((line, part.component))
                break
    return found


def _complaint(
    session: Session, campaign: Campaign, lowered: tuple[IndexUnit, str], now: dt.datetime
) -> Complaint:
    line, component = lowered
    unit = next(unit for unit in campaign.units if unit.code == line.code)
    words = (
        f"Đề nghị xem lại điểm thẩm định tiêu chí {component}: đơn vị đã gửi đủ hồ sơ trong hạn ({MADE_UP})."
    )
    return record_complaint(
        session, f"dv-{unit.code.lower()}", campaign, unit, Petition("", component, words), now=now
    )


def _give_back(session: Session, complaint: Complaint, now: dt.datetime) -> None:
    """The appraisers look again, and give the component what the unit gave itself."""
    unit, appraiser = complaint.unit, _appraiser(session)
    reopen_appraisal(session, HEAD, unit, f"Theo kiến nghị số {complaint.number}", now)
    scores = next(
        one
        for one in load_unit_scores(session, unit, now).own
        if one.component.code == complaint.component_code
    )
    own = scores.self_score
    decision = Decision(None if own is None else own.points, not_applicable=False, reason="", seen_version=1)
    appraise_component(session, appraiser, unit, scores.component.code, decision=decision, now=now)
    finish_appraisal(session, appraiser, unit, now)
