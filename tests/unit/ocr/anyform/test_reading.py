"""Pages of drawn forms, with and without a blank: what must be read, and what must never be accepted."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.anyform.reading import prepare_reader, read_form_page
from ocr.anyform.template import Landmarks, Question, Template, TemplateBubble
from ocr.model import Flag, PageReading, PageStatus
from ocr.scan_page import PageImage
from tests.unit.ocr.anyform.drawn_form import CORNERS, OPTIONS, centre, draw_form, photographed, template_of

MARKS = [(row, OPTIONS[row % 4]) for row in range(10)]
CORNER_POINTS = tuple((x + 0.5, y + 0.5) for x, y in CORNERS)
BY_BLANK = template_of(Landmarks("features"), draw_form())
ALONE = template_of(Landmarks("corners", CORNER_POINTS))
EITHER = pytest.mark.parametrize("template", [BY_BLANK, ALONE], ids=["blank", "alone"])


def _read(template: Template, page: NDArray[np.uint8]) -> PageReading:
    return read_form_page(PageImage("scan.png", 0, page), [prepare_reader(template)])


def _accepted(reading: PageReading) -> dict[str, str | None]:
    return {f.code: f.value for f in reading.fields if f.accepted}


@EITHER
def test_plain_marks_are_read(template: Template) -> None:
    reading = _read(template, draw_form(MARKS))
    assert _accepted(reading) == {f"q{row + 1}": option for row, option in MARKS}
    assert reading.status is PageStatus.READ
    assert reading.identity is None
    assert reading.template_sha256 == template.sha256


def test_a_photo_is_read_by_its_blank() -> None:
    reading = _read(BY_BLANK, photographed(draw_form(MARKS, ink=90), 3.0))
    assert _accepted(reading) == {f"q{row + 1}": option for row, option in MARKS}


@EITHER
def test_blank_and_double_answers_go_to_a_person(template: Template) -> None:
    marks = [m for m in MARKS if m[0] not in {2, 5}] + [(5, "A"), (5, "D")]
    reading = _read(template, draw_form(marks))
    fields = {f.code: f for f in reading.fields}
    assert fields["q3"].flags == (Flag.NO_MARK,)
    assert {Flag.MULTIPLE_MARKS, Flag.MARGINAL_MARK} & set(fields["q6"].flags)
    assert not fields["q3"].accepted
    assert not fields["q6"].accepted
    assert len(_accepted(reading)) == 8


@EITHER
@pytest.mark.parametrize("ink", [60, 150, 190])
def test_where_all_mark_the_same_no_mark_passes_for_print(template: Template, ink: int) -> None:
    """Without a blank, what most bubbles of an option show is print: were that marks, doubles would hide."""
    marks = [(row, "A") for row in range(10)] + [(4, "C")]
    reading = _read(template, draw_form(marks, ink))
    accepted = _accepted(reading)
    assert "q5" not in accepted
    assert set(accepted.values()) <= {"A"}


@pytest.mark.parametrize("rows", [6, 8, 10])
def test_strokes_that_most_questions_share_do_not_pass_for_print(rows: int) -> None:
    """A writer who puts the same thin stroke at the same option, and takes one of them back for another."""
    page = draw_form([(row, "D") for row in range(rows, 10)] + [(4, "C")])
    for row in range(rows):
        x, y = centre(row, "B")
        cv2.line(page, (x - 11, y + 9), (x + 12, y - 10), 40, 3, cv2.LINE_AA)
    accepted = _accepted(_read(ALONE, page))
    assert "q5" not in accepted
    assert {accepted[c] for c in accepted if int(c[1:]) <= rows} <= {"B"}


def test_a_blank_that_is_no_blank_hides_no_mark() -> None:
    template = template_of(Landmarks("features"), draw_form([(4, "A")]))
    reading = _read(template, draw_form([m for m in MARKS if m[0] != 4] + [(4, "A"), (4, "C")]))
    assert "q5" not in _accepted(reading)


@EITHER
@pytest.mark.parametrize(("width", "level"), [(3, 60), (5, 140)])
@pytest.mark.parametrize("quarters", [0, 2])
def test_a_streak_on_the_glass_is_no_answer(
    template: Template, width: int, level: int, quarters: int
) -> None:
    page = draw_form([m for m in MARKS if m[0] in {0, 3, 4}])
    x = centre(0, "B")[0] - width // 2
    page[:, x : x + width] = np.minimum(page[:, x : x + width], level)
    noise = np.random.default_rng(3).normal(0, 3, page.shape)
    page = np.asarray(np.clip(page + noise, 0, 255), np.uint8)
    reading = _read(template, np.ascontiguousarray(np.rot90(page, quarters)))
    assert {c: v for c, v in _accepted(reading).items() if v == "B"} == {}
    assert reading.quality.streak_columns > 0


def test_a_streak_beside_the_bubbles_harms_nothing() -> None:
    page = draw_form(MARKS)
    page[:, 1020:1023] = 60
    reading = _read(BY_BLANK, page)
    assert _accepted(reading) == {f"q{row + 1}": option for row, option in MARKS}
    assert reading.quality.streak_columns > 0


@EITHER
def test_a_page_upside_down_is_never_read_wrong(template: Template) -> None:
    page = np.ascontiguousarray(np.rot90(draw_form(MARKS), 2))
    accepted = _accepted(_read(template, page))
    if template is BY_BLANK:
        assert accepted == {f"q{row + 1}": option for row, option in MARKS}
    else:
        assert accepted == {}


def _even_page(marks: Sequence[tuple[int, str]] = (), head: str = "", words: str = "") -> NDArray[np.uint8]:
    """Rings in the very middle of the page: they alone do not say which way up it is, nor of which form."""
    page = np.full((1000, 800), 250, np.uint8)
    for column, letter in enumerate(head.split()):
        cv2.putText(page, letter, (215 + 100 * column, 105), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 20, 2)
    for row in range(8):
        words_at = (40, 160 + 100 * row)
        cv2.putText(page, words[row : row + 9], words_at, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 20, 2)
        for x in range(250, 650, 100):
            cv2.circle(page, (x, 150 + 100 * row), 17, 60, 2, cv2.LINE_AA)
    for row, option in marks:
        cv2.circle(page, (250 + 100 * "abcd".index(option), 150 + 100 * row), 15, 60, -1, cv2.LINE_AA)
    return page


def _even_template(blank: NDArray[np.uint8] | None = None, options: str = "abcd") -> Template:
    questions = []
    for row in range(8):
        at = [(250 + 100 * i, 150 + 100 * row) for i in range(4)]
        questions.append(
            Question(f"q{row}", tuple(TemplateBubble(options[i], *p, 36.0, 36.0) for i, p in enumerate(at)))
        )
    return Template(
        "even", options, "px", 800.0, 1000.0, "round", Landmarks("page"), tuple(questions), blank=blank
    )


EVEN_MARKS = [(row, "abcd"[row * 3 % 4]) for row in range(8)]
WORDS = "Hai long hay khong?"


@pytest.mark.parametrize("blank", [None, _even_page()], ids=["alone", "blank"])
def test_where_both_ways_up_look_alike_a_page_is_doubted(blank: NDArray[np.uint8] | None) -> None:
    reading = _read(_even_template(blank), _even_page(EVEN_MARKS))
    assert Flag.POOR_REGISTRATION in reading.flags
    assert _accepted(reading) == {}


@pytest.mark.parametrize("quarters", [0, 2])
def test_what_is_printed_on_its_blank_says_which_way_up_a_page_lies(quarters: int) -> None:
    template = _even_template(_even_page(words=WORDS))
    page = np.rot90(_even_page(EVEN_MARKS, words=WORDS), quarters)
    assert _accepted(_read(template, np.ascontiguousarray(page))) == {f"q{r}": o for r, o in EVEN_MARKS}


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("head", ["GOOD FAIR POOR NONE", "NONE POOR FAIR GOOD"])
def test_of_two_forms_with_the_same_rings_the_words_choose(head: str, first: int) -> None:
    """Two versions of a form with the scale reversed: by the rings either fits."""
    heads = {"GOOD FAIR POOR NONE": "4321", "NONE POOR FAIR GOOD": "1234"}
    templates = [_even_template(_even_page(head=h, words=WORDS), o) for h, o in heads.items()]
    readers = [prepare_reader(templates[i]) for i in (first, 1 - first)]
    page = _even_page(EVEN_MARKS, head, WORDS)
    accepted = _accepted(read_form_page(PageImage("scan.png", 0, page), readers))
    assert accepted == {f"q{r}": heads[head]["abcd".index(o)] for r, o in EVEN_MARKS}


@pytest.mark.parametrize("blank", [None, _even_page(words=WORDS)], ids=["alone", "blank"])
def test_a_page_that_two_templates_fit_alike_is_doubted(blank: NDArray[np.uint8] | None) -> None:
    marked = _even_page(words=WORDS) if blank is None else blank
    readers = [prepare_reader(_even_template(b, o)) for b, o in ((marked, "abcd"), (blank, "dcba"))]
    reading = read_form_page(PageImage("scan.png", 0, _even_page(EVEN_MARKS, words=WORDS)), readers)
    assert Flag.POOR_REGISTRATION in reading.flags
    assert _accepted(reading) == {}


@EITHER
def test_bubbles_that_are_not_where_the_template_says_are_not_read(template: Template) -> None:
    moved = tuple(
        replace(q, bubbles=tuple(replace(b, x=b.x + 48, y=b.y + 40) for b in q.bubbles))
        for q in template.questions
    )
    reading = _read(replace(template, questions=moved), draw_form(MARKS))
    assert _accepted(reading) == {}


@EITHER
def test_another_form_is_not_read(template: Template) -> None:
    page = np.full((1754, 1240), 250, np.uint8)
    for x, y in CORNERS:
        cv2.rectangle(page, (int(x) - 22, int(y) - 22), (int(x) + 22, int(y) + 22), 0, -1)
    for line in range(25):
        cv2.putText(page, "Mot to giay khac han, nhieu chu", (120, 250 + 55 * line), 0, 1.0, 0, 2)
    assert _accepted(_read(template, page)) == {}


def test_the_template_that_fits_is_chosen() -> None:
    other = replace(
        template_of(Landmarks("corners", CORNER_POINTS)),
        name="other",
        questions=tuple(
            Question(f"other{q.code}", tuple(replace(b, x=b.x - 300, y=b.y + 45) for b in q.bubbles))
            for q in ALONE.questions
        ),
    )
    readers = [prepare_reader(t) for t in (other, ALONE)]
    reading = read_form_page(PageImage("scan.png", 0, draw_form(MARKS)), readers)
    assert reading.template_sha256 == ALONE.sha256
    assert len(_accepted(reading)) == 10


@EITHER
def test_white_paper_and_broken_pages_are_refused(template: Template) -> None:
    white = _read(template, np.full((1754, 1240), 250, np.uint8))
    assert (white.status, white.flags) == (PageStatus.REFUSED, (Flag.BLANK_PAGE,))
    broken = _read(template, np.zeros((0, 0), np.uint8))
    assert (broken.status, broken.flags) == (PageStatus.REFUSED, (Flag.POOR_IMAGE,))


def test_joined_answers_are_accepted_only_whole() -> None:
    template = replace(BY_BLANK, joined={"good": ("q1", "q2"), "blank": ("q3", "q4"), "double": ("q5", "q6")})
    marks = [m for m in MARKS if m[0] != 2] + [(4, "C")]
    fields = {f.code: f for f in _read(template, draw_form(marks)).fields}
    assert (fields["good"].value, fields["good"].accepted) == ("AB", True)
    assert (fields["blank"].value, fields["blank"].flags) == ("D", (Flag.NO_MARK,))
    assert not fields["double"].accepted


def test_a_tiny_picture_is_doubted() -> None:
    small = cv2.resize(draw_form(MARKS), None, fx=0.14, fy=0.14, interpolation=cv2.INTER_AREA)
    assert _accepted(_read(template_of(Landmarks("page")), np.asarray(small, np.uint8))) == {}
