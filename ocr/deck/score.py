"""A reading against the truth: what was read wrongly without anyone being shown, and what it cost in review.

A page is found by file and page number where the truth knows the file, else by serial and side. A page
read under another identity is wrong in all its answers, even where they happen to agree.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class SilentError:
    """An answer that was accepted and is wrong; `why` is `value`, `identity`, `absent` or `no_such_sheet`."""

    source: str
    page_index: int
    serial: str | None
    page: int | None
    field: str
    read: str | None
    truth: str | tuple[str, ...] | None
    why: str
    style: str = ""
    event: str = ""
    visible: bool = True
    contrast: float | None = None


@dataclass(slots=True)
class Score:
    """Counts over a deck. Pages are scanned sides (a second scan counts again); white ones stand apart."""

    pages: int = 0
    pages_refused: int = 0
    pages_lost: int = 0
    pages_misidentified: int = 0
    pages_never_scanned: int = 0
    blank_pages: int = 0
    blank_pages_misread: int = 0
    foreign_pages: int = 0
    answers: int = 0
    answers_lost: int = 0
    answers_accepted: int = 0
    positions: int = 0
    positions_accepted: int = 0
    positions_wrong: int = 0
    invisible_marks: int = 0
    text_boxes: int = 0
    comments: int = 0
    comments_missed: int = 0
    comments_invented: int = 0
    review: Counter[Review] = field(default_factory=Counter)
    silent_errors: list[SilentError] = field(default_factory=list)

    @property
    def answers_reviewed(self) -> int:
        """Answers that a person is shown, those on refused pages included."""
        return sum(self.review.values())

    @property
    def avoidable_review(self) -> int:
        """Review beyond true blanks, doubles and corrections."""
        return self.answers_reviewed - sum(self.review[kind] for kind in UNAVOIDABLE)

    @property
    def passed(self) -> bool:
        """Nothing silently wrong, nothing lost."""
        return not (
            self.silent_errors or self.pages_lost or self.pages_misidentified or self.blank_pages_misread
        )


def score_deck(readings: Iterable[ReadPage], truth: Iterable[TruthPage]) -> Score:
    """Score readings against the truth of the same deck."""
    score = Score()
    deck = _Deck(truth, score)
    for reading in readings:
        page = deck.page_of(reading)
        if page is None:
            _score_foreign(score, reading)
        elif page.kind is PageKind.BLANK:
            _score_blank(score, reading)
        else:
            _score_page(score, reading, page)
    for page in deck.unread():
        score.pages_lost += 1
        score.answers_lost += len(page.fields)
    return score


class _Deck:
    """The truth's pages by place and by identity, and which of them were read."""

    def __init__(self, truth: Iterable[TruthPage], score: Score) -> None:
        self._by_place: dict[tuple[str, int], TruthPage] = {}
        self._by_identity: dict[tuple[str, int], list[TruthPage]] = {}
        self._sources: set[str] = set()
        self._read: set[tuple[str, int]] = set()
        for page in truth:
            self._add(page, score)

    def _add(self, page: TruthPage, score: Score) -> None:
        if page.source is None or page.page_index is None:
            score.pages_never_scanned += 1
            return
        name = PurePath(page.source).name
        self._sources.add(name)
        self._by_place[name, page.page_index] = page
        if page.kind is PageKind.BLANK:
            score.blank_pages += 1
            return
        score.pages += 1
        score.answers += len(page.fields)
        score.positions += sum(asked.options for asked in page.fields)
        score.invisible_marks += sum(not asked.visible for asked in page.fields)
        if page.serial is not None and page.page is not None:
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
        """Scanned sides of sheets of which there is no reading at all."""
        return [
            p
            for place, p in self._by_place.items()
            if place not in self._read and p.kind is not PageKind.BLANK
        ]


def _place(page: TruthPage) -> tuple[str, int]:
    return PurePath(page.source or "").name, page.page_index or 0


