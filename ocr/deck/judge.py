"""What became of every page and every answer: a reading against the truth, case by case.

A page is found by file and page number where the truth knows the file, else by serial and side. A page
read under another identity is wrong in all its answers, even where they happen to agree.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from ocr.deck.readings import ReadAnswer, ReadPage
from ocr.deck.truth import PageKind, TruthField, TruthPage
from ocr.model import Flag, PageStatus

_STRUCTURAL = frozenset(
    {
        Flag.POOR_REGISTRATION,
        Flag.STREAK,
        Flag.POOR_IMAGE,
        Flag.WRONG_SCALE,
        Flag.DAMAGED_CODE,
    }
)
_CORRECTED = frozenset({"correction", "lone_cancel"})
NOT_READ = "(không đọc)"


class Review(StrEnum):
    """Why an answer went to a person; the first three no reader can save."""

    BLANK = "true_blank"
    DOUBLE = "true_double"
    CORRECTION = "true_correction"
    STRUCTURAL = "structural"
    LOW_CONFIDENCE = "low_confidence"
    REFUSED = "refused_page"


UNAVOIDABLE = (Review.BLANK, Review.DOUBLE, Review.CORRECTION)


class Fate(StrEnum):
    """What became of a page; the last two are paper that holds no sheet, or a page that is not the deck's."""

    READ = "read"
    REFUSED = "refused"
    MISIDENTIFIED = "misidentified"
    LOST = "lost"
    NEVER_SCANNED = "never_scanned"
    NO_SHEET_REFUSED = "no_sheet_refused"
    NO_SHEET_READ = "no_sheet_read"


@dataclass(frozen=True, slots=True)
class AnswerVerdict:
    """One question: `review` says why a person is shown it, None where it was accepted.

    `why` says how an accepted answer is wrong: `value`, `identity`, `absent`, `no_such_sheet`; empty: right.
    """

    asked: TruthField
    read: str | None
    why: str = ""
    review: Review | None = None
    answer: ReadAnswer | None = None

    @property
    def accepted(self) -> bool:
        """Nobody is shown it."""
        return self.review is None

    @property
    def positions_wrong(self) -> int:
        """Bubbles taken for the opposite of what they are; a swapped option makes two."""
        if not self.why or not self.asked.options:
            return 0
        meant = set(self.asked.value) if isinstance(self.asked.value, tuple) else {self.asked.value}
        read = self.read if self.why == "value" else None
        return max(1, len((meant ^ {read}) - {None}))


@dataclass(frozen=True, slots=True)
class PageVerdict:
    """One page: `page` is None where the deck holds none, `reading` where there is none."""

    fate: Fate
    page: TruthPage | None
    reading: ReadPage | None
    answers: tuple[AnswerVerdict, ...] = ()

    @property
    def silent(self) -> tuple[AnswerVerdict, ...]:
        """The answers that were accepted and are wrong."""
        return tuple(answer for answer in self.answers if answer.why)


def judge_deck(readings: Iterable[ReadPage], truth: Iterable[TruthPage]) -> Iterator[PageVerdict]:
    """Judge every page of a deck and every reading of it; pages without a reading come last."""
    deck = _Deck(truth)
    for reading in readings:
        page = deck.page_of(reading)
        if page is None or not holds_sheet(page):
            yield _judge_no_sheet(reading, page)
        else:
            yield _judge_page(reading, page)
    for page in deck.never_scanned:
        yield PageVerdict(Fate.NEVER_SCANNED, page, None)
    for page in deck.unread():
        yield PageVerdict(Fate.LOST, page, None)


def holds_sheet(page: TruthPage) -> bool:
    """A side of a sheet of ours, and no white or strange paper."""
    return page.serial is not None


