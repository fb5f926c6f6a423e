"""The installation's settings, its secret, and who may read its files."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from webapp.app import create_app
from webapp.settings import Settings

PRIVATE = 0o077


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation that was never started."""
    monkeypatch.setenv("CHAMDIEM_DATA", str(tmp_path / "var"))
    monkeypatch.delenv("CHAMDIEM_SECRET", raising=False)
    monkeypatch.delenv("CHAMDIEM_DATABASE", raising=False)
    return tmp_path / "var"


def test_processes_that_start_together_get_one_secret(data_dir: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        secrets = {made.secret_key for made in pool.map(lambda _: Settings.from_env(), range(32))}
    assert [len(secret) for secret in secrets] == [64]
    assert [path.name for path in data_dir.iterdir()] == ["secret"], "nothing is left beside it"
    assert (data_dir / "secret").stat().st_mode & PRIVATE == 0


def test_the_data_is_for_this_account_alone(data_dir: Path) -> None:
    command = [sys.executable, "-m", "webapp", "upgrade"]
    subprocess.run(command, check=True, env=dict(os.environ), umask=0o022)
    files = [data_dir, *data_dir.rglob("*")]
    assert len(files) > 2
    assert [path for path in files if path.stat().st_mode & PRIVATE] == []


@pytest.mark.parametrize(("value", "secure"), [("1", True), ("", False)])
def test_the_cookie_stays_on_https_where_there_is_https(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, value: str, *, secure: bool
) -> None:
    monkeypatch.setenv("CHAMDIEM_HTTPS", value)
    settings = Settings.from_env()
    assert settings.data_dir == data_dir
    assert create_app(settings).config["SESSION_COOKIE_SECURE"] is secure
