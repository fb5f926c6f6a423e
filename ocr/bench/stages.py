"""Where a page's time goes: Python's own profiler watches the real pipeline, so no second one is kept.

A stage is a row of `STAGES`: a name, and the functions whose time it is (with all that they call). A new
step of the pipeline is one row more; a function that is renamed breaks the import, and one that is no longer
called shows up as nothing.
"""

import cProfile
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType

from ocr.decide import bubble_probabilities, decide_field, decide_page, doubt_fields
from ocr.identity import decode_identity
from ocr.marks import measure_marks
from ocr.pictures import crop_field, preview_page
from ocr.quality import find_streaks, measure_print, measure_quality
from ocr.registration import find_fiducials, flatten_page, flatten_roughly, register_page
from ocr.row_fit import fit_rows
from ocr.scan_view import view_scan
from ocr.second_reader import SecondReader
from ocr.source import iter_pages
from ocr.text import is_written


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of reading: `functions` are plain functions of which none calls another of any stage."""

    name: str
    functions: tuple[Callable[..., object], ...]


STAGES = (
    Stage("decode", (iter_pages,)),
    Stage("halving", (view_scan,)),
    Stage("quality and streaks", (measure_quality, measure_print, find_streaks)),
    Stage("identity", (decode_identity,)),
    Stage("fiducials", (find_fiducials,)),
    Stage("registration", (register_page,)),
    Stage("row fit", (flatten_roughly, fit_rows)),
    Stage("flatten", (flatten_page,)),
    Stage("measure", (measure_marks,)),
    Stage("second reader", (SecondReader.look, SecondReader.agrees)),
    Stage("decide", (bubble_probabilities, decide_field, decide_page, doubt_fields)),
    Stage("handwritten boxes", (is_written,)),
    Stage("crops", (crop_field,)),
    Stage("preview", (preview_page,)),
)


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Processor seconds of each stage, in their order, and of the whole work; the profiler's cost is in."""

    by_stage: dict[str, float]
    total_s: float


def time_stages(work: Callable[[], None], stages: Sequence[Stage] = STAGES) -> StageTimes:
    """Do the work once under the profiler.

    Args:
        work: reads pages, in this process and thread.
        stages: what to tell apart.
    """
    profile = cProfile.Profile(time.process_time, builtins=False)
    profile.runcall(work)
    spent = {entry.code: entry.totaltime for entry in profile.getstats()}
    by_stage = {stage.name: math.fsum(spent.get(_code(f), 0.0) for f in stage.functions) for stage in stages}
    return StageTimes(by_stage, spent[_code(work)])


def _code(function: Callable[..., object]) -> CodeType:
    if not isinstance(function, FunctionType):
        raise TypeError(f"not a plain function: {function!r}")
    return function.__code__
