"""A code whose white modules ink has closed: read by its place, or refused, never guessed."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.code_grid import read_closed_code
from ocr.identity import decode_identity
from ocr.layout import PageLayout
from ocr.model import SheetIdentity
from ocr.printing import code_matrix
from ocr.scan_view import turn, view_scan
from ocr.template import FormLibrary

FORMS = Path(__file__).parents[4] / "forms_templates"
IDENTITY = SheetIdentity("CX4", 1, "DN", "19186", 174, 1)
PX_PER_MM = 8


@pytest.fixture
def page() -> PageLayout:
    return FormLibrary(FORMS).layout("CX4", 1).page(1)


def _sheet(page: PageLayout, closed_px: int, identities: tuple[SheetIdentity, ...]) -> NDArray[np.uint8]:
    """Markers and codes alone, ink grown by so many pixels on the codes."""
    sheet = np.full((297 * PX_PER_MM, 210 * PX_PER_MM), 255, np.uint8)
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    for marker in page.fiducials:
        side = round(marker.size_mm * PX_PER_MM)
        drawn = np.asarray(cv2.aruco.generateImageMarker(dictionary, marker.id, side), np.uint8)
        _put(sheet, marker.x_mm, marker.y_mm, drawn)
    for area, identity in zip(page.codes, identities, strict=True):
        modules = np.array([list(row) for row in code_matrix(identity)], np.uint8)
        side = round(area.size_mm * PX_PER_MM)
        code = cv2.resize(255 - 255 * modules, (side, side), interpolation=cv2.INTER_NEAREST)
        soft = cv2.GaussianBlur(np.pad(code, 8, constant_values=255), (0, 0), 1.5)
        code = cv2.erode(soft, np.ones((closed_px, closed_px), np.uint8))
        _put(sheet, area.x_mm, area.y_mm, np.asarray(code, np.uint8))
    return sheet


def _put(sheet: NDArray[np.uint8], x_mm: float, y_mm: float, picture: NDArray[np.uint8]) -> None:
    side = picture.shape[0]
    left, top = round(x_mm * PX_PER_MM - side / 2), round(y_mm * PX_PER_MM - side / 2)
    sheet[top : top + side, left : left + side] = picture


@pytest.mark.parametrize("quarters", [0, 2])
def test_closed_codes_are_read_where_they_stand(page: PageLayout, quarters: int) -> None:
    scan = turn(_sheet(page, 5, (IDENTITY, IDENTITY)), quarters)
    assert decode_identity(scan, page.codes).identity is None
    reading = read_closed_code(view_scan(scan), (page,))
    assert reading.identity == IDENTITY
    assert reading.turned_deg is not None
    assert abs(reading.turned_deg) == pytest.approx(90.0 * quarters, abs=2.0)


def test_copies_that_differ_name_no_sheet(page: PageLayout) -> None:
    other = SheetIdentity("CX4", 1, "DN", "19186", 175, 1)
    scan = _sheet(page, 1, (IDENTITY, other))
    assert read_closed_code(view_scan(scan), (page,)).identity is None


def test_a_code_of_the_other_side_is_not_believed(page: PageLayout) -> None:
    back = SheetIdentity("CX4", 1, "DN", "19186", 174, 2)
    assert read_closed_code(view_scan(_sheet(page, 1, (back, back))), (page,)).identity is None


def test_white_paper_has_no_code(page: PageLayout) -> None:
    white = np.full((1169, 827), 255, np.uint8)
    assert read_closed_code(view_scan(white), (page,)).identity is None
