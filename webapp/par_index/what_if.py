"""What if a component weighed less, more, or nothing: ranks tried on, never results.

Nothing here is kept or published; the index itself comes from webapp.par_index.compute alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from webapp.par_index.compute import competition_ranks
from webapp.par_index.exact import round_half_up
from webapp.par_index.outcome import LevelResult, UnitIndex


class Change(StrEnum):
    """What happens to the weight of the chosen components."""

    OUT = "out"
    LESS = "less"
    MORE = "more"

    @property
    def factor(self) -> Fraction:
        """By what points and applicable maximum are multiplied: nothing, or a quarter less or more."""
        return {Change.OUT: Fraction(0), Change.LESS: Fraction(3, 4), Change.MORE: Fraction(5, 4)}[self]


@dataclass(frozen=True, slots=True)
class Trial:
    """Components whose weight is changed, and how."""

    components: frozenset[str]
    change: Change


@dataclass(frozen=True, slots=True)
class TriedUnit:
    """One unit as it stands, and as it would stand; None where nothing would apply to it any more."""

    code: str
    name: str
    rank: int
    index_percent: Decimal
    tried_rank: int | None
    tried_percent: Decimal | None

    @property
    def moved(self) -> int:
        """Ranks gained (above 0) or lost (below 0)."""
        return 0 if self.tried_rank is None else self.rank - self.tried_rank


@dataclass(frozen=True, slots=True)
class SingleTrial:
    """What one change of one component does to all units of a level."""

    component: str
    change: Change
    units: tuple[TriedUnit, ...]

    @property
    def moved_count(self) -> int:
        """How many units change rank."""
        return sum(unit.moved != 0 for unit in self.units)

    @property
    def farthest(self) -> TriedUnit | None:
        """The unit that moves most, of equals the one that stood first; None where none moves."""
        moved = [unit for unit in self.units if unit.moved]
        return max(moved, key=lambda unit: (abs(unit.moved), -unit.rank), default=None)


@dataclass(frozen=True, slots=True)
class Span:
    """The ranks that a unit has over all changes of single components."""

    code: str
    name: str
    rank: int
    best: int
    worst: int


def try_out(level: LevelResult, trial: Trial) -> tuple[TriedUnit, ...]:
    """All ranked units of a level by the rank that they would have, joint ranks in the printed order.

    Points and applicable maximum of the chosen components are multiplied, the index is computed anew and
    rounded half up to two decimals, as the official one.
    """
    ranked = [unit for unit in level.units if unit.index_percent is not None]
    percents = [_tried_percent(unit, trial) for unit in ranked]
    ranks = competition_ranks([percent for percent in percents if percent is not None])
    tried = [
        TriedUnit(
            unit.code,
            unit.name,
            unit.rank or 0,
            unit.index_percent or Decimal(0),
            None if percent is None else ranks[percent],
            percent,
        )
        for unit, percent in zip(ranked, percents, strict=True)
    ]
    return tuple(sorted(tried, key=lambda unit: (unit.tried_rank is None, unit.tried_rank or 0, unit.rank)))


def _tried_percent(unit: UnitIndex, trial: Trial) -> Decimal | None:
    less = 1 - trial.change.factor
    chosen = [part for part in unit.parts if part.component in trial.components]
    points = Fraction(unit.total) - less * sum((Fraction(part.points or 0) for part in chosen), Fraction(0))
    applicable = Fraction(unit.applicable) - less * sum(
        (Fraction(part.applicable) for part in chosen), Fraction(0)
    )
    return round_half_up(100 * points / applicable) if applicable else None


def try_each(level: LevelResult, components: Iterable[str]) -> tuple[SingleTrial, ...]:
    """Each change of each component by itself."""
    return tuple(
        SingleTrial(code, change, try_out(level, Trial(frozenset((code,)), change)))
        for code in components
        for change in Change
    )


def list_spans(level: LevelResult, trials: Sequence[SingleTrial]) -> tuple[Span, ...]:
    """How far each unit moves over all these trials, by its own rank."""
    ranks = {unit.code: [unit.rank] for unit in level.units if unit.rank is not None}
    for unit in (unit for trial in trials for unit in trial.units):
        ranks[unit.code].append(unit.tried_rank or unit.rank)
    return tuple(
        Span(unit.code, unit.name, unit.rank, min(ranks[unit.code]), max(ranks[unit.code]))
        for unit in level.units
        if unit.rank is not None
    )
