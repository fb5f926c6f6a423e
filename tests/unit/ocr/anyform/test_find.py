"""Rows of outlines on blanks: our own form, where we know where every ring is, and drawn ones."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr.anyform.draw import draw_template
from ocr.anyform.find import find_outlines, find_template
from ocr.anyform.template import check_template
from ocr.blank import render_blank
from ocr.errors import TemplateInvalid
from ocr.template import FormLibrary
from tests.unit.ocr.anyform.drawn_form import OPTIONS, ROWS, centre, draw_form

FORMS = Path(__file__).parents[4] / "forms_templates"


@pytest.mark.parametrize("page", [1, 2])
@pytest.mark.parametrize("dpi", [100, 200])
def test_our_own_form_is_found_as_it_was_set(page: int, dpi: int) -> None:
    library = FormLibrary(FORMS)
    known = [f for f in library.layout("CX4", 1).page(page).fields if f.bubbles]
    template = find_template(render_blank(library, "CX4", 1, page, dpi), "CX4", "", (210.0, 297.0))
    check_template(template)
    assert template.outline == "round"
    assert [len(q.bubbles) for q in template.questions] == [len(f.bubbles) for f in known]
    gaps = [
        np.hypot(found.x - bubble.x_mm, found.y - bubble.y_mm)
        for question, field in zip(template.questions, known, strict=True)
        for found, bubble in zip(question.bubbles, field.bubbles, strict=True)
    ]
    assert max(gaps) < 0.25
    assert template.radius == pytest.approx(2.4, abs=0.2)


def test_letters_in_rings_do_no_harm_and_a_skewed_page_neither() -> None:
    turn = cv2.getRotationMatrix2D((620, 877), 1.5, 1.0)
    skewed = cv2.warpAffine(draw_form(), turn, (1240, 1754), borderValue=(250,))
    template = find_template(np.asarray(skewed, np.uint8), "drawn", "")
    assert [len(q.bubbles) for q in template.questions] == [len(OPTIONS)] * ROWS
    for row, question in enumerate(template.questions):
        expected = turn @ np.array([*centre(row, "C"), 1.0])
        assert np.hypot(*(np.array([question.bubbles[2].x, question.bubbles[2].y]) - expected)) < 2


def _boxes(blocks: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    page = np.full((1400, 1000), 255, np.uint8)
    for block in range(blocks):
        for row in range(6):
            for option in range(4):
                x, y = 100 + 450 * block + 60 * option, 200 + 70 * row
                cv2.rectangle(page, (x, y), (x + 24, y + 24), 0, 2)
    return page


def test_blocks_side_by_side_are_numbered_down_the_left_one_first() -> None:
    template = find_template(_boxes(2), "boxes", "")
    assert template.outline == "square"
    assert [len(q.bubbles) for q in template.questions] == [4] * 12
    assert [q.bubbles[0].x < 400 for q in template.questions] == [True] * 6 + [False] * 6


def test_questions_may_run_down_the_page() -> None:
    template = find_template(_boxes(1), "boxes", "", down=True)
    assert [len(q.bubbles) for q in template.questions] == [6] * 4
    ys = [b.y for b in template.questions[1].bubbles]
    assert ys == sorted(ys)


def test_a_page_of_words_has_no_bubbles() -> None:
    page = np.full((1400, 1000), 255, np.uint8)
    for line in range(20):
        cv2.putText(page, "Khong co o nao", (100, 100 + 60 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 0, 2)
    assert find_outlines(page) == ()
    with pytest.raises(TemplateInvalid, match="Không thấy hàng ô"):
        find_template(page, "words", "")


def test_every_found_bubble_is_drawn() -> None:
    template = find_template(draw_form(), "drawn", "")
    picture = draw_template(template).astype(int)
    coloured = picture.max(axis=2) - picture.min(axis=2) > 60
    scale = 1800 / 1754
    for bubble in template.bubbles:
        x, y, reach = (round(v * scale) for v in (bubble.x, bubble.y, bubble.width / 2))
        assert coloured[y, x + reach - 2 : x + reach + 3].any()
        assert coloured[y - reach - 2 : y - reach + 3, x].any()
