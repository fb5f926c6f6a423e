"""What the appraisal made of the self-scores, unit by unit, as the report and the minutes tell it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from webapp.par_index.exact import ZERO
from webapp.par_index.outcome import LevelResult, Origin, Part, UnitIndex


@dataclass(frozen=True, slots=True)
class UnitChanges:
    """A unit's self-scores beside the appraisal; sums in points, over components that both have scored.

    `refused`: the unit set it aside, the appraisal scored it. `set_aside`: it does not apply, both agree.
    """

    unit: UnitIndex
    scored: Sequence[Part]
    refused: Sequence[Part]
    set_aside: Sequence[Part]

    @property
    def changed(self) -> list[Part]:
        """Components whose points the appraisal did not leave."""
        return [part for part in self.scored if part.points != part.self_points]

    @property
    def self_points(self) -> Decimal:
        """What the unit gave itself."""
        return sum((part.self_points or ZERO for part in self.scored), ZERO)

    @property
    def appraised_points(self) -> Decimal:
        """What the appraisal fixed."""
        return sum((part.points or ZERO for part in self.scored), ZERO)


def unit_changes(unit: UnitIndex) -> UnitChanges:
    """A unit's components: those that both have scored, those on which they differ, those set aside."""
    scored = [part for part in unit.parts if part.origin == Origin.APPRAISED and part.self_points is not None]
    refused = [part for part in unit.parts if part.is_refused_exclusion]
    aside = [part for part in unit.parts if part.origin in (Origin.EXCLUDED, Origin.FULL)]
    return UnitChanges(unit, scored, refused, aside)


def level_changes(level: LevelResult) -> list[UnitChanges]:
    """All units of a level, in the order of their ranks."""
    return [unit_changes(unit) for unit in level.units]
