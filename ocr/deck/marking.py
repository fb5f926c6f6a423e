"""Marks on paper: what a writer does at a question, drawn by a hand, corrections and slips with it."""

import math
from dataclasses import dataclass, replace

import numpy as np

from ocr.deck.behaviour import Event, Style
from ocr.deck.chance import happens
from ocr.deck.hands.model import HandModel
from ocr.deck.ink import Paper, Patch, smear
from ocr.deck.labels import Label, label_of
from ocr.deck.people import Answer, Writer
from ocr.deck.strokes import Stroke
from ocr.layout import Bubble, Field

_LINE_MM = 7.0
_BLACKENED_OVER = frozenset({Style.CROSS, Style.SLASH, Style.LINE})


@dataclass(frozen=True, slots=True)
class DrawnAnswer:
    """An answer as it was drawn, with the patches that its counting marks left on the paper."""

    answer: Answer
    patches: tuple[Patch, ...]


@dataclass(frozen=True, slots=True)
class Sitting:
    """A writer at a sheet: the paper, the hand that draws, and its randomness."""

    paper: Paper
    writer: Writer
    model: HandModel
    far_reach: tuple[float, float]
    rng: np.random.Generator


def draw_answer(sitting: Sitting, field: Field, answer: Answer) -> DrawnAnswer:
    """Put one answer's marks onto the paper, in the order in which a person would.

    A loop round a label needs a printed label: where there is none of its own, the bubble is circled.
    """
    labels = _labels(sitting, field, answer)
    if answer.style is Style.LABEL_CIRCLE and not labels:
        answer = replace(answer, style=Style.CIRCLE)
    bubbles = {bubble.option: bubble for bubble in field.bubbles}
    for option in answer.cancelled:
        wrong = _put(sitting, _mark(sitting, field, bubbles[option], answer, labels), answer)
        if answer.event is Event.ERASURE and wrong is not None:
            smear(sitting.paper, wrong, sitting.rng.uniform(0.05, 0.2))
        elif answer.event in {Event.CORRECTION, Event.LONE_CANCEL}:
            _put(sitting, _cancel(sitting, _seat(bubbles[option], labels), answer), answer)
    marks = [_mark(sitting, field, bubbles[option], answer, labels) for option in answer.marks]
    patches = [_put(sitting, mark, answer) for mark in marks]
    if answer.event is Event.STRAY:
        _put(sitting, _stray(field, sitting.writer, sitting.model, sitting.rng), answer)
    return DrawnAnswer(answer, tuple(patch for patch in patches if patch is not None))


def write_comment(sitting: Sitting, field: Field) -> None:
    """Scribble one to all lines into a text box."""
    rng, writer = sitting.rng, sitting.writer
    room = max(1, int((field.height_mm - 2.0) / _LINE_MM))
    for line in range(int(rng.integers(1, room + 1))):
        width = (field.width_mm - 8.0) * (1.0 if line + 1 < room else rng.uniform(0.3, 0.95))
        base_mm = field.y_mm + _LINE_MM * (line + 0.85)
        start_mm = field.x_mm + rng.uniform(2.0, 6.0)
        written = sitting.model.handwriting(start_mm, base_mm, width, writer.hand, rng)
        sitting.model.lay_ink(sitting.paper, written, writer.ink, rng)


def _put(sitting: Sitting, strokes: list[Stroke], answer: Answer) -> Patch | None:
    second = sitting.writer.second
    ink = second[1] if answer.second_pen and second is not None else sitting.writer.ink
    return sitting.model.lay_ink(sitting.paper, strokes, ink, sitting.rng)


def _labels(sitting: Sitting, field: Field, answer: Answer) -> dict[str, Label]:
    """The printed labels of all the bubbles, empty where one of them has none of its own."""
    if answer.style is not Style.LABEL_CIRCLE:
        return {}
    found = {bubble.option: label_of(sitting.paper, field, bubble) for bubble in field.bubbles}
    labels = {option: label for option, label in found.items() if label is not None}
    return labels if len(labels) == len(found) else {}


def _seat(bubble: Bubble, labels: dict[str, Label]) -> Bubble:
    """Where a mark sits that is to be crossed out: the label instead of the bubble, if that was looped."""
    label = labels.get(bubble.option)
    return bubble if label is None else Bubble(bubble.option, label.x_mm, label.y_mm, bubble.r_mm)


