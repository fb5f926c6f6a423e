"""Schemes: the sample adds up, contradictions are named, and JSON keeps every digit."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from tests.unit.index.sample import (
    BO_TRACH,
    GROUPS,
    component_of,
    hand_scheme,
    hand_scored,
    sample_scheme,
    two_part_scheme,
)
from webapp.par_index.errors import SchemeInvalid
from webapp.par_index.scheme import (
    ComponentCriterion,
    Scheme,
    SurveyQuestion,
    scheme_as_plain,
    scheme_from_plain,
    scheme_problems,
)
from webapp.par_index.shapes import (
    Band,
    BandsRule,
    ChecklistRule,
    Choice,
    DeductRule,
    LevelsRule,
    PoolWeight,
    RatioRule,
    Rule,
    SurveyRule,
)
from webapp.services.scheme_files import read_scheme_file


@pytest.mark.parametrize(("level", "leaves", "surveyed"), [("division", 45, 17), ("commune", 58, 18)])
def test_the_sample_is_sound(level: str, leaves: int, surveyed: int) -> None:
    scheme = sample_scheme(level)
    assert scheme_problems(scheme) == ()
    assert (len(scheme.scored), len(scheme.surveyed)) == (leaves, surveyed)
    assert "KHÔNG phải phụ lục thật" in scheme.status
    assert scheme_from_plain(scheme_as_plain(scheme)) == scheme


def test_a_leaf_can_sit_at_depth_two() -> None:
    scheme = two_part_scheme("65", "35")
    assert scheme_problems(scheme) == ()
    assert [leaf.code for leaf in scheme.scored] == ["1.1", "2.1.1"]
    assert scheme_from_plain(scheme_as_plain(scheme)) == scheme


def test_a_float_is_refused_where_points_stand() -> None:
    plain = scheme_as_plain(two_part_scheme("65", "35"))
    plain["maximum"] = 100.0
    with pytest.raises(SchemeInvalid, match="not an exact number"):
        scheme_from_plain(plain)


def test_unknown_and_missing_keys_are_refused() -> None:
    plain = scheme_as_plain(two_part_scheme("65", "35"))
    with pytest.raises(SchemeInvalid, match="bonus"):
        scheme_from_plain(plain | {"bonus": 1})
    del plain["classes"]
    with pytest.raises(SchemeInvalid, match="classes"):
        scheme_from_plain(plain)


def test_missing_points_are_located() -> None:
    scheme = sample_scheme("division")
    areas = [replace(a, maximum=a.maximum - Decimal("0.5")) if a.code == "3" else a for a in scheme.areas]
    problems = scheme_problems(replace(scheme, areas=tuple(areas)))
    assert "Tổng điểm 99,5, phải là 100 – thiếu 0,5." in problems
    assert "Lĩnh vực 3 23, phải là 22,5 – thừa 0,5." in problems


def _changed(component: ComponentCriterion) -> Scheme:
    return hand_scheme([component])


def test_a_rule_gives_exactly_its_maximum() -> None:
    component = replace(hand_scored("1.1.1", "2"), maximum=Decimal("1.5"))
    assert any("cách chấm cho tối đa 2 điểm" in p for p in scheme_problems(_changed(component)))


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        (LevelsRule(()), "không có mức nào"),
        (BandsRule("a", "b", ()), "không có mức nào"),
        (SurveyRule(()), "không có mức nào"),
        (ChecklistRule((Choice("a", Decimal(3)), Choice("b", Decimal(-1)))), "phải từ 0"),
        (ChecklistRule((Choice("a", Decimal("1.995")), Choice("b", Decimal("0.005")))), "hai số lẻ"),
        (DeductRule(Decimal(2), Decimal(3), (), None), "điểm sàn"),
        (RatioRule("a", "b", Fraction(4, 5), Fraction(1), Decimal(2)), "ngưỡng 0 điểm"),
        (RatioRule("a", "b", Fraction(11, 10), Fraction(4, 5), Decimal(2)), "vượt điểm tối đa"),
        (RatioRule("a", "b", Fraction(11, 10), Fraction(21, 20), Decimal(2)), "vượt điểm tối đa"),
    ],
)
def test_rules_that_cannot_work_are_named(rule: Rule, complaint: str) -> None:
    component = replace(hand_scored("1.1.1", "2"), rule=rule)
    problems = scheme_problems(_changed(component))
    assert any(complaint in problem for problem in problems), problems


@pytest.mark.parametrize("full_at", [Fraction(1), Fraction(11, 10)])
def test_all_or_nothing_may_ask_for_more_than_all(full_at: Fraction) -> None:
    rule = RatioRule("a", "b", full_at, full_at, Decimal(2))
    assert scheme_problems(_changed(replace(hand_scored("1.1.1", "2"), rule=rule))) == ()


def _bands(*edges: tuple[str, bool, str | None, bool, str]) -> BandsRule:
    return BandsRule(
        "a", "b", tuple(
            Band(Fraction(low), low_in, None if high is None else Fraction(high), high_in, Decimal(points))
            for low, low_in, high, high_in, points in edges
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        (_bands(("0", True, "0.7", True, "0"), ("0.7", True, None, False, "1")), "70% thuộc 2 khoảng"),
        (_bands(("0", True, "0.7", False, "0"), ("0.7", False, None, False, "1")), "70% thuộc 0 khoảng"),
        (_bands(("0", True, "0.7", False, "0"), ("0.8", True, None, False, "1")), "75% thuộc 0 khoảng"),
        (_bands(("0.5", True, None, False, "1")), "tỷ lệ 0% không thuộc khoảng nào"),
    ],
)
def test_every_ratio_belongs_to_exactly_one_band(rule: BandsRule, complaint: str) -> None:
    component = replace(hand_scored("1.1.1", "1"), rule=rule)
    assert any(complaint in problem for problem in scheme_problems(_changed(component)))


def _weights(*weights: str) -> SurveyRule:
    return SurveyRule(tuple(PoolWeight(f"CH{n}", Fraction(w)) for n, w in enumerate(weights, 1)))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda s: _with_rule(s, "5.4.1", _weights("0.3", "0.3", "0.3")), "cộng lại là 0,9"),
        (lambda s: _with_rule(s, "1.6.1", SurveyRule((PoolWeight("CH9", Fraction(1)),))), "CH9"),
        (lambda s: _with_rule(s, "1.6.1", SurveyRule((PoolWeight("CH4", Fraction(1)),))), "phiếu CH4"),
        (lambda s: replace(s, questions=(*s.questions, _stray_question())), "1.1.1, không phải"),
        (lambda s: _with_feeds(s, "CH3.1", ("1.6.2", "1.6.1")), "CH3.1 của phiếu CH3 tính vào 1.6.1"),
        (lambda s: replace(s, least_answered=Fraction(50)), "là 50, phải từ 0 đến 1"),
        (lambda s: replace(s, least_answered=Fraction(-1, 2)), "là -0,5, phải từ 0 đến 1"),
        (lambda s: replace(s, classes=s.classes[:-1]), "0%"),
        (lambda s: replace(s, areas=(*s.areas, s.areas[0])), "hai lần"),
    ],
)
def test_contradictions_are_named(change: Callable[[Scheme], Scheme], complaint: str) -> None:
    problems = scheme_problems(change(sample_scheme("division")))
    assert any(complaint in problem for problem in problems), problems


def _stray_question() -> SurveyQuestion:
    return SurveyQuestion("X.1", "CH1", "?", (), ("1.1.1",))


def _with_feeds(scheme: Scheme, code: str, feeds: tuple[str, ...]) -> Scheme:
    questions = tuple(replace(q, feeds=feeds) if q.code == code else q for q in scheme.questions)
    return replace(scheme, questions=questions)


def _with_rule(scheme: Scheme, code: str, rule: SurveyRule) -> Scheme:
    def swapped(component: ComponentCriterion) -> ComponentCriterion:
        return replace(component, rule=rule) if component.code == code else component

    areas = tuple(
        replace(
            area,
            criteria=tuple(
                replace(c, components=tuple(swapped(leaf) for leaf in c.components)) for c in area.criteria
            ),
        )
        for area in scheme.areas
    )
    return replace(scheme, areas=areas)


def test_amounts_of_money_are_not_counts() -> None:
    assert getattr(component_of("division", "6.1.3").rule, "measure", None) == "amount"
    assert getattr(component_of("commune", "6.1.4").rule, "measure", None) == "amount"


@pytest.mark.parametrize("broken", ["- list", "schema: x", "sections: [", "level: division\ntitle: 3"])
def test_a_file_that_is_no_catalogue_is_refused(broken: str, tmp_path: Path) -> None:
    path = tmp_path / "criteria.yaml"
    path.write_text(broken)
    with pytest.raises(SchemeInvalid):
        read_scheme_file(path, BO_TRACH / "questionnaires.yaml", GROUPS)


def test_decimals_of_a_file_are_kept_digit_for_digit() -> None:
    weights = [q.options[1].weight for q in sample_scheme("division").questions if q.code == "CH1.1"]
    assert weights == [Fraction(3, 5)]
