"""Print and layout come from one source: what the layout promises is where the ink is."""

import shutil
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest

from ocr.blank import render_blank, render_pdf_page
from ocr.errors import EngineFailed, TemplateInvalid
from ocr.layout import Bubble, PageLayout
from ocr.template import FormLibrary
from ocr.typeset import MARKERS, SAMPLE_IMPRINT, Imprint, draw_specimen, set_form

FORMS_DIR = Path(__file__).parents[3] / "forms_templates"
LIBRARY = FormLibrary(FORMS_DIR)
LONG_NAMES = (
    "",
    "thị trấn Nông trường Việt Trung",
    "Phòng Nông nghiệp và Phát triển nông thôn",
    "Phòng Lao động - Thương binh và Xã hội, Dân tộc, Tôn giáo và các công việc khác được huyện giao thêm",
)


def ink_centre_mm(grey: np.ndarray, page: PageLayout, bubble: Bubble) -> tuple[float, float]:
    """The centre of the ink around a bubble of a blank page."""
    x_scale, y_scale = grey.shape[1] / page.width_mm, grey.shape[0] / page.height_mm
    reach = bubble.r_mm + 0.3
    left, right = int((bubble.x_mm - reach) * x_scale), int((bubble.x_mm + reach) * x_scale) + 1
    top, bottom = int((bubble.y_mm - reach) * y_scale), int((bubble.y_mm + reach) * y_scale) + 1
    ink = 255.0 - grey[top:bottom, left:right]
    rows, columns = np.mgrid[top:bottom, left:right] + 0.5
    return float((ink * columns).sum() / ink.sum() / x_scale), float((ink * rows).sum() / ink.sum() / y_scale)


def around(grey: np.ndarray, page: PageLayout, x_mm: float, y_mm: float, reach_mm: float) -> np.ndarray:
    """The square window of a rendered page round a point."""
    scale = grey.shape[0] / page.height_mm
    top, bottom = round((y_mm - reach_mm) * scale), round((y_mm + reach_mm) * scale)
    left, right = round((x_mm - reach_mm) * scale), round((x_mm + reach_mm) * scale)
    return grey[top:bottom, left:right]


@pytest.mark.parametrize("code", LIBRARY.codes())
def test_every_ring_is_where_the_layout_says(code: str) -> None:
    for page in LIBRARY.layout(code, 1).pages:
        grey = render_blank(LIBRARY, code, 1, page.page, dpi=200)
        for field in page.fields:
            for bubble in field.bubbles:
                x_mm, y_mm = ink_centre_mm(grey, page, bubble)
                assert abs(x_mm - bubble.x_mm) < 0.02
                assert abs(y_mm - bubble.y_mm) < 0.02


@pytest.mark.parametrize("code", LIBRARY.codes())
def test_every_fiducial_is_where_the_layout_says(code: str) -> None:
    detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50))
    for page in LIBRARY.layout(code, 1).pages:
        grey = render_blank(LIBRARY, code, 1, page.page, dpi=200)
        corners, ids, _ = detector.detectMarkers(grey.copy())
        found = dict(zip(ids.ravel().tolist(), corners, strict=True))
        assert sorted(found) == sorted(fiducial.id for fiducial in page.fiducials)
        for fiducial in page.fiducials:
            x_px, y_px = found[fiducial.id][0].mean(axis=0)
            assert abs((x_px + 0.5) / grey.shape[1] * page.width_mm - fiducial.x_mm) < 0.15
            assert abs((y_px + 0.5) / grey.shape[0] * page.height_mm - fiducial.y_mm) < 0.15


@pytest.mark.parametrize("code", LIBRARY.codes())
def test_codes_and_fiducials_have_their_quiet_zone(code: str) -> None:
    """Four modules of white round a code, 2 mm round a marker, whatever the names."""
    imprint = Imprint("Ủy ban nhân dân " * 3, "Ban Chỉ đạo cải cách hành chính " * 3, 2020)
    pdf = set_form(LIBRARY, code, 1, LONG_NAMES[-1], imprint).pdf
    for page in LIBRARY.layout(code, 1).pages:
        grey = render_pdf_page(pdf, page.page - 1, 100)
        for area in page.codes:
            assert around(grey, page, area.x_mm, area.y_mm, area.size_mm / 2 + 2.2).min() == 255
        for fiducial in page.fiducials:
            window = around(grey, page, fiducial.x_mm, fiducial.y_mm, fiducial.size_mm / 2 + 2).copy()
            rim = int(1.8 * grey.shape[0] / page.height_mm)
            window[rim:-rim, rim:-rim] = 255
            assert window.min() == 255


