"""How much ink, of what kind, in and around every bubble. Measuring only: nothing is decided here.

The flat page is compared with the printed blank: what is dark and was not printed is ink. Ink that
hangs together is one stroke group; it belongs to the bubble whose inside it touches, so a long tick
from the row above is not taken for a mark below.
"""

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.mark_map import SECTORS, MarkMap, sector_of
from ocr.measures import BubbleMarks, PageMarks, Surround

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

# Share of the step from paper white to print black above which a pixel counts as ink.
INK_LEVEL = 0.13
_DARK_LEVEL = 0.35
_SOLID_LEVEL = 0.6
_CORE_R = 0.42
_NEAR_R = (1.2, 1.8)
_AROUND_R = (1.15, 2.0)
_PALE_OUTLINE = 0.2
_LEAST_ARM_PX = 4.0
_QUARTERS = 4
# The smallest group of ink that is no speck, and the least of it inside a bubble that makes it a mark.
_MIN_GROUP_MM2 = 0.14
_MIN_INSIDE_MM2 = 0.11
_BRIDGE_MM = 1.75
_LONG_MM = 22.0
_OUTER = ("near", "near_sectors", "diagonal", "far", "extent", "loose", "shared", "long")


def measure_marks(flat: Grey, marks: MarkMap, px_per_mm: int, black: float) -> PageMarks:
    """Measure every bubble of a page.

    Args:
        flat: uint8, the registered page, same size and scale as the blank that `marks` was made of.
        marks: masks of the printed page.
        px_per_mm: scale of both.
        black: grey level of the print (`ocr.quality.measure_print`).

    Returns:
        One measurement of each kind per bubble, in the order of the layout.
    """
    white = _paper_white(flat, px_per_mm)
    paper = float(np.median(white[_cells(marks, px_per_mm)])) if marks.clear.size else 255.0
    black = min(black, 0.6 * paper)
    level = _paper_at(white, marks, px_per_mm)
    inside = _darkness(flat, marks.inside, level, black)
    inner = _inner_features(inside, marks)
    outer, around = _outer_features(flat, white, black, marks, px_per_mm)
    crossing = _crossings(flat, inside, level, black, marks)
    outline = _outlines(flat, level, black, marks)
    bubbles = tuple(BubbleMarks._make(r) for r in np.column_stack([inner, outer]).tolist())
    surrounds = tuple(Surround._make(r) for r in np.column_stack([around, crossing, outline]).tolist())
    return PageMarks(bubbles, surrounds, paper, black)


