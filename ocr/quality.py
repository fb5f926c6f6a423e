"""How good the picture of a page is: light, ink, streaks."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.model import PageQuality

Grey = NDArray[np.uint8]
Steps = NDArray[np.float32]

_SAMPLE_PX = 4
_INK_STEP = 40
_BORDER_SHARE = 0.04
_BANDS = 40
_STREAK_STEP = 9.0
_STREAK_BANDS = 0.6
_WIDEN_PX = 9
_EDGE_SHARE = 0.04
_BLANK_INK_SHARE = 0.002
_LEAST_CONTRAST = 0.25


def measure_quality(grey: Grey, reduction: int = 1) -> PageQuality:
    """Measure a page as it was scanned, before anything is known about it.

    Args:
        grey: uint8 (height, width).
        reduction: scanned pixels per pixel of `grey`, along a side.

    Returns:
        Size in scanned pixels; `contrast`, the step from the paper to the darkest hundredth, and
        `ink_share`, the share of the page that is clearly darker than its paper, both in [0, 1].
    """
    height, width = grey.shape
    margin = int(_BORDER_SHARE * min(height, width))
    inner = grey[margin : height - margin, margin : width - margin]
    sample = np.ascontiguousarray(inner[::_SAMPLE_PX, ::_SAMPLE_PX])
    levels = np.cumsum(np.bincount(sample.reshape(-1), minlength=256)) / max(1, sample.size)
    paper, dark = (float(np.searchsorted(levels, share)) for share in (0.8, 0.01))
    ink_share = float(levels[int(paper) - _INK_STEP]) if paper >= _INK_STEP else 0.0
    return PageQuality(
        width_px=width * reduction,
        height_px=height * reduction,
        contrast=round(max(0.0, paper - dark) / 255.0, 4),
        ink_share=round(ink_share, 5),
    )


def is_blank(quality: PageQuality) -> bool:
    """Whether nothing is printed or written on the page."""
    return quality.ink_share is not None and quality.ink_share < _BLANK_INK_SHARE


def is_poor(quality: PageQuality) -> bool:
    """Whether the picture is too flat to tell ink from paper."""
    return quality.contrast is not None and quality.contrast < _LEAST_CONTRAST


def column_steps(page: Grey) -> Steps:
    """How much darker than its neighbourhood each column is, in each of 40 bands from top to bottom."""
    bands = cv2.resize(page, (page.shape[1], _BANDS), interpolation=cv2.INTER_AREA)
    level = cv2.blur(cv2.morphologyEx(bands, cv2.MORPH_CLOSE, np.ones((1, 25), np.uint8)), (9, 1))
    return level.astype(np.float32) - bands.astype(np.float32)


def widened_steps(blank: Grey) -> Steps:
    """The steps that print itself makes, grown sideways: a printed edge may lie a little beside its place."""
    return np.asarray(cv2.dilate(column_steps(blank), np.ones((1, _WIDEN_PX), np.uint8)), np.float32)


def find_streaks(flat: Grey, printed: Steps) -> NDArray[np.int32]:
    """Columns of the flat page that are darker than their neighbours nearly all the way down.

    Args:
        flat: uint8 (height, width), the registered page.
        printed: `widened_steps` of the blank; its own lines are not streaks.

    Returns:
        int32 column numbers, ascending; empty for a clean page.
    """
    lined = ((column_steps(flat) - printed) > _STREAK_STEP).mean(axis=0) >= _STREAK_BANDS
    edge = round(_EDGE_SHARE * len(lined))
    lined[:edge] = lined[len(lined) - edge :] = False  # the scanner's backing, not paper
    return np.flatnonzero(lined).astype(np.int32)
