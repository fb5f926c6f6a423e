"""The shapes that scoring rules take, as data. webapp.par_index.rules computes with them.

Source: domain notes §1.2 (shapes read in published catalogues).
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import ClassVar

from webapp.par_index.exact import vietnamese


class Measure(StrEnum):
    """What numerator and denominator count: pieces (whole numbers) or an amount (money, area, …)."""

    COUNT = "count"
    AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class Choice:
    """A text that earns (or costs) `points`: a level, a part of a checklist, an event, a piece."""

    label: str
    points: Decimal


@dataclass(frozen=True, slots=True)
class LevelsRule:
    """Exactly one of the levels is chosen; its points. Also yes/no and "all or nothing"."""

    levels: tuple[Choice, ...]
    kind: ClassVar[str] = "levels"

    @property
    def given(self) -> tuple[Decimal, ...]:
        """Every number of points in the rule."""
        return tuple(level.points for level in self.levels)

    @property
    def best(self) -> Decimal:
        """The most that the rule can give, in points."""
        return max(level.points for level in self.levels)


@dataclass(frozen=True, slots=True)
class RatioRule:
    """r = numerator ÷ denominator; from `full_at` on full points, below `zero_below` 0, between r × points.

    `full_at` and `zero_below` are ratios (1 = 100 %); both belong to the better side (r = 0,8 earns). A sound
    `full_at` above 1 has `zero_below` at it: between 1 and `full_at`, r × points would be more than all.
    """

    numerator: str
    denominator: str
    full_at: Fraction
    zero_below: Fraction
    points: Decimal
    measure: str = Measure.COUNT
    kind: ClassVar[str] = "ratio"

    @property
    def given(self) -> tuple[Decimal, ...]:
        """Every number of points in the rule."""
        return (self.points,)

    @property
    def best(self) -> Decimal:
        """The most that the rule can give, in points."""
        return self.points


@dataclass(frozen=True, slots=True)
class Band:
    """An interval of ratios (1 = 100 %) and its points; `maximum` None has no upper end."""

    minimum: Fraction
    minimum_inclusive: bool
    maximum: Fraction | None
    maximum_inclusive: bool
    points: Decimal

    def holds(self, ratio: Fraction) -> bool:
        """Whether the ratio lies in the interval, each end owned as the band says."""
        above = ratio > self.minimum or (self.minimum_inclusive and ratio == self.minimum)
        if self.maximum is None:
            return above
        return above and (ratio < self.maximum or (self.maximum_inclusive and ratio == self.maximum))

    @property
    def label(self) -> str:
        """The interval as a catalogue prints it: “98%–<100%”, “≥95%”, “100%”."""
        low = vietnamese(self.minimum * 100)
        if self.maximum is None:
            return f"{'≥' if self.minimum_inclusive else '>'}{low}%"
        high = vietnamese(self.maximum * 100)
        if low == high:
            return f"{low}%"
        return f"{'' if self.minimum_inclusive else '>'}{low}%–{'' if self.maximum_inclusive else '<'}{high}%"


@dataclass(frozen=True, slots=True)
class BandsRule:
    """r = numerator ÷ denominator; the points of the one band that holds r."""

    numerator: str
    denominator: str
    bands: tuple[Band, ...]
    measure: str = Measure.COUNT
    kind: ClassVar[str] = "bands"

    @property
    def given(self) -> tuple[Decimal, ...]:
        """Every number of points in the rule."""
        return tuple(band.points for band in self.bands)

    @property
    def best(self) -> Decimal:
        """The most that the rule can give, in points."""
        return max(band.points for band in self.bands)


@dataclass(frozen=True, slots=True)
class ChecklistRule:
    """Parts that are there or not; the points of those that are there are added."""

    parts: tuple[Choice, ...]
    kind: ClassVar[str] = "checklist"

    @property
    def given(self) -> tuple[Decimal, ...]:
        """Every number of points in the rule."""
        return tuple(part.points for part in self.parts)

    @property
    def best(self) -> Decimal:
        """The most that the rule can give, in points."""
        return sum((part.points for part in self.parts), Decimal(0))


@dataclass(frozen=True, slots=True)
class DeductRule:
    """`start` less each event's points as often as it happened, not below `floor`; 0 at once if `zero_if`."""

    start: Decimal
    floor: Decimal
    events: tuple[Choice, ...]
    zero_if: str | None
    kind: ClassVar[str] = "deduct"

    @property
    def given(self) -> tuple[Decimal, ...]:
        """Every number of points in the rule."""
        return (self.start, self.floor, *(event.points for event in self.events))

    @property
    def best(self) -> Decimal:
        """The most that the rule can give, in points."""
        return self.start


@dataclass(frozen=True, slots=True)
class CountRule:
    """So many points for each piece, never above `cap`."""

    pieces: tuple[Choice, ...]
    cap: Decimal
    kind: ClassVar[str] = "count"

    @property
    def given(self) -> tuple[Decimal, ...]:
        """Every number of points in the rule."""
        return (self.cap, *(piece.points for piece in self.pieces))

    @property
    def best(self) -> Decimal:
        """The most that the rule can give, in points."""
        return self.cap


@dataclass(frozen=True, slots=True)
class PoolWeight:
    """The share (0–1) of a survey component that one pool of respondents decides."""

    pool: str
    weight: Fraction


@dataclass(frozen=True, slots=True)
class SurveyRule:
    """Maximum × Σ weight × mean of the answers of each pool (domain notes §1.3)."""

    weights: tuple[PoolWeight, ...]
    kind: ClassVar[str] = "survey"

    @property
    def given(self) -> tuple[Decimal, ...]:
        """A share of the maximum, from nothing to all."""
        return (Decimal(0), Decimal(1)) if self.weights else ()

    @property
    def best(self) -> None:
        """The survey gives a share of the maximum: it has no points of its own."""
        return None


Rule = LevelsRule | RatioRule | BandsRule | ChecklistRule | DeductRule | CountRule | SurveyRule
