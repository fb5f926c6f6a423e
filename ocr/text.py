"""Handwritten boxes: is something written, and Tesseract's draft of it, never more than a draft."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import pytesseract
from numpy.typing import NDArray

from ocr.errors import EngineFailed, EngineMissing

Grey = NDArray[np.uint8]

LANGUAGE = "vie"
_INK_STEP = 0.18
_MIN_STROKE_MM = 1.2
_MIN_STROKES_MM = 8.0
_MAX_LINE_MM = 60.0
_THIN_MM = 0.6
# Less than the worker gives the whole task: it ends here, and never outlives the process that called it.
_TESSERACT_LIMIT_S = 20


class TextRecogniser(Protocol):
    """Reads pictures of handwriting: per picture the text and how sure it is, in [0, 1]."""

    def recognise(self, pictures: Sequence[Grey]) -> Sequence[tuple[str | None, float]]:
        """Read every picture, in order; None of one that was not read.

        Raises:
            EngineMissing, EngineFailed: the program behind it.
        """
        ...


def is_written(box: Grey, blank: Grey, px_per_mm: int) -> bool:
    """Whether a person wrote into a text box.

    Printed lines and words are left out by the blank; specks, folds and streaks by their shape.

    Args:
        box: uint8, the box cut from the registered page.
        blank: uint8, the same rectangle of the printed blank.
        px_per_mm: scale of both.

    Returns:
        True if strokes of at least 8 mm in all stand in the box.
    """
    printed = (cv2.GaussianBlur(blank, (0, 0), 0.13 * px_per_mm) < 225).astype(np.uint8)  # noqa: PLR2004 - of 255
    printed = np.asarray(cv2.dilate(printed, _window(1.2, px_per_mm)), np.uint8)
    bright = cv2.dilate(box, _window(2.5, px_per_mm))
    paper = cv2.blur(bright, _window(5.2, px_per_mm).shape[::-1]).astype(np.float32)
    ink = ((box < paper * (1.0 - _INK_STEP)) & (printed == 0)).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    length = 0.0
    for number in range(1, count):
        width, height = stats[number, cv2.CC_STAT_WIDTH], stats[number, cv2.CC_STAT_HEIGHT]
        length += _stroke_mm(float(width) / px_per_mm, float(height) / px_per_mm)
    return length >= _MIN_STROKES_MM


def _window(side_mm: float, px_per_mm: int) -> Grey:
    """A square of ones, an odd number of pixels wide."""
    side = 2 * round(side_mm * px_per_mm / 2) + 1
    return np.ones((side, side), np.uint8)


def _stroke_mm(width_mm: float, height_mm: float) -> float:
    """The longer side of a group of ink that can be handwriting; 0 for specks and straight lines."""
    longer, thinner = max(width_mm, height_mm), min(width_mm, height_mm)
    is_line = longer > _MAX_LINE_MM or (thinner < _THIN_MM and longer > 5 * _MIN_STROKE_MM)
    return 0.0 if longer < _MIN_STROKE_MM or is_line else longer


class TesseractRecogniser:
    """Tesseract with Debian's Vietnamese data; many pictures in one call, one thread."""

    def __init__(self, language: str = LANGUAGE) -> None:
        """Take the language's name as Tesseract knows it."""
        self.language = language

    def recognise(self, pictures: Sequence[Grey]) -> list[tuple[str, float]]:
        """Read every picture, in order; see `TextRecogniser`."""
        if not pictures:
            return []
        # Tesseract's threads cost more than they give on small pictures: 257 -> 120 ms a snippet.
        os.environ["OMP_THREAD_LIMIT"] = "1"
        with tempfile.TemporaryDirectory() as folder:
            listed = _write_list(Path(folder), pictures)
            words = self._run(listed)
        texts: list[list[str]] = [[] for _ in pictures]
        sure: list[list[float]] = [[] for _ in pictures]
        for page, word, confidence in words:
            if word.strip() and 0 < page <= len(pictures):
                texts[page - 1].append(word.strip())
                sure[page - 1].append(confidence / 100.0)
        return [
            (" ".join(t), round(sum(c) / len(c), 4) if c else 0.0) for t, c in zip(texts, sure, strict=True)
        ]

    def _run(self, listed: Path) -> list[tuple[int, str, float]]:
        try:
            table = pytesseract.image_to_data(
                str(listed), lang=self.language, config="--psm 6", output_type=pytesseract.Output.DICT,
                timeout=_TESSERACT_LIMIT_S,
            )  # fmt: skip
        except pytesseract.TesseractNotFoundError as error:
            raise EngineMissing("Chưa cài Tesseract (gói tesseract-ocr).") from error
        except pytesseract.TesseractError as error:
            raise EngineFailed(f"Tesseract không đọc được chữ viết tay: {error.message}") from error
        except RuntimeError as error:  # pytesseract's word for a time limit
            raise EngineFailed(f"Tesseract chạy quá {_TESSERACT_LIMIT_S} giây nên đã bị dừng.") from error
        return [
            (int(page), str(word), float(confidence))
            for page, word, confidence in zip(table["page_num"], table["text"], table["conf"], strict=True)
        ]


def _write_list(folder: Path, pictures: Sequence[Grey]) -> Path:
    names = []
    for number, picture in enumerate(pictures):
        name = folder / f"{number:04d}.png"
        cv2.imwrite(str(name), cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC))
        names.append(str(name))
    listed = folder / "list.txt"
    listed.write_text("\n".join(names) + "\n", encoding="utf-8")
    return listed


def installed_languages() -> tuple[str, ...]:
    """The languages that Tesseract has data for.

    Raises:
        EngineMissing: no Tesseract.
    """
    try:
        return tuple(pytesseract.get_languages(config=""))
    except pytesseract.TesseractNotFoundError as error:
        raise EngineMissing("Chưa cài Tesseract (gói tesseract-ocr).") from error


def check_language() -> None:
    """Raise EngineMissing if Tesseract or its Vietnamese is not installed."""
    if LANGUAGE not in installed_languages():
        raise EngineMissing("Tesseract chưa có tiếng Việt (gói tesseract-ocr-vie).")


def engine_version() -> str:
    """Tesseract's version, as text."""
    return str(pytesseract.get_tesseract_version())
