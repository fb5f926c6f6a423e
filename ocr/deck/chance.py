"""Draws that all parts of a deck share."""

import numpy as np


def happens(share: float, rng: np.random.Generator) -> bool:
    """Whether something that happens with this probability happens now."""
    return bool(rng.random() < share)


def bell(limit: float, rng: np.random.Generator, deviations: float = 3.0) -> float:
    """A normal draw around 0, cut at +-`limit`, which is `deviations` standard deviations away."""
    return float(np.clip(rng.normal(0.0, 1.0) * limit / deviations, -limit, limit))


def shares(weights: tuple[float, ...] | list[float]) -> list[float]:
    """Weights scaled to sum to 1."""
    total = sum(weights)
    return [weight / total for weight in weights]