def _paper_white(flat: Grey, px_per_mm: int) -> Floats:
    """The paper's own level around each square millimetre, float64 (height_mm, width_mm)."""
    size = (flat.shape[1] // px_per_mm, flat.shape[0] // px_per_mm)
    cells = cv2.resize(flat, size, interpolation=cv2.INTER_AREA)
    bright = cv2.dilate(cells, np.ones((9, 9), np.uint8))
    return np.asarray(cv2.blur(bright.astype(np.float32), (9, 9)), np.float64)


def _cells(marks: MarkMap, px_per_mm: int) -> tuple[slice, slice]:
    """The answer area in whole millimetres."""
    rows, columns = (slice(s.start // px_per_mm, s.stop // px_per_mm) for s in marks.box)
    return rows, columns


def _paper_at(white: Floats, marks: MarkMap, px_per_mm: int) -> NDArray[np.float32]:
    """The paper's level at every bubble, float32 (n,)."""
    cells = (marks.centres_px / px_per_mm).astype(int)
    rows, columns = np.clip(cells[:, 1], 0, len(white) - 1), np.clip(cells[:, 0], 0, white.shape[1] - 1)
    return np.asarray(white[rows, columns], np.float32)


def _darkness(flat: Grey, index: Ints, level: NDArray[np.float32], black: float) -> NDArray[np.float32]:
    """0 for paper, 1 for print, at flat indices (n, k)."""
    values = flat.reshape(-1)[index].astype(np.float32)
    darkness = (level[:, None] - values) / (level[:, None] - np.float32(black))
    return np.asarray(np.clip(darkness, 0.0, 1.2), np.float32)


def _outlines(flat: Grey, level: NDArray[np.float32], black: float, marks: MarkMap) -> NDArray[np.float32]:
    """`outline` and `traced` of every bubble, float32 (n, 2)."""
    seen = (_darkness(flat, marks.rim, level, black) * marks.rim_weights).sum(axis=1)
    usual = float(np.median(seen)) if len(seen) else 1.0
    traced = np.clip(seen - max(usual, 0.0), 0.0, 1.0)
    # A copy that lost its thin lines: no ring can be missed there.
    outline = np.clip(seen / usual, -1.0, 2.0) if usual >= _PALE_OUTLINE else np.ones(len(seen))
    return np.column_stack([outline, traced]).astype(np.float32)


def _crossings(
    flat: Grey, inside: NDArray[np.float32], level: NDArray[np.float32], black: float, marks: MarkMap
) -> NDArray[np.float32]:
    """`arms`, `axes`, `between` of every bubble, float32 (n, 3); no threshold, since faint ink counts."""
    if not len(level):
        return np.zeros((0, 3), np.float32)
    dark = _darkness(flat, marks.arm, level, black) * marks.arm_clear
    seen = marks.arm_clear @ marks.arm_parts
    parts = np.where(seen >= _LEAST_ARM_PX, dark @ marks.arm_parts / np.maximum(seen, 1.0), 0.0)
    arms = np.sort(parts[:, :-_QUARTERS].reshape(len(parts), _QUARTERS, -1).max(axis=2), axis=1)[:, 1]
    between = np.sort(inside @ marks.between / marks.between.sum(axis=0), axis=1)[:, 1]
    return np.column_stack([arms, parts[:, -_QUARTERS:].mean(axis=1), between]).astype(np.float32)


def _inner_features(darkness: NDArray[np.float32], marks: MarkMap) -> NDArray[np.float32]:
    core = darkness[:, marks.inside_r <= _CORE_R].mean(axis=1)
    count = darkness.shape[1]
    ranks = [int(count * share) for share in (0.5, 0.9, 0.98)]
    p50, p90, peak = np.partition(darkness, ranks, axis=1)[:, ranks].T
    shares = [np.count_nonzero(darkness > t, axis=1) / count for t in (INK_LEVEL, _DARK_LEVEL, _SOLID_LEVEL)]
    in_sector = (marks.inside_sector[:, None] == np.arange(SECTORS)).astype(np.float32)
    inked = (darkness > INK_LEVEL).astype(np.float32) @ in_sector
    sectors = (inked / in_sector.sum(axis=0) > 0.1).mean(axis=1)  # noqa: PLR2004 - a tenth
    return np.column_stack(
        [darkness.mean(axis=1), core, p50, p90, peak, *shares, darkness.std(axis=1), sectors]
    ).astype(np.float32)


def _outer_features(
    flat: Grey, white: Floats, black: float, marks: MarkMap, px_per_mm: int
) -> tuple[Floats, Floats]:
    part = flat[marks.box]
    if part.size == 0:
        return _sum_ink(
            _Ink(*(np.zeros(0, kind) for kind in (float, float, int, int))), marks, np.zeros(1, bool), 1
        )
    cells = _cells(marks, px_per_mm)
    limit = (white[cells] - INK_LEVEL * (white[cells] - black)).astype(np.uint8)
    limits = cv2.resize(limit, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_LINEAR)
    dark = np.asarray(cv2.bitwise_and(cv2.compare(part, limits, cv2.CMP_LT), marks.clear), np.uint8)
    # Where a stroke crosses print it cannot be seen; closing joins its parts again.
    bridge = 2 * int(_BRIDGE_MM * px_per_mm / 2) + 1
    closed = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((bridge, bridge), np.uint8))
    # Groups lie at least a bridge apart, so 16 bits number them all, three times as fast as 32.
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8, ltype=cv2.CV_16U)
    x, y = _places(dark)
    label = labels[y, x].astype(np.int64)
    visible = np.bincount(label, minlength=count)
    keep = visible[label] >= _MIN_GROUP_MM2 * px_per_mm**2
    x, y, label = x[keep], y[keep], label[keep]
    nearest = marks.nearest[y, x].astype(np.int64)
    ink = _Ink(
        x.astype(np.float64) + (marks.box[1].start or 0),
        y.astype(np.float64) + (marks.box[0].start or 0),
        label,
        nearest,
    )
    long = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) > _LONG_MM * px_per_mm
    return _sum_ink(ink, marks, long, max(1.0, _MIN_INSIDE_MM2 * px_per_mm**2))


def _places(mask: Grey) -> tuple[Ints, Ints]:
    """Columns and rows of the pixels that are not 0, row by row."""
    found: Any = cv2.findNonZero(mask)  # None where there is none, which the stubs leave out
    places = np.zeros((0, 2), np.int32) if found is None else np.asarray(found, np.int32).reshape(-1, 2)
    return places[:, 0], places[:, 1]


class _Ink(NamedTuple):
    """Visible ink pixels on the flat page, with the stroke group and the bubble that each is nearest to."""

    x: Floats
    y: Floats
    group: NDArray[np.int64]
    nearest: NDArray[np.int64]


