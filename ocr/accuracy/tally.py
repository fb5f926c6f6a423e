"""Counts over pages and answers, by family; sums of them are again such counts."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

from ocr.deck.judge import UNAVOIDABLE, AnswerVerdict, Fate, PageVerdict, holds_sheet
from ocr.deck.truth import TruthPage

Tag = tuple[str, str | float | bool]
_SAME_FOR_ALL = frozenset({"profile", "generator"})
_EXACT = frozenset({"turned_deg"})
# Other numbers fall into bands from these limits on; what is named nowhere makes no family.
_BANDS: dict[str, tuple[float, ...]] = {
    "skew_deg": (1.0, 2.0, 4.0),
    "blur_mm": (0.1, 0.15, 0.2),
    "noise": (3.0, 6.0),
    "slop": (0.5, 0.8),
    "show_through": (0.001, 0.04),
    "jpeg_quality": (50, 70),
    "tilt_deg": (5.0, 15.0),
}


@dataclass(slots=True)
class Tally:
    """Counts; `avoidable` is review beyond true blanks, doubles and corrections."""

    pages: int = 0
    refused: int = 0
    misidentified: int = 0
    lost: int = 0
    pages_wrong: int = 0
    answers: int = 0
    accepted: int = 0
    reviewed: int = 0
    avoidable: int = 0
    positions_accepted: int = 0
    positions_wrong: int = 0
    silent: int = 0
    silent_invisible: int = 0

    def add(self, other: "Tally") -> None:
        """Sum another one up into this one."""
        for each in fields(other):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    def as_json(self) -> dict[str, int]:
        """Only what is not 0."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "Tally":
        """Read `as_json` back."""
        return cls(**raw)


def tally_page(verdict: PageVerdict) -> Tally:
    """One page without its answers; nothing for paper that holds no sheet, or that never was scanned."""
    if verdict.page is None or not holds_sheet(verdict.page) or verdict.fate is Fate.NEVER_SCANNED:
        return Tally(pages_wrong=int(bool(verdict.silent)))
    return Tally(
        pages=1,
        refused=int(verdict.fate is Fate.REFUSED),
        misidentified=int(verdict.fate is Fate.MISIDENTIFIED),
        lost=int(verdict.fate is Fate.LOST),
        pages_wrong=int(bool(verdict.silent)),
    )


def tally_answer(verdict: AnswerVerdict) -> Tally:
    """One answer."""
    if verdict.review is not None:
        return Tally(answers=1, reviewed=1, avoidable=int(verdict.review not in UNAVOIDABLE))
    return Tally(
        answers=1,
        accepted=1,
        positions_accepted=verdict.asked.options,
        positions_wrong=verdict.positions_wrong,
        silent=int(bool(verdict.why)),
        silent_invisible=int(bool(verdict.why) and not verdict.asked.visible),
    )


def page_families(page: TruthPage) -> tuple[str, ...]:
    """Families of a page, `subject: member`: form, kind, and each tag of people, paper and scanner."""
    form = (f"form: {page.form}",) if page.form else ()
    return (*form, f"kind: {page.kind.value}", *(family for tag in page.tags for family in _family(tag)))


def answer_families(verdict: AnswerVerdict) -> tuple[str, ...]:
    """Families of an answer beside those of its page: the mark's style, and what happened there."""
    style = verdict.asked.style
    return (*((f"style: {style}",) if style else ()), f"event: {verdict.asked.event}")


def _family(tag: Tag) -> Iterator[str]:
    """A fault that is there, a word, or a band of a number; a fault that is absent is no family."""
    name, value = tag
    if name in _SAME_FOR_ALL or (not value and name not in _BANDS):
        return
    if isinstance(value, bool):
        yield f"fault: {name}"
    elif isinstance(value, str):
        yield f"{name}: {value}"
    elif name in _EXACT:
        yield f"{name}: {value:g}"
    elif name in _BANDS:
        yield f"{name}: {_band(abs(value), _BANDS[name])}"


def _band(value: float, limits: tuple[float, ...]) -> str:
    low = [limit for limit in limits if value >= limit]
    high = [limit for limit in limits if value < limit]
    if not low:
        return f"under {high[0]:g}"
    return f"{low[-1]:g} to {high[0]:g}" if high else f"from {low[-1]:g}"
