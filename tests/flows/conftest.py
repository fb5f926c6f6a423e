"""The office of the small world, in a browser's reach."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients import Office, close_office, open_office


@pytest.fixture
def office(database_url: str, tmp_path: Path, now: dt.datetime) -> Iterator[Office]:
    """The app with the small world, once on each database."""
    opened = open_office(database_url, tmp_path, now)
    yield opened
    close_office(opened)
