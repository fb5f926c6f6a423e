"""How sure the network may say it is, and how sure it must be: set on decks that it was not trained on."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr.second_reader import EMPTY, MARKED, answer_log_odds
from ocr.training.examples import Examples

Logits = NDArray[np.float32]
Floats = NDArray[np.float64]

_DECILES = 10
# Under even odds consent would be a guess. Asking for more emptiness than e to one withholds it from coarse
# scans only: at 3 from 7 % of a rough deck's plain answers instead of 1.7 %, and nothing more was caught.
# More may be asked of the mark: what is taken back in faint pencil looks like one that is less sure.
_LEAST = 0.0
_MOST = (3.0, 1.0)


def fit_temperature(logits: Logits, allowed: NDArray[np.bool_]) -> float:
    """The divisor from 1 to 5 that makes the logits' odds fit fresh examples best: less sure, never surer.

    Source: Guo et al. 2017, "On calibration of modern neural networks".
    """
    temperatures = np.geomspace(1.0, 5.0, 60)
    losses = [
        -np.log(np.maximum(_allowed_probability(logits / t, allowed), 1e-30)).mean() for t in temperatures
    ]
    return float(temperatures[int(np.argmin(losses))])


def _probabilities(logits: Logits) -> Floats:
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _allowed_probability(logits: Logits, allowed: NDArray[np.bool_]) -> Floats:
    return np.asarray(np.where(allowed, _probabilities(logits), 0.0).sum(axis=1))


def plain_odds(logits: Logits, examples: Examples) -> Floats:
    """Log-odds (n, 2) of marked and of empty at every question with one mark and nothing else."""
    odds = []
    only = examples.allowed.sum(axis=1) == 1
    starts = np.flatnonzero(np.diff(examples.question, prepend=-2))
    for own in np.split(np.arange(len(logits)), starts[1:]):
        marked = np.flatnonzero(examples.allowed[own, MARKED])
        if len(marked) == 1 and only[own].all() and examples.allowed[own, EMPTY].sum() == len(own) - 1:
            odds.append(answer_log_odds(logits[own], int(marked[0])))
    return np.array(odds, np.float64).reshape(-1, 2)


def least_log_odds(odds: Floats, withheld: float) -> dict[str, float]:
    """Limits under which the reader withholds its consent from at most this share of plain answers, each.

    Never more than asks for what only coarse scans lack.

    Args:
        odds: `plain_odds` of decks like those of an office.
        withheld: share in [0, 1], for each of the two limits.
    """
    limits = np.clip(np.quantile(odds, withheld, axis=0), _LEAST, _MOST)
    return {"marked": round(float(limits[0]), 3), "empty": round(float(limits[1]), 3)}


def reliability(logits: Logits, allowed: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Stated against observed, by decile of the likeliest class's probability: the least sure tenth first."""
    probabilities = _probabilities(logits)
    best = probabilities.argmax(axis=1)
    rows = np.arange(len(best))
    stated, right = probabilities[rows, best], allowed[rows, best]
    return [
        {
            "windows": len(part),
            "stated_wrong": float(f"{1 - stated[part].mean():.3g}"),
            "wrong": int((~right[part]).sum()),
        }
        for part in np.array_split(np.argsort(stated, kind="stable"), _DECILES)
    ]
