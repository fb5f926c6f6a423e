"""The exact upper bound that honest figures carry."""

from dataclasses import dataclass

from scipy.stats import beta

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` of `total`, and the exact one-sided 95 % upper bound of the share; None if nothing was seen."""

    count: int
    total: int
    share: float | None
    upper_95: float | None


def rate(count: int, total: int) -> Rate:
    """The share of `count` in `total` and its Clopper-Pearson bound.

    Args:
        count: how often it happened, 0 <= count <= total.
        total: how often it could have happened.

    Returns:
        A `Rate`; `upper_95` is the share that would give so few only once in twenty times.
    Source: Clopper & Pearson, Biometrika 26 (1934): upper bound = Beta(0.95; count + 1, total - count).
    """
    if not 0 <= count <= total:
        raise ValueError(f"{count} of {total}")
    if total == 0:
        return Rate(0, 0, None, None)
    upper = 1.0 if count == total else float(beta.ppf(CONFIDENCE, count + 1, total - count))
    return Rate(count, total, count / total, upper)
