"""How people and scanners behave, as data: `clean`, `office` (ordinary), `rough` and `stress`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
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


class Event(StrEnum):
    """What happened at an answer; `STRAY`, `ERASURE` and `OVERFLOW` leave it plain to a human eye."""

    PLAIN = "plain"
    BLANK = "blank"
    DOUBLE = "double"
    CORRECTION = "correction"
    ERASURE = "erasure"
    STRAY = "stray"
    OVERFLOW = "overflow"


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
    """Shares of writers (styles, pens: weights) and of answers (events: probabilities)."""

    styles: tuple[tuple[Style, float], ...]
    pens: tuple[tuple[str, float], ...]
    events: tuple[tuple[Event, float], ...]
    sloppiness: tuple[float, float]
    other_style: float
    straight_liners: float
    comment: float


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


@dataclass(frozen=True, slots=True)
class Profile:
    """A whole deck's behaviour."""

    name: str
    people: PeopleProfile
    scanner: ScannerProfile
    stack: StackProfile


_STYLES = (
    (Style.FILL, 0.55),
    (Style.TICK, 0.16),
    (Style.CROSS, 0.15),
    (Style.SLASH, 0.05),
    (Style.DOT, 0.06),
    (Style.CIRCLE, 0.03),
)

CLEAN = Profile(
    name="clean",
    people=PeopleProfile(
        styles=((Style.FILL, 1.0),),
        pens=(("black", 0.5), ("blue", 0.5)),
        events=((Event.BLANK, 0.01),),
        sloppiness=(0.0, 0.3),
        other_style=0.0,
        straight_liners=0.05,
        comment=0.1,
    ),
    scanner=ScannerProfile(
        skew_deg_max=0.3,
        offset_mm_max=1.0,
        scale_max=0.002,
        stretch_max=0.0005,
        perspective_mm_max=0.0,
        ripple_mm=(0.0, 0.0),
        blur_mm=(0.03, 0.06),
        white=(245, 252),
        black=(10, 30),
        gamma=(0.95, 1.05),
        shading=0.01,
        noise=(1.0, 2.0),
        specks_per_page=1.0,
        backing=(245, 255),
        jpeg_quality=(85, 90),
        show_through_share=0.0,
        show_through=(0.0, 0.0),
        streak_share=0.0,
        fold_share=0.0,
        copy_share=0.0,
        stain_share=0.0,
    ),
    stack=StackProfile(
        shuffled=False,
        pages_apart=False,
        upside_down=0.0,
        sides_swapped=0.0,
        missing_page=0.0,
        scanned_twice=0.0,
        blank_between=0.0,
    ),
)

OFFICE = Profile(
    name="office",
    people=PeopleProfile(
        styles=_STYLES,
        pens=(("black", 0.30), ("blue", 0.56), ("red", 0.03), ("pencil", 0.08), ("faint pencil", 0.03)),
        events=(
            (Event.BLANK, 0.02),
            (Event.DOUBLE, 0.005),
            (Event.CORRECTION, 0.01),
            (Event.ERASURE, 0.004),
            (Event.STRAY, 0.006),
            (Event.OVERFLOW, 0.01),
        ),
        sloppiness=(0.0, 1.0),
        other_style=0.02,
        straight_liners=0.08,
        comment=0.15,
    ),
    scanner=ScannerProfile(
        skew_deg_max=1.5,
        offset_mm_max=3.0,
        scale_max=0.005,
        stretch_max=0.002,
        perspective_mm_max=0.5,
        ripple_mm=(0.0, 0.0),
        blur_mm=(0.05, 0.13),
        white=(228, 252),
        black=(12, 50),
        gamma=(0.85, 1.2),
        shading=0.04,
        noise=(1.5, 5.0),
        specks_per_page=6.0,
        backing=(200, 255),
        jpeg_quality=(70, 80),
        show_through_share=0.15,
        show_through=(0.01, 0.06),
        streak_share=0.02,
        fold_share=0.02,
        copy_share=0.0,
        stain_share=0.0,
    ),
    stack=StackProfile(
        shuffled=True,
        pages_apart=False,
        upside_down=0.05,
        sides_swapped=0.03,
        missing_page=0.005,
        scanned_twice=0.005,
        blank_between=0.01,
    ),
)

ROUGH = Profile(
    name="rough",
    people=PeopleProfile(
        styles=_STYLES,
        pens=(("black", 0.22), ("blue", 0.45), ("red", 0.08), ("pencil", 0.15), ("faint pencil", 0.10)),
        events=(
            (Event.BLANK, 0.04),
            (Event.DOUBLE, 0.01),
            (Event.CORRECTION, 0.025),
            (Event.ERASURE, 0.015),
            (Event.STRAY, 0.02),
            (Event.OVERFLOW, 0.03),
        ),
        sloppiness=(0.3, 1.0),
        other_style=0.06,
        straight_liners=0.12,
        comment=0.25,
    ),
    scanner=ScannerProfile(
        skew_deg_max=4.0,
        offset_mm_max=5.0,
        scale_max=0.015,
        stretch_max=0.006,
        perspective_mm_max=2.5,
        ripple_mm=(0.0, 0.5),
        blur_mm=(0.08, 0.25),
        white=(205, 252),
        black=(10, 75),
        gamma=(0.7, 1.4),
        shading=0.12,
        noise=(3.0, 10.0),
        specks_per_page=30.0,
        backing=(20, 255),
        jpeg_quality=(35, 65),
        show_through_share=0.3,
        show_through=(0.02, 0.12),
        streak_share=0.12,
        fold_share=0.15,
        copy_share=0.4,
        stain_share=0.1,
    ),
    stack=StackProfile(
        shuffled=True,
        pages_apart=True,
        upside_down=0.15,
        sides_swapped=0.1,
        missing_page=0.02,
        scanned_twice=0.02,
        blank_between=0.03,
    ),
)

# What is rare in an office is common here, so that a reader's faults with it show on few sheets.
STRESS = Profile(
    name="stress",
    people=replace(
        OFFICE.people,
        styles=tuple((style, 1 / len(Style)) for style in Style),
        other_style=0.0,
        events=(
            (Event.BLANK, 0.10),
            (Event.DOUBLE, 0.20),
            (Event.CORRECTION, 0.30),
            (Event.ERASURE, 0.05),
            (Event.STRAY, 0.10),
            (Event.OVERFLOW, 0.10),
        ),
    ),
    scanner=OFFICE.scanner,
    stack=CLEAN.stack,
)

PROFILES: Mapping[str, Profile] = MappingProxyType({p.name: p for p in (CLEAN, OFFICE, ROUGH, STRESS)})
