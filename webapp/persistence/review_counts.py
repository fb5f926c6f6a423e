"""How many doubtful answers wait for people and how many are settled: counts alone, never an answer."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from webapp.persistence.readings import FieldReading, Reading
from webapp.persistence.scans import Page
from webapp.persistence.verification import ANSWER_QUEUES, UNFINISHED, ReviewItem


@dataclass(frozen=True, slots=True)
class ReviewCount:
    """Answers that need a person: those that still wait for one, those that are settled.

    `comments`: handwritten comments that nobody has keyed yet; they are no answers.
    """

    waiting: int = 0
    settled: int = 0
    comments: int = 0

    @property
    def answers(self) -> int:
        """All answers that need or needed a person."""
        return self.waiting + self.settled


def count_batch(session: Session, batch_id: int) -> ReviewCount:
    """Of the pages of one batch, whichever batch their sheets came in before."""
    return _count(session, _stands_on(Page.batch_id == batch_id))


def count_page(session: Session, page_id: int) -> ReviewCount:
    """Of one page."""
    return _count(session, _stands_on(Page.id == page_id))


def _stands_on(page: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether an item is about what was read on such a page."""
    fields = select(FieldReading.id).join(Reading, Reading.id == FieldReading.reading_id)
    return ReviewItem.field_reading_id.in_(fields.join(Page, Page.id == Reading.page_id).where(page))


def _count(session: Session, wanted: ColumnElement[bool]) -> ReviewCount:
    is_answer, waits = ReviewItem.queue.in_(ANSWER_QUEUES), ReviewItem.state.in_(UNFINISHED)
    counts = select(
        func.count().filter(is_answer, waits),
        func.count().filter(is_answer, ReviewItem.state == "done"),
        func.count().filter(ReviewItem.queue == "comment", waits),
    )
    return ReviewCount(*session.execute(counts.select_from(ReviewItem).where(wanted)).one())
