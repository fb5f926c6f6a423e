import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.anyform.register import flatten_to_template, place_page
from ocr.anyform.template import Landmarks, Template
from ocr.anyform.timing import find_timing
from ocr.errors import RegistrationFailed
from tests.unit.ocr.anyform.drawn_form import (
    CORNERS,
    HEIGHT,
    WIDTH,
    draw_form,
    photographed,
    template_of,
    timing_points,
)

MARKS = [(row, "ABCD"[row % 4]) for row in range(9)]


def _misplaced(template: Template, lying: NDArray[np.uint8], degrees: float, scale: float) -> float:
    """The worst distance of a bubble from where the page really lies, in bubble radii."""
    placed = place_page(lying, template)
    way = np.array(cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), degrees, scale), np.float64)
    way[:, 2] += np.array([lying.shape[1] - WIDTH, lying.shape[0] - HEIGHT]) / 2
    at = np.array([(b.x, b.y) for b in template.bubbles])
    # The way is of pixel numbers, the template of places: a pixel's centre lies at half numbers.
    true = (at - 0.5) @ way[:, :2].T + way[:, 2] + 0.5
    found = cv2.perspectiveTransform(at[None], placed.homography)[0]
    return float(np.linalg.norm(found - true, axis=1).max() / (template.radius * scale))


def _landmarks(method: str) -> Template:
    blank = draw_form()
    if method == "features":
        return template_of(Landmarks("features"), blank)
    if method == "timing":
        return template_of(Landmarks("timing", timing_points(), crop_page=True))
    if method == "page":
        return template_of(Landmarks("page", crop_page=True))
    return template_of(Landmarks("corners", tuple((x + 0.5, y + 0.5) for x, y in CORNERS), crop_page=True))


@pytest.mark.parametrize("method", ["features", "timing", "page", "corners"])
@pytest.mark.parametrize("degrees", [-3.0, 0.5, 4.0])
def test_a_page_lies_where_each_way_finds_it(method: str, degrees: float) -> None:
    lying = photographed(draw_form(MARKS), degrees, 0.8)
    assert _misplaced(_landmarks(method), lying, degrees, 0.8) < 0.25


def test_features_find_a_page_whichever_way_up() -> None:
    lying = photographed(draw_form(MARKS), 183.0, 0.8)
    assert _misplaced(_landmarks("features"), lying, 183.0, 0.8) < 0.25


def test_corner_marks_are_found_by_their_picture() -> None:
    mark = np.full((60, 60), 255, np.uint8)
    for radius, grey in ((28, 0), (19, 255), (10, 0)):
        cv2.circle(mark, (30, 30), radius, grey, -1, cv2.LINE_AA)
    page = draw_form(MARKS)
    for x, y in CORNERS:
        page[int(y) - 30 : int(y) + 30, int(x) - 30 : int(x) + 30] = mark
    points = tuple((x, y) for x, y in CORNERS)
    template = template_of(Landmarks("marks", points, mark_width=60.0, crop_page=True))
    template = Template(**{f: getattr(template, f) for f in Template.__slots__} | {"mark": mark})
    assert _misplaced(template, photographed(page, 2.0, 0.8), 2.0, 0.8) < 0.25


def test_one_timing_mark_too_few_is_refused() -> None:
    page = draw_form()
    x, y = timing_points()[7]
    page[int(y) - 8 : int(y) + 9, int(x) - 18 : int(x) + 19] = 250
    with pytest.raises(RegistrationFailed, match="Vạch định vị"):
        place_page(page, _landmarks("timing"))


def test_timing_tracks_are_counted() -> None:
    assert [len(t) for t in find_timing(draw_form(MARKS))] == [24, 22]


@pytest.mark.parametrize("method", ["features", "timing", "page", "corners"])
def test_a_page_that_is_not_there_is_refused(method: str) -> None:
    noise = np.random.default_rng(1).normal(230, 4, (HEIGHT, WIDTH)).astype(np.uint8)
    with pytest.raises(RegistrationFailed):
        place_page(noise, _landmarks(method))


def test_a_photo_is_laid_out_as_the_blank() -> None:
    template = _landmarks("features")
    flat = flatten_to_template(photographed(draw_form(), 3.0, 0.9), template)
    whole = cv2.resize(flat, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    assert np.corrcoef(whole.ravel(), draw_form().ravel())[0, 1] > 0.9
