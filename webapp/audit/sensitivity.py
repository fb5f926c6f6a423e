"""What auditors overlook: from planted answers that are known, and from what two of them found apart."""

from dataclasses import dataclass
from fractions import Fraction

from webapp.audit.bounds import CONFIDENCE, Looks, exact_bound


@dataclass(frozen=True, slots=True)
class Planted:
    """`caught` of `shown` planted answers were given as they are known to be."""

    shown: int
    caught: int


def least_sensitivity(planted: Planted, confidence: float = CONFIDENCE) -> float:
    """The smallest share of errors, in [0, 1], that auditors who caught so many can be thought to see."""
    return 1 - exact_bound(Looks(planted.shown, planted.shown - planted.caught), confidence)


def bound_with_misses(looks: Looks, planted: Planted, confidence: float = CONFIDENCE) -> float:
    """The exact bound widened by what the auditors may have overlooked; the risk is shared by the two halves.

    1.0 where nothing was planted: who was not tested may have overlooked everything.
    """
    half = 1 - (1 - confidence) / 2
    seen = least_sensitivity(planted, half) if planted.shown else 0.0
    return min(exact_bound(looks, half) / seen, 1.0) if seen > 0 else 1.0


def left_by_two(first: int, second: int, both: int) -> Fraction:
    """How many errors two people who looked apart have both missed, by Chapman's estimate.

    Args:
        first: errors that the first found; `second` likewise.
        second: see `first`.
        both: errors that both found.
    """
    total = Fraction((first + 1) * (second + 1), both + 1) - 1
    return max(total - (first + second - both), Fraction(0))
