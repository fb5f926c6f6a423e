"""The words for how people, scanners and stacks behave; ocr.deck.profiles says it of whole decks."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Style(StrEnum):
    """How a writer marks the chosen bubble."""

    FILL = "fill"
    TICK = "tick"
    CROSS = "cross"
    SLASH = "slash"
    DOT = "dot"
    CIRCLE = "circle"
    HATCH = "hatch"
    SPIRAL = "spiral"
    LINE = "line"
    LABEL_CIRCLE = "label_circle"


class Event(StrEnum):
    """What happened at an answer; `STRAY`, `ERASURE` and `OVERFLOW` leave it plain to a human eye.

    `LONE_CANCEL` is an answer taken back, with nothing chosen instead: a blank in truth.
    """

    PLAIN = "plain"
    BLANK = "blank"
    DOUBLE = "double"
    CORRECTION = "correction"
    ERASURE = "erasure"
    STRAY = "stray"
    OVERFLOW = "overflow"
    LONE_CANCEL = "lone_cancel"


@dataclass(frozen=True, slots=True)
class Pen:
    """A pen as a grey scanner sees it: `grey` is (lowest, highest) level of full ink on white, width in mm.

    `grain` in [0, 1] is how much of the stroke the paper's texture eats.
    """

    name: str
    grey: tuple[float, float]
    width_mm: tuple[float, float]
    grain: float


BLACK = Pen("black", (25, 65), (0.4, 0.7), 0.10)
BLUE = Pen("blue", (60, 115), (0.4, 0.7), 0.15)
RED = Pen("red", (85, 145), (0.4, 0.7), 0.15)
PENCIL = Pen("pencil", (80, 140), (0.4, 0.8), 0.45)
FAINT_PENCIL = Pen("faint pencil", (140, 195), (0.4, 0.7), 0.55)
PENS: Mapping[str, Pen] = MappingProxyType({p.name: p for p in (BLACK, BLUE, RED, PENCIL, FAINT_PENCIL)})


@dataclass(frozen=True, slots=True)
class PeopleProfile:
    """Shares of writers (styles, pens: weights) and of answers (events: probabilities).

    `second_pen` and `all_blank` are shares of writers; `far_reach` is how far, in bubble radii, a cross
    that overflows runs from its middle.
    """

    styles: tuple[tuple[Style, float], ...]
    pens: tuple[tuple[str, float], ...]
    events: tuple[tuple[Event, float], ...]
    sloppiness: tuple[float, float]
    other_style: float
    straight_liners: float
    comment: float
    second_pen: float = 0.0
    all_blank: float = 0.0
    far_reach: tuple[float, float] = (1.7, 1.7)


@dataclass(frozen=True, slots=True)
class CameraProfile:
    """A telephone's picture of a page in place of a scan. Pairs are (lowest, highest), drawn evenly.

    `margin` is the share of the picture on each side that shows the table at least; `light` is how much
    darker the darkest corner is; `curl_mm` how far the paper's middle lifts the print; `motion_mm` how
    far the hand moved; `*_share` are shares of pages; `long_side_px` measures the picture that is kept.
    """

    long_side_px: tuple[int, int]
    tilt_deg: tuple[float, float]
    turn_deg_max: float
    quarter_turn_share: float
    margin: tuple[float, float]
    table: tuple[float, float]
    light: tuple[float, float]
    shadow_share: float
    shadow: tuple[float, float]
    curl_share: float
    curl_mm: tuple[float, float]
    motion_share: float
    motion_mm: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ScannerProfile:
    """Faults of the scanner. Angles in degrees, lengths in mm, levels in grey levels of 255.

    Pairs are (lowest, highest) and drawn evenly; `*_share` are shares of pages; `*_max` are limits of
    a bell that is cut there (its standard deviation is a third of the limit, half for the skew).
    """

    skew_deg_max: float
    offset_mm_max: float
    scale_max: float
    stretch_max: float
    perspective_mm_max: float
    ripple_mm: tuple[float, float]
    blur_mm: tuple[float, float]
    white: tuple[float, float]
    black: tuple[float, float]
    gamma: tuple[float, float]
    shading: float
    noise: tuple[float, float]
    specks_per_page: float
    backing: tuple[float, float]
    jpeg_quality: tuple[int, int]
    show_through_share: float
    show_through: tuple[float, float]
    streak_share: float
    fold_share: float
    copy_share: float
    stain_share: float
    bilevel_share: float = 0.0
    dpi150_share: float = 0.0
    camera: CameraProfile | None = None


@dataclass(frozen=True, slots=True)
class StackProfile:
    """Faults of the stack: shares of sheets; a share above 0 gives at least one in a deck of fifty."""

    shuffled: bool
    pages_apart: bool
    upside_down: float
    sides_swapped: float
    missing_page: float
    scanned_twice: float
    blank_between: float
    foreign: float = 0.0


@dataclass(frozen=True, slots=True)
class Profile:
    """A whole deck's behaviour."""

    name: str
    people: PeopleProfile
    scanner: ScannerProfile
    stack: StackProfile