class _Deck:
    """The truth's pages by place and by identity, and which of them were read."""

    def __init__(self, truth: Iterable[TruthPage]) -> None:
        self._by_place: dict[tuple[str, int], TruthPage] = {}
        self._by_identity: dict[tuple[str, int], list[TruthPage]] = {}
        self._sources: set[str] = set()
        self._read: set[tuple[str, int]] = set()
        self.never_scanned: list[TruthPage] = []
        for page in truth:
            self._add(page)

    def _add(self, page: TruthPage) -> None:
        if page.source is None or page.page_index is None:
            self.never_scanned.append(page)
            return
        name = PurePath(page.source).name
        self._sources.add(name)
        self._by_place[name, page.page_index] = page
        if page.kind is not PageKind.BLANK and page.serial is not None and page.page is not None:
            self._by_identity.setdefault((page.serial, page.page), []).append(page)

    def page_of(self, reading: ReadPage) -> TruthPage | None:
        """The page that was really read, if it is one of this deck's and not read before."""
        for page in self._candidates(reading):
            place = _place(page)
            if place not in self._read:
                self._read.add(place)
                return page
        return None

    def _candidates(self, reading: ReadPage) -> list[TruthPage]:
        name = PurePath(reading.source).name
        if name in self._sources:
            page = self._by_place.get((name, reading.page_index))
            return [] if page is None else [page]
        if reading.serial is None or reading.page is None:
            return []
        return self._by_identity.get((reading.serial, reading.page), [])

    def unread(self) -> list[TruthPage]:
        """Scanned pages of which there is no reading at all."""
        return [page for place, page in self._by_place.items() if place not in self._read]


def _place(page: TruthPage) -> tuple[str, int]:
    return PurePath(page.source or "").name, page.page_index or 0


def _judge_no_sheet(reading: ReadPage, page: TruthPage | None) -> PageVerdict:
    """White paper, a page that the deck does not hold, a second reading: what is accepted is invented."""
    if reading.status is PageStatus.REFUSED:
        return PageVerdict(Fate.NO_SHEET_REFUSED, page, reading)
    inventions = tuple(
        AnswerVerdict(TruthField(answer.code, 0, None), answer.value, "no_such_sheet", None, answer)
        for answer in reading.answers
        if answer.accepted
    )
    return PageVerdict(Fate.NO_SHEET_READ, page, reading, inventions)


def _judge_page(reading: ReadPage, page: TruthPage) -> PageVerdict:
    if reading.status is PageStatus.REFUSED:
        answers = [
            AnswerVerdict(asked, None, review=_unavoidable(asked) or Review.REFUSED) for asked in page.fields
        ]
        return PageVerdict(Fate.REFUSED, page, reading, tuple(answers))
    read = {answer.code: answer for answer in reading.answers}
    if not _same_identity(reading, page):
        answers = [_elsewhere(asked, read.get(asked.code)) for asked in page.fields]
        return PageVerdict(Fate.MISIDENTIFIED, page, reading, tuple(answers))
    answers = [_judge_answer(reading, asked, read.get(asked.code)) for asked in page.fields]
    return PageVerdict(Fate.READ, page, reading, tuple(answers))


def _elsewhere(asked: TruthField, answer: ReadAnswer | None) -> AnswerVerdict:
    """An answer that is counted for another sheet."""
    return AnswerVerdict(asked, NOT_READ if answer is None else answer.value, "identity", None, answer)


def _judge_answer(reading: ReadPage, asked: TruthField, answer: ReadAnswer | None) -> AnswerVerdict:
    if answer is None:
        return AnswerVerdict(asked, NOT_READ, "absent")
    if answer.accepted:
        why = "" if answer.value == asked.value else "value"
        return AnswerVerdict(asked, answer.value, why, None, answer)
    return AnswerVerdict(asked, answer.value, "", _review_reason(reading, asked, answer), answer)


def _review_reason(reading: ReadPage, asked: TruthField, answer: ReadAnswer) -> Review:
    unavoidable = _unavoidable(asked)
    if unavoidable is not None:
        return unavoidable
    return Review.STRUCTURAL if (answer.flags | reading.flags) & _STRUCTURAL else Review.LOW_CONFIDENCE


def _unavoidable(asked: TruthField) -> Review | None:
    if asked.event in _CORRECTED:
        return Review.CORRECTION
    if asked.value is None:
        return Review.BLANK
    return Review.DOUBLE if isinstance(asked.value, tuple) else None


def _same_identity(reading: ReadPage, page: TruthPage) -> bool:
    read = (reading.serial, reading.page, reading.form, reading.version, reading.group, reading.unit)
    return read == (page.serial, page.page, page.form, page.version, page.group, page.unit)
