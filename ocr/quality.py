"""How good the picture of a page is: light, ink, sharpness, streaks."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.model import PageQuality

Grey = NDArray[np.uint8]

_SAMPLE_PX = 3
_INK_STEP = 40
_BORDER_SHARE = 0.04
_BANDS = 160
_STREAK_STEP = 5
_STREAK_BANDS = 0.8
_STREAK_WIDE_PX = 13
_EDGE_SHARE = 0.04
_BLANK_INK_SHARE = 0.002
_LEAST_CONTRAST = 0.25
_DARKEST_PAPER = 100
"""Grey level; no paper is darker: such a picture is inverted, transparent or black, never a blank page."""


def measure_quality(grey: Grey, reduction: int = 1) -> PageQuality:
    """Measure a page as it was scanned, before anything is known about it.

    Args:
        grey: uint8 (height, width).
        reduction: scanned pixels per pixel of `grey`, along a side.

    Returns:
        Size in scanned pixels; `contrast`, the step from the paper to the darkest hundredth, and
        `ink_share`, the share of the page that is clearly darker than its paper, both in [0, 1];
        `ink_share` is None where the picture has no paper in it.
    """
    height, width = grey.shape
    margin = int(_BORDER_SHARE * min(height, width))
    inner = grey[margin : height - margin, margin : width - margin]
    sample = np.ascontiguousarray(inner[::_SAMPLE_PX, ::_SAMPLE_PX])
    levels = np.cumsum(np.bincount(sample.reshape(-1), minlength=256)) / max(1, sample.size)
    paper, dark = (float(np.searchsorted(levels, share)) for share in (0.8, 0.01))
    ink_share = round(float(levels[int(paper) - _INK_STEP]), 5) if paper >= _DARKEST_PAPER else None
    return PageQuality(
        width_px=width * reduction,
        height_px=height * reduction,
        contrast=round(max(0.0, paper - dark) / 255.0, 4),
        ink_share=ink_share,
    )


def is_blank(quality: PageQuality) -> bool:
    """Whether nothing is printed or written on the page."""
    return quality.ink_share is not None and quality.ink_share < _BLANK_INK_SHARE


def is_poor(quality: PageQuality) -> bool:
    """Whether the picture is too flat to tell ink from paper."""
    return quality.contrast is not None and quality.contrast < _LEAST_CONTRAST


@dataclass(frozen=True, slots=True)
class PrintLook:
    """What the printed markers show of print and optics.

    Attributes:
        black: grey level of the print.
        edge_px: how wide the step from paper to print is, in pixels; 0 where no marker was found.
    """

    black: float
    edge_px: float


def measure_print(grey: Grey, markers_px: Sequence[NDArray[np.float64]]) -> PrintLook:
    """Measure print and optics at the markers; the median over them.

    Args:
        grey: uint8, the picture.
        markers_px: float64 (4, 2) corners of each marker found.
    """
    found = [_marker_look(grey, corners) for corners in markers_px]
    return PrintLook(*map(float, np.median(np.array(found), axis=0))) if found else PrintLook(0.0, 0.0)


def _marker_look(grey: Grey, corners_px: NDArray[np.float64]) -> tuple[float, float]:
    low, high = corners_px.min(axis=0), corners_px.max(axis=0)
    rim = 0.2 * float((high - low).max())
    left, top = (max(0, int(v)) for v in low - rim)
    right, bottom = (int(v) + 1 for v in high + rim)
    crop = grey[top:bottom, left:right]
    ranks = [int(share * crop.size) for share in (0.08, 0.9)]
    black, white = np.partition(crop.reshape(-1), ranks)[ranks].tolist()
    steep = int(0.98 * crop.size)
    steps = np.partition(np.abs(cv2.Sobel(crop, cv2.CV_16S, 1, 0)).reshape(-1), steep)
    return float(black), (white - black) / max(float(steps[steep]) / 8.0, 1.0)


def find_streaks(grey: Grey) -> NDArray[np.int32]:
    """Columns of the scan that are darker than their neighbours nearly all the way down.

    Dirt on a scanner's glass draws along the feed, so this looks at the scan itself and not at the
    flat page. Print has gaps between its lines, dirt has none.

    Args:
        grey: uint8 (height, width), upright or upside down.

    Returns:
        int32 column numbers, ascending; empty for a clean page.
    """
    height, width = grey.shape
    # Whole rows to a band: averaging by a whole number is four times as fast.
    rows = max(1, height // _BANDS)
    bands = cv2.resize(grey[: height // rows * rows], (width, height // rows), interpolation=cv2.INTER_AREA)
    level = cv2.blur(
        cv2.morphologyEx(bands, cv2.MORPH_CLOSE, np.ones((1, _STREAK_WIDE_PX), np.uint8)), (5, 1)
    )
    lined = (cv2.subtract(level, bands) > _STREAK_STEP).mean(axis=0) >= _STREAK_BANDS
    edge = round(_EDGE_SHARE * width)
    lined[:edge] = lined[width - edge :] = False  # the scanner's backing, not paper
    return np.flatnonzero(lined).astype(np.int32)
