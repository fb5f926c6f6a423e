"""The published index as open data: `chamdiem-index/1`, described by open_data.schema.json beside this file.

Numbers are exact decimals written as text ("92.15"); answers of single questions are not part of it.
"""

from pathlib import Path
from typing import Any, Final

from webapp.papers.publication.edition import Edition
from webapp.par_index.bands import RankBand
from webapp.par_index.exact import as_plain
from webapp.par_index.outcome import LevelResult, Part, UnitIndex

SCHEMA: Final = "chamdiem-index/1"
SCHEMA_FILE: Final = Path(__file__).parent / "open_data.schema.json"


def open_data(edition: Edition) -> dict[str, Any]:
    """The edition as JSON values."""
    return {
        "schema": SCHEMA,
        "year": edition.year,
        "office": edition.office,
        "version": edition.number,
        "is_sample": edition.is_sample,
        "is_official": edition.is_official,
        "inputs_sha256": edition.sha256,
        "result_sha256": edition.result_sha256,
        "levels": [_level(edition, level) for level in edition.result.levels],
    }


def _level(edition: Edition, level: LevelResult) -> dict[str, Any]:
    return {
        "code": level.level,
        "name": edition.level_names[level.level],
        "scheme": level.title,
        "mean_percent": as_plain(level.mean_percent),
        "units": [_unit(unit, edition.bands.get(unit.code)) for unit in level.units],
    }


def _unit(unit: UnitIndex, band: RankBand | None) -> dict[str, Any]:
    plain = {
        "code": unit.code,
        "name": unit.name,
        "rank": unit.rank,
        "rank_band": None if band is None else _band(band),
        "index_percent": unit.index_percent,
        "class": unit.class_label,
        "appraised_points": unit.appraised_points,
        "survey_points": unit.survey_points,
        "total": unit.total,
        "applicable": unit.applicable,
        "areas": unit.areas,
        "components": [_component(part) for part in unit.parts],
    }
    return {key: as_plain(value) for key, value in plain.items()}


def _band(band: RankBand) -> dict[str, Any]:
    """Statistics of the rank: estimates, not part of what is exact."""
    return {"best": band.best, "worst": band.worst, "margin_percent": band.margin_percent}


def _component(part: Part) -> dict[str, Any]:
    return {
        "code": part.component,
        "title": part.title,
        "area": part.area,
        "origin": part.origin,
        "points": as_plain(part.points),
        "applicable": as_plain(part.applicable),
        "maximum": as_plain(part.maximum),
        "self_points": as_plain(part.self_points),
    }
