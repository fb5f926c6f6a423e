"""The whole app, for the tests that walk it."""

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.clients import Office, close_office, open_office


@pytest.fixture(scope="module")
def office_of_contracts(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The small world with every feature, and its people's browsers."""
    folder = tmp_path_factory.mktemp("app")
    shutil.copy(sqlite_template, folder / "chamdiem.sqlite3")
    moment = dt.datetime(2021, 3, 16, 2, 12, tzinfo=dt.UTC)
    office = open_office(f"sqlite:///{folder / 'chamdiem.sqlite3'}", folder, moment)
    yield office
    close_office(office)


@pytest.fixture(scope="module")
def app(office_of_contracts: Office) -> Flask:
    """The app with every feature."""
    return office_of_contracts.app
