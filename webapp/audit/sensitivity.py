"""What auditors overlook: from planted answers that are known."""

from dataclasses import dataclass

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
