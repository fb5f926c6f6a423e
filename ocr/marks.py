"""How much ink, of what kind, in and around every bubble. Measuring only: nothing is decided here.

The flat page is compared with the printed blank: what is dark and was not printed is ink. Ink that
hangs together is one stroke group; it belongs to the bubble whose inside it touches, so a long tick
from the row above is not taken for a mark below.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.layout import Bubble, Field, PageLayout
from ocr.measures import BubbleMarks, PageMarks, Surround

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

# Share of the step from paper white to print black above which a pixel counts as ink.
INK_LEVEL = 0.13
_DARK_LEVEL = 0.35
_SOLID_LEVEL = 0.6
_INSIDE_R = 0.74
_CORE_R = 0.42
_NEAR_R = (1.2, 1.8)
_AROUND_R = (1.15, 2.0)
_REACH_R = 4.5
_LABEL_R = 1.7
_MIN_GROUP_PX = 5
_BRIDGE_PX = 11
_MIN_INSIDE_PX = 4
_LONG_MM = 22.0
_SECTORS = 8
_OUTER = ("near", "near_sectors", "diagonal", "far", "extent", "loose", "shared", "long")


@dataclass(frozen=True, slots=True)
class MarkMap:
    """What is the same for all scans of one printed page; made once by `map_marks`.

    Attributes:
        field_of: int32 (n,), per bubble the position of its question among the choice fields.
        centres_px, radii_px: float64 (n, 2) and (n,), on the flat page.
        inside: per bubble the flat indices of the pixels within 0.74 r, int32 (n, k).
        inside_r, inside_sector: of the same pixels, radius in r and sector number, (k,).
        box: rows and columns of the answer area on the flat page.
        nearest: int16, of that box: the bubble that a pixel is nearest to, -1 far from all.
        clear: uint8, of that box: 255 where the blank is white and ink can be seen.
        markers_px: int32 (m, 4), left, top, right, bottom of each marker.
    """

    field_of: Ints
    centres_px: Floats
    radii_px: Floats
    inside: Ints
    inside_r: Floats
    inside_sector: Ints
    box: tuple[slice, slice]
    nearest: NDArray[np.int16]
    clear: Grey
    markers_px: Ints


def map_marks(page: PageLayout, blank: Grey, px_per_mm: int) -> MarkMap:
    """Prepare the masks of one printed page.

    Args:
        page: printed geometry.
        blank: uint8, the empty page, flat, `px_per_mm` pixels a millimetre.
        px_per_mm: scale of the flat page.
    """
    fields = [f for f in page.fields if f.bubbles]
    bubbles = [b for f in fields for b in f.bubbles]
    field_of = np.array([i for i, f in enumerate(fields) for _ in f.bubbles], np.int32)
    centres = np.array([(b.x_mm, b.y_mm) for b in bubbles]).reshape(-1, 2) * px_per_mm - 0.5
    radii = np.array([b.r_mm for b in bubbles]) * px_per_mm
    inside, inside_r, inside_sector = _inside(centres, radii, blank.shape[1])
    nearest = _nearest(centres, radii, (blank.shape[0], blank.shape[1]))
    _add_labels(nearest, fields, px_per_mm)
    clear = _clear(blank)
    clear[nearest < 0] = 0
    rows, columns = np.flatnonzero((nearest >= 0).any(axis=1)), np.flatnonzero((nearest >= 0).any(axis=0))
    box = (_span(rows), _span(columns))
    half = np.array([f.size_mm / 2 for f in page.fiducials])
    at = np.array([(f.x_mm, f.y_mm) for f in page.fiducials]).reshape(-1, 2)
    markers = np.column_stack([at - half[:, None], at + half[:, None]]) * px_per_mm
    return MarkMap(
        field_of,
        centres,
        radii,
        inside,
        inside_r,
        inside_sector,
        box,
        nearest[box].copy(),
        clear[box].copy(),
        np.rint(markers).astype(np.int32),
    )


def _span(indices: NDArray[np.intp]) -> slice:
    return slice(int(indices[0]), int(indices[-1]) + 1) if len(indices) else slice(0, 0)


def _inside(centres: Floats, radii: Floats, width: int) -> tuple[Ints, Floats, Ints]:
    """Flat indices of every bubble's inner pixels; all bubbles of a page share one radius pattern."""
    radius = float(radii.max()) if len(radii) else 1.0
    reach = int(np.ceil(radius))
    dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    r = np.hypot(dx, dy) / radius
    keep = r <= _INSIDE_R
    whole = np.rint(centres).astype(np.int32)
    offsets = (dy[keep] * width + dx[keep]).astype(np.int32)
    base = whole[:, 1] * width + whole[:, 0]
    return (base[:, None] + offsets[None, :]).astype(np.int32), r[keep], _sector(dx[keep], dy[keep])


