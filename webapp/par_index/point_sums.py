"""What the leaves of a catalogue add up to, area by area: the sum that an editor sees while typing."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from webapp.par_index.scheme import Area, Scheme


@dataclass(frozen=True, slots=True)
class AreaSum:
    """An area: points of its leaves, and the maximum that is stated."""

    code: str
    title: str
    total: Decimal
    stated: Decimal

    @property
    def difference(self) -> Decimal:
        """Below 0: points are missing."""
        return self.total - self.stated


@dataclass(frozen=True, slots=True)
class PointSums:
    """All leaves together beside the stated total, in points; the same of the leaves that people score."""

    total: Decimal
    stated: Decimal
    appraisal: Decimal
    survey: Decimal
    areas: tuple[AreaSum, ...]

    @property
    def difference(self) -> Decimal:
        """Below 0: points are missing."""
        return self.total - self.stated

    @property
    def differing(self) -> tuple[AreaSum, ...]:
        """The areas that do not add up."""
        return tuple(area for area in self.areas if area.difference)


def point_sums(scheme: Scheme) -> PointSums:
    """The sums of a scheme, sound or not."""
    return PointSums(
        total=_sum(leaf.maximum for leaf in scheme.scored),
        stated=scheme.maximum,
        appraisal=_sum(leaf.maximum for leaf in scheme.appraised),
        survey=_sum(leaf.maximum for leaf in scheme.surveyed),
        areas=tuple(_area_sum(area) for area in scheme.areas),
    )


def _area_sum(area: Area) -> AreaSum:
    return AreaSum(area.code, area.title, _sum(leaf.maximum for leaf in area.scored), area.maximum)


def _sum(points: Iterable[Decimal]) -> Decimal:
    return sum(points, Decimal(0))
