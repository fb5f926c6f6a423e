"""Advice on limits: never a known wrong answer through, and nothing without evidence."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr.certainty import Certainty
from webapp.learning.advice import LEAST_SAID, Verdict, advise, would_pass
from webapp.learning.answers import MachineAnswer, Said

CURRENT = Certainty(0.99, 0.985)


def doubtful(stated: float, *, agrees: bool | None = True, said: Said = Said.GLANCE) -> MachineAnswer:
    """A plain mark of which the machine was not sure enough."""
    how = Said.NOBODY if agrees is None else said
    return MachineAnswer(stated, stated, accepted=False, is_plain=True, said=how, agrees=agrees)


def accepted(stated: float = 0.9999, *, agrees: bool | None = None) -> MachineAnswer:
    """An answer that passed; where people looked, through the audit."""
    how = Said.NOBODY if agrees is None else Said.AUDIT
    return MachineAnswer(stated, 1.0, accepted=True, is_plain=True, said=how, agrees=agrees)


MANY = [accepted()] * 40_000


def test_plenty_of_right_answers_let_the_limits_be_loosened() -> None:
    advice = advise([*MANY, *[doubtful(0.96)] * 400, *[doubtful(0.96, agrees=None)] * 10], CURRENT)
    assert advice.verdict is Verdict.FEWER
    proposal = advice.proposal
    assert proposal is not None
    assert proposal.certainty == Certainty(0.95, 0.95)
    assert (proposal.moved, proposal.said, proposal.at_a_glance, proposal.wrong) == (410, 400, 400, 0)
    assert proposal.bound == pytest.approx(1 - 0.05 ** (1 / 400))


def test_a_known_wrong_answer_is_a_wall() -> None:
    answers = [*MANY, *[doubtful(0.975)] * 400, doubtful(0.96, agrees=False), *[doubtful(0.92)] * 400]
    proposal = advise(answers, CURRENT).proposal
    assert proposal is not None
    assert proposal.certainty == Certainty(0.97, 0.97)
    assert proposal.moved == 400


def test_a_wrong_answer_at_once_below_the_limits_leaves_nothing_to_propose() -> None:
    answers = [*MANY, *[doubtful(0.9845)] * 400, doubtful(0.9849, agrees=False)]
    assert advise([replace(one, mark=1.0) for one in answers], CURRENT).verdict is Verdict.WRONG


@pytest.mark.parametrize(
    "answers",
    [
        [*MANY, *[doubtful(0.96)] * (LEAST_SAID - 1)],
        [*[accepted()] * 2_000, *[doubtful(0.96)] * 400],  # three more wrong ones would be too many of these
        [*MANY, *[doubtful(0.96, agrees=None)] * 400],
        [],
    ],
)
def test_too_few_data_propose_nothing_and_say_so(answers: list[MachineAnswer]) -> None:
    advice = advise(answers, CURRENT)
    assert (advice.verdict, advice.proposal) == (Verdict.TOO_FEW, None)


def test_what_only_the_second_reader_withholds_is_no_evidence() -> None:
    withheld = [doubtful(0.995)] * 400  # sure enough under the limits in force, and yet with people
    assert advise([*MANY, *withheld], CURRENT).verdict is Verdict.TOO_FEW


def test_what_is_odd_beside_the_two_limits_is_no_evidence_either() -> None:
    odd = [replace(doubtful(0.96), is_plain=False)] * 400
    assert advise([*MANY, *odd], CURRENT).verdict is Verdict.TOO_FEW


def test_a_wrong_answer_that_passed_asks_for_stricter_limits() -> None:
    answers = [*MANY, accepted(0.9912, agrees=False), *[accepted(0.993, agrees=True)] * 5, accepted(0.9945)]
    advice = advise([*answers, *[doubtful(0.96)] * 400], CURRENT)
    assert advice.verdict is Verdict.MORE
    proposal = advice.proposal
    assert proposal is not None
    assert proposal.certainty == Certainty(0.99, 0.995)
    assert (proposal.moved, proposal.said, proposal.wrong) == (7, 6, 1)


def test_once_set_stricter_limits_are_not_asked_for_again_nor_taken_back() -> None:
    stricter = Certainty(0.99, 0.995)
    answers = [*MANY, accepted(0.9912, agrees=False), *[doubtful(0.994)] * 400]
    advice = advise([replace(one, mark=1.0) for one in answers], stricter)
    assert advice.verdict in (Verdict.WRONG, Verdict.TOO_FEW)


def test_what_no_limit_would_have_stopped_is_said() -> None:
    advice = advise([*MANY, accepted(0.99999, agrees=False)], CURRENT)
    assert (advice.verdict, advice.said, advice.proposal) == (Verdict.BEYOND, 1, None)


ANSWERS = st.builds(
    MachineAnswer,
    stated=st.floats(0.5, 1),
    mark=st.floats(0.5, 1),
    accepted=st.booleans(),
    is_plain=st.booleans(),
    said=st.just(Said.ALONE),
    agrees=st.sampled_from([True, True, True, False, None]),
)


@settings(max_examples=60)
@given(st.lists(ANSWERS, max_size=25), st.sampled_from([0.94, 0.96, 0.975]))
def test_no_proposal_lets_a_known_wrong_answer_through(odd: list[MachineAnswer], stated: float) -> None:
    answers = [*MANY, *odd, *[doubtful(stated)] * 400]
    proposal = advise(answers, CURRENT).proposal
    if proposal is None:
        return
    # What the second reader alone held back, no limit can hold.
    known = [one for one in answers if one.is_wrong and (one.accepted or not would_pass(one, CURRENT))]
    assert [one for one in known if would_pass(one, proposal.certainty)] == []
