"""The small world at the end of its year: sheets read, units scored and appraised, nothing left to do."""

import datetime as dt
import itertools
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.worlds.packs import pack_about
from tests.worlds.read_pages import add_page, add_reading, sure
from tests.worlds.self_scored import add_schemes
from tests.worlds.small import SmallWorld
from webapp.par_index.scheme import ComponentCriterion, Policy, Scheme
from webapp.par_index.workflow import State
from webapp.persistence.appraisal import AppraisedScoreEntry, SelfScoreEntry, Submission
from webapp.persistence.campaign import RespondentGroup, Sheet, Unit
from webapp.services.declarations import Draft, declare_points
from webapp.services.sample_facts import sample_facts
from webapp.services.schemes import scheme_of_level

SEED = 7
SHEETS_PER_GROUP = 2
SET_ASIDE = "3.1.1"  # Phòng Nội vụ has no administrative procedures in this world
LOWERED = "1.1.1"  # the appraisal gives every unit 0.5 less here, with a reason
REASON = "Kế hoạch ký ngày 05/02, chậm so với quy định"


def finish_year(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    """Everything that the index needs, for all three units (flushed, not committed)."""
    add_schemes(session, world, now)
    for place, unit in enumerate(world.units.values()):
        _, scheme = scheme_of_level(session, world.campaign.id, unit.level)
        _appraise(session, unit, scheme, now)
        _answer(session, world, unit, scheme, now, first_serial=1 + 100 * place)
    session.flush()


def _appraise(session: Session, unit: Unit, scheme: Scheme, now: dt.datetime) -> None:
    version, _ = scheme_of_level(session, unit.campaign_id, unit.level)
    session.add(
        Submission(
            unit_id=unit.id,
            campaign_id=unit.campaign_id,
            scheme_version_id=version.id,
            state=State.APPRAISED,
            submitted_at=now,
            submitted_by=f"unit-{unit.code.lower()}",
            appraised_at=now,
            appraised_by="appraiser",
        )
    )
    for component in scheme.appraised:
        _score(session, unit, component, now)


def _score(session: Session, unit: Unit, component: ComponentCriterion, now: dt.datetime) -> None:
    may_set_aside = component.not_applicable.policy != Policy.NOT_ALLOWED
    is_set_aside = component.code == SET_ASIDE and unit.code == "NV"
    typed = {code: _typed(value) for code, value in sample_facts(component, SEED, unit.code).items()}
    points = declare_points(component, Draft(typed=typed)).points
    is_set_aside = is_set_aside or (points is None and may_set_aside)
    own = points if points is not None else Decimal("0.00")
    fixed = max(own - Decimal("0.50"), Decimal("0.00")) if component.code == LOWERED else own
    session.add(
        SelfScoreEntry(
            unit_id=unit.id,
            component_code=component.code,
            revision=1,
            typed={} if is_set_aside else typed,
            points=None if is_set_aside else own,
            not_applicable=is_set_aside,
            not_applicable_reason="Không có TTHC" if is_set_aside else "",
            explanation="Theo báo cáo năm",
            entered_by=f"unit-{unit.code.lower()}",
            entered_at=now,
        )
    )
    session.add(
        AppraisedScoreEntry(
            unit_id=unit.id,
            component_code=component.code,
            version=1,
            seen_version=0,
            points=Decimal("0.00") if is_set_aside else fixed,
            not_applicable=is_set_aside,
            reason="Không có TTHC" if is_set_aside else REASON if fixed != own else "",
            appraised_by="appraiser",
            appraised_at=now,
        )
    )


def _typed(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value).replace(".", ",")


def _answer(
    session: Session, world: SmallWorld, unit: Unit, scheme: Scheme, now: dt.datetime, *, first_serial: int
) -> None:
    """Two sheets of each group: one all best, one all second best; a commune has one worst answer more."""
    serials = itertools.count(first_serial)
    groups = session.scalars(
        select(RespondentGroup).where(
            RespondentGroup.campaign_id == world.campaign.id, RespondentGroup.level == unit.level
        )
    )
    for group in list(groups):
        questions = [q for q in scheme.questions if q.form == group.form_code]
        for option in ("1", "2")[:SHEETS_PER_GROUP]:
            page = add_page(session, _sheet(session, unit, group, next(serials)), now)
            worst = {questions[0].code} if unit.code == "19111" else set()
            reads = [sure(q.code, q.options[-1].code if q.code in worst else option) for q in questions]
            add_reading(session, page, now, reads)


def _sheet(session: Session, unit: Unit, group: RespondentGroup, serial: int) -> Sheet:
    sheet = Sheet(
        campaign_id=unit.campaign_id,
        serial=serial,
        form_code=group.form_code,
        form_version=1,
        group=group,
        pack=pack_about(session, group, unit),
        unit=unit,
        printed_at=dt.datetime(2021, 3, 1, tzinfo=dt.UTC),
    )
    session.add(sheet)
    session.flush()
    return sheet
