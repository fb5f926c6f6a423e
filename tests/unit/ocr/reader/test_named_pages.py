"""Pages whose sheet a person named, pages that lack a corner, separators, and photos in HEIC."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray

from ocr.blank import render_pdf_page
from ocr.cover import Cover, set_covers
from ocr.errors import ScanTooLarge, ScanUnreadable
from ocr.model import Flag, PageStatus, SheetIdentity
from ocr.pipeline import read_page
from ocr.printing import separator_sheet
from ocr.source import ScanLimits, count_pages, load_page
from ocr.typeset import SAMPLE_IMPRINT
from tests.worlds.scanned_pages import LIBRARY, answered, as_page, scanned, side

Grey = NDArray[np.uint8]
FRONT = SheetIdentity("CX4", 1, "DN", "19186", 7, 1)


def covered(page: Grey, number: int) -> Grey:
    """The page with stickers over its codes."""
    layout, hidden = side(number), page.copy()
    scale = page.shape[1] / layout.width_mm
    for area in layout.codes:
        half = area.size_mm / 2 + 1
        left, right = round((area.x_mm - half) * scale), round((area.x_mm + half) * scale)
        top, bottom = round((area.y_mm - half) * scale), round((area.y_mm + half) * scale)
        hidden[top:bottom, left:right] = 235
    return hidden


def values(page: Grey, identity: SheetIdentity | None) -> dict[str, str | None]:
    return {
        field.code: field.value
        for field in read_page(as_page(page), LIBRARY, identity=identity).reading.fields
    }


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_page_without_codes_is_read_once_somebody_named_it(quarters: int) -> None:
    page = np.ascontiguousarray(np.rot90(covered(scanned(answered(1), 0.7), 1), quarters))
    unnamed = read_page(as_page(page), LIBRARY).reading
    assert (unnamed.status, unnamed.flags, unnamed.identity) == (
        PageStatus.REFUSED,
        (Flag.DAMAGED_CODE,),
        None,
    )
    assert unnamed.quality.missing_corners == ()
    named = read_page(as_page(page), LIBRARY, identity=FRONT).reading
    assert named.identity == FRONT
    assert named.status is not PageStatus.REFUSED
    assert {field.value for field in named.fields} == {"2"}


def test_what_a_person_named_outranks_the_code() -> None:
    page = scanned(answered(1))
    other = SheetIdentity("CX4", 1, "DN", "19186", 8, 1)
    assert read_page(as_page(page), LIBRARY, identity=other).reading.identity == other
    assert values(page, other) == values(page, None)


def test_the_wrong_side_is_refused_and_never_read_askew() -> None:
    back = SheetIdentity("CX4", 1, "DN", "19186", 7, 2)
    reading = read_page(as_page(covered(scanned(answered(1)), 1)), LIBRARY, identity=back).reading
    assert (reading.status, reading.flags) == (PageStatus.REFUSED, (Flag.POOR_REGISTRATION,))


@pytest.mark.parametrize(
    ("number", "corner"), list(enumerate(("top_left", "top_right", "bottom_right", "bottom_left")))
)
def test_a_corner_that_is_not_in_the_picture_is_named(number: int, corner: str) -> None:
    page = covered(scanned(answered(1)), 1)
    marker, scale = side(1).fiducials[number], page.shape[1] / 210
    half = marker.size_mm / 2 + 2
    box = [round((centre + sign * half) * scale) for centre in (marker.x_mm, marker.y_mm) for sign in (-1, 1)]
    page[box[2] : box[3], box[0] : box[1]] = 235
    assert read_page(as_page(page), LIBRARY).reading.quality.missing_corners == (corner,)


def test_a_separator_is_known_on_either_side_and_any_way_up() -> None:
    sheet = separator_sheet(LIBRARY)
    for page_number in (0, 1):
        page = scanned(render_pdf_page(sheet, page_number, 150), 1.0)
        for turned in (page, np.ascontiguousarray(np.rot90(page, 2))):
            reading = read_page(as_page(turned), LIBRARY).reading
            assert (reading.identity, reading.flags) == (None, (Flag.SEPARATOR,))


def test_a_cover_slip_is_known_on_either_side() -> None:
    lines = [("xã Đại Trạch", range(161, 171))]
    slip = set_covers(LIBRARY, [Cover("B017-4", "CX4", 1, "DN", "xã Đại Trạch", None, lines, SAMPLE_IMPRINT)])
    for page_number in (0, 1):
        page = scanned(render_pdf_page(slip, page_number, 150), 1.0)
        reading = read_page(as_page(page), LIBRARY).reading
        assert (reading.identity, reading.flags) == (None, (Flag.COVER_SLIP,))


def heic(page: Grey) -> bytes:
    out = BytesIO()
    pillow_heif.from_bytes("L", page.shape[::-1], page.tobytes()).save(out, quality=80)
    return out.getvalue()


def test_a_photo_in_heic_is_read(tmp_path: Path) -> None:
    path = tmp_path / "IMG_0001.HEIC"
    path.write_bytes(heic(scanned(answered(1))))
    assert count_pages(path) == 1
    reading = read_page(load_page(path, 0), LIBRARY).reading
    assert reading.identity == FRONT
    assert {field.value for field in reading.fields} == {"2"}


def test_heic_is_refused_over_the_limit_and_when_it_breaks_off(tmp_path: Path) -> None:
    content = heic(np.full((600, 400), 200, np.uint8))
    path = tmp_path / "a.heic"
    path.write_bytes(content)
    with pytest.raises(ScanTooLarge):
        load_page(path, 0, ScanLimits(max_pixels=100_000))
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ScanUnreadable):
        load_page(path, 0)
