"""The hand of testing decks: a pen driven in time, its ink laid down dot by dot.

A movement is a row of overlapping pushes, each with a lognormal speed (Plamondon, Biological Cybernetics
72, 1995); pressure and speed decide width and flow; the hand trembles at 8 to 12 Hz; a ball pen skips
where it is fast and leaves blobs where it rests; a pencil only touches the tops of the paper's tooth.
"""

import math
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from ocr.deck.chance import happens
from ocr.deck.ink import Box, Ink, Paper, Patch, box_of, boxes_of
from ocr.deck.strokes import Hand, Points, Stroke
from ocr.layout import Bubble

Floats = npt.NDArray[np.float32]
_STEP_S = 0.004
_LOG_SPREAD = 0.28
_LOG_MEDIAN_S = 0.11
_PUSH_S = 0.36
_FINE = 2
_AT_REST = 4.0
_QUICK = 30.0
_PENCIL_GRAIN = 0.3
_FIBRES_SIDE = 768


@dataclass(frozen=True, slots=True)
class _Pushes:
    """Aims of a movement, one after the other, and the share by which each push waits for the last."""

    aims: Points
    wait: float = 1.0


def fill(bubble: Bubble, hand: Hand, rng: np.random.Generator, cover: float = 1.0) -> list[Stroke]:
    """Blacken in two or three passes: to and fro, then across at another angle, then what stayed white."""
    radius = bubble.r_mm * cover * (1.0 + hand.slop * rng.uniform(-0.15, 0.12))
    at = _reached(bubble, hand, rng)
    first = hand.slant_rad - math.pi / 5 + rng.normal(0.0, 0.2)
    strokes = [_driven(_sweeps(at, radius, first, 0.34 + 0.2 * hand.slop, rng), hand, rng)]
    if happens(0.8, rng) - 0.4 * hand.slop:
        across = first + rng.uniform(0.7, 1.4)
        strokes.append(_driven(_sweeps(at, radius * 0.9, across, 0.55, rng), hand, rng))
    if happens(0.5, rng):
        rim = _around(at, (radius * 0.9, radius * 0.9), rng.uniform(0.5, 1.2), rng)
        strokes.append(_driven(rim, hand, rng))
    return strokes


def tick(bubble: Bubble, hand: Hand, rng: np.random.Generator, reach: float = 1.0) -> list[Stroke]:
    """Two pushes: a short one down, a long fast one up that runs out."""
    r, (x, y) = bubble.r_mm, _reached(bubble, hand, rng)
    far = reach * rng.uniform(0.9, 1.2 + 0.6 * hand.slop)
    aims = np.array(
        [
            (x - r * rng.uniform(0.55, 0.95), y - r * rng.uniform(0.0, 0.35)),
            (x - r * rng.uniform(-0.05, 0.2), y + r * rng.uniform(0.4, 0.75)),
            (x + r * rng.uniform(0.85, 1.25) * far, y - r * rng.uniform(0.85, 1.4) * far),
        ]
    )
    return [_driven(_Pushes(aims, 1.3), hand, rng)]


def cross(bubble: Bubble, hand: Hand, rng: np.random.Generator, reach: float = 1.0) -> list[Stroke]:
    """Two quick pushes that cross, the second often longer."""
    at, half = _reached(bubble, hand, rng), bubble.r_mm * reach
    lean = 0.35 * hand.slant_rad
    turns = (math.pi / 4 + lean, 3 * math.pi / 4 + lean)
    sizes = (half * rng.uniform(0.8, 1.15), half * rng.uniform(0.85, 1.25))
    return [
        _driven(_flick(at, turn + rng.normal(0.0, 0.13), size, rng), hand, rng)
        for turn, size in zip(turns, sizes, strict=True)
    ]


def line(bubble: Bubble, hand: Hand, rng: np.random.Generator, turn: float) -> list[Stroke]:
    """One push through the bubble, `turn` radians clockwise from the line of print."""
    half = bubble.r_mm * rng.uniform(0.9, 1.3)
    return [_driven(_flick(_reached(bubble, hand, rng), turn + rng.normal(0.0, 0.09), half, rng), hand, rng)]


