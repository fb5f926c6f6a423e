"""The hand of training decks: polylines shaken by smooth noise, ink of one width and darkness."""

import math
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from ocr.deck.chance import happens
from ocr.deck.ink import Box, Ink, Paper, Patch, box_of, boxes_of
from ocr.deck.strokes import Hand, Points, Stroke
from ocr.layout import Bubble

_OVERSAMPLING = 4
_SUBPIXEL_BITS = 4
_GRAIN_SIDE = 512
_SMOOTHING = np.hanning(9)[1:-1] / np.hanning(9).sum()


def wobbled(points: list[tuple[float, float]], hand: Hand, rng: np.random.Generator) -> Points:
    """Points every 0.25 mm along a polyline, shaken smoothly by the hand's jitter."""
    corners = np.asarray(points, dtype=np.float64)
    lengths = np.hypot(*np.diff(corners, axis=0).T)
    along = np.concatenate(([0.0], np.cumsum(lengths)))
    count = max(3, int(along[-1] / 0.25))
    at = np.linspace(0.0, along[-1], count)
    dense = np.column_stack((np.interp(at, along, corners[:, 0]), np.interp(at, along, corners[:, 1])))
    shake = rng.normal(0.0, hand.jitter_mm, (count + 6, 2))
    smooth = np.column_stack([np.convolve(shake[:, axis], _SMOOTHING, "valid") for axis in (0, 1)])
    return np.asarray(dense + 1.6 * smooth, dtype=np.float64)


def fill(bubble: Bubble, hand: Hand, rng: np.random.Generator, cover: float = 1.0) -> list[Stroke]:
    """Scribble to and fro over the bubble; `cover` is the share of the radius that is meant."""
    radius = bubble.r_mm * cover * (1.0 + hand.slop * rng.uniform(-0.2, 0.15))
    x_mm, y_mm = _aim(bubble, hand, rng, 0.12)
    step = 0.28 + 0.35 * hand.slop * rng.random()
    lanes = max(3, round(2 * radius / step))
    turn = hand.slant_rad + rng.normal(0.0, 0.25)
    zigzag: list[tuple[float, float]] = []
    for lane in range(lanes + 1):
        v = -radius + 2 * radius * lane / lanes
        half = math.sqrt(max(radius * radius - v * v, 0.0)) * (1.0 + hand.slop * rng.normal(0.0, 0.12))
        zigzag.append(_turned(half if lane % 2 else -half, v, turn, x_mm, y_mm))
        zigzag.append(_turned(half if lane % 2 else -half, v + step / 2, turn, x_mm, y_mm))
    strokes = [Stroke(wobbled(zigzag, hand, rng))]
    if rng.random() < 0.75 - 0.5 * hand.slop:
        strokes.append(Stroke(_ring((x_mm, y_mm), (radius * 0.92,) * 2, 1.0 + rng.random(), hand, rng)))
    return strokes


def tick(bubble: Bubble, hand: Hand, rng: np.random.Generator, reach: float = 1.0) -> list[Stroke]:
    """A tick: a short way down, a long way up; its corner is meant inside the bubble."""
    r_mm, (x_mm, y_mm) = bubble.r_mm, _aim(bubble, hand, rng, 0.25)
    start = (x_mm - r_mm * rng.uniform(0.5, 1.0), y_mm - r_mm * rng.uniform(0.0, 0.4))
    corner = (x_mm - r_mm * rng.uniform(0.0, 0.25), y_mm + r_mm * rng.uniform(0.35, 0.75))
    reach *= 1.0 + 0.7 * hand.slop * rng.random()
    end = (x_mm + r_mm * rng.uniform(0.8, 1.5) * reach, y_mm - r_mm * rng.uniform(0.8, 1.6) * reach)
    middle = ((corner[0] + end[0]) / 2, (corner[1] + end[1]) / 2 + r_mm * rng.uniform(0.0, 0.25))
    return [Stroke(wobbled([start, corner, middle, end], hand, rng))]


def cross(bubble: Bubble, hand: Hand, rng: np.random.Generator, reach: float = 1.0) -> list[Stroke]:
    """Two strokes that cross in the bubble; `reach` scales their length."""
    return [
        _diagonal(bubble, hand, rng, math.pi / 4 + hand.slant_rad * 0.4, reach),
        _diagonal(bubble, hand, rng, -math.pi / 4 + hand.slant_rad * 0.4, reach),
    ]


