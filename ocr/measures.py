"""What measuring hands to deciding: plain figures of every bubble, without pictures."""

from dataclasses import dataclass
from typing import NamedTuple


class BubbleMarks(NamedTuple):
    """What was measured at one bubble; shares in [0, 1], lengths in bubble radii, areas in bubble areas.

    Attributes:
        mean, core: mean darkness inside 0.74 r and inside 0.42 r (0 paper, 1 print black).
        p50, p90, peak: darkness inside that half, a tenth, a fiftieth of the pixels exceed.
        ink, dark, solid: share of the inside darker than 0.13, 0.35, 0.6.
        spread: standard deviation of darkness inside.
        sectors: share of the eight sectors of the inside that hold ink.
        near: share of the ring from 1.2 r to 1.8 r that is this bubble's ink; `near_sectors` of its sectors.
        diagonal: by how much that ink favours the diagonals, where the arms of a cross leave a bubble.
        far: area of this bubble's ink beyond 1.8 r.
        extent: distance from the centre that 95 % of its ink stays within.
        loose: area of nearby ink that touches no bubble's inside, long lines left out.
        shared: share of its ink whose stroke also marks another bubble's inside.
        long: share of its ink in a stroke group longer than 22 mm (a fold, a streak, a drawn line).
    """

    mean: float
    core: float
    p50: float
    p90: float
    peak: float
    ink: float
    dark: float
    solid: float
    spread: float
    sectors: float
    near: float
    near_sectors: float
    diagonal: float
    far: float
    extent: float
    loose: float
    shared: float
    long: float


class Surround(NamedTuple):
    """The ink that lies around one bubble and its label, whichever mark it hangs together with.

    Attributes:
        sectors: share of the eight sectors from 1.15 r to 2.0 r that hold ink; a loop lights most of them.
        foreign: area, in bubble areas, of ink beyond 1.15 r that belongs to another question or to no mark,
            long lines that pass all bubbles by left out.
        arms: darkness of the second faintest of four arms that leave the bubble on its diagonals, as those
            of a crossing-out do; `axes` of what leaves it between them.
        between: darkness of the inside between such arms, the second faintest of four places: a bare cross
            leaves paper there, a mark that was crossed out does not.
        outline: how much of the printed ring is seen, 1 as on the page's other rings: less where it is
            torn off, covered, or not where it should be. A filled bubble hides its own.
        traced: by how much the printed ring is darker than the page's other rings (0 to 1): somebody drew
            along it, or a copier lost a pale mark except where it lay upon the ring.
    """

    sectors: float
    foreign: float
    arms: float
    axes: float
    between: float
    outline: float
    traced: float


@dataclass(frozen=True, slots=True)
class PageMarks:
    """The measured page: one `BubbleMarks` and `Surround` per bubble in the layout's order, and the light.

    `white` is the median paper level inside the answer area, `black` the level of the printed markers.
    """

    bubbles: tuple[BubbleMarks, ...]
    surrounds: tuple[Surround, ...]
    white: float
    black: float
