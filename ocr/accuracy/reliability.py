"""Stated probability against what came out: of all answers said to be 90 % sure, how many are right?"""

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import pairwise

from ocr.deck.judge import AnswerVerdict

LIMITS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99, 0.999)
"""The deciles; the last is cut twice more, where nearly all answers are."""


@dataclass(slots=True)
class Band:
    """Answers whose stated probability lies within two limits; `stated` is the sum of what was stated."""

    answers: int = 0
    right: int = 0
    stated: float = 0.0


def _bands() -> list[Band]:
    return [Band() for _ in range(len(LIMITS) + 1)]


@dataclass(slots=True)
class Reliability:
    """Answers with one true option and a stated value, by stated probability; accepted ones apart."""

    accepted: list[Band] = field(default_factory=_bands)
    shown: list[Band] = field(default_factory=_bands)

    def count(self, verdict: AnswerVerdict) -> None:
        """Count one answer, unless the truth is no single option or the reading states no value."""
        answer = verdict.answer
        if answer is None or answer.confidence is None or answer.value is None:
            return
        if not isinstance(verdict.asked.value, str):
            return
        band = (self.accepted if verdict.accepted else self.shown)[bisect_right(LIMITS, answer.confidence)]
        band.answers += 1
        band.right += answer.value == verdict.asked.value
        band.stated += answer.confidence

    def add(self, other: "Reliability") -> None:
        """Sum another one up into this one."""
        for mine, theirs in ((self.accepted, other.accepted), (self.shown, other.shown)):
            for band, more in zip(mine, theirs, strict=True):
                band.answers += more.answers
                band.right += more.right
                band.stated += more.stated

    def together(self) -> list[Band]:
        """Accepted or shown to a person: the probability is the same promise."""
        return [
            Band(a.answers + b.answers, a.right + b.right, a.stated + b.stated)
            for a, b in zip(self.accepted, self.shown, strict=True)
        ]

    def as_json(self) -> dict[str, list[list[float]]]:
        """Per group a list of [answers, right, sum of what was stated]."""
        groups = {"accepted": self.accepted, "shown": self.shown}
        return {
            name: [[band.answers, band.right, round(band.stated, 6)] for band in bands]
            for name, bands in groups.items()
        }

    @classmethod
    def from_json(cls, raw: dict[str, list[list[float]]]) -> "Reliability":
        """Read `as_json` back."""
        groups = {
            name: [Band(int(answers), int(right), stated) for answers, right, stated in bands]
            for name, bands in raw.items()
        }
        return cls(groups["accepted"], groups["shown"])


def band_names() -> list[str]:
    """How the bands are called, lowest first."""
    edges = (0.0, *LIMITS, 1.0)
    return [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
