"""Ink of marks that people made, laid onto our printed sheets."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.deck.truth import INVISIBLE_BELOW
from ocr.layout import Bubble
from tests.worlds.scanned_pages import Grey, printed_side, scanned, side

MARKS = Path(__file__).parents[2].parent / "shared" / "marks"
SIZE_PX = 40
BOX_PX = 20.0
DPI = 200
PAPER = 240.0
_REACH_PX = 3
_NOISE = 0.03
_GAP_PX = 7
_STRONGEST_PX = 40

Darkness = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class HumanMark:
    """One picture: its class, its box's shape, and its ink as a share of the paper's light in [0, 1]."""

    name: str
    label: str
    shape: str
    ink: Darkness

    @property
    def visible(self) -> bool:
        """An eye sees it: the rule of the decks."""
        strongest = np.sort(_scaled(self.ink), axis=None)[-_STRONGEST_PX:]
        return bool(strongest.mean() * PAPER >= INVISIBLE_BELOW)


@lru_cache(maxsize=1)
def human_marks() -> tuple[HumanMark, ...]:
    """Every usable picture, in the order of its list; `line_horizontal` and `line` are told apart."""
    rows = [row for row in _rows() if (row["width"], row["height"]) == (str(SIZE_PX), str(SIZE_PX))]
    crops = {row["file"]: _darkness(row["file"]) for row in rows}
    boxes = {
        shape: _usual_box(
            [crops[r["file"]] for r in rows if (r["label"], r["box_shape"]) == ("empty", shape)]
        )
        for shape in ("square", "circle")
    }
    return tuple(
        HumanMark(
            row["file"],
            "line_horizontal" if "horizontal" in row["note"] else row["label"],
            row["box_shape"],
            _without_box(crops[row["file"]], boxes[row["box_shape"]]),
        )
        for row in rows
    )


def _rows() -> list[dict[str, str]]:
    with (MARKS / "labels.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _darkness(name: str) -> Darkness:
    """How much of the paper's light is missing, 0 to 1; the paper is what most of the border shows."""
    grey = cv2.imread(str(MARKS / name), cv2.IMREAD_GRAYSCALE)
    assert grey is not None, name
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    light = grey.astype(np.float32) / float(np.percentile(border, 75))
    return np.asarray(np.clip(1.0 - light, 0.0, 1.0), np.float32)


def _usual_box(empty: Sequence[Darkness]) -> Darkness:
    """The printed box alone: the median of pictures of empty ones."""
    return np.asarray(np.median(np.stack(empty), axis=0), np.float32)


def _without_box(crop: Darkness, box: Darkness) -> Darkness:
    """Take the printed box away where it fits best, and a pixel more on all sides for what the fit leaves.

    A stroke that has ink on both sides of the gap is carried through it.
    """
    best = max(
        ((dy, dx) for dy in range(-_REACH_PX, _REACH_PX + 1) for dx in range(-_REACH_PX, _REACH_PX + 1)),
        key=lambda shift: float((_shifted(box, shift) * crop).sum()),
    )
    placed = _shifted(box, best)
    outline = placed > 0.5 * float(placed.max())
    strength = float(np.percentile(crop[outline], 25)) / float(placed[outline].mean())
    wide = cv2.dilate(placed, np.ones((3, 3), np.uint8)) * max(1.0, strength)
    ink = np.asarray(crop - wide, np.float32)
    ink = np.where(ink > _NOISE, ink, 0.0).astype(np.float32)
    carried = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((_GAP_PX, _GAP_PX), np.uint8))
    return np.where(wide > 0.5 * float(wide.max()), carried, ink).astype(np.float32)


def _shifted(picture: Darkness, shift: tuple[int, int]) -> Darkness:
    return np.asarray(np.roll(picture, shift, axis=(0, 1)), np.float32)


def _scaled(ink: Darkness, bubble_px: float = 2 * 2.4 * DPI / 25.4) -> Darkness:
    """The ink at a size at which its box is as wide as the bubble."""
    size = round(SIZE_PX * bubble_px / BOX_PX)
    return np.clip(cv2.resize(ink, (size, size), interpolation=cv2.INTER_CUBIC), 0.0, 1.0).astype(np.float32)


def composite(number: int, marks: Mapping[tuple[str, str], HumanMark], seed: int) -> Grey:
    """A printed side of CX4 with people's marks at (field code, option), lightly scanned and compressed."""
    page = printed_side(number, DPI).astype(np.float32)
    for field in side(number).fields:
        for bubble in field.bubbles:
            mark = marks.get((field.code, bubble.option))
            if mark is not None:
                _lay(page, mark.ink, bubble)
    angle = float(np.random.default_rng(seed).uniform(-0.8, 0.8))
    scan = scanned(np.clip(page, 0, 255).astype(np.uint8), angle, noise=3.0, seed=seed)
    done, encoded = cv2.imencode(".jpg", scan, [cv2.IMWRITE_JPEG_QUALITY, 75])
    assert done
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)


def _lay(page: NDArray[np.float32], ink: Darkness, bubble: Bubble) -> None:
    scaled = _scaled(ink, 2 * bubble.r_mm * DPI / 25.4)
    left, top = (round(at * DPI / 25.4 - scaled.shape[0] / 2) for at in (bubble.x_mm, bubble.y_mm))
    area = (slice(top, top + scaled.shape[0]), slice(left, left + scaled.shape[1]))
    page[area] *= 1.0 - scaled


def questions(count: int) -> Iterator[tuple[int, list[str]]]:
    """Sides with the codes of their questions until `count` questions are there: front, back, front."""
    number = 1
    while count > 0:
        codes = [f.code for f in side(number).fields if f.bubbles][:count]
        yield number, codes
        count -= len(codes)
        number = 3 - number
