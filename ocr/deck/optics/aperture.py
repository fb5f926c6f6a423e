"""The scanner of checking decks: a round aperture out of focus, coarse grain, lines along the feed."""

import math
from functools import lru_cache

import cv2
import numpy as np

from ocr.deck.ink import Image

_LEAST_PX = 0.3
_BANK_SIGMA = 20.0
_BANK_STEP = 800
_SHIFT_PX = 300
_COLUMNS = 0.2


def blurred(pixels: Image, sigma: float) -> Image:
    """The disc of confusion whose variance is that of a normal blur of `sigma` pixels."""
    if sigma < _LEAST_PX:
        return pixels
    radius = 2.0 * sigma
    reach = math.ceil(radius)
    rows, columns = np.indices((2 * reach + 1, 2 * reach + 1)) - reach
    disc = np.clip(radius + 0.5 - np.hypot(rows, columns), 0.0, 1.0).astype(np.float32)
    return np.asarray(cv2.filter2D(pixels, -1, disc / disc.sum(), borderType=cv2.BORDER_REPLICATE), np.uint8)


def noisy(scan: Image, sigma: float, rng: np.random.Generator) -> Image:
    """Grain of about two pixels, and a faint gain of its own for each column."""
    bank = _bank(-(-max(scan.shape) // _BANK_STEP) * _BANK_STEP + _SHIFT_PX)
    top, left = rng.integers(0, _SHIFT_PX, 2).tolist()
    grain = bank[top : top + scan.shape[0], left : left + scan.shape[1]]
    weight = sigma / _BANK_SIGMA
    return np.asarray(cv2.addWeighted(scan, 1.0, grain, weight, -128.0 * weight), dtype=np.uint8)


@lru_cache(maxsize=3)
def _bank(side: int) -> Image:
    """Noise around 128 with a deviation of `_BANK_SIGMA`: fine and coarse grain alike, and columns."""
    rng = np.random.default_rng(20_210_611)
    noise = rng.standard_normal((side, side), dtype=np.float32)
    coarse = rng.standard_normal((side // 2, side // 2), dtype=np.float32)
    noise += cv2.resize(coarse, (side, side), interpolation=cv2.INTER_LINEAR)
    noise += rng.normal(0.0, _COLUMNS * noise.std(), side).astype(np.float32)
    levels = 128.0 + noise * np.float32(_BANK_SIGMA / noise.std())
    return np.asarray(np.clip(levels, 0, 255), dtype=np.uint8)
