"""Self-scores and appraisals of made-up units, entered through the same use cases as real ones."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from random import Random

from sqlalchemy.orm import Session

from webapp.par_index.rules import FactValue
from webapp.par_index.scheme import ComponentCriterion, Policy
from webapp.persistence.accounts import User
from webapp.persistence.appraisal import EvidenceFile, latest_self_scores
from webapp.persistence.campaign import Unit
from webapp.services.appraisal import Decision, appraise_component, finish_appraisal
from webapp.services.declarations import Draft, declare_points
from webapp.services.evidence import Upload, add_file, cite_file
from webapp.services.explanations import return_unit
from webapp.services.sample_documents import EVIDENCE_PAGES, evidence_pdf
from webapp.services.sample_facts import sample_facts
from webapp.services.schemes import scheme_of_level
from webapp.services.self_scores import declare_facts, save_draft
from webapp.services.unit_facts import FactForm, declared_facts
from webapp.services.unit_scores import load_unit_scores
from webapp.storage import ScanStore

_MAX_EVIDENCE_MB = 20
_STEP = Decimal("0.25")
_LOWERED_SHARE = 0.12
_UNDOCUMENTED_SHARE = 0.1
_UNSOURCED_EVERY = 6  # every sixth number still lacks its source


def typed_fact(value: FactValue) -> str:
    """A fact as a person would type it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def sample_draft(component: ComponentCriterion, seed: int, unit_code: str) -> Draft:
    """A form filled in: facts, or “not applicable” where nothing arose and the policy allows it."""
    facts = sample_facts(component, seed, unit_code)
    draft = Draft({code: typed_fact(value) for code, value in facts.items()})
    if (
        declare_points(component, draft).points is None
        and component.not_applicable.policy != Policy.NOT_ALLOWED
    ):
        return Draft(not_applicable=True, not_applicable_reason=component.not_applicable.condition)
    return draft


def explained_draft(draft: Draft) -> Draft:
    """The same with an explanation in place of evidence."""
    return replace(draft, explanation="Số liệu theo sổ theo dõi của đơn vị (dữ liệu mẫu).")


def sample_decision(dice: Random, declared: Decimal | None, *, is_set_aside: bool) -> Decision:
    """What the appraisal makes of declared points: mostly what they are, now and then a step less."""
    points = declared or Decimal(0)
    lowered = dice.random() < _LOWERED_SHARE and points >= _STEP
    return Decision(
        points=None if is_set_aside else points - _STEP if lowered else points,
        not_applicable=is_set_aside,
        reason="Minh chứng chưa đủ cho toàn bộ nội dung (dữ liệu mẫu)."
        if lowered and not is_set_aside
        else "",
        seen_version=0,
    )


def attach_sample_evidence(
    session: Session, store: ScanStore, unit: Unit, actor: str, now: dt.datetime
) -> EvidenceFile:
    """One document that many components cite, as in real life."""
    campaign = unit.campaign
    pdf = evidence_pdf(unit.name, campaign.office_name, campaign.year)
    upload = Upload(f"Báo cáo CCHC {campaign.year} - {unit.name}.pdf", BytesIO(pdf))
    return add_file(session, store, unit, upload, actor=actor, now=now, max_evidence_mb=_MAX_EVIDENCE_MB)


def enter_self_scores(
    session: Session,
    unit: Unit,
    evidence: EvidenceFile | None,
    *,
    actor: str,
    seed: int,
    now: dt.datetime,
    share: float = 1.0,
) -> None:
    """Fill in the first `share` (0–1) of the unit's components; most cite their pages, some are explained."""
    dice = Random(f"{seed}/{unit.code}/evidence")  # noqa: S311 - sample data, no secret
    _version, scheme = scheme_of_level(session, unit.campaign_id, unit.level)
    components = scheme.appraised
    for component in components[: round(len(components) * share)]:
        draft = _with_whole_declared(session, unit, component.code, sample_draft(component, seed, unit.code))
        explained = evidence is None or dice.random() < _UNDOCUMENTED_SHARE
        if explained:
            draft = explained_draft(draft)
        save_draft(session, unit, component, draft, actor=actor, now=now)
        if not explained and evidence is not None:
            first = dice.randint(0, EVIDENCE_PAGES - 1)
            for nth in range(max(1, len(component.evidence_asked))):
                page = 1 + (first + nth) % EVIDENCE_PAGES
                cite_file(session, unit, component.code, evidence, page_number=page, actor=actor, now=now)
    session.flush()


