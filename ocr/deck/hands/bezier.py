"""The hand of checking decks: cubic curves, wider where the pen is slow, ink that soaks into the paper.

Speed follows the two-thirds power law of hand movement: it falls with the curvature to the power of 1/3
(Lacquaniti, Terzuolo & Viviani, Acta Psychologica 54, 1983).
"""

import math
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from ocr.deck.chance import happens
from ocr.deck.ink import Box, Ink, Paper, Patch, box_of, boxes_of
from ocr.deck.strokes import Hand, Points, Stroke
from ocr.layout import Bubble

Via = list[tuple[float, float]]
Floats = npt.NDArray[np.float32]
_SPACING_MM = 0.15
_FINE = 3
_TOOTH_SIDE = 640
_FORGETTING = 0.85 ** np.arange(30) * math.sqrt(1.0 - 0.85**2)


def fill(bubble: Bubble, hand: Hand, rng: np.random.Generator, cover: float = 1.0) -> list[Stroke]:
    """An outline first, then bowed lines to and fro; or coils that wander across the bubble."""
    radius = bubble.r_mm * cover * (1.0 - hand.slop * rng.uniform(-0.1, 0.15))
    centre = _landed(bubble, hand, rng)
    if happens(0.35, rng):
        return [_through(_coils(centre, radius, hand, rng), hand, rng)]
    outline = _oval(centre, (radius * 0.85, radius * 0.85), 1.1, rng)
    return [_through(outline, hand, rng), _through(_bows(centre, radius, hand, rng), hand, rng)]


def tick(bubble: Bubble, hand: Hand, rng: np.random.Generator, reach: float = 1.0) -> list[Stroke]:
    """A hook: a bent way down, a swing up that straightens."""
    r, (x, y) = bubble.r_mm, _landed(bubble, hand, rng)
    up = reach * (1.0 + 0.6 * hand.slop * rng.random())
    via = [
        (x - r * rng.uniform(0.6, 0.9), y - r * rng.uniform(-0.1, 0.3)),
        (x - r * rng.uniform(0.3, 0.45), y + r * rng.uniform(0.1, 0.3)),
        (x - r * rng.uniform(0.0, 0.15), y + r * rng.uniform(0.45, 0.7)),
        (x + r * 0.4 * up, y - r * rng.uniform(0.1, 0.35) * up),
        (x + r * rng.uniform(0.8, 1.3) * up, y - r * rng.uniform(0.9, 1.5) * up),
    ]
    return [_through(via, hand, rng)]


def cross(bubble: Bubble, hand: Hand, rng: np.random.Generator, reach: float = 1.0) -> list[Stroke]:
    """Two bent diagonals; one person in four draws them without lifting the pen."""
    centre, lean = _landed(bubble, hand, rng), hand.slant_rad * 0.3
    half = bubble.r_mm * reach * rng.uniform(0.85, 1.15)
    down = _ray(centre, math.pi / 4 + lean + rng.normal(0.0, 0.1), half, rng)
    up = _ray(centre, 3 * math.pi / 4 + lean + rng.normal(0.0, 0.1), half * rng.uniform(0.85, 1.15), rng)
    if happens(0.25, rng):
        return [_through([*down, *up[::-1]], hand, rng)]
    return [_through(down, hand, rng), _through(up, hand, rng)]


def line(bubble: Bubble, hand: Hand, rng: np.random.Generator, turn: float) -> list[Stroke]:
    """One bent stroke through the bubble, `turn` radians clockwise from the line of print."""
    half = bubble.r_mm * rng.uniform(0.85, 1.35)
    return [_through(_ray(_landed(bubble, hand, rng), turn + rng.normal(0.0, 0.1), half, rng), hand, rng)]


def hatch(bubble: Bubble, hand: Hand, rng: np.random.Generator) -> list[Stroke]:
    """Parallel strokes, lifted between, the middle ones longer."""
    (x, y), count = _landed(bubble, hand, rng), int(rng.integers(3, 7))
    turn = rng.choice([-1.0, 1.0]) * math.pi / 4 + hand.slant_rad * 0.4
    strokes = []
    for lane in (np.arange(count) + 0.5) / count * 2 - 1:
        off = lane * bubble.r_mm * 0.8
        half = bubble.r_mm * math.sqrt(max(1.05 - lane * lane, 0.15)) * rng.uniform(0.8, 1.1)
        middle = (x - off * math.sin(turn), y + off * math.cos(turn))
        strokes.append(_through(_ray(middle, turn + rng.normal(0.0, 0.05), half, rng), hand, rng))
    return strokes


