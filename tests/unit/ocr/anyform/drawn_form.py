"""Somebody else's form, drawn: rings with letters, corner squares, timing marks, and people's marks on it."""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.anyform.template import Landmarks, Question, Template, TemplateBubble

Grey = NDArray[np.uint8]

WIDTH, HEIGHT = 1240, 1754
RADIUS = 17
OPTIONS = "ABCD"
ROWS = 10
CORNERS = ((80.0, 80.0), (1160.0, 80.0), (1160.0, 1674.0), (80.0, 1674.0))
_TIMING_LEFT = 24
_TIMING_RIGHT = 22


def centre(row: int, option: str) -> tuple[int, int]:
    """Where a ring stands; the block is not in the middle of the page."""
    return 560 + 110 * OPTIONS.index(option), 420 + 90 * row


def timing_points() -> tuple[tuple[float, float], ...]:
    left = [(40.5, 200.5 + 50 * i) for i in range(_TIMING_LEFT)]
    return tuple(left + [(1200.5, 220.5 + 50 * i) for i in range(_TIMING_RIGHT)])


def draw_form(marks: Iterable[tuple[int, str]] = (), ink: int = 60) -> Grey:
    """The form at 150 dpi with filled rings: (row, option) each, drawn at grey level `ink`."""
    page = np.full((HEIGHT, WIDTH), 250, np.uint8)
    for x, y in CORNERS:
        cv2.rectangle(page, (int(x) - 22, int(y) - 22), (int(x) + 22, int(y) + 22), 0, -1)
    for x, y in timing_points():
        cv2.rectangle(page, (int(x) - 14, int(y) - 5), (int(x) + 14, int(y) + 5), 10, -1)
    cv2.putText(page, "Phieu hoi y kien nguoi dan", (300, 200), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 20, 2)
    cv2.putText(page, "nam 2020, cau hoi va tra loi", (340, 270), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 20, 2)
    for row in range(ROWS):
        words = f"{row + 1}. {'Ong Ba hai long khong?'[row : row + 14]}"
        cv2.putText(page, words, (120, 430 + 90 * row), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 20, 2)
        for option in OPTIONS:
            x, y = centre(row, option)
            cv2.circle(page, (x, y), RADIUS, 60, 2, cv2.LINE_AA)
            cv2.putText(page, option, (x - 8, y + 8), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 90, 1, cv2.LINE_AA)
    for row, option in marks:
        x, y = centre(row, option)
        cv2.circle(page, (x + 1, y), RADIUS - 2, ink, -1, cv2.LINE_AA)
    return page


def template_of(landmarks: Landmarks, blank: Grey | None = None) -> Template:
    """The form's template, in pixels of `draw_form`."""
    side = 2.0 * RADIUS + 2
    questions = tuple(
        Question(
            f"q{row + 1}",
            tuple(
                TemplateBubble(o, centre(row, o)[0] + 0.5, centre(row, o)[1] + 0.5, side, side)
                for o in OPTIONS
            ),
        )
        for row in range(ROWS)
    )
    return Template(
        "drawn", "a test", "px", float(WIDTH), float(HEIGHT), "round", landmarks, questions, blank=blank
    )


def photographed(page: Grey, degrees: float = 2.0, scale: float = 0.9, seed: int = 5) -> Grey:
    """The page lying a little turned on a dark table, with a little noise."""
    height, width = round(page.shape[0] * scale * 1.2), round(page.shape[1] * scale * 1.2)
    way = np.array(
        cv2.getRotationMatrix2D((page.shape[1] / 2, page.shape[0] / 2), degrees, scale), np.float64
    )
    way[:, 2] += np.array([width - page.shape[1], height - page.shape[0]]) / 2
    lying = cv2.warpAffine(page, way, (width, height), flags=cv2.INTER_AREA, borderValue=(70,))
    noise = np.random.default_rng(seed).normal(0, 3, lying.shape)
    return np.asarray(np.clip(cv2.GaussianBlur(lying, (0, 0), 0.7) + noise, 0, 255), np.uint8)
