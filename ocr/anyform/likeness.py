"""Which of two blanks a page is a print of: told where they differ, by all that is printed, words included.

Rings alone cannot say it: those of two forms, or of one form and its half turn, may stand in the same places.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.anyform.surface import FORM_PX_PER_MM
from ocr.row_fit import COARSE_PX_PER_MM

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]

_TILE_MM = (16, 6)
_SEARCH_MM = 2
_SOFT_PX = 0.5
_LEAST_STEP = 8.0
# What this scan's print comes to: its best quarter is print of the blank that is the page's.
_USUAL = 0.75
_LEAST_USUAL = 0.4
_MOST_ALIKE = 0.75


def tell_apart(page: Grey, one: Grey, other: Grey) -> float:
    """Whether a page is a print of one blank or of another.

    Args:
        page: uint8, flat, registered by the one.
        one: the blank, uint8, same size and place.
        other: its rival, likewise.

    Returns:
        1 = of the one, -1 = of the other, about 0 where nothing tells; a page of neither may come out as
        either.
    """
    page, one, other = _coarse(page), _coarse(one), _coarse(other)
    ours, theirs = _likeness(page, one, other), _likeness(page, other, one)
    seen = np.concatenate([ours, theirs])[:, 0]
    usual = float(np.quantile(seen, _USUAL)) if len(seen) else 0.0
    if usual < _LEAST_USUAL:
        return 0.0
    votes = [sign * v.mean() for sign, t in ((1, ours), (-1, theirs)) if len(v := _votes(t, usual))]
    return float(np.mean(votes)) if votes else 0.0


def _coarse(flat: Grey) -> Grey:
    """Soft enough that it does not matter how often a picture was laid flat."""
    scale = COARSE_PX_PER_MM / FORM_PX_PER_MM
    small = cv2.resize(flat, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), _SOFT_PX), np.uint8)


def _votes(tiles: Floats, usual: float) -> Floats:
    """Of each tile that the rival prints otherwise: 1 = it is on the page, -1 = it is not."""
    seen, rival = tiles[tiles[:, 1] < _MOST_ALIKE * usual].T
    return np.asarray(np.clip((2 * seen - usual - rival) / (usual - rival), -1.0, 1.0), np.float64)


def _likeness(page: Grey, blank: Grey, rival: Grey) -> Floats:
    """How well each printed tile of a blank is found on the page, and on its rival, (n, 2) in [0, 1]."""
    across, down = (v * COARSE_PX_PER_MM for v in _TILE_MM)
    reach = _SEARCH_MM * COARSE_PX_PER_MM
    height, width = blank.shape
    found = []
    for top in range(reach, height - down - reach, down):
        for left in range(reach, width - across - reach, across):
            tile = blank[top : top + down, left : left + across]
            if tile.std() < _LEAST_STEP:
                continue
            around = np.s_[top - reach : top + down + reach, left - reach : left + across + reach]
            found.append([_best_match(picture[around], tile) for picture in (page, rival)])
    return np.array(found, np.float64).reshape(-1, 2)


def _best_match(around: Grey, tile: Grey) -> float:
    return max(0.0, float(cv2.matchTemplate(around, tile, cv2.TM_CCOEFF_NORMED).max()))
