"""Timing marks: columns of equal dark bars along a form's edges, as older scanners needed them.

Every bar gives a point, so a page is known to a fraction of a bar; but a track counts only if it has
exactly as many bars as the template's, for one bar too few would move every answer by a line.
"""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.errors import RegistrationFailed

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]

LEAST_BARS = 8
_TRACKS = 2
_SOLID = 0.75
_STRETCH = (1.3, 9.0)
_SIZE = (0.004, 0.05)
"""Longer side of a bar, of the page's long side."""
_SAME_AREA = 1.6
_REGULAR = 0.3
_OFF_LINE = 0.25
_MOST_MISFIT = 0.3
"""Of the distance between bars."""


def find_timing(grey: Grey) -> tuple[Floats, ...]:
    """The timing tracks of a page, from left to right, each (n, 2) in pixels from the top down.

    Args:
        grey: uint8, upright within a few degrees.
    """
    bars = _bars(grey)
    tracks: list[Floats] = []
    while len(bars) >= LEAST_BARS:
        track = _longest_track(bars)
        if track is None:
            break
        tracks.append(bars[track][:, :2])
        bars = np.delete(bars, track, axis=0)
    return tuple(sorted(tracks, key=lambda t: float(t[:, 0].mean())))


def split_tracks(points: Sequence[tuple[float, float]]) -> tuple[Floats, ...]:
    """A template's timing marks, listed track by track from the top down, as tracks."""
    at = np.array(points, np.float64).reshape(-1, 2)
    starts = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(at[:, 1])) if b < a), len(at)]
    return tuple(at[a:b] for a, b in pairwise(starts))


def match_timing(grey: Grey, points: Sequence[tuple[float, float]]) -> tuple[Floats, int]:
    """Find a template's timing marks on a scan.

    Returns:
        The homography from the template's unit to pixels, and how many bars it rests on.

    Raises:
        RegistrationFailed: other tracks than the template's, or bars that do not lie as printed.
    """
    printed, seen = split_tracks(points), find_timing(grey)
    if len(printed) < _TRACKS or [len(t) for t in printed] != [len(t) for t in seen]:
        counts = ", ".join(str(len(t)) for t in seen) or "không có"
        raise RegistrationFailed(f"Vạch định vị ở mép trang không khớp mẫu (thấy: {counts}).")
    units, px = np.concatenate(printed), np.concatenate(seen)
    homography, _ = cv2.findHomography(units, px, 0)
    if homography is None:
        raise RegistrationFailed("Vạch định vị ở mép trang không nằm đúng chỗ.")
    fitted = cv2.perspectiveTransform(units[None], homography)[0]
    gap = float(np.median(np.linalg.norm(np.diff(seen[0], axis=0), axis=1)))
    if float(np.linalg.norm(fitted - px, axis=1).max()) > _MOST_MISFIT * gap:
        raise RegistrationFailed("Vạch định vị ở mép trang không nằm đúng chỗ.")
    return np.asarray(homography, np.float64), len(px)


def _bars(grey: Grey) -> Floats:
    """Solid dark bars: centre and area, (n, 3)."""
    window = 2 * (max(grey.shape) // 40) + 1
    dark = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, window, 25)
    _, _, stats, centres = cv2.connectedComponentsWithStats(dark)
    width, height, area = (stats[:, k].astype(np.float64) for k in (2, 3, 4))
    stretch = np.maximum(width, height) / np.minimum(width, height)
    size = np.maximum(width, height) / max(grey.shape)
    keep = (
        (area > _SOLID * width * height)
        & (stretch > _STRETCH[0])
        & (stretch < _STRETCH[1])
        & (size > _SIZE[0])
        & (size < _SIZE[1])
    )
    return np.asarray(np.column_stack([centres + 0.5, area])[keep], np.float64)


def _longest_track(bars: Floats) -> NDArray[np.intp] | None:
    """Numbers of the bars of the longest evenly spaced column, from the top down; None if there is none."""
    best: NDArray[np.intp] | None = None
    for one in bars:
        alike = np.flatnonzero(np.maximum(bars[:, 2] / one[2], one[2] / bars[:, 2]) < _SAME_AREA)
        column = _column_through(bars, one, alike)
        if len(column) >= LEAST_BARS and (best is None or len(column) > len(best)) and _evenly(bars[column]):
            best = column
    return best


def _column_through(bars: Floats, one: Floats, alike: NDArray[np.intp]) -> NDArray[np.intp]:
    """Those of the bars that lie on one steep line through `one`, from the top down."""
    off = bars[alike, :2] - one[:2]
    best = np.zeros(0, np.intp)
    reach = np.sqrt(one[2])
    for dx, dy in off[(np.abs(off[:, 1]) > 3 * reach) & (np.abs(off[:, 0]) < 0.3 * np.abs(off[:, 1]))]:
        across = np.abs(off[:, 0] * dy - off[:, 1] * dx) / np.hypot(dx, dy)
        on_line = alike[across < _OFF_LINE * reach]
        best = on_line if len(on_line) > len(best) else best
    return np.asarray(best[np.argsort(bars[best, 1])], np.intp)


def _evenly(column: Floats) -> bool:
    gaps = np.diff(column[:, 1])
    return bool((np.abs(gaps / np.median(gaps) - 1) < _REGULAR).all())
