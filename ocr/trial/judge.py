"""What a scanned trial sheet says of printer and scanner. Judging only: plain values in and out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ocr.model import PageQuality, PageReading, PageStatus
from ocr.trial.sheet import is_trial


class Subject(StrEnum):
    """What is checked, in the order in which a clerk puts it right; each says what `value` is."""

    SIDES = "sides"
    """Both sides are there, front first; no value."""
    SCALE = "scale"
    """Size of the print against the form, the worse side: 1.0 is right."""
    SKEW = "skew"
    """Turn of the print on the picture, the worse side, in degrees."""
    RESOLUTION = "resolution"
    """Dots per inch of the scanner, whatever the size of the print."""
    GREY = "grey"
    """Share of the picture's dots that are neither black nor white; 0 for a black-and-white scan."""
    CONTRAST = "contrast"
    """Step from paper to print, 0 to 1, the worse side."""
    SHARPNESS = "sharpness"
    """Width of a printed edge in millimetres, the worse side."""
    STREAKS = "streaks"
    """Distance of the first streak from the left edge of the picture in millimetres; None without one."""
    MARKS = "marks"
    """Share of the printed marks that the reader took without asking."""


class Verdict(StrEnum):
    """`fair` works, with more for people to look at; `bad` must be put right before printing."""

    GOOD = "good"
    FAIR = "fair"
    BAD = "bad"


class Fault(StrEnum):
    """Which of several things is wrong where a subject has more than one; `none` where the figure says it."""

    NONE = "none"
    NOTHING_SCANNED = "nothing_scanned"
    NOT_A_TRIAL = "not_a_trial"
    FRONT_MISSING = "front_missing"
    BACK_MISSING = "back_missing"
    BACK_FIRST = "back_first"
    PHOTOGRAPHED = "photographed"
    WRONG_ANSWER = "wrong_answer"


@dataclass(frozen=True, slots=True)
class Check:
    """One subject's verdict."""

    subject: Subject
    verdict: Verdict
    value: float | None = None
    fault: Fault = Fault.NONE


