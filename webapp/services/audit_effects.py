"""What an audit proves about the index: how far wrong answers may move it, and which ranks they could swap.

Counted from the committed manifest: it speaks of the answers that were committed to, whatever was read or
settled since, and of the units that are evaluated now: one that has ended is in no ranking.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy.orm import Session

from webapp.audit.draw import DRAWN
from webapp.audit.effect import Gap, Standing, bias_bound, list_gaps, score_error
from webapp.audit.manifest import BLANK, INVALID, SAMPLED, ManifestLine
from webapp.par_index.compute import compute_index
from webapp.par_index.influence import answer_weights
from webapp.par_index.outcome import UnitIndex
from webapp.par_index.scheme import Scheme, SurveyQuestion
from webapp.par_index.snapshot import Snapshot, UnitInputs
from webapp.persistence.answer_audit import list_tickets
from webapp.persistence.campaign import Campaign
from webapp.services.answer_audits import load_manifest
from webapp.services.audit_reports import AuditReport
from webapp.services.snapshots import build_snapshot
from webapp.storage import ScanStore

_HUNDRED = 100


@dataclass(frozen=True, slots=True)
class LevelEffect:
    """Neighbours in rank of one level, by published percent; units without an index are not among them."""

    title: str
    gaps: Sequence[Gap]
    inseparable: Sequence[Gap]


@dataclass(frozen=True, slots=True)
class AuditEffect:
    """What may be wrong in `scored` answers that were drawn from, and that feed the index.

    `bias`: their mean score is wrong by at most this share of the scale, in [0, 1]; `bias_points`: what that
    is in points of 100, of the level in which the survey weighs most. `wrong_at_most`: answers that may be
    wrong among all that were drawn from.
    """

    scored: int
    bias: float
    bias_points: float
    wrong_at_most: int
    levels: Sequence[LevelEffect]


@dataclass(frozen=True, slots=True)
class _CommittedAnswer:
    """A line of the manifest as the survey's arithmetic takes it."""

    sheet_id: int
    unit_id: int
    form_code: str
    group_code: str
    field_code: str
    value: str | None
    validity: str


def measure_effect(
    session: Session, store: ScanStore, campaign: Campaign, report: AuditReport
) -> AuditEffect | None:
    """The effect of an audit of the whole campaign whose looks are done; None of any other one."""
    wrong = report.wrong_at_most
    if wrong is None or report.audit.batch_id is not None:
        return None
    lines = load_manifest(store, report.audit)
    snapshot = build_snapshot(session, campaign, source=lambda _session, _id: _answers(campaign, lines))
    questions = _questions(snapshot)
    scored = {
        line.answer_id: questions[line.unit, line.field]
        for line in lines
        if (line.unit, line.field) in questions
    }
    drawn_from = sum(line.stratum == SAMPLED and line.answer_id in scored for line in lines)
    bias = bias_bound(_errors(session, report, scored), drawn_from) if drawn_from else 0.0
    weight = max(map(_survey_share, snapshot.schemes), default=Fraction(0))
    return AuditEffect(
        scored=drawn_from,
        bias=bias,
        bias_points=bias * float(weight) * _HUNDRED,
        wrong_at_most=wrong,
        levels=list(_levels(snapshot, lines, wrong)),
    )


def _answers(campaign: Campaign, lines: Sequence[ManifestLine]) -> Iterator[_CommittedAnswer]:
    units = {unit.code: unit.id for unit in campaign.all_units}
    for line in lines:
        validity = line.value if line.value in (BLANK, INVALID) else "valid"
        yield _CommittedAnswer(
            sheet_id=int(line.sheet.replace("-", "")),
            unit_id=units[line.unit],
            form_code=line.form,
            group_code=line.group,
            field_code=line.field,
            value=line.value if validity == "valid" else None,
            validity=validity,
        )


def _questions(snapshot: Snapshot) -> dict[tuple[str, str], SurveyQuestion]:
    """The scored questions, by unit and code."""
    return {
        (unit.code, question.code): question
        for unit in snapshot.units
        if (scheme := snapshot.scheme_of(unit.level)) is not None
        for question in scheme.questions
    }


def _errors(session: Session, report: AuditReport, scored: Mapping[str, SurveyQuestion]) -> list[Fraction]:
    """Of each drawn answer that is scored, in the order of the draw: how far it is from what people saw."""
    found = {wrong.ticket.id: wrong.found for wrong in report.differences}
    return [
        score_error(question.weight_of(ticket.accepted), question.weight_of(found[ticket.id]))
        if ticket.id in found
        else Fraction(0)
        for ticket in list_tickets(session, report.audit.id)
        if ticket.kind == DRAWN and (question := scored.get(ticket.answer_id)) is not None
    ]


def _survey_share(scheme: Scheme) -> Fraction:
    return Fraction(scheme.maximum_survey) / Fraction(scheme.maximum)


# -- ranks -------------------------------------------------------------------------------------------


def _levels(snapshot: Snapshot, lines: Sequence[ManifestLine], wrong: int) -> Iterator[LevelEffect]:
    """Each level with its neighbours in rank."""
    unseen = Counter(
        (line.unit, line.form, line.group, line.field) for line in lines if line.stratum == SAMPLED
    )
    inputs = {(unit.level, unit.code): unit for unit in snapshot.units}
    for level in compute_index(snapshot).levels:
        scheme = snapshot.scheme_of(level.level)
        ranked = [unit for unit in level.units if unit.index_percent is not None]
        if scheme is None or not ranked:
            continue
        gaps = list_gaps(_standing(scheme, unit, inputs[unit.level, unit.code], unseen) for unit in ranked)
        swapped = [gap for gap in gaps if not gap.is_separable(wrong)]
        yield LevelEffect(level.title, gaps, swapped)


def _standing(
    scheme: Scheme, unit: UnitIndex, inputs: UnitInputs, unseen: Mapping[tuple[str, str, str, str], int]
) -> Standing:
    """The unit's points of 100, and what each answer that was not looked at can do to them."""
    scale = _HUNDRED / Fraction(unit.applicable)
    weights = tuple(
        (points * scale, unseen.get((unit.code, *place), 0))
        for place, points in answer_weights(scheme, inputs.survey).items()
    )
    return Standing(unit.name, Fraction(unit.total) * scale, weights)
