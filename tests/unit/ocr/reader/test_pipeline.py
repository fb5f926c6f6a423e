"""Whole pages: read, or named; never wrong in silence."""

import dataclasses

import cv2
import numpy as np
import pytest

from ocr.model import Flag, MarkState, PageReading, PageStatus
from ocr.pipeline import ReadOptions, read_page
from ocr.source import PageImage
from ocr.template import FormLibrary
from tests.worlds.scanned_pages import (
    LIBRARY,
    Draw,
    Grey,
    answered,
    as_page,
    cross,
    crossed_out,
    faint,
    fill,
    mark,
    printed_side,
    scanned,
    side,
    tick,
)


def _read(grey: Grey) -> PageReading:
    return read_page(as_page(grey), LIBRARY).reading


def _assert_all_twos(reading: PageReading) -> None:
    assert {f.code: (f.value, f.flags) for f in reading.fields} == {
        f.code: ("2", ()) for f in side(reading.identity.page if reading.identity else 1).fields if f.bubbles
    }
    assert reading.status is PageStatus.READ


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("draw", [fill, tick, cross])
def test_both_sides_are_read_whatever_the_hand(number: int, draw: Draw) -> None:
    reading = _read(scanned(answered(number, draw)))
    _assert_all_twos(reading)
    assert reading.identity is not None
    assert (reading.identity.form, reading.identity.serial, reading.identity.page) == ("CX4", 7, number)
    assert (reading.identity.group, reading.identity.unit) == ("DN", "19186")


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_page_may_lie_any_way_up(quarters: int) -> None:
    turned = np.ascontiguousarray(np.rot90(scanned(answered(1), angle_deg=1.0), quarters))
    _assert_all_twos(_read(turned))


@pytest.mark.parametrize("angle", [-5.0, -2.0, 3.5, 5.0])
def test_skew_up_to_five_degrees(angle: float) -> None:
    reading = _read(scanned(answered(1), angle))
    _assert_all_twos(reading)
    assert reading.quality.rotation_deg == pytest.approx(-angle, abs=0.1)


@pytest.mark.parametrize(("dpi", "reduction"), [(150, 1), (300, 2)])
def test_coarse_and_fine_scans(dpi: int, reduction: int) -> None:
    grey = scanned(answered(2, tick, dpi))
    if reduction == 2:
        grey = np.asarray(cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    reading = read_page(PageImage("scan.pdf", 0, grey, reduction), LIBRARY).reading
    _assert_all_twos(reading)
    assert reading.quality.dpi == pytest.approx(dpi, abs=2)


def test_bilevel_scans() -> None:
    grey = scanned(answered(1, cross), 0.7)
    _assert_all_twos(_read(np.where(grey > 150, 255, 0).astype(np.uint8)))


def test_paper_that_stretches() -> None:
    page = scanned(answered(2))
    height, width = page.shape
    stretched = cv2.resize(page, (width, round(height * 1.01)), interpolation=cv2.INTER_LINEAR)[:height]
    _assert_all_twos(_read(np.asarray(stretched, np.uint8)))


@pytest.mark.parametrize("corner", [0, 1, 2, 3])
def test_a_torn_corner_costs_nothing_if_a_code_is_left(corner: int) -> None:
    page = scanned(answered(2), 1.0)
    height, width = page.shape
    reach = 280
    rows = slice(0, reach) if corner < 2 else slice(height - reach, height)
    columns = slice(0, reach) if corner in (0, 3) else slice(width - reach, width)
    page[rows, columns] = 245
    _assert_all_twos(_read(page))


def test_both_codes_replace_two_torn_corners() -> None:
    page = scanned(answered(2))
    page[:280, :280] = 245
    page[-280:, -280:] = 245
    _assert_all_twos(_read(page))


def test_three_torn_corners_refuse_the_page() -> None:
    page = scanned(answered(2))
    page[:280, :280] = 245
    page[-280:, -280:] = 245
    page[-280:, :280] = 245
    reading = _read(page)
    assert reading.status is PageStatus.REFUSED
    assert reading.flags == (Flag.POOR_REGISTRATION,)
    assert reading.identity is not None


def test_one_code_is_enough() -> None:
    page = scanned(answered(2))
    area = side(2).codes[0]
    left, top = (round((v - 10) * page.shape[1] / 210) for v in (area.x_mm, area.y_mm))
    page[top : top + 160, left : left + 160] = 120
    _assert_all_twos(_read(page))


def test_codes_that_differ_are_refused() -> None:
    page, other = scanned(answered(2)), scanned(answered(2, serial=8))
    half = page.shape[0] // 2
    page[half:] = other[half:]
    reading = _read(page)
    assert (reading.status, reading.flags, reading.identity) == (
        PageStatus.REFUSED,
        (Flag.DAMAGED_CODE,),
        None,
    )


def test_a_foreign_code_is_no_form_of_ours() -> None:
    page = np.full((2339, 1654), 240, np.uint8)
    encoder = cv2.QRCodeEncoder.create()
    page[300:600, 1200:1500] = cv2.resize(encoder.encode("https://example.org"), (300, 300), interpolation=0)
    assert _read(page).flags == (Flag.UNKNOWN_FORM,)


def test_a_form_that_the_library_lacks_is_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = FormLibrary(tmp_path_factory.mktemp("forms"))
    reading = read_page(as_page(scanned(answered(1))), empty).reading
    assert (reading.status, reading.flags) == (PageStatus.REFUSED, (Flag.UNKNOWN_FORM,))
    assert reading.identity is not None


def test_blank_paper_and_lost_pages_are_named() -> None:
    paper = scanned(np.full((2339, 1654), 255, np.uint8))
    assert _read(paper).flags == (Flag.BLANK_PAGE,)
    nothing = dataclasses.replace(as_page(paper), grey=np.zeros((0, 0), np.uint8), problem="hỏng")
    reading = read_page(nothing, LIBRARY, ReadOptions(preview=True)).reading
    assert (reading.status, reading.flags) == (PageStatus.REFUSED, (Flag.POOR_IMAGE,))


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (8, 8), (500, 1), (3, 7000), (7000, 3), (99, 70_000)])
def test_a_picture_too_small_for_a_marker_is_poor(size: tuple[int, int]) -> None:
    page = as_page(np.full(size, 255, np.uint8))
    result = read_page(page, LIBRARY, ReadOptions(preview=True, drawing=True))
    reading = result.reading
    assert (reading.status, reading.flags) == (PageStatus.REFUSED, (Flag.POOR_IMAGE,))
    assert (reading.quality.height_px, reading.quality.width_px) == size
    assert result.preview
    assert result.drawing


