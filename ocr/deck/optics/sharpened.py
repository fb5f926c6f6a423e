"""The scanner of testing decks: it sharpens what it sees; noise that grows with light; cloudy paper."""

from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from ocr.deck.ink import Image

_LEAST_PX = 0.25
_TAIL = 1.9
_HALO = 0.45
_SIDE = 2048


def blurred(pixels: Image, sigma: float) -> Image:
    """A blur of triangular weights, then the unsharp mask of a scanner's firmware, halos with it."""
    if sigma < _LEAST_PX:
        return pixels
    soft = cv2.stackBlur(pixels, _odd(_TAIL * 1.3 * sigma))
    wide = cv2.blur(soft, _odd(_TAIL * 2.5 * sigma))
    return np.asarray(cv2.addWeighted(soft, 1.0 + _HALO, wide, -_HALO, 0.0), dtype=np.uint8)


def noisy(scan: Image, sigma: float, rng: np.random.Generator) -> Image:
    """White noise, half as strong in the dark as on paper, and the cloudiness of paper in its light."""
    height, width = scan.shape
    y, x = (int(rng.integers(0, _SIDE)) for _axis in range(2))
    rows, columns = (np.arange(height) + y) % _SIDE, (np.arange(width) + x) % _SIDE
    shot = _shot()[np.ix_(rows, columns)]
    strength = (0.5 + np.arange(256, dtype=np.float32) / 510.0) * np.float32(sigma)
    lit = scan.astype(np.float32) + cv2.LUT(scan, strength[None, :]) * shot
    clouds = rng.normal(0.0, 0.3 * sigma, (height // 48 + 2, width // 48 + 2)).astype(np.float32)
    lit += cv2.resize(clouds, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(lit + 0.5, 0, 255).astype(np.uint8)


def _odd(width: float) -> tuple[int, int]:
    side = 2 * round(width) + 1
    return side, side


@cache
def _shot() -> npt.NDArray[np.float32]:
    return np.random.default_rng(20_210_829).standard_normal((_SIDE, _SIDE), dtype=np.float32)
