"""Movements of a pen in millimetres from the top left of the page, before any ink."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stroke:
    """One movement without lifting the pen: `points` (n, 2) in mm; `pressure` in [0, 1].

    `width` and `flow` (n,) scale the pen's width and its ink along the way, for hands that model them.
    """

    points: Points
    pressure: float = 1.0
    width: Points | None = None
    flow: Points | None = None


@dataclass(frozen=True, slots=True)
class Hand:
    """How a hand moves: `jitter_mm` of wobble, `slop` in [0, 1] of carelessness, `slant_rad` of strokes."""

    jitter_mm: float
    slop: float
    slant_rad: float
