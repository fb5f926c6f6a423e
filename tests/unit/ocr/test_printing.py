"""Printed sheets carry their identity, twice on each side, so that a machine and a person can read it."""

import shutil
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pikepdf
import pytest
import zxingcpp

from ocr.blank import render_pdf_page
from ocr.errors import CodeRefused, TemplateInvalid
from ocr.layout import PageLayout
from ocr.model import SheetIdentity
from ocr.printing import PrintRun, code_matrix, print_runs, print_sheets
from ocr.sheet_code import identity_from_code, serial_text
from ocr.template import FormLibrary

FORMS_DIR = Path(__file__).parents[3] / "forms_templates"
LIBRARY = FormLibrary(FORMS_DIR)


def printed(run: PrintRun) -> bytes:
    """The PDF of a run."""
    out = BytesIO()
    print_sheets(LIBRARY, run, out)
    return out.getvalue()


def codes_on(grey: np.ndarray, page: PageLayout) -> list[str]:
    """What each code area of a rendered page says, in the layout's order."""
    scale = grey.shape[1] / page.width_mm
    texts = []
    for area in page.codes:
        reach = area.size_mm / 2 + 2.5
        left, right = int((area.x_mm - reach) * scale), int((area.x_mm + reach) * scale)
        top, bottom = int((area.y_mm - reach) * scale), int((area.y_mm + reach) * scale)
        (found,) = zxingcpp.read_barcodes(np.ascontiguousarray(grey[top:bottom, left:right]))
        texts.append(found.text)
    return texts


def test_each_side_says_twice_which_sheet_it_is() -> None:
    pdf = printed(PrintRun("CX1", 1, "LD", "19114", "thị trấn Nông trường Việt Trung", (7, 1742)))
    for index, (serial, side) in enumerate([(7, 1), (7, 2), (1742, 1), (1742, 2)]):
        grey = render_pdf_page(pdf, index, 150)
        texts = codes_on(grey, LIBRARY.layout("CX1", 1).page(side))
        assert len(texts) == 2
        for text in texts:
            assert identity_from_code(text) == SheetIdentity("CX1", 1, "LD", "19114", serial, side)


def test_both_sides_show_the_serial_with_its_check_digit(tmp_path: Path) -> None:
    path = tmp_path / "sheets.pdf"
    print_sheets(LIBRARY, PrintRun("CH2", 1, "CC", "NV", "Phòng Nội vụ", (41, 12345678)), path)
    text = subprocess.run(["pdftotext", path, "-"], check=True, capture_output=True, text=True).stdout
    pages = text.split("\f")
    assert [serial_text(41) in page for page in pages] == [True, True, False, False, False]
    assert [serial_text(12345678) in page for page in pages] == [False, False, True, True, False]
    assert all("Phòng Nội vụ" in page for page in pages[:4])
    assert all("CH2 · CC" in page for page in pages[:4]), "whoever hands sheets out must tell the piles apart"


def test_the_serial_stands_within_its_rectangle() -> None:
    pages = [
        render_pdf_page(printed(PrintRun("CX4", 1, "DN", "19186", "xã Đại Trạch", (serial,))), 0, 200)
        for serial in (111111, 888888)
    ]
    page = LIBRARY.layout("CX4", 1).page(1)
    scale = pages[0].shape[1] / page.width_mm
    rows, columns = np.nonzero(np.abs(pages[0].astype(int) - pages[1]) > 60)
    near = (columns / scale > 85) & (columns / scale < 125) & (rows / scale > 262)
    x_mm, y_mm = columns[near] / scale, rows[near] / scale
    assert page.serial_x_mm < x_mm.min() < x_mm.max() < page.serial_x_mm + page.serial_width_mm
    assert page.serial_y_mm < y_mm.min() < y_mm.max() < page.serial_y_mm + page.serial_height_mm


