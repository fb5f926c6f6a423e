"""How good the picture of a page is: light, ink, streaks."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.model import PageQuality

Grey = NDArray[np.uint8]

_SAMPLE_PX = 4
_INK_STEP = 40
_BORDER_SHARE = 0.04
_BANDS = 160
_STREAK_STEP = 5
_STREAK_BANDS = 0.8
_STREAK_WIDE_PX = 25
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
        cv2.morphologyEx(bands, cv2.MORPH_CLOSE, np.ones((1, _STREAK_WIDE_PX), np.uint8)), (9, 1)
    )
    lined = (cv2.subtract(level, bands) > _STREAK_STEP).mean(axis=0) >= _STREAK_BANDS
    edge = round(_EDGE_SHARE * width)
    lined[:edge] = lined[width - edge :] = False  # the scanner's backing, not paper
    return np.flatnonzero(lined).astype(np.int32)
