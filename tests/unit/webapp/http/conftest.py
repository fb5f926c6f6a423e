"""A little app with views of its own, around the real frame."""

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Blueprint, Flask

from tests.clients import Office, close_office, open_office

MakeOffice = Callable[[Blueprint], Office]


@pytest.fixture
def make_office(
    sqlite_template: Path, tmp_path: Path, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MakeOffice]:
    """The small world's app with one more blueprint."""
    opened: list[Office] = []

    def make(blueprint: Blueprint) -> Office:
        shutil.copy(sqlite_template, tmp_path / "chamdiem.sqlite3")
        register = Flask.register_blueprint
        added: list[bool] = []

        def register_with_probe(app: Flask, other: Blueprint) -> None:
            register(app, other)
            if not added:
                added.append(True)
                register(app, blueprint)

        monkeypatch.setattr(Flask, "register_blueprint", register_with_probe)
        opened.append(open_office(f"sqlite:///{tmp_path / 'chamdiem.sqlite3'}", tmp_path, now))
        return opened[0]

    yield make
    for office in opened:
        close_office(office)
