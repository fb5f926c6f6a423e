"""Bands, their exact intervals, and rates: known cases and what holds for any answers."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.learning.answers import MachineAnswer, Said
from webapp.learning.calibration import audited, reviewed, share_of
from webapp.learning.rates import Counts, rate_lines


def settled(stated: float, *, agrees: bool = True) -> MachineAnswer:
    """An answer that was sent to people and keyed alone."""
    return MachineAnswer(stated, stated, accepted=False, is_plain=True, said=Said.ALONE, agrees=agrees)


def looked(stated: float, *, agrees: bool = True, said: Said = Said.AUDIT) -> MachineAnswer:
    """An accepted answer that people looked at."""
    return MachineAnswer(stated, 1.0, accepted=True, is_plain=True, said=said, agrees=agrees)


def test_the_interval_is_the_exact_one_of_both_sides() -> None:
    tenth = share_of(10, 100)
    assert (round(tenth.low, 4), round(tenth.high, 4)) == (0.0490, 0.1762)  # published tables
    assert share_of(0, 100).low == 0.0
    assert round(share_of(0, 100).high, 4) == 0.0362
    assert round(share_of(100, 100).low, 4) == 0.9638
    assert share_of(100, 100).high == 1.0
    assert (share_of(0, 0).share, share_of(0, 0).low, share_of(0, 0).high) == (None, 0.0, 1.0)


def test_a_reader_that_says_more_than_it_knows_is_found_out() -> None:
    answers = [settled(0.97, agrees=number >= 30) for number in range(100)]
    [band] = reviewed(answers)
    assert (band.low, band.high, band.right.count, band.right.total) == (0.9, 0.99, 70, 100)
    assert not band.is_true
    [honest] = reviewed([settled(0.7, agrees=number >= 30) for number in range(100)])
    assert honest.is_true


def test_only_the_audit_speaks_for_accepted_answers() -> None:
    answers = [
        looked(0.9995),
        looked(1.0),
        looked(0.9995, agrees=False, said=Said.ALONE),
        looked(0.9995, agrees=False, said=Said.GLANCE),
        settled(0.9995, agrees=False),
    ]
    [band] = audited(answers)
    assert (band.right.count, band.right.total, band.high) == (2, 2, 1.0)
    [other] = reviewed(answers)
    assert (other.right.count, other.right.total) == (0, 1)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60))
def test_every_settled_answer_is_in_one_band(told: list[tuple[float, bool]]) -> None:
    bands = reviewed([settled(stated, agrees=agrees) for stated, agrees in told])
    assert sum(band.right.total for band in bands) == len(told)
    assert sum(band.right.count for band in bands) == sum(agrees for _, agrees in told)
    for band in bands:
        assert band.low <= band.stated <= band.high + 1e-12
        assert band.right.low <= (band.right.share or 0) <= band.right.high


def test_rates_count_by_what_answers_have_in_common() -> None:
    counts = {"CX4": Counts(1000, 30), "CH1": Counts(60, 6)}
    told = [("CX4", settled(0.9, agrees=number > 1)) for number in range(20)]
    told += [("CX4", looked(0.999, agrees=number > 0)) for number in range(10)]
    told += [("CH1", MachineAnswer(0.9, 0.9, accepted=False, is_plain=True))]
    first, second = rate_lines(counts, told)
    assert (first.key, first.sent.count, first.sent.total) == ("CX4", 30, 1000)
    assert (first.otherwise.count, first.otherwise.total) == (2, 20)
    assert (first.audit_wrong.count, first.audit_wrong.total) == (1, 10)
    assert (second.key, second.otherwise.total, second.audit_wrong.total) == ("CH1", 0, 0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_interval_covers_the_truth_as_often_as_it_says(seed: int) -> None:
    import random

    rng = random.Random(seed)
    hits = Counter(
        found.low <= 0.9 <= found.high
        for found in (share_of(sum(rng.random() < 0.9 for _ in range(60)), 60) for _ in range(400))
    )
    assert hits[True] >= 0.95 * 400 - 10
