"""Survey points: denominators, groups without answers, sheets that are too empty."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

import pytest

from tests.unit.index.sample import component_of, sample_scheme, tally
from webapp.par_index.errors import AnswerUnknown
from webapp.par_index.survey import Answer, UnitSurvey, survey_score, tally_answers

CH1_QUESTIONS = [f"CH1.{n}" for n in range(1, 10)]


def sheet(number: int, options: Mapping[str, str | None]) -> list[Answer]:
    """A CH1 sheet: None is blank, "?" is a double mark."""
    return [
        Answer(number, "CH1", "LD", question, None if option in (None, "?") else option, option is None)
        for question, option in options.items()
    ]


def test_answers_are_counted_by_question_and_blanks_stay_outside() -> None:
    scheme = sample_scheme("division")
    answers = sheet(1, dict.fromkeys(CH1_QUESTIONS, "1"))
    answers += sheet(2, {**dict.fromkeys(CH1_QUESTIONS, "2"), "CH1.8": None, "CH1.9": "?"})
    survey = tally_answers(scheme, answers)
    eight = next(t for t in survey.tallies if t.question == "CH1.8")
    nine = next(t for t in survey.tallies if t.question == "CH1.9")
    assert (eight.valid, eight.blank, eight.invalid) == (1, 1, 0)
    assert (nine.valid, nine.blank, nine.invalid) == (1, 0, 1)
    overall = survey_score(scheme, component_of("division", "8.1.1"), survey)
    assert overall.points == Decimal("1.50")


def test_the_order_of_answers_does_not_matter() -> None:
    scheme = sample_scheme("division")
    answers = sheet(1, dict.fromkeys(CH1_QUESTIONS, "1")) + sheet(2, dict.fromkeys(CH1_QUESTIONS, "3"))
    assert tally_answers(scheme, answers) == tally_answers(scheme, answers[::-1])


def test_a_sheet_less_than_half_answered_is_set_aside_and_shown() -> None:
    scheme = sample_scheme("division")
    four_of_nine = {**dict.fromkeys(CH1_QUESTIONS[:4], "1"), **dict.fromkeys(CH1_QUESTIONS[4:])}
    five_of_nine = {**dict.fromkeys(CH1_QUESTIONS[:5], "1"), **dict.fromkeys(CH1_QUESTIONS[5:])}
    survey = tally_answers(scheme, sheet(1, four_of_nine) + sheet(2, five_of_nine))
    (count,) = survey.sheets
    assert (count.counted, count.set_aside) == (1, 1)
    assert all(t.valid <= 1 for t in survey.tallies)


def test_head_fields_are_passed_over_and_unknown_options_are_not() -> None:
    scheme = sample_scheme("division")
    assert tally_answers(scheme, [Answer(1, "CH2", "CC", "gioi_tinh", "2")]) == UnitSurvey()
    with pytest.raises(AnswerUnknown, match=r"CH1\.1.*5"):
        tally_answers(scheme, [Answer(1, "CH1", "LD", "CH1.1", "5")])


def test_a_silent_group_gives_its_weight_in_proportion() -> None:
    """5.4.1 weighs CH1 0,3, CH2 0,3, CH3 0,4; without CH1 it is 3/7 and 4/7."""
    scheme, component = sample_scheme("division"), component_of("division", "5.4.1")
    survey = UnitSurvey((tally("CH2", "CC", "CH2.6", {"1": 1}), tally("CH3", "CX", "CH3.7", {"4": 1})))
    score = survey_score(scheme, component, survey)
    assert [pool.weight_used for pool in score.pools] == [0, Fraction(3, 7), Fraction(4, 7)]
    assert score.exact == 2 * Fraction(3, 7)
    assert score.points == Decimal("0.86")
    assert "CH1" in str(score.warnings[0])


def test_nobody_answered_is_no_data_and_not_zero() -> None:
    score = survey_score(sample_scheme("division"), component_of("division", "5.4.1"), UnitSurvey())
    assert score.points is None
    assert score.exact is None


def test_a_question_without_answers_leaves_the_mean_of_the_others_and_warns() -> None:
    survey = UnitSurvey((tally("CH1", "LD", "CH1.1", {"1": 3}), tally("CH1", "LD", "CH1.2", {}, blank=3)))
    score = survey_score(sample_scheme("division"), component_of("division", "1.6.1"), survey)
    assert score.points == Decimal("1.50")
    assert "CH1.2" in str(score.warnings[0])


def test_an_option_without_weight_in_a_tally_is_refused() -> None:
    survey = UnitSurvey((tally("CH1", "LD", "CH1.1", {"9": 1}),))
    with pytest.raises(AnswerUnknown):
        survey_score(sample_scheme("division"), component_of("division", "1.6.1"), survey)