def _with_whole_declared(session: Session, unit: Unit, code: str, draft: Draft) -> Draft:
    """The same share of the whole that another component has declared before, where there is one."""
    entry = latest_self_scores(session, [unit.id]).get((unit.id, code))
    declared = "" if entry is None else str(entry.typed.get("denominator", ""))
    whole, part = draft.typed.get("denominator", ""), draft.typed.get("numerator", "")
    if declared == whole or not (declared.isdigit() and whole.isdigit() and part.isdigit() and int(whole)):
        return draft
    scaled = int(part) * int(declared) // int(whole)
    return replace(draft, typed={**draft.typed, "numerator": str(scaled), "denominator": declared})


def declare_sample_sources(session: Session, unit: Unit, actor: str, now: dt.datetime) -> None:
    """Most numbers say which report they are from."""
    _version, scheme = scheme_of_level(session, unit.campaign_id, unit.level)
    facts = declared_facts(session, unit, scheme, latest_self_scores(session, [unit.id]))
    year = unit.campaign.year
    forms = {
        fact.fact.code: FactForm(fact.typed, f"Báo cáo CCHC năm {year} (dữ liệu mẫu)", f"31/12/{year}")
        for nth, fact in enumerate(facts)
        if fact.typed and nth % _UNSOURCED_EVERY
    }
    declare_facts(session, unit, forms, actor=actor, now=now)


def appraise_unit(
    session: Session,
    appraiser: User,
    unit: Unit,
    *,
    seed: int,
    now: dt.datetime,
    share: float = 1.0,
    is_finished: bool = True,
) -> None:
    """Fix the points of the first `share` of the components; a few are lowered by a step, with a reason."""
    dice = Random(f"{seed}/{unit.code}/appraisal")  # noqa: S311 - sample data, no secret
    own = load_unit_scores(session, unit, now).own
    for scores in own[: round(len(own) * share)]:
        declared = None if scores.self_score is None else scores.self_score.points
        is_set_aside = scores.entry is not None and scores.entry.not_applicable
        decision = sample_decision(dice, declared, is_set_aside=is_set_aside)
        appraise_component(session, appraiser, unit, scores.component.code, decision=decision, now=now)
    if share == 1 and is_finished:
        finish_appraisal(session, appraiser, unit, now)


def ask_and_return(session: Session, appraiser: User, unit: Unit, now: dt.datetime) -> None:
    """Ask the unit about what was lowered, and give the appraisal back to it."""
    question = "Đề nghị gửi thêm văn bản chứng minh phần còn thiếu (dữ liệu mẫu)."
    _decide_again(session, appraiser, unit, now, question=question)
    return_unit(session, appraiser, unit, now)


def leave_to_meeting(session: Session, appraiser: User, unit: Unit, now: dt.datetime) -> None:
    """Leave what was lowered to the team."""
    _decide_again(session, appraiser, unit, now, awaits_meeting=True)


def _decide_again(
    session: Session,
    appraiser: User,
    unit: Unit,
    now: dt.datetime,
    *,
    question: str = "",
    awaits_meeting: bool = False,
) -> None:
    """The same points again for each lowered component (the first one where none is), with the question."""
    appraised = [here for here in load_unit_scores(session, unit, now).own if here.appraised is not None]
    lowered = [here for here in appraised if here.difference] or appraised[:1]
    for here in lowered:
        entry = here.appraised
        assert entry is not None  # noqa: S101 - filtered above
        decision = Decision(
            points=None if entry.not_applicable else entry.points,
            not_applicable=entry.not_applicable,
            reason=entry.reason,
            seen_version=entry.version,
            question=question,
            awaits_meeting=awaits_meeting,
        )
        appraise_component(session, appraiser, unit, here.component.code, decision=decision, now=now)
