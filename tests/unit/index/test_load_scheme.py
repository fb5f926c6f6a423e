"""The command that loads a scheme."""

import datetime as dt
import shutil
from pathlib import Path

import pytest

from tests.unit.index.sample import BO_TRACH
from tests.worlds.small import make_small_world
from webapp.cli import main
from webapp.persistence.base import make_engine, make_session_factory
from webapp.services.schemes import scheme_of_level


@pytest.fixture
def database(sqlite_template: Path, tmp_path: Path, now: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> str:
    shutil.copy(sqlite_template, tmp_path / "chamdiem.sqlite3")
    url = f"sqlite:///{tmp_path / 'chamdiem.sqlite3'}"
    engine = make_engine(url)
    with make_session_factory(engine)() as session:
        make_small_world(session, now)
        session.commit()
    engine.dispose()
    monkeypatch.setenv("CHAMDIEM_DATABASE", url)
    monkeypatch.setenv("CHAMDIEM_DATA", str(tmp_path))
    return url


def load(catalogue: Path, year: int = 2020) -> int:
    files = ["--catalogue", str(catalogue), "--questionnaires", str(BO_TRACH / "questionnaires.yaml")]
    return main(["load-scheme", "--year", str(year), *files])


def test_a_sound_catalogue_is_loaded_with_its_doubts(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load(BO_TRACH / "criteria_commune.yaml") == 0
    assert "KHÔNG phải phụ lục thật" in capsys.readouterr().out
    engine = make_engine(database)
    with make_session_factory(engine)() as session:
        version, scheme = scheme_of_level(session, 1, "commune")
        assert (version.version, len(scheme.scored)) == (1, 58)
    engine.dispose()


@pytest.mark.usefixtures("database")
def test_what_cannot_be_loaded_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "criteria.yaml"
    text = (BO_TRACH / "criteria_commune.yaml").read_text()
    broken.write_text(text.replace("max_survey: 35", "max_survey: 34"))
    assert load(broken) == 2
    assert "Điểm thẩm định và điều tra 99, phải là 100 – thiếu 1." in capsys.readouterr().err
    assert load(tmp_path / "absent.yaml") == 2
    assert load(BO_TRACH / "criteria_commune.yaml", 1999) == 2
