"""Where a unit's points were lost: what it may do about its index next year, the most first."""

from dataclasses import dataclass
from decimal import Decimal

from webapp.par_index.outcome import Part, UnitIndex


@dataclass(frozen=True, slots=True)
class Loss:
    """A part that did not earn all that applies; `lost` in points, above 0."""

    part: Part
    lost: Decimal


def list_losses(unit: UnitIndex) -> tuple[Loss, ...]:
    """The parts with points lost, the most first, equal ones in printed order; missing parts are not lost."""
    known = [(part, part.points) for part in unit.parts if part.points is not None]
    losses = [Loss(part, part.applicable - points) for part, points in known if points < part.applicable]
    return tuple(sorted(losses, key=lambda loss: -loss.lost))
