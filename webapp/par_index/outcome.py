"""What an index consists of: every number with the parts that it came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from webapp.par_index.exact import Words, as_plain, from_plain, sha256_of
from webapp.par_index.snapshot import Declared
from webapp.par_index.survey import PoolMean


class Origin(StrEnum):
    """Where the points of a part come from."""

    APPRAISED = "appraised"
    SURVEY = "survey"
    FULL = "full"  # does not apply: maximum by policy
    EXCLUDED = "excluded"  # does not apply: neither points nor maximum
    MISSING = "missing"  # not known yet; there is no index before it is


@dataclass(frozen=True, slots=True)
class Part:
    """One component of one unit: `points` of `applicable` (both in points), why, and from what.

    `self_words` without `self_points`: the unit said that the component does not apply.
    """

    component: str
    title: str
    area: str
    origin: str
    points: Decimal | None
    applicable: Decimal
    maximum: Decimal
    words: Words
    self_points: Decimal | None = None
    self_words: Words | None = None
    reason: str = ""
    declared: tuple[Declared, ...] = ()
    pools: tuple[PoolMean, ...] = ()
    warnings: tuple[Words, ...] = ()

    @property
    def is_refused_exclusion(self) -> bool:
        """Whether the unit said that this does not apply, and the appraisal scored it all the same."""
        return self.origin == Origin.APPRAISED and self.self_points is None and self.self_words is not None


@dataclass(frozen=True, slots=True)
class AreaSum:
    """The sum of an area's parts; `percent` of the applicable maximum, two decimals; None if none applies."""

    code: str
    title: str
    points: Decimal
    applicable: Decimal
    percent: Decimal | None


@dataclass(frozen=True, slots=True)
class SheetReturn:
    """Sheets of a group: how many were due, how many count, and how many were too empty to count."""

    form: str
    label: str
    due: int
    counted: int
    set_aside: int


@dataclass(frozen=True, slots=True)
class UnitIndex:
    """One unit's index.

    `total` = appraised + survey points; `index_percent` = 100 × total ÷ applicable maximum, rounded half up
    to two decimals: the published number that ranks are made from. While a part is missing there is no index
    and no rank, and the sums hold what is known so far.
    """

    code: str
    name: str
    level: str
    position: int
    appraised_points: Decimal
    survey_points: Decimal
    total: Decimal
    applicable: Decimal
    index_percent: Decimal | None
    class_label: str
    rank: int | None
    missing: tuple[str, ...]
    areas: tuple[AreaSum, ...]
    parts: tuple[Part, ...]
    returns: tuple[SheetReturn, ...] = ()


@dataclass(frozen=True, slots=True)
class LevelResult:
    """All units of a level, by rank; `mean_percent` is the plain mean of their published indexes."""

    level: str
    title: str
    units: tuple[UnitIndex, ...]
    mean_percent: Decimal | None


@dataclass(frozen=True, slots=True)
class IndexResult:
    """The index of a year: each level ranked apart."""

    year: int
    office: str
    levels: tuple[LevelResult, ...]

    @property
    def missing_count(self) -> int:
        """How many parts are missing in all."""
        return sum(len(unit.missing) for level in self.levels for unit in level.units)


def result_as_plain(result: IndexResult) -> dict[str, Any]:
    """The result as JSON values."""
    plain: dict[str, Any] = as_plain(result)
    return plain


def result_sha256(result: IndexResult) -> str:
    """The hash of the whole result: the same bits, the same hash."""
    return sha256_of(result_as_plain(result))


def unit_index_from_plain(plain: Mapping[str, Any]) -> UnitIndex:
    """One unit's index as `as_plain` wrote it."""
    unit: UnitIndex = from_plain(UnitIndex, dict(plain), "unit")
    return unit