def _score_page(score: Score, reading: ReadPage, page: TruthPage) -> None:
    if reading.status is PageStatus.REFUSED:
        score.pages_refused += 1
        for asked in page.fields:
            score.review[_unavoidable(asked) or Review.REFUSED] += 1
        return
    if not _same_identity(reading, page):
        score.pages_misidentified += 1
        for asked in page.fields:
            _count_accepted(score, asked, wrong=True)
            score.silent_errors.append(
                _silent_error(reading, asked, _read_value(reading, asked.code), "identity")
            )
        return
    _score_texts(score, reading, page)
    answers = {answer.code: answer for answer in reading.answers}
    for asked in page.fields:
        _score_answer(score, reading, asked, answers.get(asked.code))


def _score_answer(score: Score, reading: ReadPage, asked: TruthField, answer: ReadAnswer | None) -> None:
    if answer is None:
        _count_accepted(score, asked, wrong=True)
        score.silent_errors.append(_silent_error(reading, asked, NOT_READ, "absent"))
    elif answer.accepted:
        wrong = answer.value != asked.value
        _count_accepted(score, asked, wrong=wrong, read=answer.value)
        if wrong:
            score.silent_errors.append(_silent_error(reading, asked, answer.value, "value"))
    else:
        score.review[_review_reason(reading, asked, answer)] += 1


def _score_texts(score: Score, reading: ReadPage, page: TruthPage) -> None:
    """Boxes with handwriting that nobody would be shown, and empty ones that people are shown in vain."""
    seen = {code for code, written in reading.texts if written}
    score.text_boxes += len({code for code, _written in reading.texts} | set(page.written))
    score.comments += len(page.written)
    score.comments_missed += len(set(page.written) - seen)
    score.comments_invented += len(seen - set(page.written))


def _score_blank(score: Score, reading: ReadPage) -> None:
    """White paper must be refused; a sheet read from it is an invention."""
    if reading.status is PageStatus.REFUSED:
        return
    score.blank_pages_misread += 1
    _score_inventions(score, reading)


def _score_foreign(score: Score, reading: ReadPage) -> None:
    """A reading of a page that the deck does not hold, or a second reading: what it accepts is wrong."""
    score.foreign_pages += 1
    if reading.status is not PageStatus.REFUSED:
        _score_inventions(score, reading)


def _score_inventions(score: Score, reading: ReadPage) -> None:
    for answer in reading.answers:
        if answer.accepted:
            score.answers_accepted += 1
            asked = TruthField(answer.code, 0, None)
            score.silent_errors.append(_silent_error(reading, asked, answer.value, "no_such_sheet"))


def _review_reason(reading: ReadPage, asked: TruthField, answer: ReadAnswer) -> Review:
    unavoidable = _unavoidable(asked)
    if unavoidable is not None:
        return unavoidable
    return Review.STRUCTURAL if (answer.flags | reading.flags) & _STRUCTURAL else Review.LOW_CONFIDENCE


def _unavoidable(asked: TruthField) -> Review | None:
    if asked.value is None:
        return Review.BLANK
    if isinstance(asked.value, tuple):
        return Review.DOUBLE
    return Review.CORRECTION if asked.event == "correction" else None


def _count_accepted(score: Score, asked: TruthField, *, wrong: bool, read: str | None = None) -> None:
    score.answers_accepted += 1
    score.positions_accepted += asked.options
    if wrong:
        meant = set(asked.value) if isinstance(asked.value, tuple) else {asked.value}
        score.positions_wrong += max(1, len((meant ^ {read}) - {None}))


def _same_identity(reading: ReadPage, page: TruthPage) -> bool:
    read = (reading.serial, reading.page, reading.form, reading.version, reading.group, reading.unit)
    return read == (page.serial, page.page, page.form, page.version, page.group, page.unit)


def _read_value(reading: ReadPage, code: str) -> str | None:
    return next((answer.value for answer in reading.answers if answer.code == code), NOT_READ)


def _silent_error(reading: ReadPage, asked: TruthField, read: str | None, why: str) -> SilentError:
    return SilentError(
        source=reading.source,
        page_index=reading.page_index,
        serial=reading.serial,
        page=reading.page,
        field=asked.code,
        read=read,
        truth=asked.value,
        why=why,
        style=asked.style,
        event=asked.event,
        visible=asked.visible,
        contrast=asked.contrast,
    )
