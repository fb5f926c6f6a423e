"""The whole app, for the tests that walk it."""

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.clients import close_office, open_office


@pytest.fixture(scope="module")
def app(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The app with every feature."""
    folder = tmp_path_factory.mktemp("app")
    shutil.copy(sqlite_template, folder / "chamdiem.sqlite3")
    moment = dt.datetime(2021, 3, 16, 2, 12, tzinfo=dt.UTC)
    office = open_office(f"sqlite:///{folder / 'chamdiem.sqlite3'}", folder, moment)
    yield office.app
    close_office(office)
