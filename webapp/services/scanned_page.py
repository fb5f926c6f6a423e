"""One page of a batch as a clerk looks at it: its picture, its place in the stack, and how its reading went.

Of what was read this tells whether and how, and how many answers wait for reviewers; never an answer.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.persistence.readings import Reading
from webapp.persistence.review_counts import ReviewCount, count_page
from webapp.persistence.scans import Page


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page lies in its stack, counted from 1, and the ids of its neighbours."""

    number: int
    count: int
    before_id: int | None
    after_id: int | None


@dataclass(frozen=True, slots=True)
class ScannedPage:
    """A page, its newest reading if there is one, and its answers that need a person."""

    page: Page
    place: Place
    reading: Reading | None
    review: ReviewCount

    @property
    def flags(self) -> list[str]:
        """Why the page as a whole must be looked at; of its answers nothing."""
        return [] if self.reading is None else list(self.reading.flags)


def describe_page(session: Session, page: Page) -> ScannedPage:
    """All that the screen of one page tells."""
    newest = select(Reading).where(Reading.page_id == page.id).order_by(Reading.id.desc()).limit(1)
    reading = session.scalars(newest).first()
    return ScannedPage(page, _place_of(session, page), reading, count_page(session, page.id))


def _place_of(session: Session, page: Page) -> Place:
    """In the order in which the batch's strip of pictures shows them."""
    stack = select(Page.id).where(Page.batch_id == page.batch_id)
    ids = session.scalars(stack.order_by(Page.batch_file_id, Page.page_index)).all()
    at = ids.index(page.id)
    return Place(
        number=at + 1,
        count=len(ids),
        before_id=ids[at - 1] if at > 0 else None,
        after_id=ids[at + 1] if at + 1 < len(ids) else None,
    )