def test_stamping_touches_nothing_but_codes_and_serial() -> None:
    page = LIBRARY.layout("CX4", 1).page(2)
    pages = [
        render_pdf_page(printed(PrintRun("CX4", 1, "DN", "19186", "xã Đại Trạch", (serial,))), 1, 100)
        for serial in (1, 99999)
    ]
    changed = pages[0] != pages[1]
    scale = changed.shape[1] / page.width_mm
    for area in page.codes:
        reach = area.size_mm / 2 + 0.5
        changed[
            int((area.y_mm - reach) * scale) : int((area.y_mm + reach) * scale) + 1,
            int((area.x_mm - reach) * scale) : int((area.x_mm + reach) * scale) + 1,
        ] = False
    changed[
        int(page.serial_y_mm * scale) : int((page.serial_y_mm + page.serial_height_mm) * scale) + 1,
        int(page.serial_x_mm * scale) : int((page.serial_x_mm + page.serial_width_mm) * scale) + 1,
    ] = False
    assert not changed.any()


def test_five_hundred_sheets_take_seconds_and_share_their_master() -> None:
    started = time.perf_counter()
    pdf = printed(PrintRun("CX4", 1, "DN", "19186", "xã Đại Trạch", range(1, 501)))
    assert time.perf_counter() - started < 15  # about one second when nobody else uses the machine
    with pikepdf.open(BytesIO(pdf)) as document:
        assert len(document.pages) == 1000
    assert len(pdf) < 3_000_000


def test_several_runs_follow_one_another_in_one_file() -> None:
    out = BytesIO()
    runs = [
        PrintRun("CX1", 1, "DB", "19111", "thị trấn Hoàn Lão", (5,)),
        PrintRun("CX1", 1, "DB", "19186", "xã Đại Trạch", (6, 7)),
    ]
    print_runs(LIBRARY, runs, out)
    layout = LIBRARY.layout("CX1", 1)
    found = []
    for index in range(6):
        grey = render_pdf_page(out.getvalue(), index, 150)
        identity = identity_from_code(codes_on(grey, layout.page(index % 2 + 1))[0])
        found.append((identity.unit, identity.serial, identity.page))
    assert found == [("19111", 5, 1), ("19111", 5, 2)] + [
        ("19186", serial, page) for serial in (6, 7) for page in (1, 2)
    ]


def test_the_same_run_gives_the_same_file() -> None:
    run = PrintRun("CH1", 1, "LD", "YT", "Phòng Y tế", (3, 4))
    assert printed(run) == printed(run)


def test_only_our_font_is_in_a_printed_sheet() -> None:
    with pikepdf.open(BytesIO(printed(PrintRun("CH1", 1, "LD", "YT", "Phòng Y tế", (3,))))) as pdf:
        fonts = [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and "/FontName" in item]
        names = [str(font.FontName) for font in fonts]
        assert names
        assert all("LiberationSerif" in name for name in names)
        assert all("/FontFile2" in font for font in fonts)


def test_an_unknown_group_is_not_printed() -> None:
    with pytest.raises(TemplateInvalid, match="không có nhóm trả lời XX"):
        printed(PrintRun("CX4", 1, "XX", "19186", "xã Đại Trạch", (1,)))


@pytest.mark.parametrize("unit", ["", "đại trạch", "A.B", "1234567890123"])
def test_a_unit_that_the_code_cannot_carry_is_not_printed(unit: str) -> None:
    with pytest.raises(CodeRefused):
        printed(PrintRun("CX4", 1, "DN", unit, "xã Đại Trạch", (1,)))


def test_a_print_that_drifted_from_its_layout_is_refused(tmp_path: Path) -> None:
    for name in ("_fonts", "_print"):
        shutil.copytree(FORMS_DIR / name, tmp_path / name)
    shutil.copytree(FORMS_DIR / "CX4", tmp_path / "CX4")
    source = tmp_path / "_print" / "form.typ"
    moved = source.read_text(encoding="utf-8").replace("ring-radius = 2.4mm", "ring-radius = 2.5mm")
    source.write_text(moved, encoding="utf-8")
    with pytest.raises(TemplateInvalid, match="lệch so với"):
        print_sheets(
            FormLibrary(tmp_path), PrintRun("CX4", 1, "DN", "19186", "xã Đại Trạch", (1,)), BytesIO()
        )


def test_codes_of_any_length_stay_readable_in_size() -> None:
    longest = SheetIdentity("ABCDEFGH", 999, "ABCDEFGH", "ABCDEFGHIJKL", 99999999999, 2)
    assert len(code_matrix(longest)) <= 37  # 16 mm / 37 = 0.43 mm a module: 3.4 px at 200 dpi


def test_printing_needs_no_image_library() -> None:
    script = "import sys, ocr.printing; print({'numpy', 'cv2', 'pypdfium2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
