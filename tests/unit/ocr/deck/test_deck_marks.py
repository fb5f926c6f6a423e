"""Marks lie where they are meant, scans show what the faults say, and contrast is what an eye would see."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from ocr.deck.behaviour import Event, Style
from ocr.deck.camera import Shadow, Shot
from ocr.deck.faults import Faults, Fold, Machine, Stain, Streak
from ocr.deck.hands.model import HANDS, PARTS, Part
from ocr.deck.hands.polyline import lay_ink, wobbled
from ocr.deck.ink import Image, Ink, Paper, paper_from, smear
from ocr.deck.labels import label_of
from ocr.deck.marking import Sitting, draw_answer, write_comment
from ocr.deck.people import Answer, Writer, meet_writer
from ocr.deck.profiles import ODD, OFFICE
from ocr.deck.scanner import contrast_of, feed_matrix, scan_page
from ocr.deck.strokes import Hand, Stroke
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


def sit(paper: Paper, drawer: Writer, seed: int, part: Part = "train") -> Sitting:
    reach = ODD.people.far_reach
    return Sitting(paper, drawer, HANDS[part], reach, np.random.default_rng(seed))


def draw(
    style: Style, event: Event, seed: int = 1, cancelled: tuple[str, ...] = (), part: Part = "train"
) -> Paper:
    paper = white()
    answer = Answer("Q.1", 4, () if event is Event.BLANK else ("2",), style, event, cancelled)
    draw_answer(sit(paper, writer(style, seed), seed, part), FIELD, answer)
    return paper


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("style", list(Style))
def test_a_plain_mark_is_on_its_bubble_and_on_no_other(style: Style, seed: int, part: Part) -> None:
    paper = draw(style, Event.PLAIN, seed, part=part)
    assert inked(paper, BUBBLES[1], 1.9) > 0.03
    assert all(inked(paper, BUBBLES[other]) == 0 for other in (0, 2, 3))


@pytest.mark.parametrize("part", PARTS)
def test_styles_look_different(part: Part) -> None:
    def share(style: Style, radii: float = 1.0) -> float:
        drawn = [inked(draw(style, Event.PLAIN, seed, part=part), BUBBLES[1], radii) for seed in range(6)]
        return float(np.median(drawn))

    assert share(Style.FILL) > 0.6
    assert 0.05 < share(Style.CROSS) < 0.6
    assert 0.03 < share(Style.LINE) < share(Style.CROSS)
    assert share(Style.CROSS) < share(Style.HATCH) < share(Style.FILL)
    assert share(Style.LINE) < share(Style.SPIRAL) < share(Style.FILL)
    assert share(Style.CIRCLE, 0.8) == 0


def labelled() -> Paper:
    """The words, as dark boxes, right of each bubble of `FIELD`."""
    paper = white()
    for bubble in BUBBLES:
        left, top = int((bubble.x_mm + 3.4) * paper.x_scale), int((bubble.y_mm - 1.0) * paper.y_scale)
        paper.pixels[top : top + 16, left : left + 40] = 20
    return paper


def test_a_label_is_found_right_of_its_bubble_or_not_at_all() -> None:
    label = label_of(labelled(), FIELD, BUBBLES[1])
    assert label is not None
    assert (label.x_mm, label.y_mm) == pytest.approx((24.0 + 3.4 + 2.5, 8.0), abs=0.2)
    assert label_of(white(), FIELD, BUBBLES[1]) is None


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("seed", range(4))
def test_a_loop_round_a_label_leaves_the_bubbles_empty(seed: int, part: Part) -> None:
    paper, before = labelled(), labelled()
    answer = Answer("Q.1", 4, ("2",), Style.LABEL_CIRCLE, Event.PLAIN)
    drawn = draw_answer(sit(paper, writer(Style.LABEL_CIRCLE, seed), seed, part), FIELD, answer)
    assert drawn.answer.style is Style.LABEL_CIRCLE
    assert all(inked(paper, bubble, 0.6) == 0 for bubble in BUBBLES)
    rows, columns = np.nonzero(paper.pixels != before.pixels)
    assert 24.0 < columns.mean() / paper.x_scale < 36.0
    assert np.ptp(columns) / paper.x_scale > 5.0
    assert np.ptp(rows) / paper.y_scale > 2.5


def test_without_a_label_of_its_own_the_bubble_is_circled() -> None:
    answer = Answer("Q.1", 4, ("2",), Style.LABEL_CIRCLE, Event.PLAIN)
    drawn = draw_answer(sit(white(), writer(Style.LABEL_CIRCLE), 1), FIELD, answer)
    assert drawn.answer.style is Style.CIRCLE


@pytest.mark.parametrize("part", PARTS)
def test_an_answer_taken_back_is_crossed_out_and_leaves_no_patch(part: Part) -> None:
    paper = white()
    answer = Answer("Q.1", 4, (), Style.FILL, Event.LONE_CANCEL, ("3",))
    drawn = draw_answer(sit(paper, writer(Style.FILL), 1, part), FIELD, answer)
    assert drawn.patches == ()
    assert inked(paper, BUBBLES[2]) > inked(draw(Style.FILL, Event.PLAIN, part=part), BUBBLES[1]) - 0.2
    assert inked(paper, BUBBLES[2], 1.9) > 0.2
    assert all(inked(paper, BUBBLES[other]) == 0 for other in (0, 1, 3))


def test_a_second_pen_is_the_one_that_is_seen() -> None:
    papers = []
    for second in (False, True):
        paper = white()
        drawer = replace(writer(Style.FILL), second=("faint pencil", Ink(190.0, 0.5, 0.0, 1.0)))
        answer = Answer("Q.1", 4, ("2",), Style.FILL, Event.PLAIN, second_pen=second)
        draw_answer(sit(paper, drawer, 1), FIELD, answer)
        papers.append(paper.pixels.min())
    assert papers[0] < 100 < papers[1]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("seed", range(8))
def test_a_stray_keeps_off_the_middles_of_all_bubbles(seed: int, part: Part) -> None:
    paper = white()
    blank = Answer("Q.1", 4, (), Style.FILL, Event.STRAY)
    draw_answer(sit(paper, writer(Style.FILL, seed), seed, part), FIELD, blank)
    assert (paper.pixels < 200).any()
    assert all(inked(paper, bubble, 0.5) == 0 for bubble in BUBBLES)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("style", list(Style))
def test_a_correction_leaves_ink_on_both(style: Style, part: Part) -> None:
    paper = draw(style, Event.CORRECTION, cancelled=("3",), part=part)
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


@pytest.mark.parametrize("part", PARTS)
def test_a_comment_stays_in_its_box(part: Part) -> None:
    paper = white()
    box = Field("Q.c", "text", 5.0, 1.0, 50.0, 14.0)
    write_comment(sit(paper, writer(Style.FILL), 3, part), box)
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


SHOT = Shot(
    height_px=400,
    tilt_deg=8.0,
    tilt_axis_rad=0.4,
    turn_deg=3.0,
    quarter_turns=0,
    margin=0.08,
    place=(0.5, 0.5),
    table=60.0,
    light=0.1,
    light_rad=0.0,
    shadow=None,
    curl_mm=0.0,
    motion_mm=0.0,
    motion_rad=0.0,
)


def photographed(shot: Shot) -> Image:
    sheet = paper_from(np.full((594, 420), 255, np.uint8), 210.0, 297.0)
    return scan_page(sheet, None, replace(CLEAN, shot=shot), np.random.default_rng(2))


def test_a_photographed_page_lies_whole_on_its_table() -> None:
    picture = photographed(SHOT)
    assert picture.shape == (400, 300)
    bright = picture > 150
    assert 0.4 < bright.mean() < 0.8
    edge = np.concatenate([bright[:8].ravel(), bright[-8:].ravel(), bright[:, :8].ravel()])
    assert not edge.any()


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns_turn_the_whole_picture(turns: int) -> None:
    upright, turned = photographed(SHOT), photographed(replace(SHOT, quarter_turns=turns))
    back = np.rot90(turned, turns)
    assert back.shape == upright.shape
    assert np.mean((back > 150) == (upright > 150)) > 0.99


def test_a_hand_throws_a_shadow_and_a_curled_page_bends() -> None:
    plain = photographed(SHOT)
    shaded = photographed(replace(SHOT, shadow=Shadow(0.0, 0.5, 0.3, 0.4)))
    assert shaded[150:250, 60:90].mean() < plain[150:250, 60:90].mean() - 40
    assert (photographed(replace(SHOT, curl_mm=20.0)) > 150).sum() != (plain > 150).sum()


def test_a_moving_hand_smears_along_its_way() -> None:
    paper = white()
    paper.pixels[:, 236:244] = 0
    still = replace(CLEAN, shot=replace(SHOT, tilt_deg=0.0, turn_deg=0.0, height_px=1200))
    assert still.shot is not None
    moving = replace(still, shot=replace(still.shot, motion_mm=1.5))
    scans = [scan_page(paper, None, faults, np.random.default_rng(2)) for faults in (still, moving)]
    assert scans[1].min() > scans[0].min() + 20


def test_a_coarse_scan_has_fewer_pixels_of_the_same_page() -> None:
    paper = white()
    paper.pixels[32:96, 120:360] = 0
    scan = scan_page(paper, None, replace(CLEAN, sampling=0.75), np.random.default_rng(2))
    assert scan.shape == (96, 360)
    assert (scan < 100).mean() == pytest.approx((paper.pixels < 100).mean(), rel=0.05)


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


@pytest.mark.parametrize("part", PARTS)
def test_noise_has_the_strength_that_is_asked_for(part: Part) -> None:
    grey = replace(CLEAN, machine=replace(CLEAN.machine, white=210.0, noise=6.0))
    scan = scan_page(white(), None, grey, np.random.default_rng(2), part)
    assert scan.std() == pytest.approx(6.0, rel=0.2)


@pytest.mark.parametrize("part", PARTS)
def test_optics_blur_an_edge_about_as_far(part: Part) -> None:
    paper = white()
    paper.pixels[:, :240] = 0
    soft = replace(CLEAN, machine=replace(CLEAN.machine, blur_mm=0.25))
    scan = scan_page(paper, None, soft, np.random.default_rng(2), part)
    between = int(((scan[64] > 40) & (scan[64] < 215)).sum())
    assert 2 <= between <= 7
    sharp = scan_page(paper, None, CLEAN, np.random.default_rng(2), part)
    assert int(((sharp[64] > 40) & (sharp[64] < 215)).sum()) < between


@pytest.mark.parametrize("seed", range(4))
def test_a_kinematic_pen_starts_slowly_and_gives_more_ink_where_it_rests(seed: int) -> None:
    [stroke, _second] = HANDS["test"].cross(BUBBLES[1], Hand(0.05, 0.3, 0.0), np.random.default_rng(seed))
    steps = np.hypot(*np.diff(stroke.points, axis=0).T)
    fastest = int(steps.argmax())
    assert 0.15 < fastest / steps.size < 0.85
    assert steps[:2].max() < steps[fastest] / 4
    assert stroke.width is not None
    assert stroke.width[fastest] < stroke.width.max()


def test_hands_are_as_steady_as_they_say() -> None:
    line = [(0.0, 0.0), (30.0, 0.0)]
    steady = wobbled(line, Hand(0.0, 0.0, 0.0), np.random.default_rng(1))
    shaky = wobbled(line, Hand(0.2, 0.0, 0.0), np.random.default_rng(1))
    assert np.abs(steady[:, 1]).max() == 0
    assert 0.05 < np.abs(shaky[:, 1]).max() < 1.0