@dataclass(frozen=True, slots=True)
class TrialPage:
    """One page of the scanned file.

    Attributes:
        reading: what the reader says.
        grey_share: share of dots in the middle greys.
        streaks_mm: streaks by their distance from the left edge of the picture.
    """

    reading: PageReading
    grey_share: float
    streaks_mm: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TrialReport:
    """All checks of one scan."""

    checks: tuple[Check, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of all."""
        found = {check.verdict for check in self.checks}
        return next(v for v in (Verdict.BAD, Verdict.FAIR, Verdict.GOOD) if v in found)


_FRONT, _BACK = 1, 2
# Good up to the first, fair up to the second limit. The reader allows 4 % of scale and 5 degrees (ADR 6);
# an office that starts there has nothing left for damp paper and a crooked feed.
_SCALE_OFF = (0.01, 0.03)
_SKEW_DEG = (1.0, 3.0)
_EDGE_MM = (0.65, 0.85)
_CONTRAST = (0.50, 0.30)
_DPI_LEAST = (195.0, 145.0)
_DPI_MOST = 410.0
_GREY_LEAST = 0.002
_MARKS_TAKEN = (0.90, 0.70)


def judge_trial(pages: Sequence[TrialPage], answers: Mapping[str, Mapping[str, str]]) -> TrialReport:
    """Judge all pages of a scanned file.

    Args:
        pages: in the order of the file.
        answers: the printed marks by form code, then by field code.

    Returns:
        One check a subject; only `sides` where no trial sheet was found.
    """
    own = [p for p in pages if p.reading.identity is not None and is_trial(p.reading.identity)]
    sides = _judge_sides(pages, own)
    read = [p for p in own if p.reading.status is not PageStatus.REFUSED]
    if not read:
        return TrialReport((sides,))
    quality = [p.reading.quality for p in read]
    skew = (abs(q.rotation_deg) for q in quality if q.rotation_deg is not None)
    contrast = (q.contrast for q in quality if q.contrast is not None)
    edges = (q.blur_mm for q in quality if q.blur_mm is not None)
    return TrialReport(
        (
            sides,
            _judge_scale(quality),
            _most(Subject.SKEW, skew, _SKEW_DEG),
            _judge_resolution(quality),
            _judge_grey(read),
            _least(Subject.CONTRAST, contrast, _CONTRAST),
            _most(Subject.SHARPNESS, edges, _EDGE_MM),
            _judge_streaks(read),
            _judge_marks(read, answers),
        )
    )


def _judge_sides(pages: Sequence[TrialPage], own: Sequence[TrialPage]) -> Check:
    if not pages:
        return Check(Subject.SIDES, Verdict.BAD, fault=Fault.NOTHING_SCANNED)
    order = [p.reading.identity.page for p in own if p.reading.identity is not None]
    if not order:
        return Check(Subject.SIDES, Verdict.BAD, fault=Fault.NOT_A_TRIAL)
    if _FRONT not in order:
        return Check(Subject.SIDES, Verdict.BAD, fault=Fault.FRONT_MISSING)
    if _BACK not in order:
        return Check(Subject.SIDES, Verdict.BAD, fault=Fault.BACK_MISSING)
    if order[0] != _FRONT:
        return Check(Subject.SIDES, Verdict.FAIR, fault=Fault.BACK_FIRST)
    return Check(Subject.SIDES, Verdict.GOOD)


def _judge_scale(quality: Sequence[PageQuality]) -> Check:
    scales = [q.scale for q in quality if q.scale is not None]
    if not scales:
        return Check(Subject.SCALE, Verdict.FAIR, fault=Fault.PHOTOGRAPHED)
    worst = max(scales, key=lambda scale: abs(scale - 1.0))
    return Check(Subject.SCALE, _up_to(abs(worst - 1.0), _SCALE_OFF), worst)


def _judge_resolution(quality: Sequence[PageQuality]) -> Check:
    dpi = min((q.dpi / (q.scale or 1.0) for q in quality if q.dpi is not None), default=0.0)
    verdict = _up_to(-dpi, (-_DPI_LEAST[0], -_DPI_LEAST[1]))
    if verdict is Verdict.GOOD and dpi > _DPI_MOST:
        verdict = Verdict.FAIR
    return Check(Subject.RESOLUTION, verdict, round(dpi, 1))


def _judge_grey(pages: Sequence[TrialPage]) -> Check:
    share = min(p.grey_share for p in pages)
    return Check(Subject.GREY, Verdict.GOOD if share >= _GREY_LEAST else Verdict.FAIR, share)


def _judge_streaks(pages: Sequence[TrialPage]) -> Check:
    streaks = sorted(x_mm for p in pages for x_mm in p.streaks_mm)
    return Check(Subject.STREAKS, Verdict.BAD if streaks else Verdict.GOOD, streaks[0] if streaks else None)


def _judge_marks(pages: Sequence[TrialPage], answers: Mapping[str, Mapping[str, str]]) -> Check:
    """A mark that is taken for another one is bad, however many are right."""
    printed = taken = 0
    for page in pages:
        known = answers[page.reading.identity.form] if page.reading.identity is not None else {}
        for field in page.reading.fields:
            printed += 1
            taken += field.accepted
            if field.accepted and field.value != known.get(field.code):
                return Check(Subject.MARKS, Verdict.BAD, fault=Fault.WRONG_ANSWER)
    share = taken / printed if printed else 0.0
    return Check(Subject.MARKS, _up_to(-share, (-_MARKS_TAKEN[0], -_MARKS_TAKEN[1])), share)


def _most(subject: Subject, values: Iterable[float], limits: tuple[float, float]) -> Check:
    worst = max(values, default=0.0)
    return Check(subject, _up_to(worst, limits), worst)


def _least(subject: Subject, values: Iterable[float], limits: tuple[float, float]) -> Check:
    worst = min(values, default=0.0)
    return Check(subject, _up_to(-worst, (-limits[0], -limits[1])), worst)


def _up_to(value: float, limits: tuple[float, float]) -> Verdict:
    good, fair = limits
    return Verdict.GOOD if value <= good else Verdict.FAIR if value <= fair else Verdict.BAD
