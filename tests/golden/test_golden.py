"""Golden pages: what is read today is what was read when a person last looked."""

import json
from pathlib import Path
from typing import Any

import pytest

from ocr.pipeline import read_page
from ocr.reading.lines import reading_as_json
from ocr.source import iter_pages
from tests.worlds.scanned_pages import LIBRARY

CASES = sorted(p.parent for p in Path(__file__).parent.glob("*/*/page.*"))


def _read(folder: Path) -> dict[str, Any]:
    (page,) = iter_pages(next(folder.glob("page.*")))
    return reading_as_json(read_page(page, LIBRARY).reading)


def _essence(reading: dict[str, Any]) -> dict[str, Any]:
    """What must not change unseen; probabilities may move a little."""
    fields = {
        f["code"]: {
            "value": f["value"],
            "accepted": f["accepted"],
            "flags": f["flags"],
            "states": [b["state"] for b in f["bubbles"]],
        }
        for f in reading["fields"]
    }
    kept = ("status", "form", "version", "group", "unit", "serial", "page", "flags")
    written = {t["code"]: t["written"] for t in reading["texts"]}
    return {k: reading[k] for k in kept} | {"fields": fields, "written": written}


@pytest.mark.parametrize("folder", CASES, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_the_page_is_read_as_it_was(folder: Path, *, golden_update: bool) -> None:
    essence = _essence(_read(folder))
    expected = folder / "expected.json"
    if golden_update:
        expected.write_text(json.dumps(essence, indent=1) + "\n", encoding="utf-8")
    assert essence == json.loads(expected.read_text(encoding="utf-8"))


@pytest.mark.parametrize("folder", CASES, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_nothing_wrong_is_accepted(folder: Path) -> None:
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    accepted = {f["code"]: [f["value"]] for f in _read(folder)["fields"] if f["accepted"]}
    assert accepted == {code: truth[code] for code in accepted}


def test_hardly_anything_plain_is_flagged() -> None:
    """Over all golden pages but the streaked one: plain answers that a person would still be shown."""
    plain, flagged = 0, 0
    for folder in CASES:
        if folder.name.startswith("streak"):
            continue
        truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        for field in _read(folder)["fields"]:
            if len(truth[field["code"]]) == 1:
                plain += 1
                flagged += not field["accepted"]
    assert plain > 60
    assert flagged <= 0.05 * plain
