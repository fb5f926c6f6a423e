"""The office of the small world, in a browser's reach."""

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients import Office, close_office, open_office


@pytest.fixture
def office(sqlite_template: Path, tmp_path: Path, now: dt.datetime) -> Iterator[Office]:
    """The app with the small world, on SQLite."""
    shutil.copy(sqlite_template, tmp_path / "chamdiem.sqlite3")
    opened = open_office(f"sqlite:///{tmp_path / 'chamdiem.sqlite3'}", tmp_path, now)
    yield opened
    close_office(opened)
