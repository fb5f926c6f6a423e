"""How many wrong answers may be left, given how many were found. Formulas and their figures: docs/audit.md.

Both are upper bounds at a confidence (0.95): at most one audit in twenty prints too small a one.
Late imports: scipy brings an array library, which the web process loads only where an audit is reported.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95
BET = 0.75  # b: the share that each look stakes; larger proves sooner without errors, and later with them


@dataclass(frozen=True, slots=True)
class Looks:
    """`wrong` found among `looked` answers."""

    looked: int
    wrong: int


def exact_bound(looks: Looks, confidence: float = CONFIDENCE) -> float:
    """The largest rate, in [0, 1], at which so few wrong ones could be found (Clopper & Pearson 1934).

    Holds for a draw with one answer a sheet, too, as the rate averaged over sheets (Hoeffding 1956).
    """
    from scipy.special import betaincinv

    if looks.wrong >= looks.looked:
        return 1.0
    return float(betaincinv(looks.wrong + 1, looks.looked - looks.wrong, confidence))


def anytime_bound(rounds: Sequence[Looks], answers: int, confidence: float = CONFIDENCE) -> int:
    """The most wrong answers that are not refuted, whenever one chooses to stop.

    A bet against "at least M of `answers` are wrong": before each round, m = (M − wrong so far) ÷
    (answers − looked so far) is the least rate that is left; a right answer multiplies the stake by
    1 + b·m/(1−m), a wrong one by 1 − b. M is refuted once the stake ever reached 1/(1 − confidence) (Ville
    1939). Looks one by one are rounds of one; where a round is one answer of every sheet, the stake counts at
    its end only.

    Returns:
        The largest M that stands, from the number found to `answers`.
    """
    fewest, most = sum(looks.wrong for looks in rounds), answers
    while fewest < most:
        middle = (fewest + most + 1) // 2
        if _is_refuted(middle, rounds, answers, confidence):
            most = middle - 1
        else:
            fewest = middle
    return fewest


def _is_refuted(wrong: int, rounds: Sequence[Looks], answers: int, confidence: float) -> bool:
    needed, stake = -math.log(1 - confidence), 0.0
    looked = found = 0
    for looks in rounds:
        if looks.looked == 0:
            continue
        rate = max(wrong - found, 0) / (answers - looked)
        right = looks.looked - looks.wrong
        if rate >= 1 and right:
            return True  # every answer that was left would have to be wrong
        if right:
            stake += right * math.log1p(BET * rate / (1 - rate))
        stake += looks.wrong * math.log(1 - BET)
        looked, found = looked + looks.looked, found + looks.wrong
        if stake >= needed:
            return True
    return looked == answers and found < wrong
