"""Handwriting: seen where it is, and drafted only as a draft."""

import shutil
from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from ocr.pipeline import ReadOptions, read_page
from ocr.text import TesseractRecogniser, is_written
from tests.worlds.scanned_pages import LIBRARY, Grey, answered, as_page, scanned, side

BOX = next(f for f in side(2).fields if f.kind == "text")


class TableRecogniser:
    """Answers every picture with the same words, and remembers how many it was shown."""

    def __init__(self) -> None:
        self.shown = 0

    def recognise(self, pictures: Sequence[Grey]) -> list[tuple[str, float]]:
        self.shown += len(pictures)
        return [("cần thêm ghế chờ", 0.4)] * len(pictures)


def _with_comment(words: str) -> Grey:
    page = answered(2).copy()
    per_mm = page.shape[1] / 210
    at = (round((BOX.x_mm + 12) * per_mm), round((BOX.y_mm + BOX.height_mm * 0.55) * per_mm))
    cv2.putText(page, words, at, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1.6, 70, 3, cv2.LINE_AA)
    return scanned(page, 0.4)


def test_an_empty_box_stays_empty() -> None:
    recogniser = TableRecogniser()
    result = read_page(
        as_page(scanned(answered(2), 1.2, noise=6)), LIBRARY, ReadOptions(recogniser=recogniser)
    )
    (text,) = result.reading.texts
    assert (text.code, text.written, text.draft) == (BOX.code, False, None)
    assert recogniser.shown == 0


def test_handwriting_is_seen_cut_out_and_drafted() -> None:
    options = ReadOptions(crops="doubtful", recogniser=TableRecogniser())
    result = read_page(as_page(_with_comment("can them ghe")), LIBRARY, options)
    (text,) = result.reading.texts
    assert (text.written, text.draft, text.confidence) == (True, "cần thêm ghế chờ", 0.4)
    assert [c.code for c in result.crops] == [BOX.code]


def test_without_a_recogniser_there_is_no_draft() -> None:
    (text,) = read_page(as_page(_with_comment("can them ghe")), LIBRARY).reading.texts
    assert (text.written, text.draft) == (True, None)


@pytest.mark.parametrize("thickness", [1, 3])
def test_a_fold_through_the_box_is_no_handwriting(thickness: int) -> None:
    blank: Grey = np.full((200, 1000), 255, np.uint8)
    folded = blank.copy()
    cv2.line(folded, (0, 90), (999, 96), 150, thickness)
    assert not is_written(folded, blank, 6)


def test_specks_are_no_handwriting() -> None:
    rng = np.random.default_rng(3)
    blank: Grey = np.full((200, 1000), 255, np.uint8)
    dusty = blank.copy()
    for x, y in rng.integers((0, 0), (1000, 200), (60, 2)):
        cv2.circle(dusty, (int(x), int(y)), 2, 60, cv2.FILLED)
    assert not is_written(dusty, blank, 6)


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="Tesseract is not installed here")
def test_tesseract_reads_several_pictures_in_one_call() -> None:
    pictures = []
    for words in ("HUYEN", "PHIEU"):
        picture: Grey = np.full((60, 300), 255, np.uint8)
        cv2.putText(picture, words, (20, 45), cv2.FONT_HERSHEY_DUPLEX, 1.4, 0, 2, cv2.LINE_AA)
        pictures.append(picture)
    pictures.append(np.full((60, 300), 255, np.uint8))
    first, second, nothing = TesseractRecogniser().recognise(pictures)
    assert first[0].upper().startswith("HUY")
    assert second[0].upper().startswith("PHI")
    assert nothing == ("", 0.0)
    assert first[1] > 0.3