def line(bubble: Bubble, hand: Hand, rng: np.random.Generator, turn: float) -> list[Stroke]:
    """One stroke through the bubble, `turn` radians clockwise from the line of print."""
    return [_diagonal(bubble, hand, rng, turn, 1.1)]


def hatch(bubble: Bubble, hand: Hand, rng: np.random.Generator) -> list[Stroke]:
    """A few parallel strokes, the pen lifted between them."""
    count, turn = int(rng.integers(3, 6)), -math.pi / 4 + hand.slant_rad * 0.5 + rng.normal(0.0, 0.1)
    x_mm, y_mm = _aim(bubble, hand, rng, 0.15)
    strokes = []
    for lane in np.linspace(-0.7, 0.7, count):
        v = bubble.r_mm * (lane + rng.normal(0.0, 0.06))
        half = bubble.r_mm * math.sqrt(1.0 - lane * lane) * rng.uniform(0.85, 1.2)
        ends = [_turned(side * half, v, turn, x_mm, y_mm) for side in (-1.0, 1.0)]
        strokes.append(Stroke(wobbled(ends, hand, rng)))
    return strokes


def spiral(bubble: Bubble, hand: Hand, rng: np.random.Generator) -> list[Stroke]:
    """Round and round from the middle outwards, white left between the turns."""
    turns, outer = rng.uniform(2.2, 3.6), bubble.r_mm * rng.uniform(0.75, 1.1)
    angles = np.linspace(0.0, math.tau * turns, int(20 * turns)) + rng.uniform(0.0, math.tau)
    radii = outer * np.linspace(0.06, 1.0, angles.size)
    x_mm, y_mm = _aim(bubble, hand, rng, 0.15)
    way = [(x_mm + r * math.cos(a), y_mm + r * math.sin(a)) for a, r in zip(angles, radii, strict=True)]
    return [Stroke(wobbled(way, hand, rng))]


def loop(
    centre: tuple[float, float], radii: tuple[float, float], hand: Hand, rng: np.random.Generator
) -> list[Stroke]:
    """A loop round something printed: `radii` in mm across and down."""
    return [Stroke(_ring(centre, radii, rng.uniform(0.95, 1.2), hand, rng))]


def stray(x_mm: float, y_mm: float, hand: Hand, rng: np.random.Generator) -> list[Stroke]:
    """A slip of the pen: a short line or a resting point, where no answer is meant."""
    if happens(0.4, rng):
        return [Stroke(wobbled([(x_mm, y_mm), (x_mm + 0.15, y_mm + 0.1), (x_mm, y_mm)], hand, rng))]
    turn, length = rng.uniform(0.0, math.tau), rng.uniform(1.5, 6.0)
    end = (x_mm + length * math.cos(turn), y_mm + length * math.sin(turn))
    return [Stroke(wobbled([(x_mm, y_mm), end], hand, rng), rng.uniform(0.4, 0.9))]


def handwriting(
    x_mm: float, y_mm: float, width_mm: float, hand: Hand, rng: np.random.Generator
) -> list[Stroke]:
    """One line of joined-up scribble on the base line `y_mm`: words of loops, stems and accents."""
    strokes: list[Stroke] = []
    end_mm = x_mm + width_mm
    height = rng.uniform(1.6, 2.6)
    while x_mm < end_mm - 4.0:
        word: list[tuple[float, float]] = []
        for _letter in range(int(rng.integers(1, 7))):
            word += _letter_points(x_mm, y_mm, height, rng)
            x_mm += height * rng.uniform(0.55, 0.8)
            if x_mm >= end_mm:
                break
        strokes.append(Stroke(wobbled(word, hand, rng), rng.uniform(0.7, 1.0)))
        if happens(0.6, rng):
            top = (x_mm - height * rng.uniform(0.4, 1.2), y_mm - height * 1.35)
            strokes.append(Stroke(wobbled([top, (top[0] + 0.7, top[1] - 0.5)], hand, rng), 0.8))
        x_mm += height * rng.uniform(0.6, 1.1)
    return strokes


