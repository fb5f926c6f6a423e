"""Gather everything that an index is computed from, as it stands now."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.par_index.rules import facts_asked
from webapp.par_index.scheme import ComponentCriterion, Scheme
from webapp.par_index.snapshot import AppraisedInput, Declared, SheetsDue, Snapshot, UnitInputs
from webapp.par_index.survey import NO_SURVEY, UnitSurvey
from webapp.persistence.appraisal import (
    AppraisedScoreEntry,
    SelfScoreEntry,
    latest_appraised_scores,
    latest_self_scores,
)
from webapp.persistence.campaign import Campaign, RespondentGroup, Unit
from webapp.persistence.responses import accepted_answers
from webapp.services.schemes import schemes_of_campaign
from webapp.services.self_scores import declare_points, draft_of
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
    scores = _Scores(
        latest_appraised_scores(session, [unit.id for unit in units]),
        latest_self_scores(session, [unit.id for unit in units]),
    )
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
    """The newest appraised scores and self-scores, by (unit, component)."""

    appraised: Mapping[tuple[int, str], AppraisedScoreEntry]
    declared: Mapping[tuple[int, str], SelfScoreEntry]


def _unit_inputs(unit: Unit, scheme: Scheme, scores: _Scores, survey: UnitSurvey) -> UnitInputs:
    appraised = tuple(
        _appraised_input(leaf, entry, scores.declared.get((unit.id, leaf.code)))
        for leaf in scheme.appraised
        if (entry := scores.appraised.get((unit.id, leaf.code))) is not None
    )
    return UnitInputs(unit.code, unit.name, unit.level, unit.position, appraised, survey)


def _appraised_input(
    component: ComponentCriterion, entry: AppraisedScoreEntry, declared: SelfScoreEntry | None
) -> AppraisedInput:
    own = declare_points(component, draft_of(declared)) if declared is not None else None
    return AppraisedInput(
        component=component.code,
        points=entry.points,
        not_applicable=entry.not_applicable,
        reason=entry.reason,
        self_points=None if declared is None or declared.not_applicable else declared.points,
        self_words=None if own is None else own.words,
        declared=() if declared is None else _declared_facts(component, declared),
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
