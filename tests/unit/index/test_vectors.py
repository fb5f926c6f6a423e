"""The ten test vectors of the domain notes (§1.6), to the last digit."""

from decimal import Decimal
from fractions import Fraction

import pytest

from tests.unit.index.sample import (
    component_of,
    hand_scheme,
    hand_scored,
    rule_of,
    sample_scheme,
    snapshot_of,
    tally,
    two_part_scheme,
    unit_with,
)
from webapp.par_index.compute import compute_index, percent_of
from webapp.par_index.rules import RuleWarning, points_for
from webapp.par_index.shapes import PoolWeight, SurveyRule
from webapp.par_index.snapshot import AppraisedInput, UnitInputs
from webapp.par_index.survey import UnitSurvey, survey_score

BINH_DUONG = [
    ("51.75", "32.83", "84.58"), ("48.75", "33.25", "82.00"), ("47.45", "32.82", "80.27"),
    ("46.8", "32.24", "79.04"), ("46.5", "31.56", "78.06"), ("45.75", "32.08", "77.83"),
    ("44", "32.22", "76.22"), ("46", "30.03", "76.03"), ("40.45", "31.01", "71.46"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("done", "points", "warning"),
    [
        (17, "2.13", None), (16, "2.00", None), (15, "0", None), (20, "2.5", None),
        (21, "2.5", RuleWarning.OVER_FULL),
    ],
)  # fmt: skip
def test_vectors_1_and_2_proportional_with_floor(done: int, points: str, warning: str | None) -> None:
    given = points_for(rule_of("division", "1.1.2"), {"numerator": done, "denominator": 20})
    assert given.points == Decimal(points)
    assert given.warning == warning
    assert given.ratio == Fraction(done, 20)


@pytest.mark.parametrize(("done", "planned", "points"), [(9, 10, "0.90"), (4, 5, "0")])
def test_vector_3_the_floor_beats_the_source_s_own_example(done: int, planned: int, points: str) -> None:
    given = points_for(rule_of("commune", "1.3.1"), {"numerator": done, "denominator": planned})
    assert given.points == Decimal(points)


@pytest.mark.parametrize("level", ["division", "commune"])
@pytest.mark.parametrize(
    ("on_time", "all_files", "points"), [(2033, 2034, 3), (9800, 10000, 3), (9799, 10000, 2), (7, 7, 4)]
)
def test_vector_4_nearly_all_is_not_all(level: str, on_time: int, all_files: int, points: int) -> None:
    given = points_for(rule_of(level, "3.3.1"), {"numerator": on_time, "denominator": all_files})
    assert given.points == points


def test_vector_4_says_99_95_percent_and_never_100() -> None:
    given = points_for(rule_of("division", "3.3.1"), {"numerator": 2033, "denominator": 2034})
    assert str(given.words) == "2.033/2.034 = 99,95%, thuộc mức 98%–<100%: 3 điểm"
    near = points_for(rule_of("division", "3.3.1"), {"numerator": 99_999, "denominator": 100_000})
    assert "99,99%" in str(near.words)


def test_vector_5_one_late_one_missing() -> None:
    given = points_for(rule_of("division", "1.2.1"), {"event_1": 1, "event_2": 0, "event_3": 1})
    assert given.points == Decimal("1.25")
    assert str(given.words) == "2 − 1 × 0,25 − 1 × 0,5 = 1,25 điểm"


def test_vector_6_zero_if() -> None:
    facts = {"event_1": 1, "event_2": 0, "zero_if": True}
    assert points_for(rule_of("division", "5.3.1"), facts).points == 0
    assert points_for(rule_of("division", "5.3.1"), facts | {"zero_if": False}).points == Decimal("2.5")


def capability_answers() -> UnitSurvey:
    """Domain notes §1.3: three leaders, 15 officials, 56 people of communes on capability (5.4.1)."""
    return UnitSurvey(
        (
            tally("CH1", "LD", "CH1.7", {"1": 2, "2": 1}),
            tally("CH1", "LD", "CH1.8", {"1": 1, "2": 1}, blank=1),
            tally("CH2", "CC", "CH2.6", {"1": 9, "2": 4, "3": 1}),
            tally("CH3", "CX", "CH3.7", {"1": 30, "2": 20, "3": 4, "4": 1}, blank=1),
        )
    )


def test_vector_7_groups_are_weighted_not_pooled() -> None:
    scheme, component = sample_scheme("division"), component_of("division", "5.4.1")
    score = survey_score(scheme, component, capability_answers())
    means = {pool.pool: pool.mean for pool in score.pools}
    assert means == {"CH1": Fraction(5, 6), "CH2": Fraction(58, 70), "CH3": Fraction(428, 550)}
    assert score.points == Decimal("1.62")
    assert score.warnings == ()


def test_vector_8_exclude_and_full() -> None:
    assert percent_of(Decimal("70.98"), Decimal("84.5")) == Decimal("84.00")
    assert percent_of(Decimal("70.98") + Decimal("15.5"), Decimal(100)) == Decimal("86.48")
    for policy, expected, applicable in (("exclude", "84.00", "84.5"), ("full", "86.48", "100")):
        parts = [hand_scored("1.1.1", "84.5"), hand_scored("1.1.2", "15.5", policy)]
        scores = (
            AppraisedInput("1.1.1", Decimal("70.98")),
            AppraisedInput("1.1.2", Decimal(0), not_applicable=True, reason="Không có TTHC"),
        )
        unit = UnitInputs("DT", "Phòng Dân tộc", "district", 0, scores)
        (level,) = compute_index(snapshot_of(hand_scheme(parts), [unit])).levels
        assert level.units[0].index_percent == Decimal(expected)
        assert level.units[0].applicable == Decimal(applicable)


def test_vector_9_joint_ranks() -> None:
    scheme = hand_scheme([hand_scored("1.1.1", "100")])
    points = ["84.58", "82.00", "82.00", "80.27"]
    units = [unit_with(str(n), {"1.1.1": value}, position=n) for n, value in enumerate(points)]
    (level,) = compute_index(snapshot_of(scheme, units)).levels
    assert [unit.rank for unit in level.units] == [1, 2, 2, 4]


def test_vector_10_binh_duong_2017() -> None:
    """Survey points are fed as the share of the best answers that gives them exactly."""
    scheme = two_part_scheme("65", "35")
    units = [_binh_duong_unit(n, appraised, survey) for n, (appraised, survey, _) in enumerate(BINH_DUONG)]
    (level,) = compute_index(snapshot_of(scheme, units)).levels
    printed = sorted((Decimal(total) for *_, total in BINH_DUONG), reverse=True)
    assert [unit.total for unit in level.units] == printed
    assert [unit.index_percent for unit in level.units] == printed
    assert level.mean_percent == Decimal("78.39")
    assert [unit.rank for unit in level.units] == list(range(1, 10))


def _binh_duong_unit(position: int, appraised: str, survey: str) -> UnitInputs:
    hundredths = int(Decimal(survey) * 100)
    answers = UnitSurvey((tally("P", "A", "P.1", {"1": hundredths, "4": 3500 - hundredths}),))
    scores = (AppraisedInput("1.1", Decimal(appraised)),)
    return UnitInputs(f"BD{position}", f"Đơn vị {position}", "district", position, scores, answers)


def test_pooled_groups_of_one_form_are_explicit() -> None:
    """CX1: 15 deputies and 2 leaders count as one pool of 17; a scheme may weigh them apart instead."""
    scheme = sample_scheme("commune")
    assert next(pool.groups for pool in scheme.pools if pool.code == "CX1") == ("DB", "LD")
    component = component_of("commune", "1.7.1")
    assert component.rule == SurveyRule((PoolWeight("CX1", Fraction(1)),))
    answers = UnitSurvey(
        (tally("CX1", "DB", "CX1.1", {"1": 10, "2": 5}), tally("CX1", "LD", "CX1.1", {"4": 2}))
    )
    score = survey_score(scheme, component, answers)
    assert score.pools[0].questions[0].mean == Fraction(13, 17)
