"""Deciding: certain or a person. Plain figures in, plain values out."""

import dataclasses
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr.certainty import DEFAULT_MODEL
from ocr.decide import (
    FieldEvidence,
    Thresholds,
    bubble_probabilities,
    classify_mark,
    decide_field,
    decide_page,
    load_model,
)
from ocr.measures import BubbleMarks, Surround
from ocr.model import FieldReading, Flag, MarkState, PageStatus

NOTHING = BubbleMarks(*[0.0] * len(BubbleMarks._fields))
FILL = NOTHING._replace(
    mean=0.8, core=0.85, p50=0.85, p90=0.9, peak=0.95, ink=1, dark=1, solid=0.9, sectors=1, extent=0.7
)
SURE_EMPTY, SURE_FILLED, SURE_CANCELLED = (0.999, 0.001, 0.0), (0.001, 0.998, 0.001), (0.0, 0.001, 0.999)
UNSURE = (0.4, 0.6, 0.0)
LIMITS = Thresholds()

shares = st.floats(0, 1)


@st.composite
def probabilities(draw: st.DrawFn) -> tuple[float, float, float]:
    parts = [draw(st.floats(0, 1)) + 1e-9 for _ in range(3)]
    return (parts[0] / sum(parts), parts[1] / sum(parts), parts[2] / sum(parts))


def _evidence(
    *certainties: tuple[float, float, float],
    marks: dict[int, BubbleMarks] | None = None,
    in_place: bool = True,
) -> FieldEvidence:
    options = tuple(str(i + 1) for i in range(len(certainties)))
    figures = tuple(
        (marks or {}).get(i, FILL if p == SURE_FILLED else NOTHING) for i, p in enumerate(certainties)
    )
    return FieldEvidence("CX4.1", options, figures, certainties, (False,) * len(options), in_place)


def test_one_sure_mark_among_empty_bubbles_is_accepted() -> None:
    reading = decide_field(_evidence(SURE_EMPTY, SURE_FILLED, SURE_EMPTY), LIMITS)
    assert (reading.value, reading.accepted, reading.flags) == ("2", True, ())
    assert [b.state for b in reading.bubbles] == [MarkState.EMPTY, MarkState.FILLED, MarkState.EMPTY]
    assert reading.confidence > 0.99


@pytest.mark.parametrize(
    ("certainties", "value", "flags"),
    [
        ((SURE_EMPTY, SURE_EMPTY), None, (Flag.NO_MARK,)),
        ((SURE_FILLED, SURE_FILLED), None, (Flag.MULTIPLE_MARKS,)),
        ((SURE_CANCELLED, SURE_FILLED), "2", (Flag.CORRECTED_MARK,)),
        ((SURE_CANCELLED, SURE_EMPTY), None, (Flag.CORRECTED_MARK,)),
        ((UNSURE, SURE_EMPTY), "1", (Flag.MARGINAL_MARK,)),
        ((UNSURE, SURE_FILLED), "2", (Flag.MARGINAL_MARK,)),
    ],
)
def test_everything_else_goes_to_a_person(
    certainties: tuple[tuple[float, float, float], ...], value: str | None, flags: tuple[Flag, ...]
) -> None:
    reading = decide_field(_evidence(*certainties), LIMITS)
    assert (reading.value, reading.accepted, reading.flags) == (value, False, flags)


@pytest.mark.parametrize(
    ("top", "other", "flag"),
    [
        (FILL._replace(long=0.9), NOTHING, Flag.STREAK),
        (FILL._replace(shared=0.5), NOTHING, Flag.MULTIPLE_MARKS),
        (FILL._replace(extent=4.0), NOTHING, Flag.MARGINAL_MARK),
        (FILL, NOTHING._replace(ink=0.2), Flag.MARGINAL_MARK),
        (FILL, NOTHING._replace(loose=0.5), Flag.MARGINAL_MARK),
    ],
)
def test_oddities_outweigh_any_probability(top: BubbleMarks, other: BubbleMarks, flag: Flag) -> None:
    reading = decide_field(_evidence(SURE_FILLED, SURE_EMPTY, marks={0: top, 1: other}), LIMITS)
    assert reading.flags == (flag,)


