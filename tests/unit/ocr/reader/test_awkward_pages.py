"""Nine awkward pages through the command: each is read right, or named; none is wrong without a person.

Every question has another option than its neighbours, so that a page read at a wrong place shows.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.blank import render_pdf_page
from ocr.cli import main
from ocr.layout import PageLayout
from ocr.printing import PrintRun, print_sheets
from tests.worlds.scanned_pages import FORMS, LIBRARY, Grey, fill, scanned

Read = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A printed sheet of the form's first version."""

    form: str = "CX4"
    group: str = "DN"
    unit: str = "19186"
    serial: int = 7


OURS, STRANGER = Sheet(), Sheet("CH2", "CC", "NV")
DPI = 200


@lru_cache(maxsize=8)
def _printed(sheet: Sheet, number: int) -> Grey:
    """One side as the press leaves it (read-only)."""
    out = io.BytesIO()
    run = PrintRun(sheet.form, 1, sheet.group, sheet.unit, "đơn vị thử", [sheet.serial])
    print_sheets(LIBRARY, run, out)
    page = render_pdf_page(out.getvalue(), number - 1, DPI)
    page.setflags(write=False)
    return page


def _layout(number: int, form: str) -> PageLayout:
    return LIBRARY.layout(form, 1).page(number)


def _meant(number: int, form: str = "CX4") -> dict[str, str]:
    """What people answered: question k has its option k, counted round."""
    fields = [f for f in _layout(number, form).fields if f.bubbles]
    return {f.code: f.bubbles[k % len(f.bubbles)].option for k, f in enumerate(fields)}


def _filled(number: int, sheet: Sheet = OURS) -> Grey:
    """A printed side with every question answered, before it is scanned."""
    layout, meant = _layout(number, sheet.form), _meant(number, sheet.form)
    page = _printed(sheet, number).copy()
    for field in layout.fields:
        for bubble in field.bubbles:
            if meant[field.code] == bubble.option:
                centre = bubble.x_mm * DPI / 25.4 - 0.5, bubble.y_mm * DPI / 25.4 - 0.5
                fill(page, centre, bubble.r_mm * DPI / 25.4)
    return page


def _read(folder: Path, *pages: Grey, forms: Path = FORMS) -> list[Read]:
    """Scan pages into files of one page each, in order, and read them all with one command."""
    files = []
    for number, page in enumerate(pages):
        path = folder / f"scan_{number}.png"
        assert cv2.imwrite(str(path), page)
        files.append(str(path))
    out = folder / "readings.jsonl"
    assert main(["read", *files, "--forms", str(forms), "--out", str(out), "--workers", "1"]) == 0
    return [json.loads(line) for line in out.read_text("utf-8").splitlines()]


def _accepted(page: Read) -> dict[str, str]:
    return {field["code"]: field["value"] for field in page["fields"] if field["accepted"]}


def _assert_read_right(page: Read, number: int, form: str = "CX4", serial: str = "00007-6") -> None:
    assert (page["form"], page["page"], page["serial"]) == (form, number, serial)
    assert _accepted(page) == _meant(number, form)


def _assert_refused(page: Read, flag: str) -> None:
    assert (page["status"], page["flags"], page["fields"]) == ("refused", [flag], [])


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_upside_down_and_sideways_are_read(tmp_path: Path, number: int, quarters: int) -> None:
    turned = np.ascontiguousarray(np.rot90(scanned(_filled(number), 0.7), quarters))
    (page,) = _read(tmp_path, turned)
    _assert_read_right(page, number)


@pytest.mark.parametrize("angle", [5.0, -5.0])
def test_skewed_by_five_degrees_is_read(tmp_path: Path, angle: float) -> None:
    (page,) = _read(tmp_path, scanned(_filled(2), angle))
    _assert_read_right(page, 2)


def test_white_paper_is_named(tmp_path: Path) -> None:
    (page,) = _read(tmp_path, scanned(np.full((2339, 1654), 255, np.uint8)))
    _assert_refused(page, "blank_page")


def test_another_form_of_ours_among_the_stack_is_read_as_what_it_is(tmp_path: Path) -> None:
    stranger = scanned(_filled(1, STRANGER), -0.4)
    pages = _read(tmp_path, scanned(_filled(1)), stranger, scanned(_filled(2)))
    _assert_read_right(pages[1], 1, "CH2")
    assert (pages[1]["group"], pages[1]["unit"]) == ("CC", "NV")
    assert pages[1]["flags"] == ["missing_page"]
    _assert_read_right(pages[0], 1)
    _assert_read_right(pages[2], 2)


