"""What the measurements mean. Deciding only: plain values in, plain values out, no pictures.

Every bubble gets probabilities from a small model (a data file with a hash). A question is accepted
only if exactly one bubble is surely marked, all others are surely empty, and nothing odd is near.
Everything else goes to a person, and so does every blank answer.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr.certainty import DEFAULT_MODEL, Certainty
from ocr.measures import BubbleMarks, Surround
from ocr.model import BubbleReading, FieldReading, Flag, MarkState, PageStatus

Floats = NDArray[np.float64]

MODEL_SCHEMA = "chamdiem-markmodel/1"
_STATES = (MarkState.EMPTY, MarkState.FILLED, MarkState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a probability is certainty, and how much oddness an accepted answer may have.

    Attributes:
        filled: least probability of the one marked bubble.
        mark_ink: least ink in and around the one marked bubble, as shares of its inside and of the ring
            from 1.2 r to 1.8 r together: what is no darker than a smudge is for a person, however sure
            the models are.
        empty: least probability of emptiness of each other bubble.
        accept: least probability that the whole answer is right.
        other_ink: most ink share inside any other bubble.
        other_loose: most ink (bubble areas) beside another bubble that belongs to no mark.
        other_foreign: most ink (bubble areas) beside another bubble that is no mark of this question.
        other_sectors: most sectors with ink around another bubble (a loop round it is a choice).
        other_outline: least of another bubble's printed ring that is seen (torn off, covered, misplaced).
        other_traced: most darkness by which another bubble's printed ring may exceed the page's usual one.
        shared: most share of the mark's stroke that also marks another bubble.
        long: most share of the mark in a line longer than any pen mark.
        extent: furthest that a mark may reach, in bubble radii (a circle round a label is no mark).
        cancelled: most probability that the one mark is a crossed-out one.
        arms: most darkness by which the arms of a crossing-out may stand out from a mark.
        between: least darkness between such arms, relative to them, that makes a cross a crossing-out.
    """

    filled: float = 0.99
    mark_ink: float = 0.02
    empty: float = 0.90
    accept: float = 0.985
    other_ink: float = 0.10
    other_loose: float = 0.30
    other_foreign: float = 0.35
    other_sectors: float = 0.30
    other_outline: float = 0.40
    other_traced: float = 0.20
    shared: float = 0.10
    long: float = 0.30
    extent: float = 3.2
    cancelled: float = 0.02
    arms: float = 0.05
    between: float = 1.0


def with_certainty(thresholds: Thresholds, certainty: Certainty | None) -> Thresholds:
    """The same thresholds with the limits that an office has set, if it has."""
    if certainty is None:
        return thresholds
    return replace(thresholds, filled=certainty.filled, accept=certainty.accept)


@dataclass(frozen=True, slots=True)
class MarkModel:
    """A small network (one or more layers) with its thresholds; `name` carries version and hash."""

    name: str
    layers: tuple[tuple[Floats, Floats], ...]
    mean: Floats
    scale: Floats
    thresholds: Thresholds


def load_model(path: Path = DEFAULT_MODEL) -> MarkModel:
    """Read a model file; ValueError where its schema or its inputs are other ones."""
    encoded = path.read_bytes()
    raw = json.loads(encoded)
    if raw["schema"] != MODEL_SCHEMA or tuple(raw["inputs"]) != INPUTS:
        raise ValueError(f"{path.name} is not a {MODEL_SCHEMA} of these inputs")
    layers = tuple((np.array(w, np.float64), np.array(b, np.float64)) for w, b in raw["layers"])
    name = f"{raw['version']}+{hashlib.sha256(encoded).hexdigest()[:12]}"
    mean, scale = np.array(raw["mean"], np.float64), np.array(raw["scale"], np.float64)
    return MarkModel(name, layers, mean, scale, Thresholds(**raw["thresholds"]))


# --- bubbles --------------------------------------------------------------------------------------

_CONTEXT = (
    "mean_above_page",
    "mean_by_style",
    "peak_by_style",
    "others_mean",
    "others_ink",
    "others_loose",
    "others_near",
    "page_top_mean",
    "page_top_solid",
    "page_top_near",
    "page_empty_mean",
)
INPUTS = (*BubbleMarks._fields, *_CONTEXT)


