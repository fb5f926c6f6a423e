"""Finds the bubbles of a blank form: rings and boxes of one size that stand in rows, a row to a question.

What comes out is a proposal: `ocr.anyform.draw` shows it, and its maker gives the questions their codes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.anyform.template import Landmarks, Outline, Question, Template, TemplateBubble
from ocr.errors import TemplateInvalid

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]
Contour = NDArray[Any]

_WORK_LONG_PX = 2400
_LEAST_SIZE = 0.006
"""Of the page's long side: 1.8 mm on A4; letters are smaller."""
_MOST_SIZE = 0.035
_MOST_STRETCH = 1.9
_SAME_SIZE = 0.12
_ROUND_FILL = 0.79
_ROUND_FIT = 0.90
_SQUARE_FIT = 0.93
_WIDE_GAP = 2.0
_REGULAR = 0.3
_RULED_SHARE = 0.4
_RULE_LENGTH = 0.8
_ALONE_SHARE = 0.34


@dataclass(frozen=True, slots=True)
class FoundOutline:
    """One printed outline: centre and outer size in pixels of the picture; `round` or `square`."""

    x: float
    y: float
    width: float
    height: float
    kind: Outline


def find_template(
    blank: Grey, name: str, origin: str, paper_mm: tuple[float, float] | None = None, *, down: bool = False
) -> Template:
    """Propose a template for a blank form; not yet checked.

    Args:
        blank: uint8, the whole empty page, upright.
        name: of the form.
        origin: where the blank came from.
        paper_mm: width and height of the paper, if the template is to be in millimetres.
        down: questions run down the page (digits of a number), not along its rows.

    Raises:
        TemplateInvalid: no rows of outlines on the page.
    """
    outlines = find_outlines(blank)
    groups = _columns(outlines) if down else _questions(blank, _rows(outlines))
    if not groups:
        raise TemplateInvalid("Không thấy hàng ô tròn hay ô vuông nào trên phiếu trắng.")
    height, width = blank.shape
    unit_x, unit_y = (1.0, 1.0) if paper_mm is None else (paper_mm[0] / width, paper_mm[1] / height)
    questions = tuple(
        Question(
            f"q{number}",
            tuple(
                TemplateBubble(
                    str(option),
                    round(o.x * unit_x, 3),
                    round(o.y * unit_y, 3),
                    round(o.width * unit_x, 3),
                    round(o.height * unit_y, 3),
                )
                for option, o in enumerate(group, 1)
            ),
        )
        for number, group in enumerate(groups, 1)
    )
    kinds = {o.kind for o in outlines}
    return Template(
        name=name,
        origin=origin,
        unit="px" if paper_mm is None else "mm",
        width=float(width) if paper_mm is None else paper_mm[0],
        height=float(height) if paper_mm is None else paper_mm[1],
        outline=kinds.pop() if len(kinds) == 1 else "unknown",
        landmarks=Landmarks("features"),
        questions=questions,
        blank=blank,
    )


# --- outlines -------------------------------------------------------------------------------------