def spiral(bubble: Bubble, hand: Hand, rng: np.random.Generator) -> list[Stroke]:
    """Inwards or outwards, the turns a little uneven."""
    x, y = _landed(bubble, hand, rng)
    turns, outer = rng.uniform(2.0, 3.5), bubble.r_mm * rng.uniform(0.8, 1.05)
    angles = np.arange(0.0, math.tau * turns, math.pi / 4)
    radii = outer * (0.1 + 0.9 * angles / angles[-1]) * rng.normal(1.0, 0.05, angles.size)
    spin, start = rng.choice([-1.0, 1.0]), rng.uniform(0.0, math.tau)
    via = [
        (x + r * math.cos(start + spin * a), y + r * math.sin(start + spin * a))
        for a, r in zip(angles, radii, strict=True)
    ]
    return [_through(via if happens(0.5, rng) else via[::-1], hand, rng)]


def loop(
    centre: tuple[float, float], radii: tuple[float, float], hand: Hand, rng: np.random.Generator
) -> list[Stroke]:
    """An oval that begins at the top, its end crossing its beginning or stopping short."""
    return [_through(_oval(centre, radii, rng.uniform(0.94, 1.15), rng), hand, rng)]


def stray(x_mm: float, y_mm: float, hand: Hand, rng: np.random.Generator) -> list[Stroke]:
    """A small hook where the pen slipped, or the spot where it rested."""
    if happens(0.35, rng):
        return [_through([(x_mm, y_mm), (x_mm + 0.1, y_mm), (x_mm + 0.12, y_mm + 0.08)], hand, rng)]
    turn, length = rng.uniform(0.0, math.tau), rng.uniform(1.2, 5.0)
    end = (x_mm + length * math.cos(turn), y_mm + length * math.sin(turn))
    bend = ((x_mm + end[0]) / 2 + rng.normal(0.0, 0.4), (y_mm + end[1]) / 2 + rng.normal(0.0, 0.4))
    return [_through([(x_mm, y_mm), bend, end], hand, rng, rng.uniform(0.4, 0.9))]


def handwriting(
    x_mm: float, y_mm: float, width_mm: float, hand: Hand, rng: np.random.Generator
) -> list[Stroke]:
    """Words of arches, cups and loops on one line, with marks above as Vietnamese has them."""
    strokes: list[Stroke] = []
    size, end_mm = rng.uniform(1.5, 2.4), x_mm + width_mm
    while x_mm < end_mm - 3 * size:
        word: Via = [(x_mm, y_mm)]
        for _letter in range(int(rng.integers(1, 6))):
            step = size * rng.uniform(0.5, 0.9)
            high = size * float(rng.choice([1.0, 1.0, 1.0, 1.0, 2.0]))
            low = size * (0.8 if happens(0.12, rng) else 0.0)
            word += [(x_mm + step * 0.4, y_mm - high), (x_mm + step * 0.75, y_mm + low), (x_mm + step, y_mm)]
            x_mm += step
            if x_mm > end_mm - size:
                break
        strokes.append(_through(word, hand, rng))
        if happens(0.7, rng):
            at = (x_mm - size * rng.uniform(0.3, 1.0), y_mm - size * 1.4)
            accent = [at, (at[0] + 0.4, at[1] - rng.uniform(0.0, 0.5)), (at[0] + 0.8, at[1])]
            strokes.append(_through(accent, hand, rng))
        x_mm += size * rng.uniform(0.7, 1.2)
    return strokes


def lay_ink(paper: Paper, strokes: list[Stroke], ink: Ink, rng: np.random.Generator) -> Patch | None:
    """Soak ink into the paper in place; None where the strokes lie outside the page.

    Ink adds up where strokes cross, and light gets through it by the law of Beer and Lambert.
    """
    box = box_of(paper, strokes, ink)
    if box is None:
        return None
    region = paper.pixels[box.top : box.bottom, box.left : box.right]
    before = region.copy()
    amount = np.zeros(region.shape, dtype=np.float32)
    for stroke, own in boxes_of(paper, strokes, ink):
        amount[own.within(box)] += np.float32(ink.pressure * stroke.pressure) * _soaked(
            stroke, ink, paper, own
        )
    rough = 1.0 - np.float32(1.6 * ink.grain) * _tooth(region.shape, rng)
    absorbed = np.clip(amount * rough, 0.0, None) * np.float32(-math.log(max(ink.grey, 4.0) / 255.0))
    region[:] = np.clip(before * np.exp(-absorbed) + 0.5, 0, 255).astype(np.uint8)
    return Patch(box.left, box.top, before, region.copy())


