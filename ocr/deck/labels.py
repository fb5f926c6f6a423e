"""Where the printed label of a bubble stands, found on the paper: layouts measure bubbles, not words."""

from dataclasses import dataclass

import numpy as np

from ocr.deck.ink import Paper
from ocr.layout import Bubble, Field

_DARK = 128
_SAME_LINE_MM = 1.0
_WORD_GAP_MM = 3.0
_ROUND_MM = 1.2
_HALF_HEIGHT_MM = 2.6
_ABOVE_MM = (7.6, 0.9)
_LEAST_MM = 1.5

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Label:
    """Middle of the words, and the radii in mm of a loop round them."""

    x_mm: float
    y_mm: float
    radii_mm: tuple[float, float]


def label_of(paper: Paper, field: Field, bubble: Bubble) -> Label | None:
    """The words right of the bubble, else those above it in its own field; None where there are neither.

    `paper` is printed; marks of other questions do not reach into the field.
    """
    line = [b for b in field.bubbles if abs(b.y_mm - bubble.y_mm) < _SAME_LINE_MM]
    right_end = min(
        (b.x_mm - b.r_mm for b in line if b.x_mm > bubble.x_mm), default=field.x_mm + field.width_mm
    )
    start = bubble.x_mm + bubble.r_mm + 0.5
    y_mm = bubble.y_mm
    right = _words(paper, (start, y_mm - _HALF_HEIGHT_MM, right_end - 0.5, y_mm + _HALF_HEIGHT_MM))
    if right is not None:
        return right
    gap = min((abs(b.x_mm - bubble.x_mm) for b in line if b is not bubble), default=20.0)
    top = y_mm - bubble.r_mm - _ABOVE_MM[0]
    if top < field.y_mm - _SAME_LINE_MM:
        return None
    low = y_mm - bubble.r_mm - _ABOVE_MM[1]
    return _words(paper, (bubble.x_mm - gap / 2, max(top, field.y_mm + 0.6), bubble.x_mm + gap / 2, low))


def _words(paper: Paper, box: Box) -> Label | None:
    """What is printed in a box (left, top, right, bottom in mm), up to the first wide gap after it began."""
    left, top, right, bottom = box
    rows = slice(round(top * paper.y_scale), round(bottom * paper.y_scale))
    columns = slice(round(left * paper.x_scale), round(right * paper.x_scale))
    dark = paper.pixels[rows, columns] < _DARK
    at = np.flatnonzero(dark.any(axis=0))
    if at.size == 0:
        return None
    gaps = np.flatnonzero(np.diff(at) > _WORD_GAP_MM * paper.x_scale)
    last = at[gaps[0]] if gaps.size else at[-1]
    high = np.flatnonzero(dark[:, at[0] : last + 1].any(axis=1))
    width, height = (last - at[0]) / paper.x_scale, (high[-1] - high[0]) / paper.y_scale
    if width < _LEAST_MM:
        return None
    return Label(
        left + at[0] / paper.x_scale + width / 2,
        top + high[0] / paper.y_scale + height / 2,
        (width / 2 + _ROUND_MM, height / 2 + _ROUND_MM),
    )