def find_outlines(blank: Grey) -> tuple[FoundOutline, ...]:
    """All rings or boxes of the commonest size, in no order.

    Args:
        blank: uint8 (height, width), one page.
    """
    scale = min(4.0, _WORK_LONG_PX / max(blank.shape))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    work = cv2.resize(blank, None, fx=scale, fy=scale, interpolation=way)
    window = 2 * (max(work.shape) // 60) + 1
    dark = cv2.adaptiveThreshold(work, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, window, 12)
    contours, tree = cv2.findContours(dark, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    found = []
    for number, contour in enumerate(contours):
        parent = int(tree[0][number][3])
        if parent >= 0:
            outline = _as_outline(np.asarray(contour), np.asarray(contours[parent]), max(work.shape))
            found += [outline] if outline else []
    common = _commonest(found)
    return tuple(
        FoundOutline(o.x / scale, o.y / scale, o.width / scale, o.height / scale, o.kind) for o in common
    )


def _as_outline(hole: Contour, around: Contour, long_px: int) -> FoundOutline | None:
    """A hole in something dark, as the inside of an outline; None if it is no ring and no box."""
    left, top, width, height = cv2.boundingRect(hole)
    # The hole's contour runs on the dark pixels around it.
    size = (max(width, height) - 1) / long_px
    if not _LEAST_SIZE <= size <= _MOST_SIZE or max(width, height) > _MOST_STRETCH * min(width, height):
        return None
    area = cv2.contourArea(hole) / ((width - 1) * (height - 1))
    hull = cv2.contourArea(cv2.convexHull(hole))
    smooth = cv2.contourArea(hole) / max(hull, 1.0)
    if smooth < _ROUND_FIT or area < _ROUND_FILL * _ROUND_FIT:
        return None
    kind: Outline = "square" if area > (1 + _ROUND_FILL) / 2 else "round"
    if kind == "square" and area < _SQUARE_FIT:
        return None
    outer = cv2.boundingRect(around)
    # A ring that stands alone tells its own thickness; one that touches a line is as thick as a pixel.
    alone = outer[2] < width * (1 + _ALONE_SHARE) and outer[3] < height * (1 + _ALONE_SHARE)
    grown = (outer[2], outer[3]) if alone else (width, height)
    return FoundOutline(left + width / 2, top + height / 2, float(grown[0]), float(grown[1]), kind)


def _commonest(found: Sequence[FoundOutline]) -> list[FoundOutline]:
    """The outlines of the size that fills most of the page: many, and not small."""
    best: list[FoundOutline] = []
    for one in found:
        alike = [o for o in found if o.kind == one.kind and _same_size(o, one)]
        if len(alike) * one.width > sum(o.width for o in best):
            best = alike
    middle = (np.median([o.width for o in best]), np.median([o.height for o in best])) if best else (0, 0)
    return [
        o
        for o in best
        if abs(o.width / middle[0] - 1) < _SAME_SIZE and abs(o.height / middle[1] - 1) < _SAME_SIZE
    ]


def _same_size(one: FoundOutline, other: FoundOutline) -> bool:
    return abs(one.width / other.width - 1) < _SAME_SIZE and abs(one.height / other.height - 1) < _SAME_SIZE


# --- rows and questions ---------------------------------------------------------------------------


def _rows(outlines: Sequence[FoundOutline]) -> list[list[FoundOutline]]:
    """Outlines by printed line, top down, each from left to right; a skewed page is put straight first."""
    if not outlines:
        return []
    slope = _slope(outlines)
    level = {o: o.y - slope * o.x for o in outlines}
    half = float(np.median([o.height for o in outlines])) / 2
    rows: list[list[FoundOutline]] = []
    for outline in sorted(outlines, key=lambda o: level[o]):
        if rows and level[outline] - np.mean([level[o] for o in rows[-1]]) < half:
            rows[-1].append(outline)
        else:
            rows.append([outline])
    return [sorted(row, key=lambda o: o.x) for row in rows]


def _slope(outlines: Sequence[FoundOutline]) -> float:
    """How far lines climb per pixel to the right: the median over neighbours."""
    slopes = []
    for one in outlines:
        right = [o for o in outlines if o.x > one.x + one.width and abs(o.y - one.y) < one.height]
        if right:
            nearest = min(right, key=lambda o: o.x)
            slopes.append((nearest.y - one.y) / (nearest.x - one.x))
    return float(np.median(slopes)) if slopes else 0.0


def _questions(blank: Grey, rows: Sequence[Sequence[FoundOutline]]) -> list[list[FoundOutline]]:
    """Rows cut where blocks stand side by side, and joined where one question has several lines."""
    parts = [part for row in rows for part in _split(row)]
    columns = max((len(_split(row)) for row in rows), default=0) > 1
    if columns:
        parts = _by_column(parts)
    return [q for q in _joined(blank, parts) if len(q) > 1]


def _split(row: Sequence[FoundOutline]) -> list[list[FoundOutline]]:
    """Cut a row at gaps that are much wider than its regular ones."""
    gaps = np.diff([o.x for o in row])
    if len(gaps) < 3:  # noqa: PLR2004 - too few to know what is regular
        return [list(row)]
    usual = float(np.median(gaps))
    narrow = gaps[gaps < _WIDE_GAP * usual]
    if len(narrow) == len(gaps) or np.ptp(narrow) > _REGULAR * usual:
        return [list(row)]
    cuts = [0, *(int(i) + 1 for i in np.flatnonzero(gaps >= _WIDE_GAP * usual)), len(row)]
    return [list(row[a:b]) for a, b in pairwise(cuts)]


def _by_column(parts: Sequence[list[FoundOutline]]) -> list[list[FoundOutline]]:
    """Blocks side by side are numbered down the left one first."""
    columns: list[list[list[FoundOutline]]] = []
    for part in sorted(parts, key=lambda p: p[0].x):
        if columns and part[0].x - columns[-1][0][0].x < 2 * part[0].width:
            columns[-1].append(part)
        else:
            columns.append([part])
    return [part for column in columns for part in sorted(column, key=lambda p: p[0].y)]


def _joined(blank: Grey, parts: Sequence[list[FoundOutline]]) -> list[list[FoundOutline]]:
    """Where a form rules a line between its questions, lines of bubbles without one belong together."""
    pairs = list(pairwise(parts))
    ruled = [_ruled_between(blank, above, below) for above, below in pairs]
    if not ruled or not any(ruled) or np.mean(ruled) < _RULED_SHARE:
        return [list(p) for p in parts]
    questions = [list(parts[0])] if parts else []
    for (above, below), line in zip(pairs, ruled, strict=True):
        close = abs(above[0].x - below[0].x) < above[0].width and below[0].y > above[0].y
        if line or not close:
            questions.append(list(below))
        else:
            questions[-1] += below
    return questions


def _ruled_between(blank: Grey, above: Sequence[FoundOutline], below: Sequence[FoundOutline]) -> bool:
    """Whether a printed line runs across the page between two rows."""
    left, right = min(above[0].x, below[0].x), max(above[-1].x, below[-1].x)
    top, bottom = above[0].y + above[0].height * 0.6, below[0].y - below[0].height * 0.6
    if bottom - top < 2 or right - left < 2:  # noqa: PLR2004 - nothing fits between
        return False
    strip = blank[round(top) : round(bottom), round(left) : round(right)]
    paper = float(np.percentile(strip, 80))
    # A line of a skewed page is found in slices.
    slices = np.array_split(strip, 8, axis=1)
    return bool(np.mean([(s.mean(axis=1) < paper - 25).any() for s in slices]) >= _RULE_LENGTH)


def _columns(outlines: Sequence[FoundOutline]) -> list[list[FoundOutline]]:
    """Questions that run down the page: the rows of the page turned by a quarter."""
    turned = {FoundOutline(o.y, -o.x, o.height, o.width, o.kind): o for o in outlines}
    columns = [part for row in _rows(list(turned)) for part in _split(row)]
    upright = [[turned[o] for o in column] for column in columns if len(column) > 1]
    return sorted(upright, key=lambda c: (round(c[0].y / (8 * c[0].height)), c[0].x))
