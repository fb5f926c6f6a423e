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
_OUTLINE_R = 1.35
_PALE_OUTLINE = 0.2
_RING_R = 1.2
_BESIDE_R = 1.6
_OFF_PRINT_MM = 0.4
_OFF_LABELS_MM = 0.75
_OFF_HEADINGS_MM = 1.25
_RULE_MM = 12.0
# The smallest group of ink that is no speck, and the least of it inside a bubble that makes it a mark.
_MIN_GROUP_MM2 = 0.14
_MIN_INSIDE_MM2 = 0.11
_BRIDGE_MM = 1.75
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
        rim: per bubble the flat indices of the pixels within 1.35 r, int32 (n, m).
        rim_weights: float32 (n, m); what they make of the darkness there is 1 where the ring is printed
            as on the blank, 0 on plain paper, however dark.
        box: rows and columns of the answer area on the flat page.
        nearest: int16, of that box: the bubble that a pixel is nearest to, -1 far from all.
        clear: uint8, of that box: 255 where the blank is white and ink can be seen.
    """

    field_of: Ints
    centres_px: Floats
    radii_px: Floats
    inside: Ints
    inside_r: Floats
    inside_sector: Ints
    rim: Ints
    rim_weights: NDArray[np.float32]
    box: tuple[slice, slice]
    nearest: NDArray[np.int16]
    clear: Grey


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
    rim, rim_weights = _rim(centres, radii, blank)
    nearest = _nearest(centres, radii, (blank.shape[0], blank.shape[1]))
    _add_labels(nearest, fields, px_per_mm)
    clear = _clear(blank, centres, radii, px_per_mm)
    clear[nearest < 0] = 0
    box = (_span(nearest >= 0, 1, px_per_mm), _span(nearest >= 0, 0, px_per_mm))
    return MarkMap(
        field_of,
        centres,
        radii,
        inside,
        inside_r,
        inside_sector,
        rim,
        rim_weights,
        box,
        nearest[box].copy(),
        clear[box].copy(),
    )


def _span(used: NDArray[np.bool_], across: int, px_per_mm: int) -> slice:
    """From the first to the last row (`across` 1) or column (0), in whole millimetres."""
    used = np.asarray(used.any(axis=across))
    at = np.flatnonzero(used)
    if len(at) == 0:
        return slice(0, 0)
    last = min(-(-(int(at[-1]) + 1) // px_per_mm), len(used) // px_per_mm)
    return slice(int(at[0]) // px_per_mm * px_per_mm, last * px_per_mm)


def _inside(centres: Floats, radii: Floats, width: int) -> tuple[Ints, Floats, Ints]:
    """Flat indices of every bubble's inner pixels; all bubbles of a page share one radius pattern."""
    index, dx, dy, r = _disc(centres, radii, width, _INSIDE_R)
    return index, r, _sector(dx, dy)


def _rim(centres: Floats, radii: Floats, blank: Grey) -> tuple[Ints, NDArray[np.float32]]:
    """Where each ring is printed, and how to weigh the darkness there."""
    index, *_ = _disc(centres, radii, blank.shape[1], _OUTLINE_R)
    printed = 1.0 - blank.reshape(-1)[index].astype(np.float32) / 255.0
    weights = printed - printed.mean(axis=1, keepdims=True)
    scale = np.maximum((weights * printed).sum(axis=1, keepdims=True), 1e-6)
    return index, (weights / scale).astype(np.float32)


def _disc(
    centres: Floats, radii: Floats, width: int, share: float
) -> tuple[Ints, NDArray[np.int64], NDArray[np.int64], Floats]:
    """Flat indices (n, k) of the pixels within a share of the radius, with their offsets and radius (k,)."""
    radius = float(radii.max()) if len(radii) else 1.0
    reach = int(np.ceil(share * radius))
    dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    r = np.hypot(dx, dy) / radius
    keep = r <= share
    whole = np.rint(centres).astype(np.int32)
    offsets = (dy[keep] * width + dx[keep]).astype(np.int32)
    base = whole[:, 1] * width + whole[:, 0]
    return (base[:, None] + offsets[None, :]).astype(np.int32), dx[keep], dy[keep], r[keep]


def _sector(dx: NDArray[np.generic], dy: NDArray[np.generic]) -> Ints:
    """Eighths of the turn, centred on right, right below, below, …: odd ones are the diagonals."""
    turn = np.arctan2(dy.astype(np.float64), dx.astype(np.float64)) / (2 * np.pi)
    return np.rint(turn * _SECTORS).astype(np.int32) % _SECTORS


def _nearest(centres: Floats, radii: Floats, shape: tuple[int, int]) -> NDArray[np.int16]:
    """The nearest bubble of each pixel within 4.5 radii."""
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