def _soaked(stroke: Stroke, ink: Ink, paper: Paper, box: Box) -> Floats:
    """How much ink lies on each pixel of the box, about 1 in the middle of a slow line."""
    rows, columns = box.shape
    canvas = np.zeros((rows * _FINE, columns * _FINE), dtype=np.uint8)
    at = np.round((stroke.points * (paper.x_scale, paper.y_scale) - box[:2]) * _FINE * 8).astype(int)
    widths = np.ones(len(at)) if stroke.width is None else stroke.width
    pens = np.maximum(1, np.round(widths * ink.width_mm * paper.x_scale * _FINE)).astype(int)
    for (a, b), thickness in zip(pairwise(at.tolist()), pens[1:].tolist(), strict=True):
        cv2.line(canvas, a, b, 255, thickness, cv2.LINE_8, 3)
    bleeding = 0.03 * paper.x_scale * _FINE
    soft = cv2.GaussianBlur(canvas, (0, 0), bleeding)
    coarse = cv2.resize(soft, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(coarse, dtype=np.float32) / np.float32(235.0)


def _through(via: Via, hand: Hand, rng: np.random.Generator, pressure: float = 1.0) -> Stroke:
    """A smooth curve of cubic Bezier pieces through points that the hand misses a little."""
    corners = np.asarray(via, dtype=np.float64)
    corners = corners + rng.normal(0.0, 0.5 * hand.jitter_mm, corners.shape)
    tangents = np.gradient(corners, axis=0) * rng.uniform(0.75, 1.1)
    points = _curve(corners, tangents)
    points += _drift(len(points), hand.jitter_mm, rng)
    speed = _speed(points)
    return Stroke(points, pressure, width=1.2 - 0.4 * speed + rng.normal(0.0, 0.02, len(points)))


def _curve(corners: Points, tangents: Points) -> Points:
    """Points about every `_SPACING_MM` along the Bezier pieces between the corners."""
    gaps = np.hypot(*np.diff(corners, axis=0).T)
    counts = np.maximum(2, np.ceil(gaps / _SPACING_MM)).astype(int)
    piece = np.repeat(np.arange(counts.size), counts)
    t = ((np.arange(piece.size) - (np.cumsum(counts) - counts)[piece]) / counts[piece])[:, None]
    u, a, d = 1.0 - t, corners[piece], corners[piece + 1]
    b, c = a + tangents[piece] / 3.0, d - tangents[piece + 1] / 3.0
    way = u**3 * a + 3 * u**2 * t * b + 3 * u * t**2 * c + t**3 * d
    return np.concatenate([way, corners[-1:]])


def _drift(count: int, jitter_mm: float, rng: np.random.Generator) -> Points:
    """A wandering error that forgets itself over about a millimetre."""
    pushes = rng.normal(0.0, 0.6 * jitter_mm, (count + _FORGETTING.size - 1, 2))
    wander = [np.convolve(pushes[:, axis], _FORGETTING, "valid") for axis in (0, 1)]
    return np.asarray(np.column_stack(wander), dtype=np.float64)


def _speed(points: Points) -> Points:
    """Speed in [0, 1] along a curve: slow in bends, and where the pen comes down and lifts."""
    steps = np.gradient(points, axis=0)
    turns = np.gradient(steps, axis=0)
    length = np.maximum(np.hypot(steps[:, 0], steps[:, 1]), 1e-6)
    curvature = np.abs(steps[:, 0] * turns[:, 1] - steps[:, 1] * turns[:, 0]) / length**3
    speed = np.minimum((curvature + 0.15) ** (-1 / 3), 2.0) / 2.0
    along = np.arange(len(points)) * _SPACING_MM
    ends = np.minimum(1.0, 0.3 + np.minimum(along, along[::-1]) / 1.0)
    smooth = np.convolve(np.pad(speed, 3, mode="edge"), np.full(7, 1 / 7), "valid")
    return np.asarray(smooth * ends, dtype=np.float64)


def _landed(bubble: Bubble, hand: Hand, rng: np.random.Generator) -> tuple[float, float]:
    """Where the pen comes down: hands reach a little short, to the lower right for most."""
    miss = bubble.r_mm * (0.04 + 0.12 * hand.slop)
    return bubble.x_mm + rng.normal(0.3 * miss, miss), bubble.y_mm + rng.normal(0.3 * miss, miss)


def _ray(centre: tuple[float, float], turn: float, half: float, rng: np.random.Generator) -> Via:
    bow = half * rng.normal(0.0, 0.08)
    across = (-math.sin(turn) * bow, math.cos(turn) * bow)
    ends = [(centre[0] + s * half * math.cos(turn), centre[1] + s * half * math.sin(turn)) for s in (-1, 1)]
    return [ends[0], (centre[0] + across[0], centre[1] + across[1]), ends[1]]


def _oval(
    centre: tuple[float, float], radii: tuple[float, float], turns: float, rng: np.random.Generator
) -> Via:
    start = -math.pi / 2 + rng.normal(0.0, 0.5)
    angles = start - np.linspace(0.0, math.tau * turns, max(8, round(9 * turns)))
    swell = 1.0 + np.linspace(0.0, rng.normal(0.0, 0.1), angles.size) + rng.normal(0.0, 0.03, angles.size)
    return [
        (centre[0] + radii[0] * s * math.cos(a), centre[1] + radii[1] * s * math.sin(a))
        for a, s in zip(angles, swell, strict=True)
    ]


def _bows(centre: tuple[float, float], radius: float, hand: Hand, rng: np.random.Generator) -> Via:
    turn, lanes = -math.pi / 4 + hand.slant_rad, max(4, round(2 * radius / (0.3 + 0.25 * hand.slop)))
    via: Via = []
    for lane in range(lanes + 1):
        off = -radius + 2 * radius * lane / lanes
        half = math.sqrt(max(radius * radius - off * off, 0.0)) * rng.uniform(0.85, 1.05)
        side = 1.0 if lane % 2 else -1.0
        for u in (0.0, side * half):
            v = off - 0.15 * radius * (1.0 - (u / radius) ** 2) * rng.random()
            x = centre[0] + u * math.cos(turn) - v * math.sin(turn)
            via.append((x, centre[1] + u * math.sin(turn) + v * math.cos(turn)))
    return via


def _coils(centre: tuple[float, float], radius: float, hand: Hand, rng: np.random.Generator) -> Via:
    """Loops that wander to and fro across the bubble."""
    turns = rng.uniform(9.0, 13.0) * (1.0 - 0.2 * hand.slop)
    angles = np.arange(0.0, math.tau * turns, math.pi / 3)
    wander = 0.4 * radius * np.sin(angles * rng.uniform(0.2, 0.4) + rng.uniform(0.0, math.tau))
    size = radius * (0.35 + 0.4 * (np.arange(angles.size) % 5) / 4)
    direction = rng.uniform(0.0, math.pi)
    return [
        (
            centre[0] + w * math.cos(direction) + s * math.cos(a),
            centre[1] + w * math.sin(direction) + s * math.sin(a),
        )
        for a, w, s in zip(angles, wander, size, strict=True)
    ]


def _tooth(shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """A random window of rough paper, in [0, 1], turned and mirrored at random."""
    tooth = _tooth_bank()
    if happens(0.5, rng):
        tooth = tooth.T
    y, x = (int(rng.integers(0, _TOOTH_SIDE)) for _axis in range(2))
    rows, columns = (np.arange(shape[0]) + y) % _TOOTH_SIDE, (np.arange(shape[1]) + x) % _TOOTH_SIDE
    return np.asarray(tooth[np.ix_(rows, columns)], dtype=np.float32)


@cache
def _tooth_bank() -> Floats:
    """Three sizes of bumps laid over one another."""
    rng = np.random.default_rng(20_210_317)
    bumps = np.zeros((_TOOTH_SIDE, _TOOTH_SIDE), dtype=np.float32)
    for cells, weight in ((640, 0.5), (320, 0.35), (80, 0.15)):
        small = rng.random((cells, cells), dtype=np.float32)
        bumps += np.float32(weight) * cv2.resize(small, bumps.shape, interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip((bumps - bumps.min()) / np.ptp(bumps), 0, 1), dtype=np.float32)
