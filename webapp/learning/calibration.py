"""Stated probability against what people said: a calibrated reader is right as often as it says.

Answers that were sent to people were all looked at: of these the whole is known, once they are settled. Of
accepted answers only the audit's looks are a fair sample; they make a part of their own and are never mixed
with the others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from webapp.audit.bounds import CONFIDENCE, Looks, exact_bound
from webapp.learning.answers import MachineAnswer, Said

# Tenths; nearly all answers stand in the last one, which is therefore divided further.
EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99, 0.999, 1.0)


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `total`, with the exact two-sided 95 % interval of the share (Clopper & Pearson 1934)."""

    count: int
    total: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        """In [0, 1]; None of nothing."""
        return self.count / self.total if self.total else None


def share_of(count: int, total: int) -> Share:
    """The share with its interval; of nothing, all of [0, 1]."""
    if total == 0:
        return Share(0, 0, 0.0, 1.0)
    side = 1 - (1 - CONFIDENCE) / 2
    low = 1 - exact_bound(Looks(total, total - count), side) if count else 0.0
    return Share(count, total, low, exact_bound(Looks(total, count), side))


@dataclass(frozen=True, slots=True)
class Band:
    """Answers stated between `low` and `high`: the mean of what was stated, and how often it was right."""

    low: float
    high: float
    stated: float
    right: Share

    @property
    def is_true(self) -> bool:
        """Whether what was stated lies within the interval of what was found."""
        return self.right.low <= self.stated <= self.right.high


def reviewed(answers: Iterable[MachineAnswer]) -> list[Band]:
    """The bands of answers that were sent to people and settled."""
    return _bands([a for a in answers if not a.accepted and a.agrees is not None])


def audited(answers: Iterable[MachineAnswer]) -> list[Band]:
    """The bands of accepted answers that an audit looked at."""
    return _bands([a for a in answers if a.accepted and a.said is Said.AUDIT])


def _bands(answers: Sequence[MachineAnswer]) -> list[Band]:
    """Those with something in them."""
    bands = []
    for low, high in pairwise(EDGES):
        inside = [a for a in answers if low <= a.stated < high or a.stated == high == EDGES[-1]]
        if inside:
            stated = sum(answer.stated for answer in inside) / len(inside)
            right = share_of(sum(not answer.is_wrong for answer in inside), len(inside))
            bands.append(Band(low, high, stated, right))
    return bands
