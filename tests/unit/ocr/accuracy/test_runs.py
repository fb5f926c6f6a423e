"""A full run needs a frozen commit, and is logged before its first page."""

import argparse
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ocr.accuracy import command
from ocr.accuracy.command import PlanImpossible, add_accuracy_parser
from ocr.accuracy.plan import run_seed
from ocr.accuracy.runs import LOG, REPORT, LoggedRun, NotFrozen, frozen_commit, logged_runs, write_log
from ocr.cli import main
from tests.worlds.scanned_pages import FORMS


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small checkout with one commit."""
    (tmp_path / "code.py").write_text("x = 1\n", "utf-8")
    author = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    for arguments in (
        ("init", "-q"),
        ("add", "-A"),
        (*author, "commit", "-q", "--no-verify", "-m", "first"),
    ):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    return tmp_path


def test_a_clean_checkout_gives_its_commit(checkout: Path) -> None:
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=checkout, capture_output=True, text=True, check=True
    )
    assert frozen_commit(checkout) == head.stdout.strip()


def test_what_runs_write_themselves_does_not_thaw_the_code(checkout: Path) -> None:
    for path in (REPORT, LOG):
        (checkout / path).parent.mkdir(exist_ok=True)
        (checkout / path).write_text("", "utf-8")
    assert len(frozen_commit(checkout)) == 40


def _change(checkout: Path) -> None:
    (checkout / "code.py").write_text("x = 2\n", "utf-8")


def _new_file(checkout: Path) -> None:
    (checkout / "marks.json").write_text("{}", "utf-8")


@pytest.mark.parametrize("thaw", [_change, _new_file])
def test_a_full_run_refuses_changes_and_a_rehearsal_does_not(
    checkout: Path,
    thaw: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    thaw(checkout)
    with pytest.raises(NotFrozen):
        frozen_commit(checkout)
    assert len(frozen_commit(checkout, clean=False)) == 40
    monkeypatch.chdir(checkout)
    assert main(["accuracy", "--minutes", "0", "--workers", "1"]) == NotFrozen.exit_code
    assert "chưa được chốt" in capsys.readouterr().err
    assert not (checkout / LOG).exists()


def test_no_commit_no_run(tmp_path: Path) -> None:
    with pytest.raises(NotFrozen):
        frozen_commit(tmp_path)


def test_the_log_keeps_every_run(tmp_path: Path) -> None:
    log = tmp_path / "docs" / "runs.jsonl"
    assert logged_runs(log) == []
    runs = [LoggedRun(1, "a", "s", "t", "all targets met"), LoggedRun(2, "b", "s", "t")]
    write_log(log, runs)
    assert logged_runs(log) == runs


def test_a_full_run_cannot_be_made_smaller(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(checkout)
    parser = argparse.ArgumentParser()
    add_accuracy_parser(parser.add_subparsers())
    parsed = parser.parse_args(["accuracy", "--share", "0.1"])
    with pytest.raises(PlanImpossible):
        parsed.run(parsed)
    assert run_seed("a" * 40, "rehearsal") != run_seed("a" * 40, "1")


def test_a_full_run_is_logged_at_its_start_carried_on_and_closed(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three starts: the first stops at once, the second carries it on to its end, the third is a new run."""
    monkeypatch.chdir(checkout)
    monkeypatch.setattr(command, "WANTED", {"office": 50})
    monkeypatch.setattr(command, "SHEETS_PER_CHUNK", 1)
    (checkout / ".git" / "info" / "exclude").write_text("var/\n", "utf-8")
    start = ["accuracy", "--workers", "1", "--forms", str(FORMS)]
    assert main([*start, "--minutes", "0"]) == 0
    (begun,) = logged_runs(LOG)
    assert (begun.run, begun.result) == (1, "")
    assert "This run is partial" in REPORT.read_text("utf-8")
    assert main(start) == 0
    (ended,) = logged_runs(LOG)
    assert (ended.run, ended.seed) == (1, begun.seed)
    assert ended.result.startswith("office: 0 silent errors in ")
    assert "This run is partial" not in REPORT.read_text("utf-8")
    assert main([*start, "--minutes", "0"]) == 0
    assert [(run.run, run.result != "") for run in logged_runs(LOG)] == [(1, True), (2, False)]
    assert logged_runs(LOG)[1].seed != begun.seed
    assert "| full runs started so far, this one included | 2 (" in REPORT.read_text("utf-8")
