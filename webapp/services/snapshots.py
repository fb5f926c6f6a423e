"""Gather everything that an index is computed from, as it stands now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.par_index.rules import facts_asked
from webapp.par_index.scheme import ComponentCriterion, Scheme
from webapp.par_index.scores import has_room, settle
from webapp.par_index.snapshot import AppraisedInput, Declared, SheetsDue, Snapshot, UnitInputs
from webapp.par_index.survey import NO_SURVEY, UnitSurvey
from webapp.par_index.workflow import State
from webapp.persistence.appraisal import (
    AppraisedScoreEntry,
    SelfScoreEntry,
    Submission,
    latest_appraised_scores,
    latest_self_scores,
)
from webapp.persistence.campaign import Campaign, RespondentGroup, Unit
from webapp.persistence.responses import accepted_answers
from webapp.persistence.schemes import SchemeVersion
from webapp.services.declarations import declare_points, draft_of
from webapp.services.schemes import parse_version, schemes_of_campaign
from webapp.services.surveys import AnswerSource, survey_units


def build_snapshot(
    session: Session,
    campaign: Campaign,
    source: AnswerSource = accepted_answers,
    schemes: Mapping[str, Scheme] | None = None,
) -> Snapshot:
    """Everything that the index is computed from, as it stands now.

    Args:
        session: to read from.
        campaign: the year.
        source: where the answers come from.
        schemes: catalogues by level to try on; the newest of each level by default.
    """
    if schemes is None:
        schemes = schemes_of_campaign(session, campaign.id)
    units = [unit for unit in campaign.units if unit.level in schemes]
    surveys = survey_units(session, campaign, schemes, source)
    scores = _load_scores(session, units)
    levels = {unit.level for unit in units}
    due = {level: _sheets_due(session, campaign, level) for level in levels}
    return Snapshot(
        year=campaign.year,
        office=campaign.office_name,
        schemes=tuple(scheme for level, scheme in schemes.items() if level in levels),
        units=tuple(
            replace(
                _unit_inputs(unit, schemes[unit.level], scores, surveys.get(unit.id, NO_SURVEY)),
                sheets_due=due[unit.level],
            )
            for unit in units
        ),
    )


def _sheets_due(session: Session, campaign: Campaign, level: str) -> tuple[SheetsDue, ...]:
    groups = session.scalars(
        select(RespondentGroup)
        .where(RespondentGroup.campaign_id == campaign.id, RespondentGroup.level == level)
        .order_by(RespondentGroup.position)
    )
    return tuple(SheetsDue(g.form_code, g.code, g.name, g.sheets_per_unit) for g in groups)


@dataclass(frozen=True, slots=True)
class _Scores:
    """The newest appraised scores and self-scores, by (unit, component); what units sent under, by unit."""

    appraised: Mapping[tuple[int, str], AppraisedScoreEntry]
    declared: Mapping[tuple[int, str], SelfScoreEntry]
    sent_under: Mapping[int, Scheme]


def _load_scores(session: Session, units: Sequence[Unit]) -> _Scores:
    """What a unit says that has its self-score back is a draft again, and nobody's business but its own."""
    ids = [unit.id for unit in units]
    submissions = list(session.scalars(select(Submission).where(Submission.unit_id.in_(ids))))
    drafting = {row.unit_id for row in submissions if row.state == State.DRAFT}
    return _Scores(
        latest_appraised_scores(session, ids),
        latest_self_scores(session, [unit_id for unit_id in ids if unit_id not in drafting]),
        {
            row.unit_id: parse_version(session.get_one(SchemeVersion, row.scheme_version_id))
            for row in submissions
        },
    )


def _unit_inputs(unit: Unit, scheme: Scheme, scores: _Scores, survey: UnitSurvey) -> UnitInputs:
    """Appraised points that the catalogue has no room for any more are none: they have to be fixed again."""
    sent_under = scores.sent_under.get(unit.id, scheme)
    appraised = []
    for leaf in scheme.appraised:
        place = (unit.id, leaf.code)
        entry = scores.appraised.get(place)
        if entry is not None and has_room(leaf, entry.points, not_applicable=entry.not_applicable):
            as_sent = sent_under.appraised_component(leaf.code) or leaf
            appraised.append(_appraised_input(leaf, as_sent, entry, scores.declared.get(place)))
    return UnitInputs(unit.code, unit.name, unit.level, unit.position, tuple(appraised), survey)


def unfit_scores(
    session: Session, campaign: Campaign, schemes: Mapping[str, Scheme]
) -> list[tuple[Unit, ComponentCriterion]]:
    """Components of units whose appraised points have no room in the catalogue, which was revised since."""
    units = [unit for unit in campaign.units if unit.level in schemes]
    appraised = latest_appraised_scores(session, [unit.id for unit in units])
    return [
        (unit, leaf)
        for unit in units
        for leaf in schemes[unit.level].appraised
        if (entry := appraised.get((unit.id, leaf.code))) is not None
        and not has_room(leaf, entry.points, not_applicable=entry.not_applicable)
    ]


def _appraised_input(
    component: ComponentCriterion,
    as_sent: ComponentCriterion,
    entry: AppraisedScoreEntry,
    declared: SelfScoreEntry | None,
) -> AppraisedInput:
    """`as_sent`: the component as the unit had it before it, which says what its facts mean."""
    own = declare_points(as_sent, draft_of(declared)) if declared is not None else None
    points = entry.points
    if entry.not_applicable:
        points = settle(component, points, not_applicable=True).points
    return AppraisedInput(
        component=component.code,
        points=points,
        not_applicable=entry.not_applicable,
        reason=entry.reason,
        self_points=None if declared is None or declared.not_applicable else declared.points,
        self_words=None if own is None else own.words,
        declared=() if declared is None else _declared_facts(as_sent, declared),
    )


def _declared_facts(component: ComponentCriterion, entry: SelfScoreEntry) -> tuple[Declared, ...]:
    """The facts as the unit typed them, choices in their words."""
    if entry.not_applicable:
        return ()
    return tuple(
        Declared(asked.label, dict(asked.choices).get(typed, typed))
        for asked in facts_asked(component.rule)
        if (typed := str(entry.typed.get(asked.code, "")))
    )
