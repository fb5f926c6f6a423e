"""No answers of fewer than five people are shown, and none that would let others work them out."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.index.sample import sample_scheme, snapshot_of, tally
from webapp.par_index.compute import compute_index
from webapp.par_index.disclosure import hidden_questions, is_hidden
from webapp.par_index.exact import words
from webapp.par_index.outcome import Origin, Part
from webapp.par_index.snapshot import UnitInputs
from webapp.par_index.survey import PoolMean, QuestionMean, UnitSurvey

SMALLEST = 5


def part_of(code: str, *questions: tuple[str, str, int]) -> Part:
    """A survey component with its questions: pool, question, valid answers."""
    pools = dict.fromkeys(pool for pool, _question, _valid in questions)
    return Part(
        code, code, "1", Origin.SURVEY, Decimal(1), Decimal(1), Decimal(1), words("?"),
        pools=tuple(
            PoolMean(pool, pool, Fraction(1), Fraction(1), None, tuple(
                QuestionMean(question, "", valid, 0, 0, None)
                for own, question, valid in questions if own == pool
            ))
            for pool in pools
        ),
    )  # fmt: skip


def test_one_small_question_hides_all_that_share_a_component_with_it_and_so_on() -> None:
    parts = [
        part_of("a", ("CH1", "CH1.1", 3), ("CH2", "CH2.1", 15)),
        part_of("b", ("CH2", "CH2.1", 15), ("CH3", "CH3.1", 56)),
        part_of("c", ("CH3", "CH3.1", 56), ("CH3", "CH3.2", 56)),
        part_of("d", ("CH3", "CH3.9", 56)),
    ]
    hidden = hidden_questions(parts, SMALLEST)
    assert hidden == {("CH1", "CH1.1"), ("CH2", "CH2.1"), ("CH3", "CH3.1"), ("CH3", "CH3.2")}
    assert [is_hidden(part, hidden) for part in parts] == [True, True, True, False]


def test_five_are_enough_and_nobody_is_no_cell() -> None:
    parts = [part_of("a", ("CH1", "CH1.1", SMALLEST), ("CH2", "CH2.1", 0))]
    assert hidden_questions(parts, SMALLEST) == frozenset()


cells = st.tuples(st.sampled_from("AB"), st.sampled_from("12345"), st.integers(0, 9))


@given(st.lists(st.lists(cells, min_size=1, max_size=4), max_size=6))
def test_no_component_leaves_one_question_to_be_worked_out(drawn: list[list[tuple[str, str, int]]]) -> None:
    valid = {(pool, question): count for row in drawn for pool, question, count in row}
    parts = [
        part_of(str(n), *{(p, q): (p, q, valid[p, q]) for p, q, _ in row}.values())
        for n, row in enumerate(drawn)
    ]
    hidden = hidden_questions(parts, SMALLEST)
    assert {place for place, count in valid.items() if 0 < count < SMALLEST} <= hidden
    for part in parts:
        places = {(pool.pool, question.question) for pool in part.pools for question in pool.questions}
        assert places <= hidden or not places & hidden


def test_the_leaders_of_the_sample_are_hidden_with_everything_beside_them() -> None:
    scheme = sample_scheme("division")
    sheets = {"CH1": 3, "CH2": 15, "CH3": 56, "CH4": 10}
    tallies = tuple(
        tally(question.form, group, question.code, {"1": sheets[question.form]})
        for question in scheme.questions
        for pool in scheme.pools
        if pool.form == question.form
        for group in pool.groups
    )
    unit = UnitInputs("NV", "Phòng Nội vụ", "division", 0, (), UnitSurvey(tallies))
    parts = compute_index(snapshot_of(scheme, [unit])).levels[0].units[0].parts
    hidden = hidden_questions(parts, scheme.smallest_cell)
    shown = {
        (pool.pool, q.question) for part in parts for pool in part.pools for q in pool.questions
    } - hidden
    assert not {pool for pool, _question in shown} & {"CH1"}
    assert {pool for pool, _question in shown} >= {"CH3", "CH4"}, "what stands alone is still shown"
