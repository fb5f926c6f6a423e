"""Windows that decks seldom hold: lines drawn through, loops, scribbles, a faint second mark, dirt inside.

Made from windows of decks by laying ink over them; darkness is in `LEVELS` a step, the darker wins.
A bubble that somebody might take for a choice, and somebody might not, may be called marked or odd,
only never empty: both keep the answer from being accepted on the other bubble's strength.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.second_reader import EMPTY, HEIGHT_PX, MARKED, ODD, PX_PER_MM, WIDTH_PX
from ocr.training.examples import LEVELS, Bytes, Examples

Points = NDArray[np.float64]
Drawn = tuple[Bytes, tuple[int, ...]]

_R_PX = 2.4 * PX_PER_MM
_CENTRE = np.array([WIDTH_PX / 2 - 0.5, HEIGHT_PX / 2 - 0.5])
_FINE = 16  # cv2 draws at sixteenths of a pixel
_SHIFT = 4
_SEEN_AREA_PX = 40
_SEEN_LEVEL = 0.10 * LEVELS
_NOISE_LEVEL = 0.08 * LEVELS
_LEVEL_DEG = 4.0


def add_hard(examples: Examples, count: int, rng: np.random.Generator) -> Examples:
    """The examples and `count` made ones; the same generator makes the same ones."""
    plain = np.flatnonzero(examples.allowed[:, EMPTY])
    marked = np.flatnonzero(examples.allowed[:, MARKED] & ~examples.allowed[:, ODD])
    makers: tuple[Callable[[], tuple[int, Drawn | None]], ...] = (
        lambda: _on(examples, plain, _line, rng),
        lambda: _on(examples, marked, _line_over_mark, rng),
        lambda: _on(examples, plain, _loop, rng),
        lambda: _on(examples, marked, _scribble, rng),
        lambda: _second_mark(examples, plain, marked, rng),
        lambda: _on(examples, plain, lambda window, rng: (_specks(window, rng), (EMPTY,)), rng),
        lambda: _on(examples, marked, lambda window, rng: (_specks(window, rng), (MARKED,)), rng),
    )
    made: list[tuple[int, Drawn]] = []
    while len(made) < count:
        base, drawn = makers[len(made) % len(makers)]()
        if drawn is not None:
            made.append((base, drawn))
    allowed = np.zeros((count, 3), bool)
    for row, (_, (_, classes)) in zip(allowed, made, strict=True):
        row[list(classes)] = True
    return Examples(
        np.concatenate([examples.seen, np.stack([drawn[0] for _, drawn in made])]),
        examples.printed,
        np.concatenate([examples.print_of, examples.print_of[[base for base, _ in made]]]),
        np.concatenate([examples.allowed, allowed]),
        np.concatenate([examples.question, np.full(count, -1, np.int32)]),
    )


def _on(
    examples: Examples,
    among: NDArray[np.intp],
    draw: Callable[[Bytes, np.random.Generator], Drawn],
    rng: np.random.Generator,
) -> tuple[int, Drawn]:
    base = int(rng.choice(among))
    return base, draw(examples.seen[base], rng)


def _line(window: Bytes, rng: np.random.Generator) -> Drawn:
    """A line from edge to edge. Level or upright ones may be a crease or a streak: no harm."""
    angle = float(rng.uniform(0, 180))
    off_r = float(rng.choice([rng.uniform(-0.75, 0.75), rng.choice([-1, 1]) * rng.uniform(1.3, 1.9)]))
    drawn = _lay(window, _crossing(angle, off_r * _R_PX, rng), rng)
    if abs(off_r) > 1.0:
        return drawn, (EMPTY, ODD)
    straight = min(angle % 90, 90 - angle % 90) < _LEVEL_DEG
    return drawn, (EMPTY, ODD) if straight else (ODD,)


def _specks(window: Bytes, rng: np.random.Generator) -> Bytes:
    """Dirt too small for a pen, the first speck inside the bubble: it changes nothing."""
    layer = np.zeros_like(window)
    for number in range(int(rng.integers(1, 4))):
        turn, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.95 if number == 0 else 3.0) * _R_PX
        at = np.rint((_CENTRE + reach * np.array([np.cos(turn), np.sin(turn)])) * _FINE).astype(int)
        radius = round(rng.uniform(0.1, 0.3) * PX_PER_MM * _FINE)
        level = rng.uniform(0.3, 1.0) * LEVELS
        cv2.circle(layer, at.tolist(), radius, level, cv2.FILLED, cv2.LINE_AA, _SHIFT)
    return np.maximum(window, cv2.GaussianBlur(layer, (0, 0), rng.uniform(0.3, 0.7)))


def _line_over_mark(window: Bytes, rng: np.random.Generator) -> Drawn:
    off = float(rng.uniform(-1.6, 1.6)) * _R_PX
    return _lay(window, _crossing(float(rng.uniform(0, 180)), off, rng), rng), (MARKED, ODD)


def _crossing(angle_deg: float, off_px: float, rng: np.random.Generator) -> Points:
    """A slightly bent line through the whole window that passes the centre at `off_px`."""
    turn = np.deg2rad(angle_deg)
    along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    at = np.linspace(-1.0, 1.0, 9)[:, None]
    bend = rng.normal(0, 1.5) * at**2
    return np.asarray(_CENTRE + at * WIDTH_PX * along + (off_px + bend) * across)


def _loop(window: Bytes, rng: np.random.Generator) -> Drawn:
    """A loop around the bubble, or around the label beside it so that only its near end shows."""
    beside = rng.random() < 0.3  # noqa: PLR2004 - three in ten
    wide = rng.uniform(1.2, 2.3) * _R_PX
    size = np.array([wide * rng.uniform(1.0, 1.5), min(wide, 0.52 * HEIGHT_PX)])
    centre = _CENTRE + rng.normal(0, 0.1 * _R_PX, 2)
    if beside:
        size = np.array([rng.uniform(2.0, 5.0), rng.uniform(1.0, 1.6)]) * _R_PX
        centre += np.array([size[0] + rng.uniform(-0.6, 1.2) * _R_PX, 0.0])
    turn = np.linspace(0, 2 * np.pi * rng.uniform(0.85, 1.15), 28) + rng.uniform(0, 6)
    wobble = 1.0 + 0.06 * np.sin(3 * turn + rng.uniform(0, 6))
    points = centre + np.column_stack([np.cos(turn), np.sin(turn)]) * size * wobble[:, None]
    return _lay(window, points, rng), (MARKED, ODD)


def _scribble(window: Bytes, rng: np.random.Generator) -> Drawn:
    """A mark scribbled over far beyond its bubble: taken back."""
    reach = rng.uniform(1.7, 2.3) * _R_PX
    count = int(rng.integers(7, 16))
    x = np.linspace(-reach, reach, count) + rng.normal(0, 1.0, count)
    y = reach * np.where(np.arange(count) % 2, 1, -1) * rng.uniform(0.5, 1.0, count)
    turn = rng.uniform(0, np.pi)
    way = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return _lay(window, _CENTRE + np.column_stack([x, y]) @ way, rng), (ODD,)


def _second_mark(
    examples: Examples, plain: NDArray[np.intp], marked: NDArray[np.intp], rng: np.random.Generator
) -> tuple[int, Drawn | None]:
    """Another window's mark, fainter and moved, laid into an empty one; None if no eye would see it."""
    base, donor = int(rng.choice(plain)), int(rng.choice(marked))
    ink = _ink(examples, donor) * float(rng.uniform(0.2, 0.8))
    if np.sort(ink, axis=None)[-_SEEN_AREA_PX:].mean() < _SEEN_LEVEL:
        return base, None
    right, down = rng.uniform(-0.6, 0.6, 2) * _R_PX
    moved = cv2.warpAffine(ink, np.array([[1, 0, right], [0, 1, down]]), (WIDTH_PX, HEIGHT_PX))
    return base, (np.maximum(examples.seen[base], moved.astype(np.uint8)), (MARKED, ODD))


def _ink(examples: Examples, example: int) -> NDArray[np.float32]:
    """What a window holds beyond its print."""
    printed = cv2.dilate(examples.printed[examples.print_of[example]], np.ones((3, 3), np.uint8))
    ink = cv2.subtract(examples.seen[example], printed).astype(np.float32)
    return np.asarray(np.where(ink > _NOISE_LEVEL, ink, 0.0), np.float32)


def _lay(window: Bytes, points: Points, rng: np.random.Generator) -> Bytes:
    """One stroke of a pen of any darkness and width."""
    layer = np.zeros_like(window)
    level = rng.uniform(0.15, 1.0) * LEVELS
    width = int(rng.choice([1, 1, 2, 2, 3]))
    line = np.rint(points * _FINE).astype(np.int32)
    cv2.polylines(
        layer, [line], isClosed=False, color=level, thickness=width, lineType=cv2.LINE_AA, shift=_SHIFT
    )
    return np.maximum(window, cv2.GaussianBlur(layer, (0, 0), rng.uniform(0.3, 0.7)))
