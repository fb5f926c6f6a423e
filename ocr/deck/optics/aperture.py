"""The scanner of checking decks: a round aperture out of focus, coarse grain, lines along the feed."""

import math
from functools import cache

import cv2
import numpy as np

from ocr.deck.ink import Image

_LEAST_PX = 0.3
_BANK_SIDE = 1536
_BANK_SIGMA = 20.0


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
    height, width = scan.shape
    y, x = (int(rng.integers(0, _BANK_SIDE)) for _axis in range(2))
    rows, columns = -(-(height + y) // _BANK_SIDE), -(-(width + x) // _BANK_SIDE)
    field = np.tile(_bank(), (rows, columns))[y : y + height, x : x + width]
    weight = sigma / _BANK_SIGMA
    grainy = cv2.addWeighted(scan, 1.0, np.ascontiguousarray(field), weight, -128.0 * weight)
    lines = np.round(rng.normal(0.0, 0.2 * sigma, width))
    dark, light = (np.clip(sign * lines, 0, 255).astype(np.uint8)[None, :] for sign in (-1, 1))
    darker = cv2.subtract(grainy, np.broadcast_to(dark, scan.shape).copy())
    return np.asarray(cv2.add(darker, np.broadcast_to(light, scan.shape).copy()), dtype=np.uint8)


@cache
def _bank() -> Image:
    """Grain around 128 with a deviation of `_BANK_SIGMA`: fine and coarse in equal parts."""
    rng = np.random.default_rng(20_210_611)
    fine = rng.standard_normal((_BANK_SIDE, _BANK_SIDE), dtype=np.float32)
    half = rng.standard_normal((_BANK_SIDE // 2, _BANK_SIDE // 2), dtype=np.float32)
    both = fine + cv2.resize(half, fine.shape, interpolation=cv2.INTER_LINEAR)
    levels = 128.0 + both * np.float32(_BANK_SIGMA / both.std())
    return np.asarray(np.clip(levels, 0, 255), dtype=np.uint8)
