"""Measure the scan of a trial sheet: the reader's own reading, and what only the picture tells."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr.pipeline import read_page
from ocr.quality import find_streaks
from ocr.scan_view import view_scan
from ocr.source import PageImage, ScanLimits, iter_pages
from ocr.template import FormLibrary
from ocr.trial.judge import TrialPage, TrialReport, judge_trial
from ocr.trial.sheet import trial_answers

Grey = NDArray[np.uint8]

_MOST_PAGES = 8
"""A trial is one sheet; whoever sends a stack by mistake is not made to wait for it."""
_BLACK, _WHITE = 64, 192
_SAMPLE_PX = 3
_PAPER_WIDTH_MM = 210.0
_STREAK_GAP_MM = 1.0


def check_trial(path: Path, library: FormLibrary, limits: ScanLimits | None = None) -> TrialReport:
    """Read and judge a scanned trial sheet; pages after the eighth are left alone.

    Raises:
        ScanUnreadable, ScanTooLarge: as `ocr.source.iter_pages`.
    """
    pages = [measure_page(page, library) for page in iter_pages(path, limits, pages=range(_MOST_PAGES))]
    newest = {code: library.latest(code).version for code in library.codes()}
    answers = {code: trial_answers(library.layout(code, version)) for code, version in newest.items()}
    return judge_trial(pages, answers)


def measure_page(page: PageImage, library: FormLibrary) -> TrialPage:
    """Read a page and look at its picture."""
    reading = read_page(page, library).reading
    if page.grey.size == 0:
        return TrialPage(reading, 0.0, ())
    return TrialPage(reading, round(grey_share(page.grey), 5), _streaks_mm(page.grey))


def grey_share(grey: Grey) -> float:
    """Share of dots, in [0, 1], that are clearly neither black nor white."""
    sample = grey[::_SAMPLE_PX, ::_SAMPLE_PX]
    return float(((sample > _BLACK) & (sample < _WHITE)).mean())


def _streaks_mm(grey: Grey) -> tuple[float, ...]:
    """Where streaks run, counting neighbouring columns once; the picture is as wide as the paper."""
    work = view_scan(grey).work
    columns_mm = find_streaks(work) / work.shape[1] * _PAPER_WIDTH_MM
    first = np.r_[True, np.diff(columns_mm) > _STREAK_GAP_MM][: len(columns_mm)]
    return tuple(round(float(x), 1) for x in columns_mm[first])