def test_our_marker_cells_are_those_of_opencv() -> None:
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    for marker_id, rows in enumerate(MARKERS):
        cells = dictionary.generateImageMarker(marker_id, 6, borderBits=1)[1:5, 1:5]
        assert tuple("".join("1" if cell else "0" for cell in row) for row in cells) == rows


@pytest.mark.parametrize("code", ["CX4", "CH4", "CH1"])
@pytest.mark.parametrize("unit_name", LONG_NAMES)
def test_no_unit_and_no_office_moves_anything(code: str, unit_name: str) -> None:
    imprint = Imprint(
        "Ủy ban nhân dân tỉnh có tên rất dài", "Ban Chỉ đạo cải cách hành chính của huyện", 2031
    )
    assert set_form(LIBRARY, code, 1, unit_name, imprint).layout == LIBRARY.layout(code, 1)


def test_a_long_name_is_printed_whole() -> None:
    pdf = set_form(LIBRARY, "CX4", 1, LONG_NAMES[-1], SAMPLE_IMPRINT).pdf
    short = set_form(LIBRARY, "CX4", 1, "", SAMPLE_IMPRINT).pdf
    ink = render_pdf_page(short, 0, 100).astype(int) - render_pdf_page(pdf, 0, 100)
    columns = np.flatnonzero((ink > 60).any(axis=0)) / 100 * 25.4
    assert columns.min() > 20  # beside the form's number and clear of the code
    assert columns.max() < 170.5


def test_only_our_font_is_embedded() -> None:
    for code in LIBRARY.codes():
        with pikepdf.open(BytesIO(set_form(LIBRARY, code, 1, "xã Đại Trạch", SAMPLE_IMPRINT).pdf)) as pdf:
            names = {str(font.BaseFont) for page in pdf.pages for font in page.obj.Resources.Font.values()}
        assert names
        assert all(name.partition("+")[2].startswith("LiberationSerif") for name in names)


def test_printing_the_same_twice_gives_the_same_bytes() -> None:
    first, second = (set_form(LIBRARY, "CH1", 1, "Phòng Y tế", SAMPLE_IMPRINT).pdf for _ in range(2))
    assert first == second


def test_a_form_that_needs_a_third_page_is_refused(tmp_path: Path) -> None:
    for name in ("_fonts", "_print"):
        (tmp_path / name).symlink_to(FORMS_DIR / name)
    shutil.copytree(FORMS_DIR / "CX4", tmp_path / "CX4")
    path = tmp_path / "CX4" / "v1" / "form.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("lines = 4", "lines = 12"), encoding="utf-8")
    with pytest.raises(TemplateInvalid, match="phải đúng 2 trang"):
        set_form(FormLibrary(tmp_path), "CX4", 1, "xã Đại Trạch", SAMPLE_IMPRINT)


def test_a_broken_source_is_told_in_one_line(tmp_path: Path) -> None:
    shutil.copytree(FORMS_DIR / "CX4", tmp_path / "CX4")
    (tmp_path / "_fonts").symlink_to(FORMS_DIR / "_fonts")
    (tmp_path / "_print").mkdir()
    (tmp_path / "_print" / "form.typ").write_text("#nothing-of-that-name()", encoding="utf-8")
    with pytest.raises(EngineFailed, match="Không sắp được trang in"):
        set_form(FormLibrary(tmp_path), "CX4", 1, "xã Đại Trạch", SAMPLE_IMPRINT)


def test_a_specimen_shows_both_sides_and_no_code() -> None:
    front, back = draw_specimen(LIBRARY, "CX4", 1, 72)
    for picture, page in ((front, 1), (back, 2)):
        grey = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert grey is not None
        assert grey.shape == (842, 595)
        scale = grey.shape[1] / 210
        for area in LIBRARY.layout("CX4", 1).page(page).codes:
            reach = area.size_mm / 2
            top, left = int((area.y_mm - reach) * scale), int((area.x_mm - reach) * scale)
            assert (
                grey[top : top + int(2 * reach * scale), left : left + int(2 * reach * scale)] == 255
            ).all()
