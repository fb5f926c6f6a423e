"""Marks lie where they are meant, scans show what the faults say, and contrast is what an eye would see."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from ocr.deck.faults import Faults, Fold, Machine, Stain, Streak
from ocr.deck.ink import Image, Ink, Paper, lay_ink, paper_from, smear
from ocr.deck.people import Answer, Writer, draw_answer, meet_writer, write_comment
from ocr.deck.profiles import OFFICE, Event, Style
from ocr.deck.scanner import contrast_of, feed_matrix, scan_page
from ocr.deck.strokes import Hand, Stroke, wobbled
from ocr.layout import Bubble, Field

BUBBLES = tuple(Bubble(str(n + 1), 10.0 + 14.0 * n, 8.0, 2.4) for n in range(4))
FIELD = Field("Q.1", "choice", 0.0, 0.0, 60.0, 16.0, BUBBLES)
CLEAN = Faults(
    machine=Machine(0.05, 250, 10, 1.0, 0.0, 255, 80),
    upside_down=False,
    skew_deg=0.0,
    offset_mm=(0.0, 0.0),
    scale=(1.0, 1.0),
    corners_mm=((0.0, 0.0),) * 4,
    ripple_mm=0.0,
    shading=0.0,
    specks=0,
    show_through=0.0,
    copied=False,
    streaks=(),
    fold=None,
    stain=None,
)


def white() -> Paper:
    return paper_from(np.full((128, 480), 255, np.uint8), 60.0, 16.0)


def writer(style: Style, seed: int = 1) -> Writer:
    drawn = meet_writer(OFFICE.people, 0.7, np.random.default_rng(seed))
    return replace(drawn, style=style, ink=Ink(50.0, 0.5, 0.1, 1.0), hand=replace(drawn.hand, slop=0.5))


def inked(paper: Paper, bubble: Bubble, radii: float = 1.0) -> float:
    """The share of the disc of so many radii that is darker than paper."""
    rows, columns = np.indices(paper.pixels.shape)
    off = np.hypot(columns / paper.x_scale - bubble.x_mm, rows / paper.y_scale - bubble.y_mm)
    return float((paper.pixels[off <= bubble.r_mm * radii] < 200).mean())


def draw(style: Style, event: Event, seed: int = 1, cancelled: tuple[str, ...] = ()) -> Paper:
    paper, rng = white(), np.random.default_rng(seed)
    answer = Answer("Q.1", 4, () if event is Event.BLANK else ("2",), style, event, cancelled)
    draw_answer(paper, FIELD, answer, writer(style, seed), rng)
    return paper


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("style", list(Style))
def test_a_plain_mark_is_on_its_bubble_and_on_no_other(style: Style, seed: int) -> None:
    paper = draw(style, Event.PLAIN, seed)
    assert inked(paper, BUBBLES[1], 1.9) > 0.03
    assert all(inked(paper, BUBBLES[other]) == 0 for other in (0, 2, 3))


def test_styles_look_different() -> None:
    assert inked(draw(Style.FILL, Event.PLAIN), BUBBLES[1]) > 0.6
    assert 0.05 < inked(draw(Style.CROSS, Event.PLAIN), BUBBLES[1]) < 0.6
    assert inked(draw(Style.CIRCLE, Event.PLAIN), BUBBLES[1], 0.8) == 0


@pytest.mark.parametrize("seed", range(8))
def test_a_stray_keeps_off_the_middles_of_all_bubbles(seed: int) -> None:
    paper, rng = white(), np.random.default_rng(seed)
    blank = Answer("Q.1", 4, (), Style.FILL, Event.STRAY)
    draw_answer(paper, FIELD, blank, writer(Style.FILL, seed), rng)
    assert (paper.pixels < 200).any()
    assert all(inked(paper, bubble, 0.5) == 0 for bubble in BUBBLES)


@pytest.mark.parametrize("style", list(Style))
def test_a_correction_leaves_ink_on_both(style: Style) -> None:
    paper = draw(style, Event.CORRECTION, cancelled=("3",))
    assert inked(paper, BUBBLES[2], 1.9) > inked(paper, BUBBLES[0], 1.9)
    assert inked(paper, BUBBLES[1], 1.9) > 0.03


def test_a_blank_leaves_no_ink_at_all() -> None:
    assert (draw(Style.FILL, Event.BLANK).pixels == 255).all()


def test_rubbing_out_leaves_a_trace_and_no_more() -> None:
    paper = white()
    stroke = Stroke(np.array([(10.0, 8.0), (14.0, 8.0)]))
    patch = lay_ink(paper, [stroke], Ink(100.0, 0.6, 0.0, 1.0), np.random.default_rng(1))
    assert patch is not None
    smear(paper, patch, 0.2)
    assert 200 < paper.pixels.min() < 255


def test_ink_off_the_page_is_no_mark() -> None:
    stroke = Stroke(np.array([(-30.0, -30.0), (-20.0, -20.0)]))
    assert lay_ink(white(), [stroke], Ink(50.0, 0.5, 0.1, 1.0), np.random.default_rng(1)) is None


def test_a_comment_stays_in_its_box() -> None:
    paper = white()
    box = Field("Q.c", "text", 5.0, 1.0, 50.0, 14.0)
    write_comment(paper, box, writer(Style.FILL), np.random.default_rng(3))
    assert (paper.pixels < 200).sum() > 100
    assert (paper.pixels[:, : int(3.0 * paper.x_scale)] == 255).all()


def contrast(ink: Ink, faults: Faults, threshold: int | None = None) -> float:
    paper = white()
    stroke = Stroke(np.array([(8.0, 8.0), (13.0, 8.5), (8.0, 9.0)]))
    patch = lay_ink(paper, [stroke], ink, np.random.default_rng(1))
    assert patch is not None
    return contrast_of((patch,), paper, faults, threshold)


def test_contrast_follows_ink_tone_and_blur() -> None:
    dark, faint = Ink(40.0, 0.6, 0.0, 1.0), Ink(248.0, 0.6, 0.0, 1.0)
    assert contrast(dark, CLEAN) == pytest.approx((250 - 10) * (255 - 40) / 255, abs=4)
    assert contrast(faint, CLEAN) < 10
    grey = replace(CLEAN, machine=replace(CLEAN.machine, white=150.0, black=60.0))
    assert contrast(dark, grey) < contrast(dark, CLEAN)
    assert contrast(dark, replace(CLEAN, machine=replace(CLEAN.machine, blur_mm=0.5))) < contrast(dark, CLEAN)
    assert contrast_of((), white(), CLEAN, None) == 0


def test_a_bilevel_scan_shows_a_mark_or_does_not() -> None:
    assert contrast(Ink(40.0, 0.6, 0.0, 1.0), CLEAN, threshold=150) > 240
    assert contrast(Ink(190.0, 0.6, 0.0, 1.0), CLEAN, threshold=150) == 0


def test_contrast_is_the_same_upside_down() -> None:
    ink = Ink(80.0, 0.6, 0.0, 1.0)
    turned = replace(CLEAN, upside_down=True, skew_deg=1.3)
    assert contrast(ink, turned) == pytest.approx(contrast(ink, CLEAN), abs=6)


def checked(faults: Faults, reverse: Image | None = None) -> Image:
    return scan_page(white(), reverse, faults, np.random.default_rng(2))


def test_a_page_upside_down_is_turned_about_its_middle() -> None:
    paper = white()
    matrix = feed_matrix(paper, replace(CLEAN, upside_down=True))
    corner = cv2.perspectiveTransform(np.array([[(0.0, 0.0)]]), matrix)[0, 0]
    assert corner == pytest.approx((480, 128), abs=1e-3)


@pytest.mark.parametrize(
    "fault",
    [
        {"streaks": (Streak(0.5, 0.3, 90.0, 0.0, 1.0),)},
        {"fold": Fold(0.5, 0.0, 0.6, 0.3)},
        {"stain": Stain(0.5, 0.5, 0.1, 0.4)},
        {"shading": 0.1},
        {"specks": 20},
    ],
)
def test_each_fault_darkens_white_paper(fault: dict[str, object]) -> None:
    assert checked(CLEAN).min() >= 249
    assert checked(replace(CLEAN, **fault)).min() < 245  # type: ignore[arg-type]


def test_the_other_side_shines_through_mirrored() -> None:
    reverse = np.full((128, 480), 255, np.uint8)
    reverse[:, :100] = 0
    scan = checked(replace(CLEAN, show_through=0.1), reverse)
    assert scan[:, -90:].mean() < scan[:, :90].mean() - 15


def test_noise_has_the_strength_that_is_asked_for() -> None:
    grey = replace(CLEAN.machine, white=128.0, noise=6.0)
    assert checked(replace(CLEAN, machine=grey)).std() == pytest.approx(6.0, rel=0.15)


def test_hands_are_as_steady_as_they_say() -> None:
    line = [(0.0, 0.0), (30.0, 0.0)]
    steady = wobbled(line, Hand(0.0, 0.0, 0.0), np.random.default_rng(1))
    shaky = wobbled(line, Hand(0.2, 0.0, 0.0), np.random.default_rng(1))
    assert np.abs(steady[:, 1]).max() == 0
    assert 0.05 < np.abs(shaky[:, 1]).max() < 1.0
