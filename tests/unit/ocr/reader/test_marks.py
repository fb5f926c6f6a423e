"""Measuring: more ink measures as more, and print does not count as ink."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from ocr.blank import render_blank
from ocr.decide import Thresholds
from ocr.mark_map import MarkMap, map_marks
from ocr.marks import measure_marks
from ocr.measures import BubbleMarks, Surround
from ocr.registration import FLAT_PX_PER_MM
from tests.worlds.scanned_pages import LIBRARY, Grey, side

BLANK = render_blank(LIBRARY, "CX4", 1, 1, FLAT_PX_PER_MM * 25.4)
MARKS: MarkMap = map_marks(side(1), BLANK, FLAT_PX_PER_MM)
FIELDS = [f for f in side(1).fields if f.bubbles]
BUBBLES = [(f.code, b.option) for f in FIELDS for b in f.bubbles]
AT = BUBBLES.index(("CX4.2", "3"))
BLACK = 0.0
CENTRE = tuple(round(float(v)) for v in MARKS.centres_px[AT])
RADIUS = float(MARKS.radii_px[AT])
LIMIT = Thresholds().other_traced


def _measured(page: Grey) -> tuple[BubbleMarks, ...]:
    return measure_marks(page, MARKS, FLAT_PX_PER_MM, BLACK).bubbles


def _surrounds(page: Grey) -> tuple[Surround, ...]:
    return measure_marks(page, MARKS, FLAT_PX_PER_MM, BLACK).surrounds


def test_the_blank_itself_holds_no_ink() -> None:
    for figures in _measured(BLANK):
        assert max(figures.mean, figures.ink, figures.near, figures.far, figures.loose) < 0.01


def test_more_ink_measures_as_more() -> None:
    levels = []
    for share in (0.2, 0.4, 0.6, 0.8):
        page = BLANK.copy()
        cv2.circle(page, (CENTRE[0], CENTRE[1]), round(share * RADIUS), 40, cv2.FILLED)
        levels.append(_measured(page)[AT])
    for less, more in pairwise(levels):
        assert more.mean > less.mean
        assert more.ink >= less.ink
        assert more.extent >= less.extent


@pytest.mark.parametrize("grey", [60, 200])
def test_a_cross_over_a_fill_has_arms_and_no_paper_between(grey: int) -> None:
    x, y, reach = CENTRE[0], CENTRE[1], round(1.5 * RADIUS * 0.7)
    page = BLANK.copy()
    for way in (-1, 1):
        cv2.line(page, (x - reach, y - way * reach), (x + reach, y + way * reach), grey, 2)
    bare = _surrounds(page)[AT]
    cv2.circle(page, (x, y), round(0.85 * RADIUS), grey, cv2.FILLED)
    crossed = _surrounds(page)[AT]
    ink = 1 - grey / 255
    assert bare.arms > 0.4 * ink
    assert crossed.arms == pytest.approx(bare.arms)
    assert bare.between < 0.2 * ink < 0.9 * ink < crossed.between
    assert max(bare.axes, crossed.axes) < 0.1 * ink


@pytest.mark.parametrize("paper", [255, 215])
def test_darkness_is_relative_to_paper_and_print(paper: int) -> None:
    page = BLANK.copy()
    cv2.circle(page, (CENTRE[0], CENTRE[1]), round(0.6 * RADIUS), 128, cv2.FILLED)
    toned = np.round(30 + page.astype(float) * (paper - 30) / 255).astype(np.uint8)
    assert measure_marks(toned, MARKS, FLAT_PX_PER_MM, 30.0).bubbles[AT].p50 == pytest.approx(0.5, abs=0.03)


def test_a_long_tick_belongs_to_the_bubble_that_it_starts_in() -> None:
    page = BLANK.copy()
    x, y = CENTRE[0], CENTRE[1]
    cv2.line(page, (x, y), (x + 47, y - 50), 50, 3)  # into the row above
    measured = _measured(page)
    above = measured[BUBBLES.index(("CX4.1", "3"))]
    assert measured[AT].far > 0.05
    assert measured[AT].extent > 2
    assert (above.far, above.loose) == (0.0, 0.0)


def test_ink_beside_a_bubble_is_loose() -> None:
    page = BLANK.copy()
    x, y = round(CENTRE[0] + 1.9 * RADIUS), CENTRE[1]
    cv2.circle(page, (x, y), round(0.35 * RADIUS), 40, cv2.FILLED)
    figures = _measured(page)[AT]
    assert figures.loose > 0.05
    assert figures.ink < 0.01


def test_a_loop_round_a_bubble_shows_though_it_hangs_on_the_next_rows_mark() -> None:
    page = BLANK.copy()
    below = MARKS.centres_px[BUBBLES.index(("CX4.3", "3"))]
    cv2.circle(page, (CENTRE[0], CENTRE[1]), round(1.6 * RADIUS), 60, 2)
    cv2.line(page, (CENTRE[0], CENTRE[1] + round(1.6 * RADIUS)), (int(below[0]), int(below[1])), 60, 2)
    around = _surrounds(page)
    assert around[AT].sectors > 0.8
    assert around[AT].foreign > 0.3
    assert _measured(page)[AT].loose == 0


def test_a_mark_inside_a_bubble_leaves_its_surround_clear() -> None:
    page = BLANK.copy()
    cv2.circle(page, (CENTRE[0], CENTRE[1]), round(0.9 * RADIUS), 40, cv2.FILLED)
    assert max(s.sectors + s.foreign for s in _surrounds(page)) < 0.01


def test_a_stroke_through_two_bubbles_is_shared() -> None:
    page = BLANK.copy()
    neighbour = MARKS.centres_px[AT + 1]
    cv2.line(page, (CENTRE[0], CENTRE[1]), (int(neighbour[0]), int(neighbour[1])), 50, 3)
    measured = _measured(page)
    assert measured[AT].shared > 0.9
    assert measured[AT + 1].shared > 0.9


def test_a_line_down_the_column_is_long() -> None:
    page = BLANK.copy()
    cv2.line(page, (CENTRE[0], 0), (CENTRE[0], page.shape[0] - 1), 60, 2)
    assert _measured(page)[AT].long > 0.9


def test_a_ring_that_is_not_there_shows_as_missing() -> None:
    page = BLANK.copy()
    cv2.circle(page, (CENTRE[0], CENTRE[1]), round(1.3 * RADIUS), 255, cv2.FILLED)
    outlines = [s.outline for s in _surrounds(page)]
    assert outlines[AT] < 0.1
    assert min(o for i, o in enumerate(outlines) if i != AT) > 0.9


@pytest.mark.parametrize("palest", [110, 200])
def test_a_ring_that_somebody_drew_along_stands_out(palest: int) -> None:
    """As a scan shows rings, and on a copy that lost its thin lines: the others are nearly gone there."""
    page = np.maximum(BLANK, np.uint8(palest))
    cv2.circle(page, (CENTRE[0], CENTRE[1]), round(RADIUS), 40, 1)
    traced = [s.traced for s in _surrounds(page)]
    assert traced[AT] > LIMIT
    assert max(t for i, t in enumerate(traced) if i != AT) < LIMIT / 2
