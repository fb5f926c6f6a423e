"""A command that cannot do its work says so in a sentence, and never with the exit code of a verdict."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from ocr.cli import main
from tests.worlds.scanned_pages import FORMS, printed_side


def _told(capsys: pytest.CaptureFixture[str]) -> str:
    told = capsys.readouterr().err.strip()
    assert "\n" not in told, "one sentence"
    return told


@pytest.mark.parametrize(
    "command",
    [
        ["read", "{scan}", "--out", "{folder}/no/r.jsonl"],
        ["read", "{scan}", "--debug", "{scan}"],
        ["calibrate", "--draw", "{folder}/no.pdf", "--out", "{folder}/s.svg"],
        ["calibrate", "--draw", "{scan}", "--out", "{folder}/no/s.svg"],
        ["trial", "print", "--out", "{folder}/no/t.pdf"],
        ["trial", "check", "{folder}/no.pdf"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_file_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    scan = tmp_path / "scan.png"
    Image.fromarray(printed_side(1)).save(scan)
    filled = [part.format(scan=scan, folder=tmp_path) for part in command]
    workers = ["--workers", "1"] if command[0] == "read" else []
    assert main([*filled, "--forms", str(FORMS), *workers]) == 3
    assert str(tmp_path) in _told(capsys)


def test_a_score_of_no_file_is_no_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(tmp_path / "no.jsonl"), str(tmp_path / "no.jsonl")]) == 3
    assert "no.jsonl" in _told(capsys)


def test_a_picture_of_no_kind_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["render", "--form", "CX4", "--dpi", "50", "--forms", str(FORMS)]
    assert main([*command, "--out", str(tmp_path / "x.xyz")]) == 4
    assert "x.xyz" in _told(capsys)


@pytest.mark.parametrize("dpi", ["0", "-5", "5000"])
def test_a_resolution_has_its_limits(tmp_path: Path, dpi: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(
            ["render", "--form", "CX4", "--dpi", dpi, "--forms", str(FORMS), "--out", str(tmp_path / "x.png")]
        )
    assert caught.value.code == 2
    assert "từ 20 đến 1200" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--drafts"], ["--debug", "drawn"]])
def test_what_foreign_forms_do_not_have_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    monkeypatch.setattr("ocr.reading.command.load_template", lambda _folder: None)
    monkeypatch.chdir(tmp_path)
    assert main(["read", "a.pdf", "--template", "t", *option]) == 2
    assert "--template" in _told(capsys)
    assert not Path("drawn").exists()


def test_drawings_need_their_fonts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(FORMS / "CX4", tmp_path / "forms" / "CX4")
    command = ["read", "a.pdf", "--forms", str(tmp_path / "forms"), "--debug", str(tmp_path / "drawn")]
    assert main(command) == 5
    assert "LiberationSerif" in _told(capsys)


def test_whoever_wants_no_more_output_gets_no_complaint(tmp_path: Path) -> None:
    scan = tmp_path / "scan.png"
    Image.new("L", (300, 400), 255).save(scan)
    command = [sys.executable, "-m", "ocr", "read", str(scan), "--forms", str(FORMS), "--workers", "1"]
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(command, check=False, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (ended.returncode, "Error" in ended.stderr) == (141, False)
