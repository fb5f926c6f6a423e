"""How a unit stood in the year before, as that year published it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.par_index.bands import RankBand
from webapp.par_index.exact import from_plain
from webapp.par_index.outcome import AreaSum, UnitIndex
from webapp.persistence.campaign import Campaign
from webapp.persistence.results import (
    IndexVersion,
    find_index_unit,
    published_index_version,
    units_of_version,
)
from webapp.services.rank_bands import load_bands


@dataclass(frozen=True, slots=True)
class FormerYear:
    """A unit in the newest earlier year that published it; `change_percent`: since then, points of 100.

    `areas`: percent then, by code, of the areas that are still called the same; `is_same_scheme`: all are.
    `is_certain`: the intervals of the two years do not overlap; None where one of them has none.
    """

    year: int
    rank: int
    level_size: int
    index_percent: Decimal
    change_percent: Decimal
    areas: Mapping[str, Decimal | None]
    is_same_scheme: bool
    is_certain: bool | None


def former_year(
    session: Session, version: IndexVersion, unit: UnitIndex, band: RankBand | None
) -> FormerYear | None:
    """The unit of the same code and level in the same office's newest earlier year, or None."""
    campaign = session.get_one(Campaign, version.campaign_id)
    earlier = select(Campaign).where(
        Campaign.office_name == campaign.office_name, Campaign.year < campaign.year
    )
    for before in session.scalars(earlier.order_by(Campaign.year.desc())):
        published = published_index_version(session, before.id)
        if published is not None:
            return _in_year(session, before.year, published, unit, band)
    return None


def _in_year(
    session: Session, year: int, published: IndexVersion, unit: UnitIndex, band: RankBand | None
) -> FormerYear | None:
    line = find_index_unit(session, published.id, unit.code)
    is_comparable = line is not None and line.level == unit.level
    if line is None or not is_comparable or line.index_percent is None or unit.index_percent is None:
        return None
    sums: list[AreaSum] = [from_plain(AreaSum, plain) for plain in line.areas]
    titles = {area.code: area.title for area in unit.areas}
    areas = {area.code: area.percent for area in sums if titles.get(area.code) == area.title}
    change = unit.index_percent - line.index_percent
    bands = load_bands(session, published)
    then = None if bands is None else bands.by_unit.get(unit.code)
    return FormerYear(
        year=year,
        rank=line.rank or 0,
        level_size=len(units_of_version(session, published.id, line.level)),
        index_percent=line.index_percent,
        change_percent=change,
        areas=areas,
        is_same_scheme=len(areas) == len(sums) == len(titles),
        is_certain=None
        if band is None or then is None
        else abs(change) > band.margin_percent + then.margin_percent,
    )
