"""The scanner of training decks: a normal blur and fine noise, the same in light and dark."""

import math
from functools import lru_cache

import cv2
import numpy as np

from ocr.deck.ink import Image

_NOISE_UNIT = 24.0
_NOISE_MARGIN = 256
_NOISE_STEP = 1024


def blurred(pixels: Image, sigma: float) -> Image:
    """A normal blur of `sigma` pixels."""
    if sigma <= 0:
        return pixels
    side = 2 * math.ceil(2.5 * sigma) + 1
    return np.asarray(cv2.GaussianBlur(pixels, (side, side), sigma), dtype=np.uint8)


def noisy(scan: Image, sigma: float, rng: np.random.Generator) -> Image:
    """Add noise of `sigma` grey levels."""
    bank = _noise_bank(math.ceil(max(scan.shape) / _NOISE_STEP) * _NOISE_STEP + _NOISE_MARGIN)
    y, x = (int(rng.integers(0, _NOISE_MARGIN)) for _axis in range(2))
    field = bank[y : y + scan.shape[0], x : x + scan.shape[1]]
    weight = sigma / _NOISE_UNIT
    return np.asarray(cv2.addWeighted(scan, 1.0, field, weight, -128.0 * weight), dtype=np.uint8)


@lru_cache(maxsize=4)
def _noise_bank(side: int) -> Image:
    """Sensor noise around 128 with a deviation of `_NOISE_UNIT`, a little correlated as a lens makes it."""
    raw = np.random.default_rng(8_20201).standard_normal((side, side), dtype=np.float32)
    soft = cv2.GaussianBlur(raw, (3, 3), 0.5)
    levels = 128.0 + soft * np.float32(_NOISE_UNIT / soft.std())
    return np.asarray(np.clip(levels, 0, 255), dtype=np.uint8)
