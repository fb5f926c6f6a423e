"""What whoever runs the program asks it: is it well, its figures, what an incident was, what is missing."""

import datetime as dt
import errno
import json
import logging
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import OperationalError

from tests.clients import Office
from webapp import cli
from webapp.logs import clear_old_logs, find_incident, install_logs
from webapp.persistence.all_tables import Base
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.guards import lift_guards
from webapp.persistence.jobs import show_pulse
from webapp.persistence.schema import upgrade_database
from webapp.services.checkup import Grade, check_installation
from webapp.settings import Settings

TOKEN = "a token of the test"
DAY = dt.datetime(2021, 3, 16, tzinfo=dt.UTC)
WRONG: dict[str, dict[str, Any]] = {
    "backup_run": {
        "occasion": "scheduled", "started_at": DAY, "ended_at": DAY, "path": "/gone.tar", "size_bytes": 1,
        "file_count": 1, "missing_count": 0, "log_mark": "", "detail": "",
    },
    "log_entry": {
        "seq": 1, "at": DAY + dt.timedelta(days=4), "actor": "", "role": "", "act": "probe", "subject": "",
        "detail": {}, "prev_hash": "", "hash": "",
    },
    "log_check": {
        "checked_at": DAY, "occasion": "nightly", "head_seq": 0, "head_hash": "", "broken_seq": 1,
        "fault": "changed",
    },
}  # fmt: skip


def test_health_is_told_to_anybody_and_says_no_more_than_that(office: Office) -> None:
    answer = office.browser().get("/healthz")
    assert (answer.status_code, answer.json) == (
        200,
        {"status": "ok", "disk": "ok", "database": "ok", "worker": "silent"},
    )
    with office.session() as session:
        show_pulse(session, "w", office.clock())
        session.commit()
    assert json.loads(office.browser().get("/healthz").text)["worker"] == "ok"


def test_a_database_that_is_gone_is_said(office: Office) -> None:
    with office.session() as session:
        session.execute(text("DROP TABLE worker_pulse"))
        session.commit()
    answer = office.browser().get("/healthz")
    assert (answer.status_code, json.loads(answer.text)["database"]) == (503, "down")


def test_a_disk_that_takes_no_file_is_said_though_it_is_still_read(office: Office) -> None:
    settings = office.app.extensions["chamdiem"].settings
    (settings.scans_dir / "incoming").rmdir()
    answer = office.browser().get("/healthz")
    assert (answer.status_code, json.loads(answer.text)["disk"]) == (503, "read_only")


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (OSError(errno.ENOSPC, "no room"), "đã đầy"),
        (OSError(errno.EROFS, "read only"), "không ghi được"),
        (OperationalError("", {}, sqlite3.OperationalError("database or disk is full")), "đã đầy"),
        (
            OperationalError("", {}, sqlite3.OperationalError("attempt to write a readonly database")),
            "không ghi được",
        ),
    ],
)
def test_what_the_disk_refuses_is_said_without_an_incident(
    office: Office, monkeypatch: pytest.MonkeyPatch, cause: Exception, words: str
) -> None:
    def refuse(**_: object) -> str:
        raise cause

    monkeypatch.setitem(office.app.view_functions, "home.show_home", refuse)
    monkeypatch.setattr(office.app, "testing", False)
    answer = office.browser("clerk").get("/")
    assert answer.status_code == 507
    assert f"Đĩa của máy chủ {words}" in answer.text
    assert "Mã sự cố" not in answer.text


def test_figures_are_for_the_bearer_of_the_token_only(office: Office) -> None:
    context = office.app.extensions["chamdiem"]
    browser = office.browser("administrator")
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert browser.client.get("/metrics", headers=bearer).status_code == 404, "no token is set"
    office.app.extensions["chamdiem"] = replace(
        context, settings=replace(context.settings, metrics_token=TOKEN)
    )
    assert browser.client.get("/metrics").status_code == 404
    answer = browser.client.get("/metrics", headers=bearer)
    assert answer.mimetype == "text/plain"
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r'chamdiem_[a-z_]+(\{[a-z]+="[^"]*"\})? \d+', line) for line in lines)
    assert 'chamdiem_jobs_waiting{kind="read"} 0' in lines
    assert 'chamdiem_alert{kind="log_broken"} 0' in lines


