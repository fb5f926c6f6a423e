"""People who fill in sheets: a writer's habits, the answers a writer gives, and the marks on the paper."""

import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ocr.deck import strokes
from ocr.deck.chance import happens, shares
from ocr.deck.ink import Ink, Paper, Patch, lay_ink, smear
from ocr.deck.profiles import PENS, Event, PeopleProfile, Style
from ocr.deck.strokes import Hand, Stroke
from ocr.layout import Bubble, Field, Layout

_LINE_MM = 7.0


@dataclass(frozen=True, slots=True)
class Writer:
    """One respondent: `mood` in [0, 1] is how content; `straight` the option always ticked, if any."""

    style: Style
    pen: str
    ink: Ink
    hand: Hand
    mood: float
    straight: int | None
    comments: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What a writer does at a question: `marks` are the options that count, `cancelled` those crossed out."""

    code: str
    options: int
    marks: tuple[str, ...]
    style: Style
    event: Event
    cancelled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DrawnAnswer:
    """An answer with the patches that its counting marks left on the paper."""

    answer: Answer
    patches: tuple[Patch, ...]


def meet_writer(people: PeopleProfile, level: float, rng: np.random.Generator) -> Writer:
    """Draw one respondent; `level` in [0, 1] is how good the evaluated unit is."""
    names, weights = zip(*people.pens, strict=True)
    pen = PENS[str(rng.choice(names, p=shares(weights)))]
    styles, style_weights = zip(*people.styles, strict=True)
    style = Style(styles[int(rng.choice(len(styles), p=shares(style_weights)))])
    slop = rng.uniform(*people.sloppiness)
    straight = (
        int(rng.choice([0, 1, 1, 2], p=[0.4, 0.2, 0.2, 0.2]))
        if happens(people.straight_liners, rng)
        else None
    )
    return Writer(
        style=style,
        pen=pen.name,
        ink=Ink(rng.uniform(*pen.grey), rng.uniform(*pen.width_mm), pen.grain, rng.uniform(0.75, 1.0)),
        hand=Hand(0.04 + 0.16 * slop * rng.random(), slop, rng.normal(0.0, 0.3)),
        mood=float(np.clip(rng.normal(level, 0.18), 0.02, 0.98)),
        straight=straight,
        comments=happens(people.comment, rng),
    )


def choose_answers(
    layout: Layout, writer: Writer, people: PeopleProfile, rng: np.random.Generator
) -> dict[str, Answer]:
    """Decide every closed question of both sides, before a pen touches the paper."""
    fields = [f for page in layout.pages for f in page.fields if f.kind == "choice"]
    return {field.code: _choose_answer(field, writer, people, rng) for field in fields}


def draw_answer(
    paper: Paper, field: Field, answer: Answer, writer: Writer, rng: np.random.Generator
) -> DrawnAnswer:
    """Put one answer's marks onto the paper, in the order in which a person would."""
    bubbles = {bubble.option: bubble for bubble in field.bubbles}
    put = partial(lay_ink, paper, ink=writer.ink, rng=rng)
    room = _room_mm(field)
    for option in answer.cancelled:
        wrong = put(_mark(bubbles[option], answer, writer, room, rng))
        if answer.event is Event.ERASURE and wrong is not None:
            smear(paper, wrong, rng.uniform(0.05, 0.2))
        elif answer.event is Event.CORRECTION:
            put(_cancel(bubbles[option], answer.style, writer, rng))
    patches = [put(_mark(bubbles[option], answer, writer, room, rng)) for option in answer.marks]
    if answer.event is Event.STRAY:
        put(_stray(field, writer, rng))
    return DrawnAnswer(answer, tuple(patch for patch in patches if patch is not None))


def write_comment(paper: Paper, field: Field, writer: Writer, rng: np.random.Generator) -> None:
    """Scribble one to all lines into a text box."""
    room = max(1, int((field.height_mm - 2.0) / _LINE_MM))
    for line in range(int(rng.integers(1, room + 1))):
        width = (field.width_mm - 8.0) * (1.0 if line + 1 < room else rng.uniform(0.3, 0.95))
        base_mm = field.y_mm + _LINE_MM * (line + 0.85)
        written = strokes.handwriting(field.x_mm + rng.uniform(2.0, 6.0), base_mm, width, writer.hand, rng)
        lay_ink(paper, written, writer.ink, rng)


