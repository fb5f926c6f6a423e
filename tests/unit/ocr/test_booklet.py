"""A booklet's pages: every question of every row stands once; what is printed is read back at its row."""

import itertools
import random
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr.blank import render_pdf_page
from ocr.booklet import blank_booklet, plan_booklet, row_code, set_booklet, split_row_code
from ocr.errors import CodeRefused, TemplateInvalid
from ocr.layout import Layout
from ocr.model import SheetIdentity
from ocr.pipeline import read_page
from ocr.printing import BookletRun, Printer
from ocr.sheet_code import code_text, identity_from_code
from ocr.source import iter_pages
from ocr.template import FormLibrary
from ocr.typeset import SAMPLE_IMPRINT

LIBRARY = FormLibrary(Path(__file__).parents[3] / "forms_templates")
LONG = "Trung tâm Văn hóa - Thể thao và Truyền thông, Phòng Lao động - Thương binh và Xã hội huyện"


@settings(max_examples=60, deadline=None)
@given(code=st.sampled_from(["CH1", "CH3", "CX3", "CX4"]), rows=st.integers(1, 120))
def test_every_question_of_every_row_is_planned_once(code: str, rows: int) -> None:
    form = LIBRARY.latest(code)
    plan = plan_booklet(form, rows)
    planned = [
        (block.field, row)
        for page in plan.pages
        for block in page
        for row in range(block.first, block.last + 1)
    ]
    fields = [question.id for question in form.questions] + [form.comment.id]
    assert sorted(planned) == sorted((field, row) for field in fields for row in range(1, rows + 1))
    assert len(plan.pages) % 2 == 0
    assert plan.row_mm >= 7.5


@pytest.mark.parametrize(("code", "rows", "pages"), [("CH1", 13, 6), ("CH3", 13, 8), ("CX3", 28, 12)])
def test_page_and_row_tell_unit_and_question_one_to_one(code: str, rows: int, pages: int) -> None:
    layout = blank_booklet(LIBRARY, code, 1, rows).layout
    form = LIBRARY.form(code, 1)
    printed = [field.code for page in layout.pages for field in page.fields]
    heads = [field.id for field in form.head]
    fields = [question.id for question in form.questions] + [form.comment.id]
    wanted = heads + [row_code(field, row) for field in fields for row in range(1, rows + 1)]
    assert sorted(printed) == sorted(wanted)
    assert len(layout.pages) == pages
    assert {split_row_code(row_code("CH1.1", row)) for row in (1, 13)} == {("CH1.1", 1), ("CH1.1", 13)}


def test_long_names_move_nothing_and_bubbles_are_those_of_a_form() -> None:
    named = set_booklet(LIBRARY, "CX3", 1, [LONG] * 28, SAMPLE_IMPRINT, group="CH").layout
    assert named == blank_booklet(LIBRARY, "CX3", 1, 28).layout
    radii = {b.r_mm for page in named.pages for field in page.fields for b in field.bubbles}
    form = LIBRARY.layout("CX3", 1)
    assert radii == {b.r_mm for page in form.pages for field in page.fields for b in field.bubbles}
    for page in named.pages:
        assert (page.fiducials, page.codes) == (form.page(2).fiducials, form.page(2).codes)
        rows = sorted((f.y_mm, f.y_mm + f.height_mm) for f in page.fields)
        assert all(end <= start for (_top, end), (start, _bottom) in itertools.pairwise(rows))


def test_too_many_units_are_refused() -> None:
    with pytest.raises(TemplateInvalid, match="không in được thành tập"):
        plan_booklet(LIBRARY.form("CX3", 1), 900)


def test_the_code_of_a_booklets_page_is_read_back_or_refused() -> None:
    identity = SheetIdentity("CX3", 1, "CH", "", 1742, 12, rows=28)
    code = code_text(identity)
    assert code.startswith("CDB.CX3.1.CH.028.")
    assert identity_from_code(code) == identity
    with pytest.raises(CodeRefused):
        identity_from_code(code.replace(".028.", ".027."))


def test_a_filled_booklet_is_read_row_by_row(tmp_path: Path) -> None:
    run = BookletRun("CH1", 1, "LD", [f"Phòng {number}" for number in range(1, 14)], 1742)
    pdf = tmp_path / "booklet.pdf"
    Printer(LIBRARY).print_pile([(None, [run])], "CH1", pdf)
    layout = blank_booklet(LIBRARY, "CH1", 1, 13).layout
    for number in (2, 6):
        scan, truth = _filled(pdf, layout, number)
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), scan)
        reading = read_page(next(iter_pages(path)), LIBRARY).reading
        assert reading.identity == SheetIdentity("CH1", 1, "LD", "", 1742, number, 13)
        read = {field.code: (field.value, field.accepted) for field in reading.fields}
        assert read == {code: (option, option is not None) for code, option in truth.items()}


def _filled(pdf: Path, layout: Layout, number: int) -> tuple[np.ndarray, dict[str, str | None]]:
    """A page as it is scanned, with blackened bubbles, and the answers; every fifth row is blank."""
    rng, page = random.Random(number), layout.page(number)
    pixels = render_pdf_page(pdf, number - 1, 200).copy()
    scale = pixels.shape[1] / page.width_mm
    truth: dict[str, str | None] = {}
    for place, field in enumerate(f for f in page.fields if f.bubbles):
        bubble = rng.choice(field.bubbles)
        truth[field.code] = None if place % 5 == 4 else bubble.option
        if truth[field.code]:
            at = (round(bubble.x_mm * scale), round(bubble.y_mm * scale))
            cv2.circle(pixels, at, round(0.85 * bubble.r_mm * scale), 45, cv2.FILLED, cv2.LINE_AA)
    noise = np.random.default_rng(number).normal(0, 4, pixels.shape)
    soft = cv2.GaussianBlur(pixels, (0, 0), 0.8)
    return np.clip(soft * 0.9 + 10 + noise, 0, 255).astype(np.uint8), truth
