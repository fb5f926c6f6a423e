"""The sum over a deck: what was read wrongly without anyone being shown, and what it cost in review."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ocr.deck.judge import UNAVOIDABLE, AnswerVerdict, Fate, PageVerdict, Review, holds_sheet, judge_deck
from ocr.deck.readings import ReadPage
from ocr.deck.truth import TruthPage


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
    def invisible_silent_errors(self) -> int:
        """Those of the silent errors whose mark no human eye sees either."""
        return sum(not error.visible for error in self.silent_errors)

    @property
    def passed(self) -> bool:
        """Nothing silently wrong, nothing lost."""
        return not (
            self.silent_errors or self.pages_lost or self.pages_misidentified or self.blank_pages_misread
        )

    def add(self, verdict: PageVerdict) -> None:
        """Count one page."""
        if verdict.page is None:
            self.foreign_pages += 1
        elif verdict.fate is Fate.NEVER_SCANNED:
            self.pages_never_scanned += 1
        elif not holds_sheet(verdict.page):
            self.blank_pages += 1
            self.blank_pages_misread += verdict.fate is Fate.NO_SHEET_READ
        else:
            self._add_sheet(verdict, verdict.page)
        for answer in verdict.answers:
            self._add_answer(answer)
        self.silent_errors += [silent_error(verdict, answer) for answer in verdict.silent]

    def _add_sheet(self, verdict: PageVerdict, page: TruthPage) -> None:
        self.pages += 1
        self.answers += len(page.fields)
        self.positions += sum(asked.options for asked in page.fields)
        self.invisible_marks += sum(not asked.visible for asked in page.fields)
        match verdict.fate:
            case Fate.REFUSED:
                self.pages_refused += 1
            case Fate.MISIDENTIFIED:
                self.pages_misidentified += 1
            case Fate.LOST:
                self.pages_lost += 1
                self.answers_lost += len(page.fields)
            case _:
                self._add_texts(verdict, page)

    def _add_texts(self, verdict: PageVerdict, page: TruthPage) -> None:
        """Boxes with handwriting that nobody would be shown, and empty ones that people are shown in vain."""
        texts = verdict.reading.texts if verdict.reading else ()
        seen = {code for code, written in texts if written}
        self.text_boxes += len({code for code, _written in texts} | set(page.written))
        self.comments += len(page.written)
        self.comments_missed += len(set(page.written) - seen)
        self.comments_invented += len(seen - set(page.written))

    def _add_answer(self, answer: AnswerVerdict) -> None:
        if answer.review is not None:
            self.review[answer.review] += 1
            return
        self.answers_accepted += 1
        self.positions_accepted += answer.asked.options
        self.positions_wrong += answer.positions_wrong


def score_deck(readings: Iterable[ReadPage], truth: Iterable[TruthPage]) -> Score:
    """Score readings against the truth of the same deck."""
    score = Score()
    for verdict in judge_deck(readings, truth):
        score.add(verdict)
    return score


def silent_error(verdict: PageVerdict, answer: AnswerVerdict) -> SilentError:
    """One wrong answer of a page, with what it takes to find it."""
    reading, asked = verdict.reading, answer.asked
    return SilentError(
        source=reading.source if reading else "",
        page_index=reading.page_index if reading else 0,
        serial=reading.serial if reading else None,
        page=reading.page if reading else None,
        field=asked.code,
        read=answer.read,
        truth=asked.value,
        why=answer.why,
        style=asked.style,
        event=asked.event,
        visible=asked.visible,
        contrast=asked.contrast,
    )