def _sector(dx: NDArray[np.generic], dy: NDArray[np.generic]) -> Ints:
    """Eighths of the turn, centred on right, right below, below, …: odd ones are the diagonals."""
    turn = np.arctan2(dy.astype(np.float64), dx.astype(np.float64)) / (2 * np.pi)
    return np.rint(turn * _SECTORS).astype(np.int32) % _SECTORS


def _nearest(centres: Floats, radii: Floats, shape: tuple[int, int]) -> NDArray[np.int16]:
    """The nearest bubble of each pixel within 3.2 radii."""
    best = np.full(shape, np.inf, np.float32)
    nearest = np.full(shape, -1, np.int16)
    for number, ((x, y), radius) in enumerate(zip(centres, radii, strict=True)):
        reach = int(_REACH_R * radius)
        top, left = max(0, int(y) - reach), max(0, int(x) - reach)
        rows, columns = np.ogrid[top : min(shape[0], int(y) + reach), left : min(shape[1], int(x) + reach)]
        gap = np.hypot(rows - y, columns - x).astype(np.float32)
        part = np.s_[top : top + gap.shape[0], left : left + gap.shape[1]]
        closer = (gap < best[part]) & (gap <= _REACH_R * radius)
        best[part][closer] = gap[closer]
        nearest[part][closer] = number
    return nearest


def _add_labels(nearest: NDArray[np.int16], fields: Sequence[Field], px_per_mm: int) -> None:
    """Give each bubble the strip to its right, where its label stands, up to the next bubble of its line."""
    number = 0
    for field in fields:
        for bubble in field.bubbles:
            right = min(
                [field.x_mm + field.width_mm]
                + [b.x_mm - 1.5 * b.r_mm for b in field.bubbles if _follows(bubble, b)],
            )
            top, bottom = (bubble.y_mm + k * _LABEL_R * bubble.r_mm for k in (-1, 1))
            rows = slice(round(top * px_per_mm), round(bottom * px_per_mm))
            strip = nearest[rows, round(bubble.x_mm * px_per_mm) : round(right * px_per_mm)]
            strip[strip < 0] = number
            number += 1


def _follows(bubble: Bubble, other: Bubble) -> bool:
    return other.x_mm > bubble.x_mm and abs(other.y_mm - bubble.y_mm) < bubble.r_mm