def test_a_form_that_the_office_does_not_have_is_named(tmp_path: Path) -> None:
    forms = tmp_path / "forms"
    forms.mkdir()
    for shared in ("_fonts", "_print", "CX4"):
        (forms / shared).symlink_to(FORMS.resolve() / shared)
    (page,) = _read(tmp_path, scanned(_filled(1, STRANGER)), forms=forms)
    assert (page["status"], page["flags"][0], page["fields"]) == ("refused", "unknown_form", [])
    assert (page["form"], page["serial"]) == ("CH2", "00007-6")


@pytest.mark.parametrize(
    ("number", "piece"),
    [
        (1, ((1.0, 0.5), (1.0, 1.0), (0.5, 1.0))),
        (2, ((1.0, 0.1), (1.0, 0.8), (0.55, 0.45))),
    ],
)
def test_a_torn_page_is_read_or_shown_and_never_wrong(
    tmp_path: Path, number: int, piece: tuple[tuple[float, float], ...]
) -> None:
    """A tear runs through the answers; what it took away is not answered by anybody."""
    torn = scanned(_filled(number), 0.8)
    height, width = torn.shape
    hole = np.array(piece) * (width, height)
    cv2.fillPoly(torn, [hole.astype(np.int32)], 245)
    (page,) = _read(tmp_path, torn)
    gone = _torn_away(number, hole.astype(np.float32))
    assert gone
    assert not set(_accepted(page)) & gone
    assert _accepted(page).items() <= _meant(number).items()


def _torn_away(number: int, hole: NDArray[np.float32]) -> set[str]:
    """Questions whose answer lay well inside the piece that is gone."""
    scale = DPI / 25.4
    return {
        field.code
        for field in _layout(number, "CX4").fields
        for bubble in field.bubbles
        if bubble.option == _meant(number)[field.code]
        and cv2.pointPolygonTest(hole, (bubble.x_mm * scale, bubble.y_mm * scale), measureDist=True) > 40
    }


def test_what_is_left_of_half_a_page_is_read_and_the_rest_is_named(tmp_path: Path) -> None:
    half = scanned(_filled(1))
    half[: half.shape[0] // 2] = 245
    (page,) = _read(tmp_path, half)
    assert page["status"] == "flagged"
    accepted = {field["code"]: field["value"] for field in page["fields"] if field["accepted"]}
    assert accepted.items() <= _meant(1).items()
    lost = [f.code for f in _layout(1, "CX4").fields if f.y_mm + f.height_mm < 148]
    assert not accepted.keys() & set(lost)


def test_a_sheet_that_was_scanned_twice_is_named_at_its_second_copy(tmp_path: Path) -> None:
    front, back = scanned(_filled(1)), scanned(_filled(2))
    again = scanned(_filled(1), 1.1, seed=2), scanned(_filled(2), -0.9, seed=3)
    pages = _read(tmp_path, front, back, *again)
    assert [page["flags"] for page in pages] == [[], [], ["duplicate_sheet"], ["duplicate_sheet"]]
    assert [page["status"] for page in pages] == ["read", "read", "flagged", "flagged"]
    for page, number in zip(pages, (1, 2, 1, 2), strict=True):
        _assert_read_right(page, number)


def test_a_sheet_without_its_back_is_named(tmp_path: Path) -> None:
    pages = _read(
        tmp_path, scanned(_filled(1)), scanned(_filled(2)), scanned(_filled(1, replace(OURS, serial=8)))
    )
    assert [page["flags"] for page in pages] == [[], [], ["missing_page"]]
    assert pages[2]["status"] == "flagged"
    _assert_read_right(pages[2], 1, serial="00008-4")


@pytest.mark.parametrize("number", [1, 2])
def test_a_scan_of_100_dpi_is_read_or_named(tmp_path: Path, number: int) -> None:
    fine = scanned(_filled(number), 0.6)
    coarse = np.asarray(cv2.resize(fine, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    (page,) = _read(tmp_path, coarse)
    assert _accepted(page).items() <= _meant(number).items()
    named = page["status"] == "refused" or page["flags"] or all(not f["accepted"] for f in page["fields"])
    assert named or _accepted(page) == _meant(number)