def model_inputs(bubbles: Sequence[BubbleMarks], field_of: Sequence[int]) -> Floats:
    """What the model sees: each bubble's figures, its question's other bubbles, and the page's style.

    Args:
        bubbles: measurements of one page.
        field_of: per bubble the number of its question, ascending.

    Returns:
        float64 (n, len(INPUTS)).
    """
    raw = np.array(bubbles, np.float64).reshape(len(bubbles), len(BubbleMarks._fields))
    groups = np.asarray(field_of, np.int64)
    at = {name: i for i, name in enumerate(BubbleMarks._fields)}
    mean = raw[:, at["mean"]]
    tops = _tops(mean, groups)
    empty = float(np.median(np.sort(mean)[: max(1, len(mean) // 2)])) if len(mean) else 0.0
    style = [
        float(np.median(raw[tops, at[name]])) if len(tops) else 0.0 for name in ("mean", "solid", "near")
    ]
    top_mean = max(style[0] - empty, 0.08)
    top_peak = max(float(np.median(raw[tops, at["peak"]])) if len(tops) else 1.0, 0.15)
    above = mean - empty
    columns = [
        above,
        np.clip(above / top_mean, -1.0, 3.0),
        np.clip(raw[:, at["peak"]] / top_peak, 0.0, 3.0),
        *_others_max(raw[:, [at[name] for name in ("mean", "ink", "loose", "near")]], groups).T,
        *(np.full(len(mean), value) for value in (*style, empty)),
    ]
    return np.asarray(np.sqrt(np.maximum(np.column_stack([raw, *columns]), 0.0)), np.float64)


def _tops(mean: Floats, groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """The darkest bubble of every question."""
    order = np.lexsort((-mean, groups))
    first = np.r_[True, np.diff(groups[order]) != 0] if len(order) else np.zeros(0, bool)
    return np.asarray(order[first], np.int64)


def _others_max(values: Floats, groups: NDArray[np.int64]) -> Floats:
    """The largest value among the other bubbles of the same question; (n, k) for values (n, k)."""
    others = (groups[:, None] == groups[None, :]) & ~np.eye(len(groups), dtype=bool)
    table = np.where(others[:, :, None], values[None, :, :], 0.0)
    return np.asarray(table.max(axis=1)) if len(values) else values


def bubble_probabilities(bubbles: Sequence[BubbleMarks], field_of: Sequence[int], model: MarkModel) -> Floats:
    """Probabilities (n, 3) of empty, filled, cancelled for every bubble of a page."""
    if not bubbles:
        return np.zeros((0, 3))
    values = (model_inputs(bubbles, field_of) - model.mean) / model.scale
    for weights, bias in model.layers[:-1]:
        values = np.tanh(values @ weights + bias)
    weights, bias = model.layers[-1]
    logits = values @ weights + bias
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def classify_mark(probabilities: Sequence[float], thresholds: Thresholds) -> MarkState:
    """Name a bubble's state; `marginal` wherever no state is certain."""
    empty, filled, cancelled = probabilities
    if empty >= thresholds.empty:
        return MarkState.EMPTY
    if filled >= thresholds.filled:
        return MarkState.FILLED
    if cancelled >= thresholds.filled:
        return MarkState.CANCELLED
    return MarkState.MARGINAL


# --- questions ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FieldEvidence:
    """All that is known of one question: its options with their measurements and probabilities.

    `streaked` says which bubbles a scanner's streak touches; `in_place` is False where the row was not
    found as printed; `surrounds` is the ink around each bubble.
    """

    code: str
    options: tuple[str, ...]
    marks: tuple[BubbleMarks, ...]
    probabilities: tuple[tuple[float, float, float], ...]
    streaked: tuple[bool, ...] = ()
    in_place: bool = True
    surrounds: tuple[Surround, ...] = ()


def decide_field(evidence: FieldEvidence, thresholds: Thresholds) -> FieldReading:
    """Decide one question.

    Returns:
        `accepted` only without any flag; `value` is the one bubble that looks marked, else None.
    """
    states = [classify_mark(p, thresholds) for p in evidence.probabilities]
    bubbles = tuple(
        BubbleReading(option, state, round(p[1], 6))
        for option, state, p in zip(evidence.options, states, evidence.probabilities, strict=True)
    )
    top, confidence = _best(evidence)
    flags = _mark_flags(states) | _place_flags(evidence, states)
    if not flags:
        flags |= _doubts(evidence, states.index(MarkState.FILLED), thresholds)
        if confidence < thresholds.accept:
            flags.add(Flag.LOW_CONFIDENCE)
    value = _value(states, top, evidence)
    ordered = tuple(f for f in Flag if f in flags)
    return FieldReading(evidence.code, value, round(confidence, 6), not ordered, ordered, bubbles)


def _mark_flags(states: Sequence[MarkState]) -> set[Flag]:
    """What the states alone say; no flag only for one filled bubble among empty ones."""
    filled = states.count(MarkState.FILLED)
    flags = set()
    if MarkState.CANCELLED in states:
        flags.add(Flag.CORRECTED_MARK)
    if filled > 1:
        flags.add(Flag.MULTIPLE_MARKS)
    if MarkState.MARGINAL in states:
        flags.add(Flag.MARGINAL_MARK)
    if filled == 0 and not flags:
        flags.add(Flag.NO_MARK)
    return flags


def _place_flags(evidence: FieldEvidence, states: Sequence[MarkState]) -> set[Flag]:
    """Doubts from where the question lies: a streak through an empty bubble harms nothing."""
    flags = set() if evidence.in_place else {Flag.POOR_REGISTRATION}
    if any(
        streaked and s is not MarkState.EMPTY for streaked, s in zip(evidence.streaked, states, strict=False)
    ):
        flags.add(Flag.STREAK)
    return flags


def _doubts(evidence: FieldEvidence, top: int, thresholds: Thresholds) -> set[Flag]:
    """Oddities around an answer that looks plain: what no threshold on probability can see."""
    mark = evidence.marks[top]
    others = [m for i, m in enumerate(evidence.marks) if i != top]
    flags = set()
    if mark.long > thresholds.long:
        flags.add(Flag.STREAK)
    if mark.shared > thresholds.shared:
        flags.add(Flag.MULTIPLE_MARKS)
    if evidence.probabilities[top][2] > thresholds.cancelled or _is_crossed(evidence, top, thresholds):
        flags.add(Flag.CORRECTED_MARK)
    if mark.extent > thresholds.extent or mark.ink + mark.near < thresholds.mark_ink:
        flags.add(Flag.MARGINAL_MARK)
    if any(m.ink > thresholds.other_ink or m.loose > thresholds.other_loose for m in others):
        flags.add(Flag.MARGINAL_MARK)
    return flags | _surround_flags(evidence, top, thresholds)


_TWICE = 2.0


def _is_crossed(evidence: FieldEvidence, top: int, thresholds: Thresholds) -> bool:
    """Whether arms leave a mark on its diagonals that is dark between them too: taken back, however faint."""
    if not evidence.surrounds:
        return False
    around = evidence.surrounds[top]
    stand_out = around.arms - around.axes > thresholds.arms and around.arms > _TWICE * around.axes
    return stand_out and around.between > thresholds.between * around.arms


def _surround_flags(evidence: FieldEvidence, top: int, thresholds: Thresholds) -> set[Flag]:
    """What is around another bubble, by place alone: a loop, foreign ink, its ring torn off or traced."""
    others = [s for i, s in enumerate(evidence.surrounds) if i != top]
    flags = set()
    if any(s.sectors > thresholds.other_sectors for s in others):
        flags.add(Flag.MULTIPLE_MARKS)
    if any(s.foreign > thresholds.other_foreign or s.traced > thresholds.other_traced for s in others):
        flags.add(Flag.MARGINAL_MARK)
    if any(s.outline < thresholds.other_outline for s in others):
        flags.add(Flag.POOR_REGISTRATION)
    return flags


def _best(evidence: FieldEvidence) -> tuple[int, float]:
    """The likeliest bubble, and the probability that it is marked and all others are empty."""
    top = max(range(len(evidence.options)), key=lambda i: evidence.probabilities[i][1])
    confidence = evidence.probabilities[top][1]
    for i, p in enumerate(evidence.probabilities):
        if i != top:
            confidence *= 1.0 - p[1]
    return top, confidence


_LIKELIER_THAN_NOT = 0.5


def _value(states: Sequence[MarkState], top: int, evidence: FieldEvidence) -> str | None:
    """The one filled bubble, or the one that is likelier marked than not; None where several are."""
    filled = states.count(MarkState.FILLED)
    if filled == 1:
        return evidence.options[states.index(MarkState.FILLED)]
    likely = filled == 0 and evidence.probabilities[top][1] > _LIKELIER_THAN_NOT
    return evidence.options[top] if likely else None


def with_consent(reading: FieldReading, *, agrees: bool) -> FieldReading:
    """An accepted answer to which the second reader does not agree goes to a person; its value stays."""
    if agrees or not reading.accepted:
        return reading
    return replace(reading, accepted=False, flags=(Flag.LOW_CONFIDENCE,))


# --- pages ----------------------------------------------------------------------------------------

_DOUBTFUL_SHARE = 0.5
_DOUBTFUL_FLAGS = frozenset({Flag.MARGINAL_MARK, Flag.LOW_CONFIDENCE, Flag.POOR_REGISTRATION})


_PICTURE_DOUBTS = {Flag.POOR_IMAGE, Flag.POOR_REGISTRATION}


def doubt_fields(fields: Sequence[FieldReading], flags: Sequence[Flag]) -> tuple[FieldReading, ...]:
    """On a page that is doubtful as a picture (`flags` of `decide_page`) no answer is accepted unseen."""
    if not _PICTURE_DOUBTS & set(flags):
        return tuple(fields)
    return tuple(
        replace(f, accepted=False, flags=(Flag.LOW_CONFIDENCE,)) if f.accepted else f for f in fields
    )


def decide_page(fields: Sequence[FieldReading], flags: Sequence[Flag]) -> tuple[PageStatus, tuple[Flag, ...]]:
    """Status and flags of a page whose fields were read.

    A page where half of the answers are doubtful is doubtful as a picture, and says so.
    """
    found = set(flags)
    doubtful = sum(1 for f in fields if _DOUBTFUL_FLAGS & set(f.flags))
    if fields and doubtful > _DOUBTFUL_SHARE * len(fields):
        found.add(Flag.POOR_IMAGE)
    sound = not found and all(f.accepted for f in fields)
    return (PageStatus.READ if sound else PageStatus.FLAGGED), tuple(f for f in Flag if f in found)
