"""An index as files for other programs: the workbook that computes it again, and open data."""

import json

from flask import Response, make_response
from sqlalchemy.orm import Session

from webapp.http.papers import send_file_bytes
from webapp.papers.publication.open_data import SCHEMA_FILE, open_data
from webapp.persistence.results import IndexVersion
from webapp.persistence.version_bands import VersionBands
from webapp.services.editions import edition_of_version
from webapp.services.rank_bands import bands_content


def send_workbook(session: Session, version: IndexVersion, *, shows_small_cells: bool) -> Response:
    """Late import: the maker of workbooks is heavy, and brings an array library into the web process."""
    from webapp.papers.publication.workbook import write_workbook

    edition = edition_of_version(session, version, shows_small_cells=shows_small_cells)
    name = f"chi-so-{edition.year}-ban-{edition.number}"
    return send_file_bytes(write_workbook(edition), "xlsx", name)


def send_open_data(session: Session, version: IndexVersion) -> Response:
    """The open data of a version."""
    edition = edition_of_version(session, version, shows_small_cells=False)
    text = json.dumps(open_data(edition), ensure_ascii=False, indent=1)
    return _send_json(text, f"chi-so-{edition.year}-du-lieu-mo.json")


def send_bands(kept: VersionBands) -> Response:
    """The rank bands with their inputs and hash: they hold each sheet's effect, so for the office alone."""
    response = _send_json(
        json.dumps(bands_content(kept), ensure_ascii=False),
        f"khoang-hang-ban-{kept.version.number}.json",
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def send_open_data_schema() -> Response:
    """The schema that the open data keep."""
    return _send_json(SCHEMA_FILE.read_text(encoding="utf-8"), SCHEMA_FILE.name)


def _send_json(text: str, name: str) -> Response:
    response = make_response(text)
    response.headers["Content-Type"] = "application/json; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