@pytest.mark.parametrize("size", [(100, 100), (100, 7000), (7000, 100), (240, 170)])
def test_small_and_odd_pictures_are_refused(size: tuple[int, int]) -> None:
    for page in (np.full(size, 255, np.uint8), np.random.default_rng(1).integers(0, 256, size, np.uint8)):
        assert _read(page).status is PageStatus.REFUSED


@pytest.mark.parametrize("spoil", ["inverted", "black"])
def test_a_picture_without_paper_is_no_blank_page(spoil: str) -> None:
    page = scanned(answered(1))
    spoilt = 255 - page if spoil == "inverted" else np.zeros_like(page)
    reading = _read(np.ascontiguousarray(spoilt))
    if reading.status is PageStatus.REFUSED:
        assert Flag.BLANK_PAGE not in reading.flags
    else:
        assert not any(f.accepted for f in reading.fields)


def test_no_answer_of_a_flat_picture_is_accepted_unseen() -> None:
    page = scanned(answered(1)).astype(np.float64)
    flat = np.clip(230 - (230 - page) * 0.22, 0, 255).astype(np.uint8)
    reading = _read(flat)
    assert Flag.POOR_IMAGE in reading.flags
    assert not any(f.accepted for f in reading.fields)


def test_a_page_without_codes_is_refused() -> None:
    page = scanned(printed_side(1))
    for area in side(1).codes:
        left, top = (round((v - 12) * page.shape[1] / 210) for v in (area.x_mm, area.y_mm))
        page[top : top + 190, left : left + 190] = 245
    assert _read(page).flags == (Flag.DAMAGED_CODE,)


@pytest.mark.parametrize(
    ("marks", "flag"),
    [
        ({}, Flag.NO_MARK),
        ({"1": fill, "3": fill}, Flag.MULTIPLE_MARKS),
        ({"1": tick, "4": tick}, Flag.MULTIPLE_MARKS),
        ({"1": crossed_out, "3": fill}, Flag.CORRECTED_MARK),
    ],
)
def test_blanks_doubles_and_corrections_go_to_a_person(marks: dict[str, Draw], flag: Flag) -> None:
    drawn: dict[tuple[str, str], Draw] = {
        (f.code, "2"): fill for f in side(1).fields if f.bubbles and f.code != "CX4.2"
    }
    drawn |= {("CX4.2", option): draw for option, draw in marks.items()}
    reading = _read(scanned(mark(printed_side(1), 1, drawn), 0.5))
    odd = [f for f in reading.fields if not f.accepted]
    assert [f.code for f in odd] == ["CX4.2"]
    assert {flag, Flag.MARGINAL_MARK} & set(odd[0].flags)


def test_a_lone_crossed_out_mark_is_not_an_answer() -> None:
    drawn = {(f.code, "2"): fill for f in side(2).fields if f.bubbles} | {("CX4.8", "2"): crossed_out}
    (odd,) = [f for f in _read(scanned(mark(printed_side(2), 2, drawn))).fields if f.code == "CX4.8"]
    assert not odd.accepted


def test_a_faint_mark_beside_a_strong_one_is_seen() -> None:
    drawn = {(f.code, "2"): fill for f in side(1).fields if f.bubbles} | {("CX4.3", "4"): faint}
    (odd,) = [f for f in _read(scanned(mark(printed_side(1), 1, drawn))).fields if f.code == "CX4.3"]
    assert not odd.accepted


