"""Weights tried on, and points lost: what they say, and that the official figures stay as they are."""

from decimal import Decimal
from fractions import Fraction

import pytest

from tests.unit.index.sample import hand_scheme, hand_scored, snapshot_of, unit_with
from tests.worlds.random_years import random_year
from webapp.par_index.compute import compute_index
from webapp.par_index.losses import list_losses
from webapp.par_index.outcome import LevelResult, result_sha256
from webapp.par_index.what_if import Change, Trial, list_spans, try_each, try_out

CODES = ("1.1.1", "1.1.2", "1.1.3")


@pytest.fixture
def level() -> LevelResult:
    """Three units whose order hangs on 1.1.3: 83,33 · 80 · 50 percent."""
    scheme = hand_scheme([hand_scored("1.1.1", "10"), hand_scored("1.1.2", "10"), hand_scored("1.1.3", "10")])
    units = [
        unit_with("a", {"1.1.1": "10", "1.1.2": "5", "1.1.3": "10"}, position=0),
        unit_with("b", {"1.1.1": "10", "1.1.2": "10", "1.1.3": "4"}, position=1),
        unit_with("c", {"1.1.1": "5", "1.1.2": "5", "1.1.3": "5"}, position=2),
    ]
    return compute_index(snapshot_of(scheme, units)).levels[0]


def test_a_component_left_out_takes_points_and_maximum_away(level: LevelResult) -> None:
    tried = try_out(level, Trial(frozenset({"1.1.3"}), Change.OUT))
    assert [(unit.code, unit.rank, unit.tried_rank) for unit in tried] == [
        ("b", 2, 1),
        ("a", 1, 2),
        ("c", 3, 3),
    ]
    assert [unit.tried_percent for unit in tried] == [Decimal("100.00"), Decimal("75.00"), Decimal("50.00")]
    assert [unit.moved for unit in tried] == [1, -1, 0]


@pytest.mark.parametrize(("change", "factor"), [(Change.LESS, Fraction(3, 4)), (Change.MORE, Fraction(5, 4))])
def test_a_quarter_more_or_less_counts_in_points_and_maximum(
    level: LevelResult, change: Change, factor: Fraction
) -> None:
    tried = {unit.code: unit for unit in try_out(level, Trial(frozenset({"1.1.3"}), change))}
    exact = 100 * (15 + 10 * factor) / (20 + 10 * factor)
    assert abs(Fraction(tried["a"].tried_percent or 0) - exact) <= Fraction(1, 200)


def test_everything_left_out_gives_no_ranks(level: LevelResult) -> None:
    tried = try_out(level, Trial(frozenset(CODES), Change.OUT))
    assert [(unit.code, unit.tried_rank, unit.tried_percent, unit.moved) for unit in tried] == [
        ("a", None, None, 0), ("b", None, None, 0), ("c", None, None, 0),
    ]  # fmt: skip


def test_the_table_says_which_component_moves_whom(level: LevelResult) -> None:
    said = {(one.component, one.change): one for one in try_each(level, CODES)}
    assert len(said) == 9
    heaviest = said["1.1.3", Change.OUT]
    assert heaviest.moved_count == 2
    assert heaviest.farthest is not None
    assert (heaviest.farthest.code, heaviest.farthest.moved) == ("a", -1)
    assert said["1.1.1", Change.OUT].moved_count == 0
    assert said["1.1.1", Change.OUT].farthest is None
    assert [(span.code, span.best, span.worst) for span in list_spans(level, tuple(said.values()))] == [
        ("a", 1, 2), ("b", 1, 2), ("c", 3, 3),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_trying_leaves_the_result_as_it_is(seed: int) -> None:
    result = compute_index(random_year(seed))
    before = result_sha256(result)
    level = result.levels[0]
    codes = [part.component for part in level.units[0].parts]
    tried = try_out(level, Trial(frozenset(), Change.OUT))
    assert [(unit.rank, unit.index_percent) for unit in tried] == [
        (unit.tried_rank, unit.tried_percent) for unit in tried
    ], "nothing changed is the official table"
    try_each(level, codes)
    assert result_sha256(result) == before


@pytest.mark.parametrize("seed", range(8))
def test_losses_add_up_to_what_is_missing_and_the_largest_comes_first(seed: int) -> None:
    for unit in compute_index(random_year(seed)).levels[0].units:
        losses = list_losses(unit)
        lost = [loss.lost for loss in losses]
        assert lost == sorted(lost, reverse=True)
        assert all(loss.lost > 0 for loss in losses)
        known = sum((part.applicable for part in unit.parts if part.points is not None), Decimal(0))
        assert sum(lost, Decimal(0)) == known - unit.total
