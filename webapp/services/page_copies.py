"""Two pages of one side of one sheet, side by side: what they say differently, and which of them counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.persistence.page_instructions import PageInstruction, last_choice
from webapp.persistence.readings import FieldReading, Reading
from webapp.persistence.scans import Page


@dataclass(frozen=True, slots=True)
class Difference:
    """One question that the two pages answer differently; None is blank, or not sure."""

    sheet_id: int
    field_code: str
    counted: str | None
    other: str | None


@dataclass(frozen=True, slots=True)
class CopyPair:
    """The page that counts and another page of the same side; `choice` is who decided so, if anybody did.

    `is_compared` is False where the other page was read before its answers were kept.
    """

    counted: Page
    other: Page
    differences: tuple[Difference, ...]
    is_compared: bool
    choice: PageInstruction | None


def compare_copies(session: Session, counted: Page, other: Page) -> CopyPair:
    """Set two pages of one side beside each other."""
    first, second = _answers(session, counted.id), _answers(session, other.id)
    differing = [at for at in first if at in second and first[at] != second[at]]
    choice = None
    if other.sheet_id is not None and other.side is not None:
        choice = last_choice(session, other.sheet_id, other.side)
    found = tuple(Difference(*at, first[at], second[at]) for at in differing)
    return CopyPair(counted, other, found, bool(second), choice)


def pair_up(session: Session, copies: Sequence[Page], first_pages: dict[int, Page]) -> dict[int, CopyPair]:
    """The pairs of these copies by the copy's id; a copy whose first page is gone has none."""
    return {
        page.id: compare_copies(session, first_pages[page.duplicate_of_id], page)
        for page in copies
        if page.duplicate_of_id in first_pages
    }


def _answers(session: Session, page_id: int) -> dict[tuple[int, str], str | None]:
    """What the newest reading of a page says of each question, in printed order."""
    newest = select(func.max(Reading.id)).where(Reading.page_id == page_id).scalar_subquery()
    rows = session.execute(
        select(FieldReading.sheet_id, FieldReading.field_code, FieldReading.value)
        .where(FieldReading.reading_id == newest, FieldReading.kind == "choice")
        .order_by(FieldReading.id)
    )
    return {(sheet_id, code): value for sheet_id, code, value in rows}
