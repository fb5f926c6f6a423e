"""An office opens its year from a folder of plain files; what does not fit is named, and nothing is kept."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from webapp.cli import main
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.campaign import Campaign, Unit
from webapp.persistence.schemes import SchemeVersion
from webapp.services.campaigns import SAMPLE_DIR


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_template: Path) -> Path:
    """A copy of the sample's files, and an empty database of its own."""
    database = tmp_path / "office.sqlite3"
    shutil.copy(sqlite_template, database)
    monkeypatch.setenv("CHAMDIEM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CHAMDIEM_DATABASE", f"sqlite:///{database}")
    return Path(shutil.copytree(SAMPLE_DIR / "bo_trach_2020", tmp_path / "nam-2020"))


def counts(folder: Path) -> tuple[int, int, int]:
    engine = make_engine(f"sqlite:///{folder.parent / 'office.sqlite3'}")
    with make_session_factory(engine)() as session:
        found = tuple(len(session.scalars(select(table)).all()) for table in (Campaign, Unit, SchemeVersion))
    engine.dispose()
    return found[0], found[1], found[2]


def test_a_year_is_opened(folder: Path) -> None:
    assert main(["open-campaign", "--folder", str(folder)]) == 0
    assert counts(folder) == (1, 41, 2)
    assert main(["open-campaign", "--folder", str(folder)]) == 2
    assert counts(folder) == (1, 41, 2)


@pytest.mark.parametrize(
    ("name", "change", "complaint"),
    [
        ("campaign.yaml", ("place: Bố Trạch", "nowhere: x"), "place"),
        ("questionnaires.yaml", ("    - Không\n    - Có\n", "    - Có\n    - Không\n"), "CX4.11"),
        ("criteria_division.yaml", ("max: 17\n", "max: 16.5\n"), "99,5"),
    ],
)
def test_what_does_not_fit_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, change: tuple[str, str], complaint: str
) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert change[0] in text
    (folder / name).write_text(text.replace(*change, 1), encoding="utf-8")
    assert main(["open-campaign", "--folder", str(folder)]) == 2
    assert complaint in capsys.readouterr().err
    assert counts(folder) == (0, 0, 0)


def test_an_empty_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["open-campaign", "--folder", str(tmp_path / "empty")]) == 2
    assert counts(folder) == (0, 0, 0)