def _clear(blank: Grey) -> Grey:
    """Where the blank is white, print grown by a third of a millimetre left out."""
    printed = (cv2.GaussianBlur(blank, (0, 0), 0.8) < 225).astype(np.uint8)  # noqa: PLR2004 - of 255
    grown = cv2.dilate(printed, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    return np.asarray((1 - grown) * 255, np.uint8)


# --- one page -------------------------------------------------------------------------------------


def measure_marks(flat: Grey, marks: MarkMap, px_per_mm: int) -> PageMarks:
    """Measure every bubble of a page.

    Args:
        flat: uint8, the registered page, same size and scale as the blank that `marks` was made of.
        marks: masks of the printed page.
        px_per_mm: scale of both.

    Returns:
        One measurement of each kind per bubble, in the order of the layout.
    """
    white = _paper_white(flat, px_per_mm)
    black = _print_black(flat, marks.markers_px)
    paper = float(np.median(white))
    black = min(black, 0.6 * paper)
    inner = _inner_features(flat, white, black, marks, px_per_mm)
    outer, around = _outer_features(flat, white, black, marks, px_per_mm)
    bubbles = tuple(BubbleMarks(*map(float, r)) for r in np.column_stack([inner, outer]))
    return PageMarks(bubbles, tuple(Surround(*map(float, r)) for r in around), paper, black)


def _paper_white(flat: Grey, px_per_mm: int) -> Floats:
    """The paper's own level around each square millimetre, float64 (height_mm, width_mm)."""
    size = (flat.shape[1] // px_per_mm, flat.shape[0] // px_per_mm)
    cells = cv2.resize(flat, size, interpolation=cv2.INTER_AREA)
    bright = cv2.dilate(cells, np.ones((9, 9), np.uint8))
    return np.asarray(cv2.blur(bright.astype(np.float32), (9, 9)), np.float64)


def _print_black(flat: Grey, markers_px: Ints) -> float:
    """The level of printed black: a low percentile over the markers."""
    levels = [np.percentile(flat[t:b, left:right], 10) for left, t, right, b in markers_px.tolist()]
    return float(np.median(levels)) if levels else 0.0


def _inner_features(
    flat: Grey, white: Floats, black: float, marks: MarkMap, px_per_mm: int
) -> NDArray[np.float32]:
    cells = (marks.centres_px / px_per_mm).astype(int)
    level = white[
        np.clip(cells[:, 1], 0, white.shape[0] - 1), np.clip(cells[:, 0], 0, white.shape[1] - 1)
    ].astype(np.float32)
    values = flat.reshape(-1)[marks.inside].astype(np.float32)
    darkness = np.clip((level[:, None] - values) / (level[:, None] - black), 0.0, 1.2)
    core = darkness[:, marks.inside_r <= _CORE_R].mean(axis=1)
    ordered = np.sort(darkness, axis=1)
    count = ordered.shape[1]
    p50, p90, peak = (ordered[:, int(count * k)] for k in (0.5, 0.9, 0.98))
    shares = [(darkness > t).mean(axis=1) for t in (INK_LEVEL, _DARK_LEVEL, _SOLID_LEVEL)]
    sectors = np.stack(
        [
            (darkness[:, marks.inside_sector == s] > INK_LEVEL).mean(axis=1) > 0.1  # noqa: PLR2004 - a tenth
            for s in range(_SECTORS)
        ]
    ).mean(axis=0)
    return np.column_stack(
        [darkness.mean(axis=1), core, p50, p90, peak, *shares, darkness.std(axis=1), sectors]
    ).astype(np.float32)


def _outer_features(
    flat: Grey, white: Floats, black: float, marks: MarkMap, px_per_mm: int
) -> tuple[Floats, Floats]:
    limit = white - INK_LEVEL * (white - black)
    part = flat[marks.box]
    size = (flat.shape[1], flat.shape[0])
    limits = cv2.resize(limit.astype(np.uint8), size, interpolation=cv2.INTER_LINEAR)[marks.box]
    dark = cv2.bitwise_and(cv2.compare(part, limits, cv2.CMP_LT), marks.clear)
    # Where a stroke crosses print it cannot be seen; closing joins its parts again.
    closed = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((_BRIDGE_PX, _BRIDGE_PX), np.uint8))
    # Groups lie at least a bridge apart, so 16 bits number them all, three times as fast as 32.
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8, ltype=cv2.CV_16U)
    at = np.flatnonzero(dark)
    label = labels.reshape(-1)[at].astype(np.int64)
    visible = np.bincount(label, minlength=count)
    keep = visible[label] >= _MIN_GROUP_PX
    at, label = at[keep], label[keep]
    nearest = marks.nearest.reshape(-1)[at].astype(np.int64)
    y, x = np.divmod(at, part.shape[1])
    ink = _Ink(
        x.astype(np.float64) + (marks.box[1].start or 0),
        y.astype(np.float64) + (marks.box[0].start or 0),
        label,
        nearest,
    )
    long = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) > _LONG_MM * px_per_mm
    return _sum_ink(ink, marks, long)


