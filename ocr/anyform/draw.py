"""Draws a template over its blank, so that its maker sees whether every bubble stands where it should."""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.anyform.template import Question, Template

Grey = NDArray[np.uint8]
Colour = NDArray[np.uint8]

_LONG_PX = 1800
_COLOURS = ((200, 80, 0), (0, 110, 0), (170, 0, 170), (0, 90, 200), (150, 120, 0))
_LANDMARK = (0, 0, 230)


def draw_template(template: Template, page: Grey | None = None) -> Colour:
    """The blank (white paper where there is none) with all questions, options and landmarks.

    Args:
        template: a checked one.
        page: uint8, another page to draw on, laid out as the template's.

    Returns:
        uint8 (height, width, 3), blue green red; 1800 pixels on its long side.
    """
    scale = _LONG_PX / max(template.width, template.height)
    size = (round(template.width * scale), round(template.height * scale))
    below = template.blank if page is None else page
    below = np.full((1, 1), 255, np.uint8) if below is None else below
    page = np.asarray(cv2.resize(below, size, interpolation=cv2.INTER_AREA), np.uint8)
    # Print is paled, so that what is drawn stands out.
    pale = (255 - (255 - page) // 2).astype(np.uint8)
    picture = np.asarray(cv2.cvtColor(pale, cv2.COLOR_GRAY2BGR), np.uint8)
    for number, question in enumerate(template.questions):
        _draw_question(picture, question, template, scale, _COLOURS[number % len(_COLOURS)])
    for x, y in template.landmarks.points:
        at = (round(x * scale), round(y * scale))
        cv2.drawMarker(picture, at, _LANDMARK, cv2.MARKER_CROSS, 28, 2)
    return picture


def _draw_question(
    picture: NDArray[np.uint8],
    question: Question,
    template: Template,
    scale: float,
    colour: tuple[int, int, int],
) -> None:
    radius = template.radius * scale
    size = float(np.clip(radius / 22, 0.35, 0.8))
    centres = [(round(b.x * scale), round(b.y * scale)) for b in question.bubbles]
    for one, other in pairwise(centres):
        cv2.line(picture, one, other, _paler(colour), 1)
    for bubble, at in zip(question.bubbles, centres, strict=True):
        half = (round(bubble.width * scale / 2), round(bubble.height * scale / 2))
        if template.outline == "round":
            cv2.ellipse(picture, at, half, 0, 0, 360, colour, 2)
        else:
            corner, opposite = (at[0] - half[0], at[1] - half[1]), (at[0] + half[0], at[1] + half[1])
            cv2.rectangle(picture, corner, opposite, colour, 2)
        _write(picture, bubble.option, (at[0] - round(9 * size), at[1] + round(9 * size)), size, colour)
    first = question.bubbles[0]
    at = (round((first.x - first.width / 2) * scale), round((first.y - first.height / 2) * scale))
    _write(
        picture, question.code, (max(0, at[0] - 12 * len(question.code)), max(12, at[1])), 1.2 * size, colour
    )


def _paler(colour: tuple[int, int, int]) -> tuple[int, ...]:
    return tuple(255 - (255 - c) // 3 for c in colour)


def _write(
    picture: NDArray[np.uint8], words: str, at: tuple[int, int], size: float, colour: tuple[int, int, int]
) -> None:
    cv2.putText(picture, words, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)
