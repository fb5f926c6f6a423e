"""Bounds move the right way, and are too small at most as often as they say."""

import random

from hypothesis import given
from hypothesis import strategies as st

from webapp.audit.bounds import Looks, anytime_bound, exact_bound
from webapp.audit.draw import draw_round
from webapp.audit.manifest import ManifestLine, read_manifest, write_manifest

TRIALS = 600
SEED = "27182818284590452353"


@given(st.integers(1, 400), st.data())
def test_more_errors_never_prove_more_and_more_looks_without_one_never_less(
    looked: int, data: st.DataObject
) -> None:
    wrong = data.draw(st.integers(0, looked - 1))
    answers = data.draw(st.integers(looked + 1, 5000))
    assert exact_bound(Looks(looked, wrong)) < exact_bound(Looks(looked, wrong + 1))
    assert exact_bound(Looks(looked + 1, wrong)) < exact_bound(Looks(looked, wrong))
    assert anytime_bound([Looks(looked, wrong)], answers) <= anytime_bound(
        [Looks(looked, wrong + 1)], answers
    )
    assert anytime_bound([Looks(looked + 1, wrong)], answers) <= anytime_bound(
        [Looks(looked, wrong)], answers
    )


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 2)), max_size=4))
def test_going_on_never_takes_a_proof_back(counts: list[tuple[int, int]]) -> None:
    rounds = [Looks(looked, min(looked, wrong)) for looked, wrong in counts]
    for done in range(len(rounds)):
        found = sum(looks.wrong for looks in rounds[: done + 1])
        assert anytime_bound(rounds[: done + 1], 500) <= max(anytime_bound(rounds[:done], 500), found)


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1, unique=True), st.integers(0))
def test_every_manifest_reads_back_and_the_draw_knows_no_order(
    places: list[tuple[int, int]], salt: int
) -> None:
    known = [ManifestLine(f"{s}.{f}", str(s), "CX4", "CD", "U", str(f), "1", "") for s, f in places]
    text = write_manifest(known)
    assert sorted(read_manifest(text), key=lambda line: line.answer_id) == sorted(
        known, key=lambda line: line.answer_id
    )
    random.Random(salt).shuffle(known)
    assert draw_round(known, SEED, 1) == draw_round(read_manifest(text), SEED, 1)


def test_the_exact_bound_covers_clumped_errors_drawn_one_a_form() -> None:
    """Two hundred forms of twenty answers, four of them ruined: the true rate is 2 %."""
    chance = random.Random(5)
    missed = 0
    for _ in range(TRIALS):
        wrong = sum(chance.random() < (1.0 if form < 2 else 0.5 if form < 6 else 0.0) for form in range(200))
        missed += exact_bound(Looks(200, wrong)) < 4 / 200
    assert missed / TRIALS <= 0.05


def test_looking_all_the_time_covers_too() -> None:
    chance = random.Random(7)
    answers, wrong, missed = 1000, 30, 0
    for _ in range(TRIALS // 4):
        run = [1] * wrong + [0] * (answers - wrong)
        chance.shuffle(run)
        rounds = [Looks(1, is_wrong) for is_wrong in run[:400]]
        missed += min(anytime_bound(rounds[:stop], answers) for stop in range(40, 401, 40)) < wrong
    assert missed / (TRIALS // 4) <= 0.05
