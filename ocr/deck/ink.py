"""Ink on paper: what a pen is, the raster that it marks, and what rubbing out leaves."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from ocr.deck.strokes import Stroke

Image = npt.NDArray[np.uint8]


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


class Box(NamedTuple):
    """Pixels of a raster, the last ones not among them."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.bottom - self.top, self.right - self.left

    def within(self, outer: "Box", fine: int = 1) -> tuple[slice, slice]:
        """Where it lies on a raster of another box that has `fine` times as many pixels."""
        return (
            slice((self.top - outer.top) * fine, (self.bottom - outer.top) * fine),
            slice((self.left - outer.left) * fine, (self.right - outer.left) * fine),
        )


def paper_from(pixels: Image, width_mm: float, height_mm: float) -> Paper:
    """Measure a raster that shows a whole page."""
    return Paper(pixels, pixels.shape[1] / width_mm, pixels.shape[0] / height_mm)


def smear(paper: Paper, patch: Patch, left_over: float) -> None:
    """Rub a mark out: only `left_over` of its darkness stays, blurred, in place."""
    height, width = patch.before.shape
    region = paper.pixels[patch.y_px : patch.y_px + height, patch.x_px : patch.x_px + width]
    lost = cv2.GaussianBlur(patch.before.astype(np.float32) - patch.after, (0, 0), 0.35 * paper.x_scale)
    region[:] = np.clip(patch.before - lost * np.float32(left_over), 0, 255).astype(np.uint8)


def box_of(paper: Paper, strokes: list[Stroke], ink: Ink) -> Box | None:
    """The pixels that the strokes may mark; None off the page."""
    points = np.concatenate([stroke.points for stroke in strokes])
    margin = ink.width_mm + 0.3
    left = max(0, math.floor((points[:, 0].min() - margin) * paper.x_scale))
    top = max(0, math.floor((points[:, 1].min() - margin) * paper.y_scale))
    right = min(paper.pixels.shape[1], math.ceil((points[:, 0].max() + margin) * paper.x_scale))
    bottom = min(paper.pixels.shape[0], math.ceil((points[:, 1].max() + margin) * paper.y_scale))
    return Box(left, top, right, bottom) if right - left > 1 and bottom - top > 1 else None


def boxes_of(paper: Paper, strokes: list[Stroke], ink: Ink) -> list[tuple[Stroke, Box]]:
    """Each stroke that is on the page with its own pixels: a line of writing is much wider than a letter."""
    boxes = [(stroke, box_of(paper, [stroke], ink)) for stroke in strokes]
    return [(stroke, box) for stroke, box in boxes if box is not None]
