"""Ink on paper: strokes in millimetres become grey on a raster, one small patch at a time."""

import math
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from ocr.deck.strokes import Stroke

Image = npt.NDArray[np.uint8]
_OVERSAMPLING = 4
_SUBPIXEL_BITS = 4
_GRAIN_SIDE = 512


@dataclass(frozen=True, slots=True)
class Ink:
    """A pen in a hand: grey of full ink, width in mm, what the paper's texture eats, pressure in [0, 1]."""

    grey: float
    width_mm: float
    grain: float
    pressure: float


@dataclass(frozen=True, slots=True)
class Patch:
    """What one mark changed: the raster at (`x_px`, `y_px`) before and after it."""

    x_px: int
    y_px: int
    before: Image
    after: Image


@dataclass(frozen=True, slots=True)
class Paper:
    """One side of a sheet as a raster; `x_scale` and `y_scale` are pixels a millimetre."""

    pixels: Image
    x_scale: float
    y_scale: float


def paper_from(pixels: Image, width_mm: float, height_mm: float) -> Paper:
    """Measure a raster that shows a whole page."""
    return Paper(pixels, pixels.shape[1] / width_mm, pixels.shape[0] / height_mm)


def lay_ink(paper: Paper, strokes: list[Stroke], ink: Ink, rng: np.random.Generator) -> Patch | None:
    """Draw strokes onto the paper in place; None where they lie outside the page.

    A second stroke over the first darkens a little more, as ink does.
    """
    box = _box(paper, strokes, ink)
    if box is None:
        return None
    left, top, right, bottom = box
    region = paper.pixels[top:bottom, left:right]
    before = region.copy()
    clear = np.ones(region.shape, dtype=np.float32)
    for stroke in strokes:
        clear *= 1.0 - _coverage(paper, stroke, ink, box) * np.float32(ink.pressure * stroke.pressure)
    texture = _texture(region.shape, rng)
    ink_share = (1.0 - clear) * (1.0 - ink.grain * texture)
    darkened = before * (1.0 - ink_share * np.float32(1.0 - ink.grey / 255.0))
    region[:] = np.clip(darkened + 0.5, 0, 255).astype(np.uint8)
    return Patch(left, top, before, region.copy())


def smear(paper: Paper, patch: Patch, left_over: float) -> None:
    """Rub a mark out: only `left_over` of its darkness stays, blurred, in place."""
    height, width = patch.before.shape
    region = paper.pixels[patch.y_px : patch.y_px + height, patch.x_px : patch.x_px + width]
    lost = cv2.GaussianBlur(patch.before.astype(np.float32) - patch.after, (0, 0), 0.35 * paper.x_scale)
    region[:] = np.clip(patch.before - lost * np.float32(left_over), 0, 255).astype(np.uint8)


def _box(paper: Paper, strokes: list[Stroke], ink: Ink) -> tuple[int, int, int, int] | None:
    points = np.concatenate([stroke.points for stroke in strokes])
    margin = ink.width_mm + 0.3
    left = max(0, math.floor((points[:, 0].min() - margin) * paper.x_scale))
    top = max(0, math.floor((points[:, 1].min() - margin) * paper.y_scale))
    right = min(paper.pixels.shape[1], math.ceil((points[:, 0].max() + margin) * paper.x_scale))
    bottom = min(paper.pixels.shape[0], math.ceil((points[:, 1].max() + margin) * paper.y_scale))
    return (left, top, right, bottom) if right - left > 1 and bottom - top > 1 else None


def _coverage(
    paper: Paper, stroke: Stroke, ink: Ink, box: tuple[int, int, int, int]
) -> npt.NDArray[np.float32]:
    left, top, right, bottom = box
    fine = np.zeros(((bottom - top) * _OVERSAMPLING, (right - left) * _OVERSAMPLING), dtype=np.uint8)
    at = (stroke.points * (paper.x_scale, paper.y_scale) - (left, top)) * _OVERSAMPLING
    fixed = np.round(at * 2**_SUBPIXEL_BITS).astype(np.int32).reshape(-1, 1, 2)
    thickness = max(1, round(ink.width_mm * paper.x_scale * _OVERSAMPLING))
    cv2.polylines(fine, [fixed], False, 255, thickness, cv2.LINE_8, _SUBPIXEL_BITS)
    coarse = cv2.resize(fine, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    return np.asarray(coarse, dtype=np.float32) / np.float32(255.0)


def _texture(shape: tuple[int, ...], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """A random window of the paper's tooth, in [0, 1]."""
    grain = _grain()
    y, x = (int(rng.integers(0, _GRAIN_SIDE)) for _axis in range(2))
    rows = (np.arange(shape[0]) + y) % _GRAIN_SIDE
    columns = (np.arange(shape[1]) + x) % _GRAIN_SIDE
    return grain[np.ix_(rows, columns)]


@cache
def _grain() -> npt.NDArray[np.float32]:
    rough = np.random.default_rng(20_201_123).random((_GRAIN_SIDE, _GRAIN_SIDE), dtype=np.float32)
    soft = cv2.GaussianBlur(rough, (0, 0), 1.0)
    lowest, highest = soft.min(), soft.max()
    return np.asarray((soft - lowest) / (highest - lowest), dtype=np.float32)
