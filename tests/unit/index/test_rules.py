"""Rules: what they ask for, what they refuse, and how typed numbers are understood."""

from decimal import Decimal
from fractions import Fraction

import pytest

from tests.unit.index.sample import rule_of, sample_scheme
from webapp.par_index.errors import FactsInvalid, SurveyNotSelfScored
from webapp.par_index.rules import (
    FactField,
    FactKind,
    FactValue,
    RuleWarning,
    facts_asked,
    points_for,
    read_fact,
)

COUNT = FactField("n", "Số hồ sơ", FactKind.COUNT)
AMOUNT = FactField("n", "Kinh phí", FactKind.AMOUNT)


@pytest.mark.parametrize("level", ["division", "commune"])
def test_every_rule_of_the_sample_asks_and_answers(level: str) -> None:
    for component in sample_scheme(level).appraised:
        fields = facts_asked(component.rule)
        assert fields, component.code
        assert len({field.code for field in fields}) == len(fields)
        worst = {field.code: _value(field) for field in fields}
        given = points_for(component.rule, worst)
        assert given.points is not None
        assert 0 <= given.points <= component.maximum
        assert str(given.words)


def _value(field: FactField) -> int | str | bool:
    values: dict[FactKind, int | str | bool] = {
        FactKind.COUNT: 1,
        FactKind.AMOUNT: 1,
        FactKind.CHOICE: "1",
        FactKind.YES_NO: False,
    }
    return values[field.kind]


def test_a_survey_component_is_not_scored_by_hand() -> None:
    assert facts_asked(rule_of("division", "1.6.1")) == ()
    with pytest.raises(SurveyNotSelfScored):
        points_for(rule_of("division", "1.6.1"), {})


def test_nothing_arising_has_no_points_until_the_policy_decides() -> None:
    given = points_for(rule_of("division", "1.4.1"), {"numerator": 0, "denominator": 0})
    assert given.points is None
    assert given.ratio is None


def test_something_of_nothing_is_refused() -> None:
    with pytest.raises(FactsInvalid) as refused:
        points_for(rule_of("division", "1.4.1"), {"numerator": 3, "denominator": 0})
    assert refused.value.field == "denominator"


IMPOSSIBLE: list[dict[str, FactValue]] = [
    {},
    {"numerator": 1},
    {"numerator": -1, "denominator": 4},
    {"numerator": True, "denominator": 4},
    {"numerator": Decimal("1.5"), "denominator": 4},
]


@pytest.mark.parametrize("facts", IMPOSSIBLE)
def test_missing_or_impossible_facts_are_refused(facts: dict[str, FactValue]) -> None:
    with pytest.raises(FactsInvalid):
        points_for(rule_of("division", "1.1.2"), facts)


def test_bands_cap_what_cannot_be_and_allow_what_can() -> None:
    over = points_for(rule_of("division", "3.3.1"), {"numerator": 21, "denominator": 20})
    assert (over.points, over.warning) == (Decimal(4), RuleWarning.OVER_FULL)
    revenue = points_for(rule_of("commune", "6.1.4"), {"numerator": Decimal("120.5"), "denominator": 100})
    assert (revenue.points, revenue.warning) == (Decimal("1.5"), None)
    assert revenue.ratio == Fraction(241, 200)


def test_levels_checklist_and_count() -> None:
    assert points_for(rule_of("commune", "1.1.1"), {"level": "2"}).points == Decimal("0.5")
    with pytest.raises(FactsInvalid):
        points_for(rule_of("commune", "1.1.1"), {"level": "4"})
    diverse = points_for(rule_of("commune", "1.3.2"), {"part_1": True, "part_2": False, "part_3": True})
    assert diverse.points == Decimal("0.75")
    capped = points_for(rule_of("commune", "1.5.1"), {"piece_1": 1, "piece_2": 3})
    assert capped.points == 1
    assert str(capped.words) == "1 × 1 + 3 × 0,5 = 2,5, nhiều nhất 1 điểm"


def test_nothing_to_add_or_deduct_is_said_in_words() -> None:
    clean = points_for(rule_of("division", "1.2.1"), {"event_1": 0, "event_2": 0, "event_3": 0})
    assert (clean.points, str(clean.words)) == (Decimal(2), "Không bị trừ: 2 điểm")
    nothing = points_for(rule_of("commune", "1.3.2"), {"part_1": False, "part_2": False, "part_3": False})
    assert (nothing.points, str(nothing.words)) == (Decimal(0), "Không có phần nào đạt: 0 điểm")
    none = points_for(rule_of("commune", "1.5.1"), {"piece_1": 0, "piece_2": 0})
    assert (none.points, str(none.words)) == (Decimal(0), "Không kê khai mục nào: 0 điểm")


def test_a_deduction_stops_at_the_floor_and_says_so() -> None:
    given = points_for(rule_of("division", "1.2.1"), {"event_1": 0, "event_2": 0, "event_3": 9})
    assert given.points == 0
    assert str(given.words) == "2 − 9 × 0,5 = -2,5, không dưới 0"


@pytest.mark.parametrize(
    ("typed", "value"), [("17", 17), (" 2.033 ", 2033), ("1.234.567", 1_234_567), ("0", 0), ("2 034", 2034)]
)
def test_counts_as_typed(typed: str, value: int) -> None:
    assert read_fact(COUNT, typed) == value


@pytest.mark.parametrize("typed", ["", "1,5", "1.5", "-3", "mười", "1.23", "0.500", "²", "9" * 40])
def test_counts_refused(typed: str) -> None:
    with pytest.raises(FactsInvalid):
        read_fact(COUNT, typed)


@pytest.mark.parametrize(
    ("typed", "value"),
    [("1,5", "1.5"), ("1.5", "1.5"), ("1.234,5", "1234.5"), ("12.345.678", "12345678"), ("950", "950"),
     ("0,125", "0.125"), ("1.2345", "1.2345"), ("0.500", "0.5"), ("0,500", "0.5"), ("0.950", "0.95")],
)  # fmt: skip
def test_amounts_as_typed(typed: str, value: str) -> None:
    assert read_fact(AMOUNT, typed) == Decimal(value)


def test_an_ambiguous_amount_offers_both_readings() -> None:
    with pytest.raises(FactsInvalid, match="1234 hoặc 1,234"):
        read_fact(AMOUNT, "1.234")
    assert read_fact(AMOUNT, "1234") == 1234
    assert read_fact(AMOUNT, "1,2340") == Decimal("1.234")


@pytest.mark.parametrize("typed", ["1.23,4,5", "1,234.5", "abc", "-1", "1e3", "NaN"])
def test_amounts_refused(typed: str) -> None:
    with pytest.raises(FactsInvalid):
        read_fact(AMOUNT, typed)


def test_yes_no_and_choice_are_never_guessed() -> None:
    yes_no = FactField("z", "Có kỷ luật", FactKind.YES_NO)
    assert read_fact(yes_no, "yes") is True
    assert read_fact(yes_no, "no") is False
    for field in (yes_no, FactField("l", "Mức", FactKind.CHOICE, (("1", "Tốt"),))):
        for typed in ("", "2", "maybe"):
            with pytest.raises(FactsInvalid):
                read_fact(field, typed)
