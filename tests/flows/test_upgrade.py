"""`chamdiem upgrade`: an older database is backed up before it is changed, or it is not changed."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from webapp import cli
from webapp.persistence.backups import last_good_backup
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.schema import newest_revision, standing_revision, upgrade_database
from webapp.services.backup_archive import check_archive

OLDER = "0010"


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An installation at an older schema, with a row, as the environment names it."""
    url = f"sqlite:///{tmp_path / 'chamdiem.sqlite3'}"
    monkeypatch.setenv("CHAMDIEM_DATA", str(tmp_path))
    monkeypatch.setenv("CHAMDIEM_DATABASE", url)
    upgrade_database(url, OLDER)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO sign_in_brake VALUES ('address:10.0.0.5', 3, '2021-03-16', NULL)")
        )
    engine.dispose()
    return url


def test_an_older_database_is_backed_up_first(older: str, tmp_path: Path) -> None:
    assert cli.main(["upgrade"]) == 0
    (path,) = (tmp_path / "backups").glob("*.tar")
    assert check_archive(path)[0].revision == OLDER
    assert standing_revision(older) == newest_revision(older)
    engine = make_engine(older)
    with make_session_factory(engine)() as session:
        run = last_good_backup(session)
        assert run is not None
        assert (run.occasion, run.path) == ("upgrade", str(path))
    engine.dispose()
    assert cli.main(["upgrade"]) == 0
    assert len(list((tmp_path / "backups").glob("*.tar"))) == 1, "nothing to change, nothing to back up"


def test_what_was_backed_up_before_an_upgrade_is_brought_up_when_restored(
    older: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(["backup", "--to", str(tmp_path / "usb")]) == 0
    (path,) = (tmp_path / "usb").glob("*.tar")
    fresh = f"sqlite:///{tmp_path / 'new' / 'chamdiem.sqlite3'}"
    monkeypatch.setenv("CHAMDIEM_DATA", str(tmp_path / "new"))
    monkeypatch.setenv("CHAMDIEM_DATABASE", fresh)
    assert cli.main(["check-backup", str(path)]) == 0
    assert cli.main(["restore", str(path)]) == 0
    assert standing_revision(fresh) == newest_revision(older)
    engine = create_engine(fresh)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT failed_sign_ins FROM sign_in_brake")) == 3
    engine.dispose()
    assert not (tmp_path / "new" / "secret").exists(), "old cookies open nothing"
    assert cli.main(["restore", str(path)]) == 2


def test_without_a_backup_nothing_is_changed(
    older: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "backups").write_text("a file where the folder should be")
    assert cli.main(["upgrade"]) == 7
    assert standing_revision(older) == OLDER
    assert "The database was not changed" in capsys.readouterr().err
    assert cli.main(["upgrade", "--without-backup"]) == 0
    assert standing_revision(older) == newest_revision(older)