def test_a_stroke_through_two_bubbles_goes_to_a_person() -> None:
    page = answered(1).copy()
    first, second = (b for f in side(1).fields if f.code == "CX4.2" for b in f.bubbles[3:5])
    ends = [
        (round(b.x_mm * page.shape[1] / 210), round(b.y_mm * page.shape[1] / 210)) for b in (first, second)
    ]
    cv2.line(page, ends[0], ends[1], 60, 4)
    (odd,) = [f for f in _read(scanned(page)).fields if f.code == "CX4.2"]
    assert not odd.accepted


@pytest.mark.parametrize("chosen", [None, "1"])
def test_a_circled_label_goes_to_a_person(chosen: str | None) -> None:
    drawn: dict[tuple[str, str], Draw] = {("gioi_tinh", "2"): _circle_label}
    drawn |= {("gioi_tinh", chosen): fill} if chosen else {}
    (odd,) = [f for f in _read(scanned(mark(printed_side(1), 1, drawn))).fields if f.code == "gioi_tinh"]
    assert not odd.accepted


def test_a_circled_second_choice_that_touches_the_next_rows_circle_goes_to_a_person() -> None:
    drawn: dict[tuple[str, str], Draw] = {(f.code, "2"): fill for f in side(1).fields if f.bubbles}
    drawn |= {("gioi_tinh", "1"): _circle_bubble, ("do_tuoi", "1"): _circle_bubble_from_above}
    (odd,) = [f for f in _read(scanned(mark(printed_side(1), 1, drawn))).fields if f.code == "gioi_tinh"]
    assert not odd.accepted
    assert Flag.MULTIPLE_MARKS in odd.flags


def _circle_bubble(page: Grey, centre: tuple[float, float], radius: float) -> None:
    cv2.circle(page, (round(centre[0]), round(centre[1])), round(1.6 * radius), 60, 3)


def _circle_bubble_from_above(page: Grey, centre: tuple[float, float], radius: float) -> None:
    """A loop that starts a stroke's width below the row above, and ends inside its own bubble."""
    _circle_bubble(page, centre, radius)
    x, y = round(centre[0]), round(centre[1])
    cv2.line(page, (x, y), (x, round(y - 2.2 * radius)), 60, 3)


def test_a_large_loop_that_runs_through_a_bubble_is_no_answer() -> None:
    drawn: dict[tuple[str, str], Draw] = {(f.code, "2"): _circle_label for f in side(2).fields if f.bubbles}
    reading = _read(scanned(mark(printed_side(2), 2, drawn), -1.1, noise=4))
    assert not any(f.accepted for f in reading.fields)


def _circle_label(page: Grey, centre: tuple[float, float], radius: float) -> None:
    middle = (round(centre[0] + 4.2 * radius), round(centre[1]))
    cv2.ellipse(page, middle, (round(3 * radius), round(1.4 * radius)), 0, 0, 355, 60, 2)


def test_a_streak_through_a_column_does_not_answer_blank_questions() -> None:
    page = scanned(printed_side(2), 0.8)
    column = round(side(2).fields[1].bubbles[2].x_mm * page.shape[1] / 210)
    page[:, column : column + 3] = np.minimum(page[:, column : column + 3], 110)
    reading = _read(page)
    assert not any(f.accepted for f in reading.fields)
    assert reading.quality.streak_columns > 0


def test_pictures_come_only_if_asked_for() -> None:
    drawn: dict[tuple[str, str], Draw] = {
        (f.code, "2"): fill for f in side(1).fields if f.bubbles and f.code != "CX4.2"
    }
    page = as_page(scanned(mark(printed_side(1), 1, drawn)))
    bare = read_page(page, LIBRARY)
    assert (bare.crops, bare.preview) == ((), b"")
    doubtful = read_page(page, LIBRARY, ReadOptions(crops="doubtful", preview=True))
    assert [c.code for c in doubtful.crops] == ["CX4.2"]
    every = read_page(page, LIBRARY, ReadOptions(crops="all"))
    assert len(every.crops) == len(every.reading.fields)
    crop = cv2.imdecode(np.frombuffer(doubtful.crops[0].picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert crop is not None
    assert crop.shape[1] > 6 * 170
    preview = cv2.imdecode(np.frombuffer(doubtful.preview, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert preview is not None
    assert preview.shape == (1188, 840)


def test_a_reading_says_with_what_it_was_made() -> None:
    reading = _read(scanned(answered(1)))
    assert reading.template_sha256 == LIBRARY.layout("CX4", 1).template_sha256
    assert reading.thresholds.startswith("marks-3+")
    assert reading.engine


def test_scores_agree_with_states() -> None:
    for field in _read(scanned(answered(1))).fields:
        for bubble in field.bubbles:
            assert (bubble.score > 0.5) == (bubble.state is MarkState.FILLED)
