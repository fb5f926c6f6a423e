"""What people see of a version: ranking tables, units with every point's origin; small cells stay hidden."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from webapp.errors import NotFound
from webapp.par_index.bands import RankBand, separated_runs
from webapp.par_index.disclosure import Place, hidden_questions, is_hidden
from webapp.par_index.exact import from_plain
from webapp.par_index.losses import Loss, list_losses
from webapp.par_index.outcome import AreaSum, Origin, Part, UnitIndex, unit_index_from_plain
from webapp.persistence.results import IndexUnit, IndexVersion, find_index_unit, units_of_version
from webapp.services.rank_bands import KeptBands, load_bands
from webapp.services.year_on_year import FormerYear, former_year


@dataclass(frozen=True, slots=True)
class LevelTable:
    """One level's printed table with what stands above and below it."""

    level: str
    title: str
    status: str
    maximum_appraisal: Decimal
    maximum_survey: Decimal
    mean_percent: Decimal | None
    lines: Sequence[IndexUnit]
    bands: KeptBands | None

    def band_of(self, code: str) -> RankBand | None:
        """The band of a unit's rank, where the version has bands and the unit a rank."""
        return None if self.bands is None else self.bands.by_unit.get(code)

    @property
    def runs(self) -> list[tuple[int, int]]:
        """First and last rank of each run that is told apart from all others."""
        return [] if self.bands is None else separated_runs(self.bands.of_level(self.level))

    @property
    def class_counts(self) -> list[tuple[str, int]]:
        """How many units fell in each class, the best class first."""
        counts = Counter(line.class_label for line in self.lines if line.class_label)
        best = {line.class_label: line.index_percent for line in reversed(self.lines)}
        return sorted(counts.items(), key=lambda pair: -(best[pair[0]] or Decimal(0)))

    @property
    def missing_count(self) -> int:
        """Parts that are missing in this level."""
        return sum(line.missing_count for line in self.lines)


@dataclass(frozen=True, slots=True)
class AreaPlace:
    """A unit's area among the units of its level; all in percent of what applies."""

    area: AreaSum
    median: Decimal | None
    best: Decimal | None


@dataclass(frozen=True, slots=True)
class PartView:
    """A part as it may be shown: `hides_groups` where so few answered that the answers point at people."""

    part: Part
    hides_groups: bool

    @property
    def answer_count(self) -> int:
        """The most answers that one question of the part got, over all groups."""
        return sum(max((q.valid for q in pool.questions), default=0) for pool in self.part.pools)


@dataclass(frozen=True, slots=True)
class UnitPage:
    """One unit of a version: sums, areas among its level, and all parts by area."""

    version: IndexVersion
    unit: UnitIndex
    places: Sequence[AreaPlace]
    parts: dict[str, list[PartView]]
    level_size: int
    table: LevelTable
    losses: Sequence[Loss]
    former: FormerYear | None
    title: str
    status: str
    maximum_appraisal: Decimal
    maximum_survey: Decimal

    @property
    def lost_points(self) -> Decimal:
        """All points lost."""
        return sum((loss.lost for loss in self.losses), Decimal(0))


def load_tables(session: Session, version: IndexVersion) -> list[LevelTable]:
    """The tables of a version, the levels in the order of the campaign."""
    lines = units_of_version(session, version.id)
    levels = dict.fromkeys(line.level for line in lines)
    bands = load_bands(session, version)
    return [
        _table(version.levels[level], level, [x for x in lines if x.level == level], bands)
        for level in levels
    ]


def _table(
    facts: dict[str, Any], level: str, lines: Sequence[IndexUnit], bands: KeptBands | None
) -> LevelTable:
    return LevelTable(
        level=level,
        title=facts["title"],
        status=facts["status"],
        maximum_appraisal=Decimal(facts["maximum_appraisal"]),
        maximum_survey=Decimal(facts["maximum_survey"]),
        mean_percent=None if facts["mean_percent"] is None else Decimal(facts["mean_percent"]),
        lines=lines,
        bands=bands,
    )


def load_table(session: Session, version: IndexVersion, level: str) -> LevelTable:
    """One level's table.

    Raises:
        NotFound: the version has no such level.
    """
    if level not in version.levels:
        raise NotFound("Bản tính này không có cấp đơn vị đó.")
    lines = units_of_version(session, version.id, level)
    return _table(version.levels[level], level, lines, load_bands(session, version))


def load_unit_page(session: Session, version: IndexVersion, code: str) -> UnitPage:
    """One unit with all its parts.

    Raises:
        NotFound: the version has no such unit.
    """
    line = find_index_unit(session, version.id, code)
    if line is None:
        raise NotFound("Không có đơn vị này trong bảng kết quả.")
    table = load_table(session, version, line.level)
    unit = unit_index_from_plain(line.detail)
    hidden = hidden_questions(unit.parts, version.levels[line.level]["smallest_cell"])
    return UnitPage(
        version=version,
        unit=unit,
        places=_places(unit, table.lines),
        parts={
            area.code: [view_part(part, hidden) for part in unit.parts if part.area == area.code]
            for area in unit.areas
        },
        level_size=len(table.lines),
        table=table,
        losses=list_losses(unit),
        former=former_year(session, version, unit, table.band_of(unit.code)),
        title=table.title,
        status=table.status,
        maximum_appraisal=table.maximum_appraisal,
        maximum_survey=table.maximum_survey,
    )


def view_part(part: Part, hidden: frozenset[Place]) -> PartView:
    """A part as it may be shown, given the questions of its unit that may not."""
    return PartView(part, part.origin == Origin.SURVEY and is_hidden(part, hidden))


def _places(unit: UnitIndex, lines: Iterable[IndexUnit]) -> list[AreaPlace]:
    by_area: dict[str, list[Decimal]] = {area.code: [] for area in unit.areas}
    for line in lines:
        for plain in line.areas:
            area: AreaSum = from_plain(AreaSum, plain)
            if area.percent is not None:
                by_area[area.code].append(area.percent)
    return [
        AreaPlace(area, median_of(by_area[area.code]), max(by_area[area.code], default=None))
        for area in unit.areas
    ]


def median_of(percents: Sequence[Decimal]) -> Decimal | None:
    """The middle of the sorted values, or the mean of the two in the middle."""
    ordered = sorted(percents)
    if not ordered:
        return None
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) / 2