def lay_ink(paper: Paper, strokes: list[Stroke], ink: Ink, rng: np.random.Generator) -> Patch | None:
    """Draw strokes onto the paper in place; None where they lie outside the page.

    A second stroke over the first darkens a little more, as ink does.
    """
    box = box_of(paper, strokes, ink)
    if box is None:
        return None
    region = paper.pixels[box.top : box.bottom, box.left : box.right]
    before = region.copy()
    clear = np.ones(region.shape, dtype=np.float32)
    for stroke, own in boxes_of(paper, strokes, ink):
        covered = _coverage(paper, stroke, ink, own) * np.float32(ink.pressure * stroke.pressure)
        clear[own.within(box)] *= 1.0 - covered
    texture = _texture(region.shape, rng)
    ink_share = (1.0 - clear) * (1.0 - ink.grain * texture)
    darkened = before * (1.0 - ink_share * np.float32(1.0 - ink.grey / 255.0))
    region[:] = np.clip(darkened + 0.5, 0, 255).astype(np.uint8)
    return Patch(box.left, box.top, before, region.copy())


def _letter_points(
    x_mm: float, y_mm: float, height: float, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """One letter: a bow, sometimes with a stem above or a tail below."""
    stem = float(rng.choice([1.0, 1.0, 1.0, 1.9, -0.8]))
    width = height * rng.uniform(0.4, 0.6)
    turns = np.linspace(0.0, math.tau * rng.uniform(0.6, 1.1), 7)
    bow = [
        (x_mm + width * (0.5 - 0.5 * math.cos(t)), y_mm - height * (0.5 - 0.5 * math.sin(t + 0.5)))
        for t in turns
    ]
    return [*bow, (x_mm + width, y_mm - height * stem), (x_mm + width * 1.2, y_mm)]


def _aim(bubble: Bubble, hand: Hand, rng: np.random.Generator, share: float) -> tuple[float, float]:
    """Where the pen lands: the centre, missed by a share of the radius that grows with the slop."""
    sigma = bubble.r_mm * share * (0.4 + 0.6 * hand.slop)
    return bubble.x_mm + rng.normal(0.0, sigma), bubble.y_mm + rng.normal(0.0, sigma)


def _diagonal(bubble: Bubble, hand: Hand, rng: np.random.Generator, turn: float, reach: float) -> Stroke:
    x_mm, y_mm = _aim(bubble, hand, rng, 0.2)
    turn += rng.normal(0.0, 0.12)
    half_mm = bubble.r_mm * reach * rng.uniform(0.75, 1.25)
    bend = bubble.r_mm * rng.normal(0.0, 0.08)
    points = [
        _turned(-half_mm, 0.0, turn, x_mm, y_mm),
        _turned(0.0, bend, turn, x_mm, y_mm),
        _turned(half_mm, 0.0, turn, x_mm, y_mm),
    ]
    return Stroke(wobbled(points, hand, rng))


def _ring(
    centre: tuple[float, float],
    radii: tuple[float, float],
    turns: float,
    hand: Hand,
    rng: np.random.Generator,
) -> Points:
    """Round and round, a little egg-shaped, the end beside the beginning."""
    angles = np.linspace(0.0, math.tau * turns, max(12, int(24 * turns))) + rng.uniform(0.0, math.tau)
    drift = np.linspace(1.0, 1.0 + rng.normal(0.0, 0.06 + 0.08 * hand.slop), angles.size)
    egg = 1.0 + rng.normal(0.0, 0.08)
    x_mm, y_mm = centre
    ring = [
        (x_mm + radii[0] * egg * d * math.cos(a), y_mm + radii[1] * d * math.sin(a) / egg)
        for a, d in zip(angles, drift, strict=True)
    ]
    return wobbled(ring, hand, rng)


def _turned(u: float, v: float, turn: float, x_mm: float, y_mm: float) -> tuple[float, float]:
    return x_mm + u * math.cos(turn) - v * math.sin(turn), y_mm + u * math.sin(turn) + v * math.cos(turn)


def _coverage(paper: Paper, stroke: Stroke, ink: Ink, box: Box) -> npt.NDArray[np.float32]:
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
