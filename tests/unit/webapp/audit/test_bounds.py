"""The published figures of docs/audit.md, to the unit."""

from fractions import Fraction

import pytest

from webapp.audit.bounds import Looks, anytime_bound, exact_bound
from webapp.audit.effect import Standing, bias_bound, fewest_changes, list_gaps, score_error
from webapp.audit.escalation import Difference, Finding, Step, next_step
from webapp.audit.looks import settled_value
from webapp.audit.sensitivity import Planted, bound_with_misses, least_sensitivity

RUN = 480_000


def one_by_one(looked: int, wrong_at: set[int]) -> list[Looks]:
    return [Looks(1, int(place in wrong_at)) for place in range(looked)]


@pytest.mark.parametrize(
    ("wrong_at", "most"), [(set(), 636), ({1500}, 931), ({750, 1500, 2250}, 1521)], ids=str
)
def test_the_bound_that_may_be_looked_at_all_the_time(wrong_at: set[int], most: int) -> None:
    assert anytime_bound(one_by_one(3000, wrong_at), RUN) == most


def test_one_in_a_thousand_is_refuted_at_3976_answers_without_an_error() -> None:
    assert anytime_bound(one_by_one(3975, set()), RUN) == 480
    assert anytime_bound(one_by_one(3976, set()), RUN) == 479


def test_one_answer_a_form_without_an_error_proves_a_promille() -> None:
    assert round(exact_bound(Looks(3100, 0)) * 100, 3) == 0.097
    assert exact_bound(Looks(3108, 0)) <= 0.001
    assert round(exact_bound(Looks(1500, 0)) * 100, 1) == 0.2
    assert exact_bound(Looks(5, 5)) == 1.0


@pytest.mark.parametrize(("looked", "wrong"), [(2995, 0), (4742, 1), (6294, 2)])
def test_the_sizes_that_prove_a_promille(looked: int, wrong: int) -> None:
    assert exact_bound(Looks(looked, wrong)) <= 0.001 < exact_bound(Looks(looked - 1, wrong))


def test_a_run_that_was_looked_at_whole_has_what_was_found() -> None:
    assert anytime_bound([Looks(50, 2)], 50) == 2
    assert anytime_bound([], 50) == 50


def test_what_auditors_overlook_widens_the_bound() -> None:
    assert least_sensitivity(Planted(62, 62)) == pytest.approx(0.05 ** (1 / 62))
    whole = bound_with_misses(Looks(3108, 0), Planted(62, 62))
    assert whole == pytest.approx(exact_bound(Looks(3108, 0), 0.975) / 0.025 ** (1 / 62))
    assert bound_with_misses(Looks(3108, 0), Planted(62, 50)) > whole
    assert bound_with_misses(Looks(3108, 0), Planted(0, 0)) == 1.0


@pytest.mark.parametrize("errors", range(7))
def test_few_errors_move_the_index_by_a_fifth_of_a_point_at_most(errors: int) -> None:
    moved = [
        Fraction(1, 4) if place % 400 == 0 and place < 400 * errors else Fraction(0) for place in range(3000)
    ]
    assert 0.0018 <= bias_bound(moved, 62_160) <= 0.0025


def test_a_bias_is_seen_in_both_directions_and_never_without_looks() -> None:
    up = [Fraction(1, 2)] * 100
    assert bias_bound(up, 1000) == bias_bound([-error for error in up], 1000) > 0.5
    assert bias_bound([], 1000) == 1.0


@pytest.mark.parametrize(
    ("accepted", "found", "error"),
    [
        (Fraction(1), Fraction(1, 4), Fraction(3, 4)),
        (Fraction(1, 4), Fraction(1), Fraction(-3, 4)),
        (None, None, Fraction(0)),
        (Fraction(0), None, Fraction(1)),
        (Fraction(3, 4), None, Fraction(3, 4)),
        (None, Fraction(1, 4), Fraction(-3, 4)),
    ],
)
def test_the_error_of_an_answer_and_of_one_without_a_score(
    accepted: Fraction | None, found: Fraction | None, error: Fraction
) -> None:
    assert score_error(accepted, found) == error


def test_ranks_stand_where_more_answers_are_needed_than_may_be_wrong() -> None:
    near = [
        Standing("A", Fraction(81), ((Fraction(1, 2), 3), (Fraction(1, 10), 100))),
        Standing("B", Fraction(80), ()),
        Standing("C", Fraction(50), ()),
    ]
    first, second = list_gaps(reversed(near))
    assert (first.above, first.below, first.fewest) == ("A", "B", 2)
    assert not first.is_separable(2)
    assert first.is_separable(1)
    assert second.fewest is None
    assert second.is_separable(10**6)
    assert fewest_changes(Fraction(2), near[0].weights) == 3 + 5
    assert fewest_changes(Fraction(0), ()) == 0


def found(*fields: str, rounds: int = 1, waiting: int = 0, bound: float = 0.0009) -> Finding:
    return Finding(rounds, waiting, [Difference("CX4", field, field) for field in fields], bound)


@pytest.mark.parametrize(
    ("finding", "step"),
    [
        (found(), Step.PASS),
        (found(waiting=3), Step.LOOK),
        (found("CX4.1", bound=0.0015), Step.GO_ON),
        (found("CX4.1", "CX4.2", bound=0.002), Step.GO_ON),
        (found("CX4.1", rounds=2), Step.PASS),
        (found("CX4.1", "CX4.1", bound=0.002), Step.STOP),
        (found("CX4.1", "CX4.2", "CX4.3", bound=0.003), Step.STOP),
        (found("CX4.1", "CX4.2", "CX4.3", waiting=9), Step.STOP),
        (found("CX4.1", rounds=3, bound=0.002), Step.STOP),
        (found(rounds=3, bound=0.01), Step.TOO_SMALL),
    ],
)
def test_what_to_do_next(finding: Finding, step: Step) -> None:
    assert next_step(finding) is step


@pytest.mark.parametrize(
    ("looks", "is_double", "settled"),
    [
        ([], False, None),
        (["3"], False, "3"),
        (["3"], True, None),
        (["2"], False, None),
        (["2", "2"], False, "2"),
        (["2", "3"], False, None),
        (["3", "2"], True, None),
        (["2", "3", "3"], False, "3"),
        (["2", "3", "blank"], True, "blank"),
    ],
)
def test_a_difference_is_never_one_persons_word(
    looks: list[str], *, is_double: bool, settled: str | None
) -> None:
    assert settled_value(looks, "3", is_double=is_double) == settled