CLEAR = Surround(sectors=0.0, foreign=0.0, arms=0.0, axes=0.0, between=0.0, outline=1.0, traced=0.0)
TORN, LOOPED = CLEAR._replace(outline=0.1), CLEAR._replace(sectors=0.9)
BESIDE = CLEAR._replace(sectors=0.1, foreign=0.5)
TRACED = CLEAR._replace(traced=0.3)


@pytest.mark.parametrize(
    ("surrounds", "flags"),
    [
        ((CLEAR, LOOPED), (Flag.MULTIPLE_MARKS,)),
        ((CLEAR, BESIDE), (Flag.MARGINAL_MARK,)),
        ((CLEAR, TORN), (Flag.POOR_REGISTRATION,)),
        ((CLEAR, TRACED), (Flag.MARGINAL_MARK,)),
        ((TRACED, CLEAR), ()),
        ((TORN, CLEAR), ()),
        ((LOOPED, CLEAR), ()),
        ((BESIDE, CLEAR), ()),
    ],
)
def test_ink_around_another_bubble_than_the_marked_one_is_a_doubt(
    surrounds: tuple[Surround, ...], flags: tuple[Flag, ...]
) -> None:
    evidence = dataclasses.replace(_evidence(SURE_FILLED, SURE_EMPTY), surrounds=surrounds)
    reading = decide_field(evidence, LIMITS)
    assert (reading.value, reading.flags) == ("1", flags)


@pytest.mark.parametrize(
    ("around", "flags"),
    [
        ({"arms": 0.08, "axes": 0.01, "between": 0.2}, (Flag.CORRECTED_MARK,)),  # a crossed-out fill, faint
        ({"arms": 0.30, "axes": 0.05, "between": 0.05}, ()),  # a bare cross
        ({"arms": 0.30, "axes": 0.25, "between": 0.4}, ()),  # a fill that overflows all around
        ({"arms": 0.02, "axes": 0.0, "between": 0.4}, ()),  # a fill within its ring
    ],
)
def test_a_mark_with_the_arms_of_a_crossing_out_is_a_doubt(
    around: dict[str, float], flags: tuple[Flag, ...]
) -> None:
    evidence = _evidence(SURE_FILLED, SURE_EMPTY)
    crossed = dataclasses.replace(evidence, surrounds=(CLEAR._replace(**around), CLEAR))
    assert decide_field(crossed, LIMITS).flags == flags
    beside = dataclasses.replace(evidence, surrounds=(CLEAR, CLEAR._replace(**around)))
    assert decide_field(beside, LIMITS).flags == ()


def test_a_streak_matters_where_something_shows() -> None:
    evidence = _evidence(SURE_FILLED, SURE_EMPTY)
    on_mark = decide_field(dataclasses.replace(evidence, streaked=(True, False)), LIMITS)
    on_empty = decide_field(dataclasses.replace(evidence, streaked=(False, True)), LIMITS)
    assert on_mark.flags == (Flag.STREAK,)
    assert on_empty.accepted


def test_a_row_out_of_place_is_not_accepted() -> None:
    reading = decide_field(_evidence(SURE_FILLED, SURE_EMPTY, in_place=False), LIMITS)
    assert reading.flags == (Flag.POOR_REGISTRATION,)