def _choose_answer(field: Field, writer: Writer, people: PeopleProfile, rng: np.random.Generator) -> Answer:
    options = len(field.bubbles)
    first = _pick(field, options, writer, rng)
    style = writer.style
    if happens(people.other_style, rng):
        style = Style(rng.choice([s.value for s, _weight in people.styles]))
    answer = Answer(field.code, options, (_text(first),), style, _event(people, writer, rng))
    if answer.event is Event.BLANK:
        return replace(answer, marks=())
    other = _neighbour(first, options, rng)
    if answer.event is Event.DOUBLE:
        return replace(answer, marks=tuple(_text(option) for option in sorted((first, other))))
    if answer.event in {Event.CORRECTION, Event.ERASURE}:
        return replace(answer, cancelled=(_text(other),))
    return answer


def _pick(field: Field, options: int, writer: Writer, rng: np.random.Generator) -> int:
    """An option's index. Questions (codes with a dot) print the best answer first; head fields are even."""
    if "." not in field.code:
        return int(rng.integers(0, options))
    if writer.straight is not None:
        return min(writer.straight, options - 1)
    content = np.clip(rng.normal(writer.mood, 0.2), 0.001, 0.999)
    return int((1.0 - content) * options) if options > 2 else int(rng.random() > 0.5 + 0.5 * content)  # noqa: PLR2004 -- a yes/no question


def _event(people: PeopleProfile, writer: Writer, rng: np.random.Generator) -> Event:
    at, total = rng.random(), 0.0
    for event, share in people.events:
        total += share
        if at < total:
            return Event.PLAIN if event is Event.ERASURE and "pencil" not in writer.pen else event
    return Event.PLAIN


def _neighbour(index: int, options: int, rng: np.random.Generator) -> int:
    others = [i for i in range(options) if i != index]
    weights = [1.0 / abs(i - index) ** 2 for i in others]
    return int(rng.choice(others, p=shares(weights)))


def _mark(
    bubble: Bubble, answer: Answer, writer: Writer, room_mm: float, rng: np.random.Generator
) -> list[Stroke]:
    hand, over = writer.hand, answer.event is Event.OVERFLOW
    match answer.style:
        case Style.FILL:
            return strokes.fill(bubble, hand, rng, cover=rng.uniform(1.25, 1.5) if over else 1.0)
        case Style.TICK:
            return strokes.tick(bubble, replace(hand, slop=2.0) if over else hand, rng)
        case Style.CROSS:
            return strokes.cross(bubble, hand, rng, reach=1.7 if over else 1.1)
        case Style.SLASH:
            return strokes.slash(bubble, hand, rng)
        case Style.DOT:
            return strokes.dot(bubble, hand, rng)
        case Style.CIRCLE:
            return strokes.circle(bubble, hand, rng, room_mm)


def _cancel(bubble: Bubble, style: Style, writer: Writer, rng: np.random.Generator) -> list[Stroke]:
    """Who fills or circles crosses the wrong one out; who crosses or ticks blackens it (ticks: either)."""
    blackens = style in {Style.CROSS, Style.SLASH} or (style is Style.TICK and happens(0.5, rng))
    if blackens:
        return strokes.fill(bubble, writer.hand, rng, cover=rng.uniform(1.05, 1.3))
    return strokes.cross(bubble, writer.hand, rng, reach=rng.uniform(1.5, 2.0))


def _stray(field: Field, writer: Writer, rng: np.random.Generator) -> list[Stroke]:
    """A slip in the question's row that no one would take for an answer: off the bubbles' middles."""
    for _attempt in range(30):
        x_mm = field.x_mm + field.width_mm * rng.random()
        y_mm = field.y_mm + field.height_mm * rng.random()
        slip = strokes.stray(x_mm, y_mm, writer.hand, rng)
        if all(_clear_of(bubble, slip) for bubble in field.bubbles):
            return slip
    return strokes.stray(field.x_mm, field.y_mm, replace(writer.hand, slop=0.0), rng)


def _clear_of(bubble: Bubble, slip: list[Stroke]) -> bool:
    points = np.concatenate([stroke.points for stroke in slip])
    nearest = np.hypot(points[:, 0] - bubble.x_mm, points[:, 1] - bubble.y_mm).min()
    return bool(nearest > 0.75 * bubble.r_mm)


def _room_mm(field: Field) -> float:
    """A little over half the way to the nearest other bubble: a circle holds one bubble only."""
    centres = [(bubble.x_mm, bubble.y_mm) for bubble in field.bubbles]
    gaps = [math.dist(a, b) for i, a in enumerate(centres) for b in centres[:i]]
    return min(gaps, default=20.0) * 0.55


def _text(index: int) -> str:
    return str(index + 1)
