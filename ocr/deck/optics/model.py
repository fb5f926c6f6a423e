"""What every optics can do; training, checking and testing have their own."""

from types import MappingProxyType
from typing import Protocol

import numpy as np

from ocr.deck.hands.model import Part
from ocr.deck.ink import Image
from ocr.deck.optics import aperture, flatbed, sharpened


class Optics(Protocol):
    """A lens and a sensor; `sigma` is a standard deviation, of the blur in pixels, of the noise in levels."""

    def blurred(self, pixels: Image, sigma: float) -> Image:
        """What the lens makes of sharp print."""

    def noisy(self, scan: Image, sigma: float, rng: np.random.Generator) -> Image:
        """What the sensor makes of even light."""


OPTICS: MappingProxyType[Part, Optics] = MappingProxyType(
    {"train": flatbed, "check": aperture, "test": sharpened}
)
