"""How a unit stood in the year before, as that year published it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import NotFound
from webapp.par_index.bands import RankBand
from webapp.par_index.exact import from_plain
from webapp.par_index.outcome import AreaSum, UnitIndex
from webapp.persistence.campaign import Campaign
from webapp.persistence.results import (
    PUBLISHED,
    IndexVersion,
    find_index_unit,
    published_index_version,
    units_of_version,
)
from webapp.services.campaigns import find_campaign_of
from webapp.services.rank_bands import load_bands


@dataclass(frozen=True, slots=True)
class FormerYear:
    """A unit in the newest earlier year that published it.

    `change_percent`: since then, points of 100; None while this year has no index yet.
    `areas`: percent then, by code, of the areas that are still called the same; `is_same_scheme`: all are.
    `is_certain`: the intervals of the two years do not overlap; None where one of them has none.
    """

    year: int
    rank: int
    level_size: int
    index_percent: Decimal
    change_percent: Decimal | None
    areas: Mapping[str, Decimal | None]
    is_same_scheme: bool
    is_certain: bool | None


def published_years(session: Session, campaign: Campaign) -> list[int]:
    """The office's other years that published their results, the latest first."""
    years = select(Campaign.year).join(IndexVersion, IndexVersion.campaign_id == Campaign.id)
    others = years.where(
        Campaign.office_name == campaign.office_name,
        Campaign.id != campaign.id,
        IndexVersion.kind == PUBLISHED,
    )
    return list(session.scalars(others.distinct().order_by(Campaign.year.desc())))


def require_published_of(session: Session, year: int) -> IndexVersion:
    """What a year published last.

    Raises:
        NotFound: there is no such year, or it has published nothing.
    """
    version = published_index_version(session, find_campaign_of(session, year).id)
    if version is None:
        raise NotFound("Kết quả chưa được công bố.")
    return version


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
    if line is None or not is_comparable or line.index_percent is None:
        return None
    sums: list[AreaSum] = [from_plain(AreaSum, plain) for plain in line.areas]
    titles = {area.code: area.title for area in unit.areas}
    areas = {area.code: area.percent for area in sums if titles.get(area.code) == area.title}
    change = None if unit.index_percent is None else unit.index_percent - line.index_percent
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
        if band is None or then is None or change is None
        else abs(change) > band.margin_percent + then.margin_percent,
    )