def _sum_ink(
    ink: _Ink, marks: MarkMap, long: NDArray[np.bool_], least_inside: float
) -> tuple[Floats, Floats]:
    """Features `_OUTER` of the ink that each bubble owns, and `Surround` of the ink around it."""
    n = len(marks.radii_px)
    if n == 0 or len(ink.x) == 0:
        return np.zeros((n, len(_OUTER))), np.zeros((n, 2))
    names = np.flatnonzero(np.bincount(ink.group))
    place = np.zeros(names[-1] + 1, np.int64)
    place[names] = np.arange(len(names))
    group = place[ink.group]
    here = ink.nearest
    gap = (
        np.hypot(ink.x - marks.centres_px[here, 0], ink.y - marks.centres_px[here, 1]) / marks.radii_px[here]
    )
    within = gap <= 1.0
    touched = _table(group[within], here[within], len(names), n)
    reached = _table(group, here, len(names), n)
    most = touched.max(axis=1)
    marked = most >= least_inside
    # A stroke is its main bubble's; another bubble keeps its part only if that is a mark of its own.
    main = np.where(marked, touched.argmax(axis=1), reached.argmax(axis=1))
    own_part = touched[group, here] >= np.maximum(0.25 * most[group], least_inside)
    owner = np.where(own_part, here, main[group])
    both = (touched >= np.maximum(0.25 * most[:, None], least_inside)).sum(axis=1) > 1
    weights = _Weights(marked[group], both[group], long[names][group])
    foreign = (marks.field_of[owner] != marks.field_of[here]) | ~weights.marked
    # A streak or a fold that passes bubbles by is nobody's choice.
    foreign &= weights.marked | ~weights.long
    return _per_bubble(ink, owner, weights, marks), _surround(ink, gap, foreign, marks)


def _surround(ink: _Ink, gap: Floats, foreign: NDArray[np.bool_], marks: MarkMap) -> Floats:
    """What stands around each bubble, by place alone: a loop that touches the next row's mark still shows."""
    n = len(marks.radii_px)
    outside = gap >= _AROUND_R[0]
    around = outside & (gap < _AROUND_R[1])
    here = ink.nearest[around]
    dx, dy = ink.x[around] - marks.centres_px[here, 0], ink.y[around] - marks.centres_px[here, 1]
    area = np.pi * marks.radii_px**2
    by_sector = np.bincount(here * SECTORS + sector_of(dx, dy), minlength=n * SECTORS).reshape(n, SECTORS)
    sector_area = (_AROUND_R[1] ** 2 - _AROUND_R[0] ** 2) * area / SECTORS
    lit = by_sector >= 0.06 * sector_area[:, None]
    unexplained = np.bincount(ink.nearest[outside & foreign], minlength=n)
    return np.column_stack([lit.mean(axis=1), unexplained / area])


def _table(rows: NDArray[np.int64], columns: NDArray[np.int64], height: int, width: int) -> NDArray[np.int64]:
    return np.bincount(rows * width + columns, minlength=height * width).reshape(height, width)


class _Weights(NamedTuple):
    """Per ink pixel: is its group a mark in some bubble, in several, and is it long."""

    marked: NDArray[np.bool_]
    both: NDArray[np.bool_]
    long: NDArray[np.bool_]


def _per_bubble(ink: _Ink, owner: NDArray[np.int64], weights: _Weights, marks: MarkMap) -> Floats:
    n = len(marks.radii_px)
    radius = marks.radii_px
    dx, dy = ink.x - marks.centres_px[owner, 0], ink.y - marks.centres_px[owner, 1]
    r = np.hypot(dx, dy) / radius[owner]
    area = np.pi * radius**2

    def count(mask: NDArray[np.bool_]) -> Floats:
        return np.bincount(owner[mask], minlength=n).astype(np.float64)

    near = (r >= _NEAR_R[0]) & (r < _NEAR_R[1])
    near_area = (_NEAR_R[1] ** 2 - _NEAR_R[0] ** 2) * area
    sectors = np.bincount(owner[near] * SECTORS + sector_of(dx[near], dy[near]), minlength=n * SECTORS)
    by_sector = sectors.reshape(n, SECTORS)
    lit = by_sector >= (0.06 * near_area / SECTORS)[:, None]
    diagonal = by_sector[:, 1::2].sum(axis=1) - by_sector[:, ::2].sum(axis=1)
    total = np.maximum(count(np.ones_like(near)), 1.0)
    # Mean of r weighted to the rim: close to where 95 % of the ink ends, without sorting per bubble.
    squared = np.minimum(r, 8.0) ** 2
    fourth = np.bincount(owner, weights=squared * squared, minlength=n)
    extent = (fourth / total) ** 0.25
    return np.column_stack(
        [
            count(near) / near_area,
            lit.mean(axis=1),
            np.maximum(diagonal, 0) / near_area,
            np.minimum(count(r >= _NEAR_R[1]) / area, 4.0),
            extent,
            np.minimum(count(~weights.marked & ~weights.long) / area, 4.0),
            count(weights.both) / total,
            count(weights.long) / total,
        ]
    )
