"""The second reader: it sees pictures, and it withholds its consent from what is no plain answer."""

import dataclasses
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr.decide import with_consent
from ocr.locate import LocatedPage, locate_page
from ocr.model import FieldReading, Flag
from ocr.registration import FLAT_PX_PER_MM
from ocr.second_reader import (
    DEFAULT_CARD,
    EMPTY,
    MARKED,
    PX_PER_MM,
    WindowPlaces,
    answer_log_odds,
    class_log_odds,
    cut_windows,
    load_second_reader,
    plan_windows,
)
from tests.worlds.scanned_pages import (
    LIBRARY,
    Draw,
    Grey,
    answered,
    as_page,
    cross,
    crossed_out,
    fill,
    mark,
    printed_side,
    scanned,
    side,
    tick,
)

READER = load_second_reader()


def _located(grey: Grey) -> LocatedPage:
    located = locate_page(as_page(grey), LIBRARY)
    assert isinstance(located, LocatedPage)
    return located


def _places(located: LocatedPage) -> WindowPlaces:
    return located.printed.windows


def _consents(page: Grey, chosen: dict[str, str] | None = None) -> dict[str, bool]:
    """Per question of a scanned page whether the second reader agrees; option 2 is said to be chosen."""
    located = _located(page)
    logits = READER.look(located.flat, _places(located), located.print_black)
    of = located.printed.marks.field_of
    return {
        field.code: READER.agrees(logits[of == i], int((chosen or {}).get(field.code, "2")) - 1)
        for i, field in enumerate(located.printed.choices)
    }


# --- windows --------------------------------------------------------------------------------------


def test_an_unmarked_page_looks_as_it_was_printed() -> None:
    located = _located(printed_side(2))
    seen, printed = np.moveaxis(cut_windows(located.flat, _places(located), located.print_black), 1, 0)
    assert len(seen) == len(located.printed.marks.field_of)
    assert printed.max() > 0.5
    assert np.abs(seen - printed).mean() < 0.02


def test_darkness_is_relative_to_paper_and_print() -> None:
    located = _located(answered(2, tick))
    places = _places(located)
    toned = np.rint(40 + located.flat * (160 / 255)).astype(np.uint8)
    plain = cut_windows(located.flat, places, located.print_black)
    black = 40 + located.print_black * (160 / 255)
    assert np.abs(cut_windows(toned, places, black) - plain).mean() < 0.01


def test_the_flat_page_has_the_scale_of_the_windows() -> None:
    assert FLAT_PX_PER_MM == PX_PER_MM


def test_a_page_without_bubbles_has_no_windows() -> None:
    bare = dataclasses.replace(side(1), fields=())
    blank = printed_side(1, 102)
    assert READER.look(blank, plan_windows(bare, blank), 0.0).shape == (0, 3)


# --- odds -----------------------------------------------------------------------------------------


def test_log_odds_come_from_the_logits_without_saturating() -> None:
    logits = np.array([[0.0, 90.0, 1.0], [70.0, 0.0, 2.0], [60.0, 0.0, 1.0]], np.float32)
    marked, empty = answer_log_odds(logits, 0)
    assert marked == pytest.approx(90 - np.logaddexp(0, 1))
    assert empty == pytest.approx(60 - np.logaddexp(0, 1))
    probabilities = 1 / (1 + np.exp(-class_log_odds(np.array([[1.0, 2.0, 3.0]], np.float32))))
    assert probabilities.sum() == pytest.approx(1.0)


def test_an_only_bubble_has_no_other_to_be_empty() -> None:
    assert answer_log_odds(np.array([[0.0, 5.0, 0.0]], np.float32), 0)[1] == np.inf


# --- consent --------------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", [fill, tick, cross])
@pytest.mark.parametrize("number", [1, 2])
def test_plain_answers_have_its_consent(number: int, draw: Draw) -> None:
    assert all(_consents(scanned(answered(number, draw), 1.0)).values())


def test_another_value_has_not() -> None:
    others = {f.code: "1" for f in side(2).fields if f.bubbles}
    assert not any(_consents(scanned(answered(2)), others).values())


def _pale(page: Grey, centre: tuple[float, float], radius: float) -> None:
    x, y = centre
    ends = (
        (round(x - 0.7 * radius), round(y + 0.7 * radius)),
        (round(x + 0.7 * radius), round(y - 0.7 * radius)),
    )
    cv2.line(page, *ends, 185, 4, cv2.LINE_AA)


def _loop(page: Grey, centre: tuple[float, float], radius: float) -> None:
    cv2.circle(page, (round(centre[0]), round(centre[1])), round(1.6 * radius), 70, 4, cv2.LINE_AA)


def _long_line(page: Grey, centre: tuple[float, float], radius: float) -> None:
    x, y = centre
    ends = ((round(x - 8 * radius), round(y + 4 * radius)), (round(x + 8 * radius), round(y - 4 * radius)))
    cv2.line(page, *ends, 90, 4, cv2.LINE_AA)


@pytest.mark.parametrize("second", [fill, tick, crossed_out, _pale, _loop, _long_line])
def test_a_second_mark_withholds_it(second: Draw) -> None:
    page = mark(printed_side(2), 2, {("CX4.8", "2"): fill, ("CX4.8", "4"): second})
    assert not _consents(scanned(page))["CX4.8"]


@pytest.mark.parametrize("only", [crossed_out, _long_line])
def test_what_is_no_mark_withholds_it(only: Draw) -> None:
    page = mark(printed_side(2), 2, {("CX4.8", "2"): only})
    assert not _consents(scanned(page))["CX4.8"]


def test_consent_can_only_be_withheld() -> None:
    accepted = FieldReading("CX4.8", "2", 0.999, True, (), ())
    assert with_consent(accepted, agrees=True) == accepted
    withheld = with_consent(accepted, agrees=False)
    assert (withheld.value, withheld.accepted, withheld.flags) == ("2", False, (Flag.LOW_CONFIDENCE,))
    doubled = dataclasses.replace(accepted, accepted=False, flags=(Flag.MULTIPLE_MARKS,))
    assert with_consent(doubled, agrees=True) == with_consent(doubled, agrees=False) == doubled


# --- the files ------------------------------------------------------------------------------------


def test_the_card_names_the_network_beside_it(tmp_path: Path) -> None:
    card = tmp_path / DEFAULT_CARD.name
    shutil.copy(DEFAULT_CARD, card)
    network = DEFAULT_CARD.with_suffix(".onnx").read_bytes()
    card.with_suffix(".onnx").write_bytes(network)
    assert load_second_reader(card).name == READER.name
    card.with_suffix(".onnx").write_bytes(network[:-1] + bytes([network[-1] ^ 1]))
    with pytest.raises(ValueError, match="another network"):
        load_second_reader(card)


def test_a_card_of_other_windows_is_refused(tmp_path: Path) -> None:
    raw = json.loads(DEFAULT_CARD.read_text(encoding="utf-8"))
    raw["window_px"] = [32, 32]
    card = tmp_path / "second-9.json"
    card.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(ValueError, match="second-9"):
        load_second_reader(card)


def test_limits_and_classes_are_in_order() -> None:
    assert (EMPTY, MARKED) == (0, 1)
    assert READER.marked >= 0.0
    assert READER.empty >= 0.0
    assert len(DEFAULT_CARD.with_suffix(".onnx").read_bytes()) <= 300_000