def hatch(bubble: Bubble, hand: Hand, rng: np.random.Generator) -> list[Stroke]:
    """Pushes side by side, each from the same side, the pen lifted on the way back."""
    (x, y), turn = _reached(bubble, hand, rng), math.pi / 4 * rng.choice([-1.0, -1.0, 1.0])
    turn += 0.3 * hand.slant_rad
    strokes, off = [], -0.75 * bubble.r_mm
    while off < 0.8 * bubble.r_mm:
        half = math.sqrt(max(bubble.r_mm**2 - off**2, 0.3)) * rng.uniform(0.85, 1.15)
        middle = (x - off * math.sin(turn), y + off * math.cos(turn))
        strokes.append(_driven(_flick(middle, turn, half, rng), hand, rng))
        off += bubble.r_mm * rng.uniform(0.32, 0.5)
    return strokes


def spiral(bubble: Bubble, hand: Hand, rng: np.random.Generator) -> list[Stroke]:
    """A curl that opens, drawn in one go."""
    x, y = _reached(bubble, hand, rng)
    turns, start = rng.uniform(2.2, 3.4), rng.uniform(0.0, math.tau)
    angles = np.linspace(0.0, math.tau * turns, round(10 * turns)) * rng.choice([-1.0, 1.0])
    radii = bubble.r_mm * rng.uniform(0.9, 1.15) * np.linspace(0.1, 1.0, angles.size) ** 0.9
    aims = np.column_stack((x + radii * np.cos(start + angles), y + radii * np.sin(start + angles)))
    return [_driven(_Pushes(aims, 0.42), hand, rng)]


def loop(
    centre: tuple[float, float], radii: tuple[float, float], hand: Hand, rng: np.random.Generator
) -> list[Stroke]:
    """Once around, a little open or a little over."""
    return [_driven(_around(centre, radii, rng.uniform(0.95, 1.2), rng), hand, rng)]


def stray(x_mm: float, y_mm: float, hand: Hand, rng: np.random.Generator) -> list[Stroke]:
    """The pen falls on the paper and is dragged off, or only rests."""
    length = rng.uniform(0.1, 0.25) if happens(0.4, rng) else rng.uniform(1.5, 5.5)
    turn = rng.uniform(0.0, math.tau)
    aims = np.array([(x_mm, y_mm), (x_mm + length * math.cos(turn), y_mm + length * math.sin(turn))])
    return [_driven(_Pushes(aims), hand, rng, rng.uniform(0.5, 0.9))]


