"""Where to look for ink on one printed page: what is the same for all its scans, made once.

Inside each bubble, around its printed ring, and wherever the blank is white enough for ink to be seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.layout import Bubble, Field, PageLayout

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

_INSIDE_R = 0.74
_REACH_R = 4.5
_LABEL_R = 1.7
_OUTLINE_R = 1.35
_RING_R = 1.2
_BESIDE_R = 1.6
_OFF_PRINT_MM = 0.4
_OFF_LABELS_MM = 0.75
_OFF_HEADINGS_MM = 1.25
_RULE_MM = 12.0
_AXES_DEG = (0.0, 90.0, 180.0, 270.0)
_DIAGONALS_DEG = (45.0, 135.0, 225.0, 315.0)
_ARM_R = (1.17, 1.6)
_ARM_TURNS_DEG = (-20.0, -10.0, 0.0, 10.0, 20.0)
_ARM_HALF_DEG = 7.0
_AXIS_HALF_DEG = 14.0
_BETWEEN_R = 0.5
SECTORS = 8
"""Eighths of the turn around a bubble."""


@dataclass(frozen=True, slots=True)
class MarkMap:
    """What is the same for all scans of one printed page; made once by `map_marks`.

    Attributes:
        field_of: int32 (n,), per bubble the position of its question among the choice fields.
        centres_px, radii_px: float64 (n, 2) and (n,), on the flat page.
        inside: per bubble the flat indices of the pixels within 0.74 r, int32 (n, k).
        inside_r, inside_sector: of the same pixels, radius in r and sector number, (k,).
        between: float32 (k, 4), which of the inner pixels lie right, below, left and above, off the middle.
        arm: per bubble the flat indices of the pixels from 1.17 r to 1.6 r, int32 (n, a).
        arm_clear: float32 (n, a), 1 where the blank is white.
        arm_parts: float32 (a, 24), in which part each lies: four diagonals at five turns, then four axes.
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
    between: NDArray[np.float32]
    arm: Ints
    arm_clear: NDArray[np.float32]
    arm_parts: NDArray[np.float32]
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
    inside, inside_r, inside_sector, between = _inside(centres, radii, blank.shape[1])
    arm, arm_parts = _arms(centres, radii, blank.shape[1])
    arm_clear = 1 - _grown(_printed(blank, px_per_mm), _OFF_PRINT_MM, px_per_mm).reshape(-1)[arm]
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
        between,
        arm,
        arm_clear.astype(np.float32),
        arm_parts,
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


def _inside(centres: Floats, radii: Floats, width: int) -> tuple[Ints, Floats, Ints, NDArray[np.float32]]:
    """Flat indices of every bubble's inner pixels; all bubbles of a page share one radius pattern."""
    index, dx, dy, r = _disc(centres, radii, width, _INSIDE_R)
    between = np.stack([_within(dx, dy, axis, _AXIS_HALF_DEG) & (r >= _BETWEEN_R) for axis in _AXES_DEG], 1)
    return index, r, sector_of(dx, dy), between.astype(np.float32)


def _arms(centres: Floats, radii: Floats, width: int) -> tuple[Ints, NDArray[np.float32]]:
    """Flat indices of the pixels just outside every ring, and the parts that they make up."""
    index, dx, dy, r = _disc(centres, radii, width, _ARM_R[1])
    ring = r >= _ARM_R[0]
    dx, dy = dx[ring], dy[ring]
    arms = [
        _within(dx, dy, diagonal + turn, _ARM_HALF_DEG)
        for diagonal in _DIAGONALS_DEG
        for turn in _ARM_TURNS_DEG
    ]
    axes = [_within(dx, dy, axis, _AXIS_HALF_DEG) for axis in _AXES_DEG]
    return np.ascontiguousarray(index[:, ring]), np.stack([*arms, *axes], 1).astype(np.float32)


def _within(
    dx: NDArray[np.int64], dy: NDArray[np.int64], towards_deg: float, half_deg: float
) -> NDArray[np.bool_]:
    """Which offsets lie in a direction, clockwise from the right, give or take."""
    off = np.degrees(np.arctan2(dy, dx)) - towards_deg
    return np.asarray(np.abs((off + 180.0) % 360.0 - 180.0) < half_deg)


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


def sector_of(dx: NDArray[np.generic], dy: NDArray[np.generic]) -> Ints:
    """Eighths of the turn, centred on right, right below, below, …: odd ones are the diagonals."""
    turn = np.arctan2(dy.astype(np.float64), dx.astype(np.float64)) / (2 * np.pi)
    return np.rint(turn * SECTORS).astype(np.int32) % SECTORS


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
