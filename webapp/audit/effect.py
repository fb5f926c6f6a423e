"""What reading errors may do to the index: the bias that is left, and ranks that they cannot separate."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from webapp.audit.bounds import CONFIDENCE

_STAKES = (0.2, 0.5, 0.8)  # mixed: small ones bear errors, large ones prove sooner
_STEPS = 40  # halvings of [0, 1]: a bias to twelve digits


def bias_bound(errors: Sequence[Fraction], answers: int, confidence: float = CONFIDENCE) -> float:
    """The largest mean error, up or down, that the looks do not refute, in [0, 1] of the scale.

    Args:
        errors: of each answer looked at, in the order of the draw: (accepted − true score), in [−1, 1].
        answers: how many answers the mean is over.
        confidence: shared by the two directions.
    """
    needed = 2 / (1 - confidence)
    up = [float((1 - error) / 2) for error in errors]
    down = [float((1 + error) / 2) for error in errors]
    return max(_one_sided(up, answers, needed), _one_sided(down, answers, needed))


def score_error(accepted: Fraction | None, found: Fraction | None) -> Fraction:
    """How far an accepted answer is from what people saw, in [−1, 1]; scores are in [0, 1].

    None is an answer without a score, blank or invalid: it then stands at the end of the scale where the
    difference is largest, for what it does to a mean is not known from the answer alone.
    """
    if accepted is None and found is None:
        return Fraction(0)
    if accepted is None or found is None:
        score = found if accepted is None else accepted
        distance = max(score or Fraction(0), 1 - (score or Fraction(0)))
        return -distance if accepted is None else distance
    return accepted - found


def _one_sided(goods: Sequence[float], answers: int, needed: float) -> float:
    """The smallest d for which "the mean error is at least d" is refuted; goods: (1 − error) ÷ 2."""
    low, high = 0.0, 1.0
    if not _is_refuted(goods, answers, high, needed):
        return 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _is_refuted(goods, answers, middle, needed):
            high = middle
        else:
            low = middle
    return high


def _is_refuted(goods: Sequence[float], answers: int, bias: float, needed: float) -> bool:
    stakes, seen = [1.0] * len(_STAKES), 0.0
    for place, good in enumerate(goods):
        left = (answers * (1 - bias) / 2 - seen) / (answers - place)
        if left <= 0:
            return True  # the looks alone exceed what the hypothesis leaves for all
        stakes = [
            stake * (1 + share * (good - left) / left) for stake, share in zip(stakes, _STAKES, strict=True)
        ]
        seen += good
        if math.fsum(stakes) / len(stakes) >= needed:
            return True
    return False


@dataclass(frozen=True, slots=True)
class Standing:
    """A unit in its level: points of 100, and how much one answer can move them, with how many such answers.

    `weights`: (points that one answer moves at most, number of such answers that were not all looked at).
    """

    unit: str
    points: Fraction
    weights: tuple[tuple[Fraction, int], ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """Two neighbours in rank: their distance, and how many wrong answers at least could swap them.

    `fewest` None: not even all of them could.
    """

    above: str
    below: str
    points: Fraction
    fewest: int | None

    def is_separable(self, wrong_at_most: int) -> bool:
        """Whether so many wrong answers, all where they harm most, leave the order as it is."""
        return self.fewest is None or self.fewest > wrong_at_most


def list_gaps(standings: Iterable[Standing]) -> list[Gap]:
    """The gaps between neighbours of one level, the best first."""
    ordered = sorted(standings, key=lambda unit: -unit.points)
    return [_gap(above, below) for above, below in pairwise(ordered)]


def _gap(above: Standing, below: Standing) -> Gap:
    points = above.points - below.points
    weights = sorted((*above.weights, *below.weights), key=lambda one: -one[0])
    return Gap(above.unit, below.unit, points, fewest_changes(points, weights))


def fewest_changes(points: Fraction, weights: Iterable[tuple[Fraction, int]]) -> int | None:
    """How many answers, the heaviest first, must change to make up for so many points; None: all do not."""
    changes, left = 0, points
    for weight, answers in weights:
        if left <= 0:
            break
        if weight > 0:
            used = min(answers, math.ceil(left / weight))
            changes, left = changes + used, left - used * weight
    return changes if left <= 0 else None
