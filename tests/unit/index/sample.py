"""Schemes and snapshots for the tests of the index."""

import functools
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from webapp.par_index.scheme import (
    AnswerOption,
    Area,
    Classification,
    ComponentCriterion,
    Criterion,
    NotApplicable,
    RespondentPool,
    Scheme,
    SurveyQuestion,
)
from webapp.par_index.shapes import Choice, LevelsRule, PoolWeight, Rule, SurveyRule
from webapp.par_index.snapshot import AppraisedInput, Snapshot, UnitInputs
from webapp.par_index.survey import OptionCount, QuestionTally, UnitSurvey
from webapp.services.campaigns import SAMPLE_DIR
from webapp.services.scheme_files import read_scheme_file

BO_TRACH = SAMPLE_DIR / "bo_trach_2020"
GROUPS = {
    "CH1": ["LD"], "CH2": ["CC"], "CH3": ["CX"], "CH4": ["DN"],
    "CX1": ["DB", "LD"], "CX2": ["CC"], "CX3": ["CH"], "CX4": ["DN"],
}  # fmt: skip
GOOD_FAIR_MIDDLING_POOR = (
    AnswerOption("1", "Tốt", Fraction(1)),
    AnswerOption("2", "Khá", Fraction(3, 5)),
    AnswerOption("3", "Trung bình", Fraction(1, 5)),
    AnswerOption("4", "Yếu", Fraction(0)),
)


@functools.cache
def sample_scheme(level: str) -> Scheme:
    """The sample catalogue of a level."""
    return read_scheme_file(BO_TRACH / f"criteria_{level}.yaml", BO_TRACH / "questionnaires.yaml", GROUPS)


def rule_of(level: str, code: str) -> Rule:
    """The rule of a component of the sample catalogue."""
    component = sample_scheme(level).component(code)
    assert component is not None
    return component.rule


def component_of(level: str, code: str) -> ComponentCriterion:
    """A component of the sample catalogue."""
    component = sample_scheme(level).component(code)
    assert component is not None
    return component


def tally(form: str, group: str, question: str, counts: Mapping[str, int], blank: int = 0) -> QuestionTally:
    """Answers of a group to a question by option."""
    return QuestionTally(
        form, group, question, tuple(OptionCount(o, n) for o, n in sorted(counts.items())), blank, 0
    )


def hand_scored(code: str, maximum: str, policy: str = "not_allowed") -> ComponentCriterion:
    """A component scored by hand: everything or nothing."""
    rule = LevelsRule((Choice("Đạt", Decimal(maximum)), Choice("Không đạt", Decimal(0))))
    return ComponentCriterion(
        code, f"Tiêu chí {code}", Decimal(maximum), rule, not_applicable=NotApplicable(policy)
    )


def two_part_scheme(appraisal: str, survey: str, level: str = "district") -> Scheme:
    """One component scored by hand (depth 2) and one that the survey measures (depth 3)."""
    total = Decimal(appraisal) + Decimal(survey)
    surveyed = ComponentCriterion(
        "2.1.1", "Hài lòng", Decimal(survey), SurveyRule((PoolWeight("P", Fraction(1)),))
    )
    own = Criterion("1.1", "Thẩm định", Decimal(appraisal), own=hand_scored("1.1", appraisal))
    return Scheme(
        level=level,
        title="Thử",
        version="1",
        year=2017,
        status="",
        maximum=total,
        maximum_appraisal=Decimal(appraisal),
        maximum_survey=Decimal(survey),
        areas=(
            Area("1", "Thẩm định", Decimal(appraisal), (own,)),
            Area("2", "Điều tra", Decimal(survey), (Criterion("2.1", "T", Decimal(survey), (surveyed,)),)),
        ),
        classes=(Classification("Tốt", Decimal(80)), Classification("Yếu", Decimal(0))),
        pools=(RespondentPool("P", "P", ("A",)),),
        questions=(SurveyQuestion("P.1", "P", "?", GOOD_FAIR_MIDDLING_POOR, ("2.1.1",)),),
    )


def hand_scheme(parts: Sequence[ComponentCriterion], level: str = "district") -> Scheme:
    """One area whose components are all scored by hand; no survey."""
    total = sum((part.maximum for part in parts), Decimal(0))
    return Scheme(
        level=level,
        title="Thử",
        version="1",
        year=2020,
        status="",
        maximum=total,
        maximum_appraisal=total,
        maximum_survey=Decimal(0),
        areas=(Area("1", "Một", total, (Criterion("1.1", "Một", total, tuple(parts)),)),),
        classes=(Classification("Tốt", Decimal(80)), Classification("Yếu", Decimal(0))),
    )


def unit_with(code: str, points: Mapping[str, str], level: str = "district", position: int = 0) -> UnitInputs:
    """A unit with appraised points by component."""
    scores = tuple(AppraisedInput(component, Decimal(value)) for component, value in points.items())
    return UnitInputs(code, f"Đơn vị {code}", level, position, scores)


def snapshot_of(scheme: Scheme, units: Sequence[UnitInputs]) -> Snapshot:
    """A snapshot of one level."""
    return Snapshot(scheme.year, "UBND huyện Thử", (scheme,), tuple(units))


def no_survey() -> UnitSurvey:
    """A unit that nobody was asked about."""
    return UnitSurvey()
