"""What every hand can do. A hand is a module: training, checking and testing share no drawing code."""

from types import MappingProxyType
from typing import Literal, Protocol, get_args

import numpy as np

from ocr.deck.hands import bezier, kinematic, polyline
from ocr.deck.ink import Ink, Paper, Patch
from ocr.deck.strokes import Hand, Stroke
from ocr.layout import Bubble

Part = Literal["train", "check", "test"]
PARTS: tuple[Part, ...] = get_args(Part)


class HandModel(Protocol):
    """Movements (strokes in mm) and ink of one way of drawing."""

    def fill(self, bubble: Bubble, hand: Hand, rng: np.random.Generator, cover: float = 1.0) -> list[Stroke]:
        """Blacken the bubble; `cover` is the share of the radius that is meant."""

    def tick(self, bubble: Bubble, hand: Hand, rng: np.random.Generator, reach: float = 1.0) -> list[Stroke]:
        """A tick whose corner is meant inside the bubble; `reach` scales the long way up."""

    def cross(self, bubble: Bubble, hand: Hand, rng: np.random.Generator, reach: float = 1.0) -> list[Stroke]:
        """Two strokes that cross in the bubble; `reach` is their half length in radii."""

    def line(self, bubble: Bubble, hand: Hand, rng: np.random.Generator, turn: float) -> list[Stroke]:
        """One stroke through the bubble, `turn` radians clockwise from the line of print."""

    def hatch(self, bubble: Bubble, hand: Hand, rng: np.random.Generator) -> list[Stroke]:
        """A few parallel strokes, the pen lifted between them."""

    def spiral(self, bubble: Bubble, hand: Hand, rng: np.random.Generator) -> list[Stroke]:
        """Round and round from the middle outwards."""

    def loop(
        self, centre: tuple[float, float], radii: tuple[float, float], hand: Hand, rng: np.random.Generator
    ) -> list[Stroke]:
        """A loop round something printed: `radii` in mm across and down."""

    def stray(self, x_mm: float, y_mm: float, hand: Hand, rng: np.random.Generator) -> list[Stroke]:
        """A slip of the pen."""

    def handwriting(
        self, x_mm: float, y_mm: float, width_mm: float, hand: Hand, rng: np.random.Generator
    ) -> list[Stroke]:
        """One line of scribble on the base line `y_mm`."""

    def lay_ink(
        self, paper: Paper, strokes: list[Stroke], ink: Ink, rng: np.random.Generator
    ) -> Patch | None:
        """Draw strokes onto the paper in place; None where they lie outside the page."""


HANDS: MappingProxyType[Part, HandModel] = MappingProxyType(
    {"train": polyline, "check": bezier, "test": kinematic}
)
