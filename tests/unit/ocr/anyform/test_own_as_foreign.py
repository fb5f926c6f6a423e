"""Our own form treated as somebody else's: its rings found, its sheets read by the template."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest

from ocr.blank import render_blank
from ocr.cli import main
from ocr.template import FormLibrary

FORMS = Path(__file__).parents[4] / "forms_templates"
SHEETS = 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Templates of both sides, found on their blanks, and a small deck of filled sheets."""
    folder = tmp_path_factory.mktemp("own")
    library = FormLibrary(FORMS)
    for side in (1, 2):
        cv2.imwrite(str(folder / f"{side}.png"), render_blank(library, "CX4", 1, side, 200))
        arguments = ["template", "find", str(folder / f"{side}.png"), "--out", str(folder / f"side{side}")]
        assert main(arguments) == 0
        _name_questions(folder / f"side{side}" / "template.json", library, side)
    deck = ["deck", "--form", "CX4", "--sheets", str(SHEETS), "--seed", "411", "--profile", "office"]
    assert main([*deck, "--workers", "1", "--out", str(folder / "deck")]) == 0
    return folder


def _name_questions(path: Path, library: FormLibrary, side: int) -> None:
    """What the maker of a template does by hand: give the questions their codes."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    codes = [f.code for f in library.layout("CX4", 1).page(side).fields if f.bubbles]
    assert len(codes) == len(raw["questions"])
    for question, code in zip(raw["questions"], codes, strict=True):
        question["code"] = code
    path.write_text(json.dumps(raw), encoding="utf-8")


@pytest.fixture(scope="module")
def readings(folder: Path) -> list[dict[str, Any]]:
    scans = [str(p) for p in sorted((folder / "deck").glob("*.pdf"))]
    templates = ["--template", str(folder / "side1"), "--template", str(folder / "side2")]
    out = folder / "readings.jsonl"
    assert main(["read", *templates, "--workers", "1", "--out", str(out), *scans]) == 0
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def _answers(folder: Path, readings: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each answer of the truth with what was read of it."""
    lines = (folder / "deck" / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    truth = {(t["source"], t["page_index"]): t for t in map(json.loads, lines)}
    for reading in readings:
        read = {f["code"]: f for f in reading["fields"]}
        for answer in truth[reading["source"], reading["page_index"]]["fields"]:
            yield answer, read[answer["code"]]


def test_every_accepted_answer_is_the_writers(folder: Path, readings: list[dict[str, Any]]) -> None:
    wrong = [(t, r) for t, r in _answers(folder, readings) if r["accepted"] and r["value"] != t["value"]]
    assert wrong == []


def test_nearly_all_plain_answers_are_accepted(folder: Path, readings: list[dict[str, Any]]) -> None:
    plain = [r["accepted"] for t, r in _answers(folder, readings) if t["event"] == "plain"]
    assert len(plain) > 100
    assert sum(plain) >= 0.9 * len(plain)


def test_a_line_says_that_nothing_is_known_of_the_sheet(readings: list[dict[str, Any]]) -> None:
    assert len(readings) == 2 * SHEETS
    for reading in readings:
        assert reading["schema"] == "chamdiem-reading/1"
        assert {reading[k] for k in ("form", "version", "group", "unit", "serial", "page")} == {None}
    assert len({r["template_sha256"] for r in readings}) == 2


def test_the_other_side_is_not_read_by_this_sides_template(folder: Path) -> None:
    scan = str(next((folder / "deck").glob("*.pdf")))
    out = folder / "front.jsonl"
    assert main(["read", "--template", str(folder / "side1"), "--workers", "1", "--out", str(out), scan]) == 0
    read = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    lines = (folder / "deck" / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    backs = {t["page_index"] for t in map(json.loads, lines) if t["page"] == 2}
    accepted = [f for r in read if r["page_index"] in backs for f in r["fields"] if f["accepted"]]
    assert accepted == []
    assert any(f["accepted"] for r in read if r["page_index"] not in backs for f in r["fields"])


# --- the commands ---------------------------------------------------------------------------------


def test_a_template_is_drawn_on_its_blank_and_on_a_scan(folder: Path) -> None:
    for extra in ([], ["--scan", str(folder / "1.png")]):
        out = folder / "check.png"
        assert main(["template", "check", str(folder / "side1"), *extra, "--out", str(out)]) == 0
        picture = cv2.imread(str(out))
        assert picture is not None
        assert picture.shape[0] == 1800
        out.unlink()


def test_millimetres_are_written_where_the_paper_is_known(folder: Path) -> None:
    out = folder / "mm"
    found = ["template", "find", str(folder / "2.png"), "--paper", "210x297", "--out", str(out)]
    assert main(found) == 0
    raw = json.loads((out / "template.json").read_text(encoding="utf-8"))
    assert (raw["unit"], raw["width"], raw["height"]) == ("mm", 210.0, 297.0)
    layout = FormLibrary(FORMS).layout("CX4", 1).page(2)
    first = next(f for f in layout.fields if f.bubbles).bubbles[0]
    found_first = raw["questions"][0]["bubbles"][0]
    assert found_first["x"] == pytest.approx(first.x_mm, abs=0.2)
    assert found_first["y"] == pytest.approx(first.y_mm, abs=0.2)


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        (["template", "find", "{folder}/gone.pdf", "--out", "{folder}/x"], "không mở được", 3),
        (["template", "find", "{folder}/1.png", "--page", "2", "--out", "{folder}/x"], "không có trang 2", 3),
        (["template", "find", "{folder}/1.png", "--timing", "--out", "{folder}/x"], "dãy vạch đen", 4),
        (["template", "find", "{folder}/1.png", "--out", "{folder}/side1"], "đã có mẫu", 4),
        (["template", "import", "{folder}/1.png", "--out", "{folder}/x"], "OMRChecker", 4),
        (["template", "check", "{folder}/side1", "--out", "{folder}/none/x.png"], "Không ghi được", 4),
        (["template", "check", "{folder}", "--out", "{folder}/x.png"], "không đọc được mẫu", 4),
        (["read", "--template", "{folder}/gone", "{folder}/1.png"], "không đọc được mẫu", 4),
    ],
)
def test_what_goes_wrong_is_told_in_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str, code: int
) -> None:
    assert main([a.format(folder=folder) for a in arguments]) == code
    assert words in capsys.readouterr().err