class _Ink(NamedTuple):
    """Visible ink pixels on the flat page, with the stroke group and the bubble that each is nearest to."""

    x: Floats
    y: Floats
    group: NDArray[np.int64]
    nearest: NDArray[np.int64]


def _sum_ink(ink: _Ink, marks: MarkMap, long: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Features `_OUTER` of the ink that each bubble owns, and `Surround` of the ink around it."""
    n = len(marks.radii_px)
    if n == 0 or len(ink.x) == 0:
        return np.zeros((n, len(_OUTER))), np.zeros((n, len(Surround._fields)))
    names, group = np.unique(ink.group, return_inverse=True)
    here = ink.nearest
    gap = (
        np.hypot(ink.x - marks.centres_px[here, 0], ink.y - marks.centres_px[here, 1]) / marks.radii_px[here]
    )
    within = gap <= 1.0
    touched = _table(group[within], here[within], len(names), n)
    reached = _table(group, here, len(names), n)
    most = touched.max(axis=1)
    marked = most >= _MIN_INSIDE_PX
    # A stroke is its main bubble's; another bubble keeps its part only if that is a mark of its own.
    main = np.where(marked, touched.argmax(axis=1), reached.argmax(axis=1))
    own_part = touched[group, here] >= np.maximum(0.25 * most[group], _MIN_INSIDE_PX)
    owner = np.where(own_part, here, main[group])
    both = (touched >= np.maximum(0.25 * most[:, None], _MIN_INSIDE_PX)).sum(axis=1) > 1
    weights = _Weights(marked[group], both[group], long[names][group])
    foreign = (marks.field_of[owner] != marks.field_of[here]) | ~weights.marked
    return _per_bubble(ink, owner, weights, marks), _surround(ink, gap, foreign, marks)


def _surround(ink: _Ink, gap: Floats, foreign: NDArray[np.bool_], marks: MarkMap) -> Floats:
    """What stands around each bubble, by place alone: a loop that touches the next row's mark still shows."""
    n = len(marks.radii_px)
    outside = gap >= _AROUND_R[0]
    around = outside & (gap < _AROUND_R[1])
    here = ink.nearest[around]
    dx, dy = ink.x[around] - marks.centres_px[here, 0], ink.y[around] - marks.centres_px[here, 1]
    area = np.pi * marks.radii_px**2
    by_sector = np.bincount(here * _SECTORS + _sector(dx, dy), minlength=n * _SECTORS).reshape(n, _SECTORS)
    sector_area = (_AROUND_R[1] ** 2 - _AROUND_R[0] ** 2) * area / _SECTORS
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
    sectors = np.bincount(owner[near] * _SECTORS + _sector(dx[near], dy[near]), minlength=n * _SECTORS)
    by_sector = sectors.reshape(n, _SECTORS)
    lit = by_sector >= (0.06 * near_area / _SECTORS)[:, None]
    diagonal = by_sector[:, 1::2].sum(axis=1) - by_sector[:, ::2].sum(axis=1)
    total = np.maximum(count(np.ones_like(near)), 1.0)
    # Mean of r weighted to the rim: close to where 95 % of the ink ends, without sorting per bubble.
    fourth = np.bincount(owner, weights=np.minimum(r, 8.0) ** 4, minlength=n)
    extent = (fourth / total) ** 0.25
    return np.column_stack(
        [
            count(near) / near_area,
            lit.mean(axis=1),
            np.maximum(diagonal, 0) / near_area,
            np.minimum(count(r >= _NEAR_R[1]) / area, 4.0),
            extent,
            np.minimum(count(~weights.marked) / area, 4.0),
            count(weights.both) / total,
            count(weights.long) / total,
        ]
    )
