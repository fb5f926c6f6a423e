"""How long the index takes, from answers to ranks, and how that grows: the arithmetic alone, no database."""

import argparse
import random
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocr.bench.table import Section
    from webapp.par_index.scheme import Scheme
    from webapp.par_index.snapshot import UnitInputs
    from webapp.par_index.survey import Answer, UnitSurvey

_SEED = 4242
_SHEETS_PER_GROUP = {"CX1": 17, "CX2": 12, "CX3": 13, "CX4": 49}  # 91 a commune: a million for 11,000
_SIZES = (41, 410, 1_100)
_LONG_SIZES = (11_000,)


def add_index_options(parser: argparse.ArgumentParser) -> None:
    """Add the switches of this part."""
    parser.add_argument("--index-only", action="store_true", help="measure the index and nothing else")
    parser.add_argument(
        "--index-long", action="store_true", help="the index of 11,000 communes from a million forms, too"
    )


@dataclass(frozen=True, slots=True)
class _Measured:
    """One size: processor seconds of each step, and the most memory the process ever held, in MB."""

    units: int
    sheets: int
    tally_s: float
    compute_s: float
    rank_s: float
    peak_mb: float


def time_index(*, is_long: bool) -> "list[Section]":
    """Measure every size, the smallest first, so that memory can be told apart."""
    return [_time_unit_by_unit(is_long=is_long), _time_whole()]


def _time_unit_by_unit(*, is_long: bool) -> "Section":
    from ocr.bench.table import Section

    runs = [_measure(units) for units in (*_SIZES, *(_LONG_SIZES if is_long else ()))]
    return Section(
        "The index, from answers to ranks, unit by unit",
        "Processor time of one process, made-up answers (their making is not counted). A unit's answers and "
        "parts are let go once its sums are known, as a list of ranks needs no more; memory is the most the "
        "process held so far.",
        ("units", "forms", "count answers s", "points and sums s", "ranks s", "ms/unit", "peak MB"),
        tuple(
            (
                f"{run.units:,}",
                f"{run.sheets:,}",
                f"{run.tally_s:.2f}",
                f"{run.compute_s:.2f}",
                f"{run.rank_s:.3f}",
                f"{1000 * (run.tally_s + run.compute_s + run.rank_s) / run.units:.2f}",
                f"{run.peak_mb:.0f}",
            )
            for run in runs
        ),
    )


def _measure(count: int) -> _Measured:
    from webapp.par_index.compute import competition_ranks, unit_index
    from webapp.par_index.survey import tally_answers

    scheme = _scheme()
    tally_s = compute_s = 0.0
    sheets = 0
    percents: list[Decimal] = []
    for place in range(count):
        answers = list(_answers(scheme, place))
        sheets += len({answer.sheet for answer in answers})
        began = time.process_time()
        survey = tally_answers(scheme, answers)
        tallied = time.process_time()
        unit = unit_index(scheme, _inputs(scheme, place, survey))
        compute_s += time.process_time() - tallied
        tally_s += tallied - began
        if unit.index_percent is not None:
            percents.append(unit.index_percent)
    began = time.process_time()
    competition_ranks(percents)
    return _Measured(count, sheets, tally_s, compute_s, time.process_time() - began, _peak_mb())


def _time_whole() -> "Section":
    from ocr.bench.table import Section

    return Section(
        "The index as a version is made, everything kept",
        "Processor time of one process. A snapshot with all counts in memory; computed, and its result "
        "hashed with every part and word that explains it.",
        ("units", "compute s", "hash s", "ms/unit", "peak MB"),
        tuple(map(_whole_row, _SIZES)),
    )


def _whole_row(count: int) -> tuple[str, ...]:
    from webapp.par_index.compute import compute_index
    from webapp.par_index.outcome import result_sha256
    from webapp.par_index.snapshot import Snapshot
    from webapp.par_index.survey import tally_answers

    scheme = _scheme()
    places = range(count)
    units = (_inputs(scheme, n, tally_answers(scheme, _answers(scheme, n))) for n in places)
    snapshot = Snapshot(scheme.year, "bench", (scheme,), tuple(units))
    began = time.process_time()
    result = compute_index(snapshot)
    computed = time.process_time()
    result_sha256(result)
    hashed = time.process_time()
    seconds = (computed - began, hashed - computed)
    each_ms = 1000 * sum(seconds) / count
    return f"{count:,}", f"{seconds[0]:.2f}", f"{seconds[1]:.2f}", f"{each_ms:.2f}", f"{_peak_mb():.0f}"


def _peak_mb() -> float:
    """The most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _scheme() -> "Scheme":
    from webapp.services.campaigns import BO_TRACH
    from webapp.services.scheme_files import read_scheme_file

    groups = {"CX1": ["DB", "LD"], "CX2": ["CC"], "CX3": ["CH"], "CX4": ["DN"]}
    return read_scheme_file(BO_TRACH / "criteria_commune.yaml", BO_TRACH / "questionnaires.yaml", groups)


def _answers(scheme: "Scheme", place: int) -> "Iterator[Answer]":
    """Every answer about one unit."""
    from webapp.par_index.survey import Answer

    dice = random.Random(f"{_SEED}/{place}")  # noqa: S311 - made-up answers, no secret
    sheet = 0
    for pool in scheme.pools:
        questions = [question for question in scheme.questions if question.form == pool.form]
        for _ in range(_SHEETS_PER_GROUP[pool.form]):
            sheet += 1
            for question in questions:
                option = question.options[min(int(4 * dice.random() ** 2), len(question.options) - 1)]
                yield Answer(sheet, pool.form, pool.groups[0], question.code, option.code)


def _inputs(scheme: "Scheme", place: int, survey: "UnitSurvey") -> "UnitInputs":
    from webapp.par_index.snapshot import AppraisedInput, UnitInputs

    dice = random.Random(f"{_SEED}/{place}/points")  # noqa: S311 - made-up points, no secret
    scores = tuple(
        AppraisedInput(leaf.code, (leaf.maximum * dice.randint(50, 100) / 100).quantize(Decimal("0.01")))
        for leaf in scheme.appraised
    )
    return UnitInputs(str(place), f"Xã {place}", scheme.level, place, scores, survey)