def _mark(
    sitting: Sitting, field: Field, bubble: Bubble, answer: Answer, labels: dict[str, Label]
) -> list[Stroke]:
    match answer.style:
        case Style.CIRCLE:
            return _circled(sitting, field, bubble)
        case Style.LABEL_CIRCLE:
            label = labels[bubble.option]
            centre = (label.x_mm, label.y_mm)
            return sitting.model.loop(centre, label.radii_mm, sitting.writer.hand, sitting.rng)
        case Style.FILL | Style.TICK | Style.CROSS if answer.event is Event.OVERFLOW:
            return _overflowing(sitting, bubble, answer.style)
        case _:
            return _in_bubble(sitting, bubble, answer.style)


def _in_bubble(sitting: Sitting, bubble: Bubble, style: Style) -> list[Stroke]:
    model, hand, rng = sitting.model, sitting.writer.hand, sitting.rng
    match style:
        case Style.FILL | Style.DOT:
            return model.fill(bubble, hand, rng, 1.0 if style is Style.FILL else rng.uniform(0.35, 0.65))
        case Style.TICK:
            return model.tick(bubble, hand, rng)
        case Style.CROSS:
            return model.cross(bubble, hand, rng, 1.1)
        case Style.HATCH:
            return model.hatch(bubble, hand, rng)
        case Style.SPIRAL:
            return model.spiral(bubble, hand, rng)
        case _:
            level = math.pi / 2 if happens(0.4, rng) else 0.0
            turn = -math.pi / 4 + hand.slant_rad if style is Style.SLASH else level
            return model.line(bubble, hand, rng, turn)


def _overflowing(sitting: Sitting, bubble: Bubble, style: Style) -> list[Stroke]:
    model, hand, rng = sitting.model, sitting.writer.hand, sitting.rng
    match style:
        case Style.FILL:
            return model.fill(bubble, hand, rng, rng.uniform(1.25, 1.5))
        case Style.TICK:
            return model.tick(bubble, hand, rng, 1.6)
        case _:
            return model.cross(bubble, hand, rng, rng.uniform(*sitting.far_reach))


def _circled(sitting: Sitting, field: Field, bubble: Bubble) -> list[Stroke]:
    hand, rng = sitting.writer.hand, sitting.rng
    radius = min(bubble.r_mm * rng.uniform(1.35, 1.8), max(_room_mm(field), bubble.r_mm * 1.2))
    miss = bubble.r_mm * 0.15 * (0.4 + 0.6 * hand.slop)
    centre = (bubble.x_mm + rng.normal(0.0, miss), bubble.y_mm + rng.normal(0.0, miss))
    return sitting.model.loop(centre, (radius, radius), hand, rng)


def _cancel(sitting: Sitting, bubble: Bubble, answer: Answer) -> list[Stroke]:
    """Who fills or circles crosses the wrong one out; who crosses or ticks blackens it (ticks: either)."""
    model, hand, rng = sitting.model, sitting.writer.hand, sitting.rng
    if answer.style in _BLACKENED_OVER or (answer.style is Style.TICK and happens(0.5, rng)):
        return model.fill(bubble, hand, rng, rng.uniform(1.05, 1.3))
    return model.cross(bubble, hand, rng, rng.uniform(1.5, 2.0))


def _stray(field: Field, writer: Writer, model: HandModel, rng: np.random.Generator) -> list[Stroke]:
    """A slip in the question's row that no one would take for an answer: off the bubbles' middles."""
    for _attempt in range(30):
        x_mm = field.x_mm + field.width_mm * rng.random()
        y_mm = field.y_mm + field.height_mm * rng.random()
        slip = model.stray(x_mm, y_mm, writer.hand, rng)
        if all(_clear_of(bubble, slip) for bubble in field.bubbles):
            return slip
    return model.stray(field.x_mm, field.y_mm, replace(writer.hand, slop=0.0), rng)


def _clear_of(bubble: Bubble, slip: list[Stroke]) -> bool:
    points = np.concatenate([stroke.points for stroke in slip])
    nearest = np.hypot(points[:, 0] - bubble.x_mm, points[:, 1] - bubble.y_mm).min()
    return bool(nearest > 0.75 * bubble.r_mm)


def _room_mm(field: Field) -> float:
    """A little over half the way to the nearest other bubble: a circle holds one bubble only."""
    centres = [(bubble.x_mm, bubble.y_mm) for bubble in field.bubbles]
    gaps = [math.dist(a, b) for i, a in enumerate(centres) for b in centres[:i]]
    return min(gaps, default=20.0) * 0.55
