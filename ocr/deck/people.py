"""People who fill in sheets: a writer's habits, and the answers that a writer gives."""

from dataclasses import dataclass, replace

import numpy as np

from ocr.deck.behaviour import PENS, Event, PeopleProfile, Style
from ocr.deck.chance import happens, shares
from ocr.deck.ink import Ink
from ocr.deck.strokes import Hand
from ocr.layout import Field, Layout

_SECOND_PEN_ANSWERS = 0.3
# A cross over a dot, a tick or a ring looks like a chosen cross: nobody could say that it takes back.
_PLAINLY_CROSSED_OUT = frozenset({Style.FILL, Style.HATCH, Style.SPIRAL})


@dataclass(frozen=True, slots=True)
class Writer:
    """One respondent: `mood` in [0, 1] is how content; `straight` the option always ticked, if any.

    `second` is another pen (name and ink) that is used for some answers; `silent` leaves all blank.
    """

    style: Style
    pen: str
    ink: Ink
    hand: Hand
    mood: float
    straight: int | None
    comments: bool
    second: tuple[str, Ink] | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a writer does at a question: `marks` are the options that count, `cancelled` those crossed out."""

    code: str
    options: int
    marks: tuple[str, ...]
    style: Style
    event: Event
    cancelled: tuple[str, ...] = ()
    second_pen: bool = False


def meet_writer(people: PeopleProfile, level: float, rng: np.random.Generator) -> Writer:
    """Draw one respondent; `level` in [0, 1] is how good the evaluated unit is."""
    pen, ink = _pick_up_pen(people, rng)
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
        pen=pen,
        ink=ink,
        hand=Hand(0.04 + 0.16 * slop * rng.random(), slop, rng.normal(0.0, 0.3)),
        mood=float(np.clip(rng.normal(level, 0.18), 0.02, 0.98)),
        straight=straight,
        comments=happens(people.comment, rng),
        second=_pick_up_pen(people, rng) if happens(people.second_pen, rng) else None,
        silent=happens(people.all_blank, rng),
    )


def choose_answers(
    layout: Layout, writer: Writer, people: PeopleProfile, rng: np.random.Generator
) -> dict[str, Answer]:
    """Decide every closed question of both sides, before a pen touches the paper."""
    fields = [f for page in layout.pages for f in page.fields if f.kind == "choice"]
    return {field.code: _choose_answer(field, writer, people, rng) for field in fields}


def _pick_up_pen(people: PeopleProfile, rng: np.random.Generator) -> tuple[str, Ink]:
    names, weights = zip(*people.pens, strict=True)
    pen = PENS[str(rng.choice(names, p=shares(weights)))]
    return pen.name, Ink(
        rng.uniform(*pen.grey), rng.uniform(*pen.width_mm), pen.grain, rng.uniform(0.75, 1.0)
    )


def _choose_answer(field: Field, writer: Writer, people: PeopleProfile, rng: np.random.Generator) -> Answer:
    options = len(field.bubbles)
    first = _pick(field, options, writer, rng)
    style = writer.style
    if happens(people.other_style, rng):
        style = Style(rng.choice([s.value for s, _weight in people.styles]))
    second = writer.second is not None and happens(_SECOND_PEN_ANSWERS, rng)
    answer = Answer(
        field.code, options, (_text(first),), style, _event(people, writer, rng), second_pen=second
    )
    if answer.event is Event.LONE_CANCEL and style not in _PLAINLY_CROSSED_OUT:
        answer = replace(answer, event=Event.PLAIN)
    match answer.event:
        case Event.BLANK:
            return replace(answer, marks=(), second_pen=False)
        case Event.LONE_CANCEL:
            return replace(answer, marks=(), cancelled=answer.marks)
        case Event.DOUBLE:
            return replace(
                answer, marks=tuple(_text(o) for o in sorted((first, _neighbour(first, options, rng))))
            )
        case Event.CORRECTION | Event.ERASURE:
            return replace(answer, cancelled=(_text(_neighbour(first, options, rng)),))
        case _:
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
    if writer.silent:
        return Event.BLANK
    for event, share in people.events:
        total += share
        if at < total:
            return Event.PLAIN if event is Event.ERASURE and "pencil" not in writer.pen else event
    return Event.PLAIN


def _neighbour(index: int, options: int, rng: np.random.Generator) -> int:
    others = [i for i in range(options) if i != index]
    weights = [1.0 / abs(i - index) ** 2 for i in others]
    return int(rng.choice(others, p=shares(weights)))


def _text(index: int) -> str:
    return str(index + 1)