def _clear(blank: Grey, centres: Floats, radii: Floats, px_per_mm: int) -> Grey:
    """Where ink can be seen: off the print, the further the less a mark is to be expected there.

    Beside a bubble every tenth of a millimetre counts; labels stand further off; headings between the
    lines of bubbles are thickened by copiers and cameras, and nobody answers there. Rules hide no more
    than themselves: a stroke that crosses them must stay in one piece.
    """
    print_ = _printed(blank, px_per_mm)
    words = print_ & (1 - _rules(print_, px_per_mm))
    beside, lines = np.zeros_like(print_), np.zeros_like(print_)
    for (x, y), radius in zip(centres, radii, strict=True):
        at = (round(float(x)), round(float(y)))
        cv2.circle(words, at, round(_RING_R * float(radius)), 0, cv2.FILLED)
        cv2.circle(beside, at, round(_BESIDE_R * float(radius)), 1, cv2.FILLED)
        lines[max(0, round(float(y - _LABEL_R * radius))) : round(float(y + _LABEL_R * radius))] = 1
    hidden = _grown(print_, _OFF_PRINT_MM, px_per_mm)
    hidden |= _grown(words, _OFF_LABELS_MM, px_per_mm) & (1 - beside)
    hidden |= _grown(words, _OFF_HEADINGS_MM, px_per_mm) & (1 - beside) & (1 - lines)
    return np.asarray((1 - hidden) * 255, np.uint8)


def _printed(blank: Grey, px_per_mm: int) -> Grey:
    return (cv2.GaussianBlur(blank, (0, 0), 0.13 * px_per_mm) < 225).astype(np.uint8)  # noqa: PLR2004 - of 255


def _rules(print_: Grey, px_per_mm: int) -> Grey:
    """The long lines, across and down, of a print."""
    length = round(_RULE_MM * px_per_mm)
    across = cv2.morphologyEx(print_, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    down = cv2.morphologyEx(print_, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))
    return np.asarray(cv2.bitwise_or(across, down), np.uint8)


def _grown(mask: Grey, by_mm: float, px_per_mm: int) -> Grey:
    side = 2 * round(by_mm * px_per_mm) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.dilate(mask, kernel), np.uint8)


# --- one page -------------------------------------------------------------------------------------


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
    inner = _inner_features(flat, level, black, marks)
    outer, around = _outer_features(flat, white, black, marks, px_per_mm)
    outline = _outlines(flat, level, black, marks)
    bubbles = tuple(BubbleMarks._make(r) for r in np.column_stack([inner, outer]).tolist())
    surrounds = tuple(Surround._make(r) for r in np.column_stack([around, outline]).tolist())
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
    """How much of each printed ring is seen, relative to the page's own print, float32 (n,)."""
    seen = (_darkness(flat, marks.rim, level, black) * marks.rim_weights).sum(axis=1)
    usual = float(np.median(seen)) if len(seen) else 1.0
    if usual < _PALE_OUTLINE:  # a copy that lost its thin lines: no ring can be missed there
        return np.ones(len(seen), np.float32)
    return np.asarray(np.clip(seen / usual, -1.0, 2.0), np.float32)


def _inner_features(
    flat: Grey, level: NDArray[np.float32], black: float, marks: MarkMap
) -> NDArray[np.float32]:
    darkness = _darkness(flat, marks.inside, level, black)
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
    part = flat[marks.box]
    if part.size == 0:
        return _sum_ink(
            _Ink(*(np.zeros(0, kind) for kind in (float, float, int, int))), marks, np.zeros(1, bool), 1
        )
    cells = _cells(marks, px_per_mm)
    limit = (white[cells] - INK_LEVEL * (white[cells] - black)).astype(np.uint8)
    limits = cv2.resize(limit, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_LINEAR)
    dark = cv2.bitwise_and(cv2.compare(part, limits, cv2.CMP_LT), marks.clear)
    # Where a stroke crosses print it cannot be seen; closing joins its parts again.
    bridge = 2 * int(_BRIDGE_MM * px_per_mm / 2) + 1
    closed = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((bridge, bridge), np.uint8))
    # Groups lie at least a bridge apart, so 16 bits number them all, three times as fast as 32.
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8, ltype=cv2.CV_16U)
    at = np.flatnonzero(dark)
    label = labels.reshape(-1)[at].astype(np.int64)
    visible = np.bincount(label, minlength=count)
    keep = visible[label] >= _MIN_GROUP_MM2 * px_per_mm**2
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
    return _sum_ink(ink, marks, long, max(1.0, _MIN_INSIDE_MM2 * px_per_mm**2))


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
    names, group = np.unique(ink.group, return_inverse=True)
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
            np.minimum(count(~weights.marked & ~weights.long) / area, 4.0),
            count(weights.both) / total,
            count(weights.long) / total,
        ]
    )