def handwriting(
    x_mm: float, y_mm: float, width_mm: float, hand: Hand, rng: np.random.Generator
) -> list[Stroke]:
    """A line of words: pushes up and down while the hand moves on, dots and bars over some."""
    strokes: list[Stroke] = []
    tall, end_mm = rng.uniform(1.5, 2.3), x_mm + width_mm
    while x_mm < end_mm - 2.5 * tall:
        pushes = int(rng.integers(3, 14))
        ups = tall * rng.choice([0.85, 0.95, 1.0, 1.05, 1.9], pushes)
        heights = np.where(np.arange(pushes) % 2 == 0, 0.0, -ups)
        steps = np.cumsum(tall * rng.uniform(0.15, 0.4, pushes))
        inside = x_mm + steps < end_mm
        aims = np.column_stack((x_mm + steps, y_mm + heights))[inside]
        strokes.append(_driven(_Pushes(aims, 0.85), hand, rng))
        if happens(0.6, rng):
            x, y = x_mm + steps[len(steps) // 2], y_mm - 1.4 * tall
            strokes.append(_driven(_Pushes(np.array([(x, y), (x + 0.6, y - 0.3)])), hand, rng))
        x_mm = float(aims[-1, 0]) + tall * rng.uniform(0.6, 1.3)
    return strokes


def lay_ink(paper: Paper, strokes: list[Stroke], ink: Ink, rng: np.random.Generator) -> Patch | None:
    """Lay ink down in place dot by dot; None where the strokes lie outside the page."""
    box = box_of(paper, strokes, ink)
    if box is None:
        return None
    region = paper.pixels[box.top : box.bottom, box.left : box.right]
    before = region.copy()
    dose = np.zeros((region.shape[0] * _FINE, region.shape[1] * _FINE), dtype=np.float32)
    for stroke, own in boxes_of(paper, strokes, ink):
        laid = _dots(stroke, ink, paper, own)
        dose[own.within(box, _FINE)] += np.float32(ink.pressure * stroke.pressure) * laid
    fibres = _fibres(dose.shape, rng)
    if ink.grain > _PENCIL_GRAIN:  # graphite rubs off on what stands up
        lead = 1.0 / (1.0 + np.exp((np.float32(1.15 * ink.grain) * fibres - 0.9 * dose + 0.1) / 0.09))
        covered = lead * (1.0 - np.exp(np.float32(-3.0) * dose))
    else:
        covered = (1.0 - np.exp(np.float32(-2.6) * dose)) * (1.0 - np.float32(ink.grain) * fibres)
    share = cv2.resize(covered.astype(np.float32), region.shape[::-1], interpolation=cv2.INTER_AREA)
    darkened = before * (1.0 - share * np.float32(1.0 - ink.grey / 255.0))
    region[:] = np.clip(darkened + 0.5, 0, 255).astype(np.uint8)
    return Patch(box.left, box.top, before, region.copy())


def _dots(stroke: Stroke, ink: Ink, paper: Paper, box: Box) -> Floats:
    """Ink on the fine raster of the box: about 1 in the middle of a line drawn with a flow of 1."""
    shape = (box.shape[0] * _FINE, box.shape[1] * _FINE)
    at = (stroke.points * (paper.x_scale, paper.y_scale) - box[:2]) * _FINE
    steps = np.hypot(*np.diff(at, axis=0, prepend=at[:1]).T)
    flow = np.ones(len(at)) if stroke.flow is None else stroke.flow
    width = np.ones(len(at)) if stroke.width is None else stroke.width
    rested = 0.06 * _FINE * paper.x_scale / 8.0  # ink that runs out of a pen that stands still
    given = flow * (steps + rested * np.exp(-steps))
    columns, rows = np.floor(at).astype(int).T
    inside = (columns >= 0) & (columns < shape[1]) & (rows >= 0) & (rows < shape[0])
    laid = np.zeros(shape, dtype=np.float32)
    sizes = np.round(width * 4).astype(int)
    for size in np.unique(sizes[inside]):
        chosen = inside & (sizes == size)
        spot = np.bincount(
            rows[chosen] * shape[1] + columns[chosen], given[chosen], shape[0] * shape[1]
        ).reshape(shape)
        ball = _ball(round(float(size) / 4 * ink.width_mm * paper.x_scale * _FINE * 4) / 8)
        laid += cv2.filter2D(spot.astype(np.float32), -1, ball, borderType=cv2.BORDER_CONSTANT)
    return laid


@cache
def _ball(radius_px: float) -> Floats:
    """The disc that a dot marks; a row of dots a pixel apart adds up to 1 in its middle."""
    radius = max(radius_px, 0.6)
    reach = math.ceil(radius)
    rows, columns = np.indices((2 * reach + 1, 2 * reach + 1)) - reach
    disc = np.clip(radius + 0.5 - np.hypot(rows, columns), 0.0, 1.0)
    return np.asarray(disc / disc[reach].sum(), dtype=np.float32)


def _driven(pushes: _Pushes, hand: Hand, rng: np.random.Generator, pressure: float = 1.0) -> Stroke:
    """Where the pen is every 4 ms, how hard it presses, and what ink comes out."""
    aims = pushes.aims + rng.normal(0.0, 0.5 * hand.jitter_mm, pushes.aims.shape)
    ways = np.diff(aims, axis=0)
    lengths = np.hypot(ways[:, 0], ways[:, 1])
    waits = pushes.wait * _LOG_MEDIAN_S * np.maximum(lengths / 3.0, 0.2) ** 0.35
    onsets = np.concatenate(([0.0], np.cumsum(waits)[:-1]))
    bows = lengths * rng.normal(0.0, 0.05, lengths.size)
    points = aims[0] + _pushed(ways, onsets, bows / np.maximum(lengths, 1e-6))
    points += _tremor(np.linspace(0.0, len(points) * _STEP_S, len(points)), hand, rng)
    speed = np.hypot(*np.gradient(points, axis=0).T) / _STEP_S
    moving = _moving(speed, rng)
    points, speed = points[moving], speed[moving]
    pressed = _pressure(len(points), rng)
    slowness = np.exp(-speed / 60.0)
    return Stroke(points, pressure, width=0.82 * pressed + 0.3 * slowness, flow=_flow(speed, pressed, rng))


def _pushed(ways: Points, onsets: Points, bows: Points) -> Points:
    """How far the pen has come, every `_STEP_S`: the sum of what each push has done by then.

    `bows` is by what share of its length a push swings out sideways.
    """
    first = np.floor(onsets / _STEP_S).astype(int)
    steps = np.arange(math.ceil(_PUSH_S / _STEP_S))
    since = np.maximum((first[:, None] + steps) * _STEP_S - onsets[:, None], 1e-6)
    done = ndtr((np.log(since) - math.log(_LOG_MEDIAN_S)) / _LOG_SPREAD)
    ahead = np.diff(done, axis=1, prepend=0.0)
    aside = np.diff(np.sin(math.pi * done), axis=1, prepend=0.0) * bows[:, None]
    at = (first[:, None] + steps).ravel()
    x = np.bincount(at, (ahead * ways[:, :1] - aside * ways[:, 1:]).ravel())
    y = np.bincount(at, (ahead * ways[:, 1:] + aside * ways[:, :1]).ravel())
    return np.column_stack((np.cumsum(x), np.cumsum(y)))


def _moving(speed: Points, rng: np.random.Generator) -> slice:
    """From the first movement until a moment after the last: the pen rests there before it lifts."""
    fast = np.flatnonzero(speed > _AT_REST)
    if fast.size == 0:
        return slice(0, len(speed))
    return slice(max(0, int(fast[0]) - int(rng.integers(1, 6))), int(fast[-1]) + int(rng.integers(2, 8)))


def _tremor(time: Points, hand: Hand, rng: np.random.Generator) -> Points:
    """Shaking of a few hundredths of a millimetre in both directions."""
    hertz, phases = rng.uniform(8.0, 12.0, (3, 2)), rng.uniform(0.0, math.tau, (3, 2))
    waves = np.sin(math.tau * time[:, None, None] * hertz + phases).sum(axis=1)
    return np.asarray(0.25 * hand.jitter_mm * waves, dtype=np.float64)


def _pressure(count: int, rng: np.random.Generator) -> Points:
    """Around 1: up at once, down at the end, uneven between."""
    knots = rng.normal(1.0, 0.12, max(3, count // 40 + 2))
    uneven = np.interp(np.linspace(0.0, 1.0, count), np.linspace(0.0, 1.0, knots.size), knots)
    place = np.arange(count)
    return np.asarray(
        np.clip(
            uneven * (1.0 - 0.5 * np.exp(-place / 2.0)) * (1.0 - 0.6 * np.exp(-place[::-1] / 3.0)), 0.2, 1.4
        )
    )


def _flow(speed: Points, pressed: Points, rng: np.random.Generator) -> Points:
    """Ink a millimetre: less when fast; dry at first now and then; skipping where a ball slips."""
    flow = pressed * (1.0 - 0.35 * np.minimum(speed / 150.0, 1.0))
    travelled = np.cumsum(speed) * _STEP_S
    if happens(0.2, rng):
        flow *= 1.0 - 0.7 * np.exp(-travelled / rng.uniform(0.3, 1.5))
    knots = rng.random(max(2, int(travelled[-1] / 0.4) + 2)) if len(travelled) else np.ones(2)
    slipping = np.interp(travelled, np.arange(knots.size) * 0.4, knots) > 1.0 - rng.uniform(0.0, 0.08)
    return np.asarray(np.where(slipping & (speed > _QUICK), 0.25 * flow, flow), dtype=np.float64)


def _reached(bubble: Bubble, hand: Hand, rng: np.random.Generator) -> tuple[float, float]:
    """Where a movement ends up: spread along its direction more than across it."""
    spread = bubble.r_mm * (0.05 + 0.13 * hand.slop)
    along, across = rng.normal(0.0, spread), rng.normal(0.0, 0.6 * spread)
    return bubble.x_mm + along * 0.8 - across * 0.6, bubble.y_mm + along * 0.6 + across * 0.8


def _flick(centre: tuple[float, float], turn: float, half: float, rng: np.random.Generator) -> _Pushes:
    way = np.array((math.cos(turn), math.sin(turn))) * half
    back, far = rng.uniform(0.9, 1.1), rng.uniform(0.9, 1.1)
    return _Pushes(np.array([centre - back * way, centre + far * way]))


def _sweeps(
    at: tuple[float, float], radius: float, turn: float, lane_mm: float, rng: np.random.Generator
) -> _Pushes:
    """To and fro across a disc, each turn a little further."""
    offs = np.arange(-radius, radius, lane_mm * 0.5)
    halves = np.sqrt(np.maximum(radius**2 - offs**2, 0.02)) * rng.uniform(0.95, 1.12, offs.size)
    us = halves * np.where(np.arange(offs.size) % 2 == 0, -1.0, 1.0)
    x = at[0] + us * math.cos(turn) - offs * math.sin(turn)
    return _Pushes(np.column_stack((x, at[1] + us * math.sin(turn) + offs * math.cos(turn))), 1.05)


def _around(
    centre: tuple[float, float], radii: tuple[float, float], turns: float, rng: np.random.Generator
) -> _Pushes:
    angles = np.linspace(0.0, math.tau * turns, max(8, round(12 * turns)))
    angles = rng.uniform(0.0, math.tau) + angles * (-1.0 if happens(0.75, rng) else 1.0)
    sizes = 1.06 * (1.0 + np.linspace(0.0, rng.normal(0.0, 0.08), angles.size))
    x, y = centre[0] + radii[0] * sizes * np.cos(angles), centre[1] + radii[1] * sizes * np.sin(angles)
    return _Pushes(np.column_stack((x, y)), 0.42)


def _fibres(shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """A random window of the heights of paper, in [0, 1]."""
    fibres = _fibre_bank()
    y, x = (int(rng.integers(0, _FIBRES_SIDE)) for _axis in range(2))
    rows, columns = (np.arange(shape[0]) + y) % _FIBRES_SIDE, (np.arange(shape[1]) + x) % _FIBRES_SIDE
    return np.asarray(fibres[np.ix_(rows, columns)], dtype=np.float32)


@cache
def _fibre_bank() -> Floats:
    """Paper as felted fibres: short bent hairs in all directions, ranked so that heights are even."""
    rng = np.random.default_rng(20_210_521)
    felt = np.zeros((_FIBRES_SIDE, _FIBRES_SIDE), dtype=np.float32)
    for _layer in range(4):
        hairs = np.zeros_like(felt)
        starts = rng.integers(0, _FIBRES_SIDE, (2500, 2))
        turns, lengths = rng.uniform(0.0, math.pi, 2500), rng.uniform(4.0, 22.0, 2500)
        ends = starts + np.round(np.stack((np.cos(turns), np.sin(turns)), axis=1) * lengths[:, None]).astype(
            int
        )
        heights = rng.uniform(0.4, 1.0, 2500)
        for start, end, height in zip(starts.tolist(), ends.tolist(), heights.tolist(), strict=True):
            cv2.line(hairs, start, end, height, 1)
        felt += hairs
    soft = cv2.GaussianBlur(felt, (0, 0), 0.8) + rng.random(felt.shape, dtype=np.float32) * np.float32(0.05)
    ranks = np.empty(soft.size, dtype=np.float32)
    ranks[np.argsort(soft, axis=None)] = np.linspace(0.0, 1.0, soft.size, dtype=np.float32)
    return ranks.reshape(soft.shape)
