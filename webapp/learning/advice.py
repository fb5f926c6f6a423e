"""Which limits of certainty an office may set: advice from what people said, or the reason why there is none.

No limits are ever advised under which one answer that is known to be wrong would have passed unseen. Fewer
answers go to people only on plenty of evidence; more of them as soon as one wrong answer is known to have
passed that other limits would have stopped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ocr.certainty import Certainty
from webapp.audit.bounds import Looks, exact_bound
from webapp.audit.escalation import PROMISE
from webapp.learning.answers import MachineAnswer, Said

LOOSER_STEPS = (0.98, 0.97, 0.95, 0.90, 0.80)
STRICTER_STEPS = (0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)
LEAST_SAID = 299  # none wrong among so many proves that at most one in a hundred is (95 %)
ADDED_SHARE = PROMISE / 10  # of all answers: so many more may be wrong, at most, as the bound has it


class Verdict(StrEnum):
    """What the evidence says."""

    FEWER = "fewer"  # limits under which fewer answers go to people
    MORE = "more"  # wrong answers passed that stricter limits would have stopped
    BEYOND = "beyond"  # wrong answers passed that no limit would have stopped
    WRONG = "wrong"  # every looser limit would have let a known wrong answer through
    TOO_FEW = "too_few"  # too little is known to propose anything


@dataclass(frozen=True, slots=True)
class Proposal:
    """New limits, and what they would have done to the answers at hand.

    `moved`: answers that would go to people no more (FEWER; at most, for the second reader may still
    withhold its consent), or would go there now (MORE). Of these people looked at `said`, `at_a_glance` of
    them only in a grid, and answered `wrong` otherwise; `bound` (95 %) is of the share that is wrong.
    """

    certainty: Certainty
    moved: int
    said: int
    at_a_glance: int
    wrong: int
    bound: float


@dataclass(frozen=True, slots=True)
class Advice:
    """The verdict with its proposal, where there is one; `said`: answers that the verdict rests on."""

    verdict: Verdict
    said: int
    proposal: Proposal | None = None


def advise(answers: Sequence[MachineAnswer], current: Certainty) -> Advice:
    """What to do with the limits in force, given all answers of which the machine named a value."""
    passed = [a for a in answers if a.accepted and a.is_wrong and would_pass(a, current)]
    if passed:
        return _stricter(answers, current, passed)
    held = [answer for answer in answers if not would_pass(answer, current)]
    tried = [_looser(held, limits) for limits in _looser_limits(current)]
    telling = [proposal for proposal in tried if proposal.said]
    if telling and all(proposal.wrong for proposal in telling):
        return Advice(Verdict.WRONG, max(proposal.said for proposal in telling))
    right = [proposal for proposal in telling if not proposal.wrong]
    proven = [proposal for proposal in right if _is_proven(proposal, len(answers))]
    if not proven:
        return Advice(Verdict.TOO_FEW, max((proposal.said for proposal in right), default=0))
    best = max(proven, key=lambda one: (one.moved, one.certainty.filled, one.certainty.accept))
    return Advice(Verdict.FEWER, best.said, best)


def would_pass(answer: MachineAnswer, limits: Certainty) -> bool:
    """Whether these limits would not send the answer to people; the second reader still may."""
    return answer.is_plain and answer.mark >= limits.filled and answer.stated >= limits.accept


def _is_proven(proposal: Proposal, answers: int) -> bool:
    added = proposal.bound * proposal.moved / answers
    return proposal.said >= LEAST_SAID and added <= ADDED_SHARE


def _looser_limits(current: Certainty) -> Iterator[Certainty]:
    for filled in (current.filled, *(step for step in LOOSER_STEPS if step < current.filled)):
        for accept in (current.accept, *(step for step in LOOSER_STEPS if step < current.accept)):
            if (filled, accept) != (current.filled, current.accept):
                yield Certainty(filled, accept)


def _looser(held: Sequence[MachineAnswer], limits: Certainty) -> Proposal:
    """What these limits would let pass of all that those in force hold back."""
    return _proposal(limits, [answer for answer in held if would_pass(answer, limits)])


def _stricter(
    answers: Sequence[MachineAnswer], current: Certainty, passed: Sequence[MachineAnswer]
) -> Advice:
    """The least limit that would have sent every known wrong answer to people."""
    surest = max(answer.stated for answer in passed)
    steps = [step for step in STRICTER_STEPS if step > max(surest, current.accept)]
    if not steps:
        return Advice(Verdict.BEYOND, len(passed))
    limits = Certainty(current.filled, steps[0])
    proposal = _proposal(limits, [a for a in answers if a.accepted and a.stated < limits.accept])
    return Advice(Verdict.MORE, proposal.said, proposal)


def _proposal(limits: Certainty, moved: Sequence[MachineAnswer]) -> Proposal:
    said = [answer for answer in moved if answer.agrees is not None]
    wrong = sum(answer.is_wrong for answer in said)
    return Proposal(
        certainty=limits,
        moved=len(moved),
        said=len(said),
        at_a_glance=sum(answer.said is Said.GLANCE for answer in said),
        wrong=wrong,
        bound=exact_bound(Looks(len(said), wrong)),
    )
