"""The scanner of testing decks: it sharpens what it sees; noise that grows with light; cloudy paper."""

import math
from functools import cache, lru_cache

import cv2
import numpy as np

from ocr.deck.ink import Image

_LEAST_PX = 0.25
_TAIL = 1.9
_HALO = 0.45
_STEP_PX = 640
_SHOT_SIGMA = 28.0
_SLOPE_ON_PAPER = 1.0 / (2.0 * math.log(2.0))
_CLOUD_PX = 48
_CLOUD_SIGMA = 30.0


def blurred(pixels: Image, sigma: float) -> Image:
    """A blur of triangular weights, then the unsharp mask of a scanner's firmware, halos with it."""
    if sigma < _LEAST_PX:
        return pixels
    soft = cv2.stackBlur(pixels, _odd(_TAIL * 1.3 * sigma))
    wide = cv2.blur(soft, _odd(_TAIL * 2.5 * sigma))
    return np.asarray(cv2.addWeighted(soft, 1.0 + _HALO, wide, -_HALO, 0.0), dtype=np.uint8)


def noisy(scan: Image, sigma: float, rng: np.random.Generator) -> Image:
    """White noise, half as strong in the dark as on paper, and the cloudiness of paper.

    Even noise on a scale where all levels are equally noisy, and back to grey.
    """
    height, width = scan.shape
    shot = _shot(math.ceil(max(height, width) / _STEP_PX + 1) * _STEP_PX)
    y, x = (int(rng.integers(0, _STEP_PX)) for _axis in range(2))
    there, back = _even_scale()
    weight = sigma * _SLOPE_ON_PAPER / _SHOT_SIGMA
    window = shot[y : y + height, x : x + width]
    even = cv2.addWeighted(cv2.LUT(scan, there), 1.0, window, weight, -128.0 * weight)
    cells = (height // _CLOUD_PX + 2, width // _CLOUD_PX + 2)
    small = np.clip(rng.normal(128.0, _CLOUD_SIGMA, cells), 0, 255).astype(np.uint8)
    clouds = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    thick = 0.3 * sigma / _CLOUD_SIGMA
    return np.asarray(
        cv2.addWeighted(cv2.LUT(even, back), 1.0, clouds, thick, -128.0 * thick), dtype=np.uint8
    )


@cache
def _even_scale() -> tuple[Image, Image]:
    """Tables to the scale and back: the logarithm, since the noise grows with (1 + level / 255) / 2."""
    levels = np.arange(256) / 255.0
    there = 255.0 * np.log2(1.0 + levels)
    back = 255.0 * (2.0**levels - 1.0)
    return np.round(there).astype(np.uint8), np.round(back).astype(np.uint8)


def _odd(width: float) -> tuple[int, int]:
    side = 2 * round(width) + 1
    return side, side


@lru_cache(maxsize=3)
def _shot(side: int) -> Image:
    raw = np.random.default_rng(20_210_829).standard_normal((side, side), dtype=np.float32)
    return np.asarray(np.clip(128.0 + np.float32(_SHOT_SIGMA) * raw, 0, 255), dtype=np.uint8)