@pytest.fixture
def program_log(tmp_path: Path) -> Iterator[Path]:
    """The log's folder, with this process's log going there."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    for handler in before:
        root.removeHandler(handler)
    install_logs("web", tmp_path / "logs", json_on_terminal=False)
    yield tmp_path / "logs"
    for handler in list(root.handlers):
        root.removeHandler(handler)
    for handler in before:
        root.addHandler(handler)
    root.setLevel(level)


def test_the_number_of_an_error_page_leads_to_its_trace(
    office: Office, program_log: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with office.session() as session:
        session.execute(text("DROP TABLE backup_run"))
        session.commit()
    office.app.testing = False
    page = office.browser("administrator").get("/sao-luu")
    assert page.status_code == 500
    number = re.search(r'class="incident">(\d{4} \d{4})<', page.text)
    assert number is not None
    (told,) = find_incident(program_log, number[1])
    assert (told["level"], told["method"], told["path"]) == ("error", "GET", "/sao-luu")
    assert "backup_run" in told["trace"]
    monkeypatch.setenv("CHAMDIEM_DATA", str(program_log.parent))
    assert cli.main(["incident", *number[1].split()]) == 0
    assert "backup_run" in capsys.readouterr().out
    assert cli.main(["incident", "00000000"]) == 1


def test_the_program_s_log_holds_nothing_that_people_entered(program_log: Path, tmp_path: Path) -> None:
    engine, entered = make_engine(f"sqlite:///{tmp_path / 'x.sqlite3'}"), {"name": "Nguyễn Thị Ẩn"}
    try:
        with engine.connect() as connection:
            connection.execute(text("INSERT INTO nowhere VALUES (:name)"), entered)
    except Exception:
        logging.getLogger("chamdiem").exception("it failed")
    engine.dispose()
    (path,) = program_log.iterdir()
    line = json.loads(path.read_text(encoding="utf-8"))
    assert "nowhere" in line["trace"]
    assert entered["name"] not in line["trace"]
    assert path.stat().st_mode & 0o077 == 0


def test_old_days_of_the_program_s_log_are_deleted(tmp_path: Path, now: dt.datetime) -> None:
    for name in ("2021-02-10.jsonl", "2021-03-01.jsonl", "note.txt"):
        (tmp_path / name).write_text("{}")
    clear_old_logs(tmp_path, now)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2021-03-01.jsonl", "note.txt"]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation that was just upgraded, as the environment names it."""
    monkeypatch.setenv("CHAMDIEM_DATA", str(tmp_path / "var"))
    monkeypatch.delenv("CHAMDIEM_DATABASE", raising=False)
    settings = Settings.from_env()
    upgrade_database(settings.database_url)
    return settings


def faults(settings: Settings, now: dt.datetime) -> set[str]:
    return {f.name for f in check_installation(settings, now) if f.grade is Grade.FAULT}


@pytest.mark.usefixtures("installed")
def test_the_doctor_finds_a_sound_installation_sound() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "webapp", "doctor"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    lines = {line.split(":")[0] for line in ran.stdout.splitlines()}
    assert {"ok       Tesseract", "ok       guards", "warning  backup"} <= lines


def test_the_doctor_names_what_is_wrong(installed: Settings, now: dt.datetime) -> None:
    assert faults(installed, now) == set()
    engine = make_engine(installed.database_url)
    with make_session_factory(engine).begin() as session:
        lift_guards(session.connection())
        for table, row in WRONG.items():
            session.execute(insert(Base.metadata.tables[table]).values(row))
    engine.dispose()
    assert faults(installed, now) == {"guards", "backup", "clock and log", "log"}


def test_the_doctor_says_when_there_is_no_database(tmp_path: Path, now: dt.datetime) -> None:
    url = f"sqlite:///{tmp_path / 'nothing.sqlite3'}"
    settings = Settings(tmp_path, url, tmp_path, "secret")
    assert faults(settings, now) == {"database"}
    assert not (tmp_path / "nothing.sqlite3").exists()
    unreachable = replace(settings, database_url="postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    assert "database" in faults(unreachable, now)
