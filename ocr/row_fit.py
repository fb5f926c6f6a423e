"""How the printed lines of bubbles really lie: paper stretches, feeders slip, cameras bend.

After the markers' homography every printed line is matched against the blank. Neighbouring lines must
agree on what they found; what they agree on shifts the flat page locally.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.layout import Bubble, Field, PageLayout

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]

COARSE_PX_PER_MM = 3
_SEARCH_MM = 2.0
_LINE_MARGIN_MM = 1.2
_NEIGHBOURS = 6
# How far a line may lie from where its neighbours put it, the further the plainer it is seen.
_TRUST = ((0.2, 0.3), (0.3, 0.5), (0.5, 1.0))
# Across the page lines agree; down the page each line speaks for itself.
_SMOOTH_MM = (60.0, 5.0)


@dataclass(frozen=True, slots=True)
class RowFit:
    """How one question's row lies: what its match found, and what is used after its neighbours spoke.

    Attributes:
        match: correlation with the printed blank in [-1, 1].
        found_mm: float64 (2,), shift seen by this row alone.
        used_mm: float64 (2,), shift used.
        agrees: the row and its neighbours say the same.
    """

    match: float
    found_mm: Floats
    used_mm: Floats
    agrees: bool


@dataclass(frozen=True, slots=True)
class ShiftField:
    """Local shifts over the page, smooth between the lines of bubbles that gave them."""

    centres_mm: Floats
    shifts_mm: Floats
    weights: Floats

    def at(self, points_mm: Floats) -> Floats:
        """The shift (n, 2) in millimetres at each point (n, 2): a weighted mean of near lines."""
        dy = (points_mm[:, None, 1] - self.centres_mm[None, :, 1]) / _SMOOTH_MM[1]
        dx = (points_mm[:, None, 0] - self.centres_mm[None, :, 0]) / _SMOOTH_MM[0]
        near = np.exp(-0.5 * np.minimum(dx * dx + dy * dy, 300.0)) * self.weights[None, :] + 1e-60
        return np.asarray(near @ self.shifts_mm / near.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class LineMap:
    """The printed lines of bubbles of one side; made once by `map_lines`.

    Attributes:
        prints: per line the blank, uint8, 3 px/mm, a little soft.
        corners_px: int32 (n, 2), left and top of each print on the coarse page.
        centres_mm: float64 (n, 2).
        field_of: int32 (n,), the choice field that each line belongs to, ascending.
        neighbours: int64 (n, k), the lines that must agree with each, itself among them.
        box_mm: left, top, width, height of all that the lines are sought in, whole millimetres.
    """

    prints: tuple[Grey, ...]
    corners_px: NDArray[np.int32]
    centres_mm: Floats
    field_of: NDArray[np.int32]
    neighbours: NDArray[np.int64]
    box_mm: tuple[int, int, int, int]


def map_lines(page: PageLayout, blank: Grey, px_per_mm: int) -> LineMap:
    """Prepare the lines of one printed side.

    Args:
        page: printed geometry.
        blank: uint8, the empty page, flat.
        px_per_mm: scale of the blank.
    """
    coarse = _coarse_blank(blank, px_per_mm)
    lines = [(i, line) for i, f in enumerate(f for f in page.fields if f.bubbles) for line in _lines(f)]
    boxes = np.array([_line_box_mm(line) for _, line in lines]).reshape(-1, 4)
    reach = round(_SEARCH_MM * COARSE_PX_PER_MM)
    edges = np.rint(boxes * COARSE_PX_PER_MM).astype(np.int32)
    edges = np.clip(edges, reach, np.array([coarse.shape[1], coarse.shape[0]] * 2) - reach).astype(np.int32)
    prints = tuple(coarse[top:bottom, left:right].copy() for left, top, right, bottom in edges.tolist())
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    field_of = np.array([i for i, _ in lines], np.int32)
    return LineMap(
        prints, edges[:, :2].copy(), centres, field_of, _neighbours(centres), _sought_mm(edges, reach)
    )


def _sought_mm(edges_px: NDArray[np.int32], reach_px: int) -> tuple[int, int, int, int]:
    """The box around all lines and how far they are sought, in whole millimetres."""
    if not len(edges_px):
        return (0, 0, 1, 1)
    left, top = ((edges_px[:, :2].min(axis=0) - reach_px) // COARSE_PX_PER_MM).tolist()
    right, bottom = (-(-(edges_px[:, 2:].max(axis=0) + reach_px) // COARSE_PX_PER_MM)).tolist()
    return (left, top, right - left, bottom - top)


def _neighbours(centres: Floats) -> NDArray[np.int64]:
    gap = np.abs(centres[:, None, 1] - centres[None, :, 1])
    gap = gap + 0.3 * np.abs(centres[:, None, 0] - centres[None, :, 0])
    return np.asarray(np.argsort(gap, axis=1, kind="stable")[:, :_NEIGHBOURS], np.int64)


def _coarse_blank(blank: Grey, px_per_mm: int) -> Grey:
    height, width = blank.shape
    size = (width * COARSE_PX_PER_MM // px_per_mm, height * COARSE_PX_PER_MM // px_per_mm)
    small = cv2.resize(blank, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 0.6), np.uint8)


def _lines(field: Field) -> list[list[Bubble]]:
    """The bubbles of a question by printed line."""
    lines: dict[int, list[Bubble]] = {}
    for bubble in field.bubbles:
        lines.setdefault(round(bubble.y_mm), []).append(bubble)
    return list(lines.values())


def _line_box_mm(line: Sequence[Bubble]) -> tuple[float, float, float, float]:
    """The rectangle (left, top, right, bottom) around a line of rings, in millimetres."""
    return (
        min(b.x_mm - b.r_mm for b in line) - _LINE_MARGIN_MM,
        min(b.y_mm - b.r_mm for b in line) - _LINE_MARGIN_MM,
        max(b.x_mm + b.r_mm for b in line) + _LINE_MARGIN_MM,
        max(b.y_mm + b.r_mm for b in line) + _LINE_MARGIN_MM,
    )


def fit_rows(coarse: Grey, lines: LineMap) -> tuple[tuple[RowFit, ...], ShiftField]:
    """Match every line of bubbles against the printed blank, and let neighbours correct one another.

    Args:
        coarse: uint8, the page laid flat by its homography, 3 px/mm.
        lines: of the printed page.

    Returns:
        One fit per choice field in the page's order (of several lines the worst), and the smooth
        field of the shifts used.
    """
    if not lines.prints:
        return (), ShiftField(np.zeros((1, 2)), np.zeros((1, 2)), np.ones(1))
    matches = [_match(coarse, p, c) for p, c in zip(lines.prints, lines.corners_px.tolist(), strict=True)]
    scores = np.array([score for score, _ in matches])
    found = np.array([shift for _, shift in matches])
    weights = np.clip(scores, 0.02, 1.0) ** 4
    used = _expected(lines, found, weights)
    off_mm = np.linalg.norm(found - used, axis=1)
    agrees = np.any([(scores >= match) & (off_mm <= most_mm) for match, most_mm in _TRUST], axis=0)
    # The worst line of each field: the first of its run, for `field_of` ascends.
    first = np.flatnonzero(np.diff(lines.field_of, prepend=-1))
    worst = np.lexsort((scores, agrees, lines.field_of))[first].tolist()
    rows = [RowFit(float(scores[k]), found[k], used[k], bool(agrees[k])) for k in worst]
    shifts = np.where(agrees[:, None], found, used)
    return tuple(rows), ShiftField(lines.centres_mm, shifts, np.where(agrees, weights, 1e-3 * weights))


def _match(coarse: Grey, printed: Grey, corner: Sequence[int]) -> tuple[float, Floats]:
    """Correlation and shift (x, y) in millimetres of one line."""
    reach = round(_SEARCH_MM * COARSE_PX_PER_MM)
    left, top = corner
    height, width = printed.shape
    seen = coarse[top - reach : top + height + reach, left - reach : left + width + reach]
    scores = cv2.matchTemplate(seen, printed, cv2.TM_CCOEFF_NORMED)
    row, column = divmod(int(scores.argmax()), scores.shape[1])
    along, down = scores[row, :].tolist(), scores[:, column].tolist()
    shift = np.array([_peak(along, column) - reach, _peak(down, row) - reach])
    at_edge = row in (0, len(down) - 1) or column in (0, len(along) - 1)
    return 0.0 if at_edge else along[column], shift / COARSE_PX_PER_MM


def _peak(values: Sequence[float], at: int) -> float:
    """Where the parabola through the best value and its neighbours has its top."""
    if at in (0, len(values) - 1):
        return float(at)
    before, here, after = values[at - 1], values[at], values[at + 1]
    bend = before - 2 * here + after
    return float(at) if bend >= 0 else at + 0.5 * (before - after) / bend


def _expected(lines: LineMap, found: Floats, weights: Floats) -> Floats:
    """The shift at each line by a straight line through its neighbours', outliers weighed down.

    Source: iteratively reweighted least squares with Cauchy weights (Huber 1981, ch. 7).
    """
    near = lines.neighbours
    down = (lines.centres_mm[near, 1] - lines.centres_mm[:, None, 1]) / 50.0
    seen, trust = found[near], weights[near]
    weight = trust
    level = np.zeros_like(found)
    for _ in range(3):
        total = weight.sum(axis=1)
        first, second = (weight * down).sum(axis=1), (weight * down * down).sum(axis=1)
        mean = np.einsum("nk,nkc->nc", weight, seen)
        slope = np.einsum("nk,nkc->nc", weight * down, seen)
        # A small pull towards no slope keeps lines of one height solvable.
        bend = second + 0.02 * total + 1e-9
        known = np.maximum(total * bend - first * first, 1e-12)[:, None]
        level = (bend[:, None] * mean - first[:, None] * slope) / known
        tilt = (total[:, None] * slope - first[:, None] * mean) / known
        off = np.linalg.norm(seen - level[:, None] - down[..., None] * tilt[:, None], axis=2)
        weight = trust / (1.0 + (off / 0.25) ** 2)
    return level