@given(certainties=st.lists(probabilities(), min_size=2, max_size=6), ink=shares, in_place=st.booleans())
def test_deciding_is_total_and_consistent(
    *, certainties: list[tuple[float, float, float]], ink: float, in_place: bool
) -> None:
    marks = {i: NOTHING._replace(ink=ink, loose=ink) for i in range(len(certainties))}
    reading = decide_field(_evidence(*certainties, marks=marks, in_place=in_place), LIMITS)
    assert reading.accepted == (not reading.flags)
    assert 0 <= reading.confidence <= 1
    if reading.accepted:
        assert reading.value is not None
        assert [b.state for b in reading.bubbles].count(MarkState.FILLED) == 1
    if all(b.state is MarkState.EMPTY for b in reading.bubbles):
        assert Flag.NO_MARK in reading.flags


@given(st.lists(probabilities(), min_size=2, max_size=6), st.floats(0.6, 0.999), st.floats(0.6, 0.999))
def test_stricter_thresholds_never_accept_more(
    certainties: list[tuple[float, float, float]], one: float, two: float
) -> None:
    loose, strict = (
        decide_field(_evidence(*certainties), Thresholds(filled=t, empty=t, accept=t))
        for t in sorted((one, two))
    )
    assert loose.accepted or not strict.accepted


@given(probabilities())
def test_a_mark_never_flips_between_marked_and_empty_at_a_threshold(p: tuple[float, float, float]) -> None:
    """Between empty and filled there is always marginal, so a rescan cannot turn one into the other."""
    if classify_mark(p, LIMITS) is MarkState.EMPTY:
        assert p[1] < 0.5
    if classify_mark(p, LIMITS) is MarkState.FILLED:
        assert p[0] < 0.5


def _page_of(ink: float) -> list[BubbleMarks]:
    """Four questions of three bubbles: three plainly filled, and one bubble with that much of a fill."""
    partial = BubbleMarks(*(value * ink for value in FILL))
    return [FILL, NOTHING, NOTHING] * 3 + [partial, NOTHING, NOTHING]


def test_more_ink_is_never_less_of_a_mark() -> None:
    model = load_model()
    field_of = [i // 3 for i in range(12)]
    chances = [bubble_probabilities(_page_of(ink), field_of, model)[9] for ink in np.linspace(0, 1, 21)]
    assert all(after[0] <= before[0] + 0.02 for before, after in pairwise(chances))
    assert chances[0][0] > 0.99
    assert chances[-1][1] > 0.9


def test_the_model_says_its_version_and_hash(tmp_path: Path) -> None:
    changed = tmp_path / "marks.json"
    raw = json.loads(DEFAULT_MODEL.read_text(encoding="utf-8"))
    raw["thresholds"]["accept"] = 0.5
    changed.write_text(json.dumps(raw), encoding="utf-8")
    assert load_model().name.startswith("marks-3+")
    assert load_model(changed).name != load_model().name


@pytest.mark.parametrize("change", [{"schema": "chamdiem-markmodel/2"}, {"inputs": ["mean"]}])
def test_another_kind_of_model_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "marks.json"
    raw = json.loads(DEFAULT_MODEL.read_text(encoding="utf-8")) | change
    path.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(ValueError, match="chamdiem-markmodel/1"):
        load_model(path)


def _field(*, accepted: bool, flags: tuple[Flag, ...] = ()) -> FieldReading:
    return FieldReading("CX4.1", "1", 1.0, accepted, flags, ())


def test_a_page_is_read_only_if_every_answer_is() -> None:
    assert decide_page([_field(accepted=True)], []) == (PageStatus.READ, ())
    blank = _field(accepted=False, flags=(Flag.NO_MARK,))
    assert decide_page([_field(accepted=True), blank], []) == (PageStatus.FLAGGED, ())
    assert decide_page([_field(accepted=True)], [Flag.WRONG_SCALE]) == (
        PageStatus.FLAGGED,
        (Flag.WRONG_SCALE,),
    )


def test_a_page_full_of_doubt_says_so() -> None:
    doubtful = [_field(accepted=False, flags=(Flag.MARGINAL_MARK,))] * 3 + [_field(accepted=True)]
    assert decide_page(doubtful, []) == (PageStatus.FLAGGED, (Flag.POOR_IMAGE,))
