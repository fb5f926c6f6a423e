"""Two pages of one side of one sheet: whether one is a plain copy, what they say differently, which counts.

Copied forms bear one number on the papers of several people. So a page is a copy only where it says the same
as what counts; where the reader cannot tell, a person compares.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ocr.model import Flag, PageReading, PageStatus
from webapp.persistence.campaign import Sheet
from webapp.persistence.page_instructions import PageInstruction, last_choice
from webapp.persistence.readings import FieldReading, Reading
from webapp.persistence.responses import SettledByPeople, settled_by_people
from webapp.persistence.scans import Page
from webapp.services.booklets import Answers

_BLANK_ALONE = {Flag.NO_MARK.value}


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


@dataclass(frozen=True, slots=True)
class _Said:
    """What is known of one answer; `is_blank`: there is no mark, and nothing else that is odd."""

    value: str | None
    is_sure: bool
    is_blank: bool


_UNKNOWN = _Said(None, is_sure=False, is_blank=False)
_Place = tuple[int, str]  # the sheet's id and the question's code


def is_plain_copy(session: Session, sheet: Sheet, counted_id: int, reading: PageReading) -> bool:
    """Whether a page says what counts for its side: nowhere anything else, and half of its answers the same.

    It says something else where both name a value, or are sure; the same, where both agree and one is sure.
    What both leave blank tells nothing of whose paper it is, and a refused page tells nothing at all.
    """
    if reading.status is PageStatus.REFUSED:
        return False
    counted, answers = _counted(session, sheet, counted_id), Answers(session, sheet)
    same = compared = 0
    for field in reading.fields:
        said = _read(field.value, (flag.value for flag in field.flags), is_sure=field.accepted)
        known = counted.get(answers.place(field.code), _UNKNOWN)
        if known.is_blank and said.is_blank:
            continue
        agree = known.value == said.value
        if not agree and ((known.is_sure and said.is_sure) or (known.value and said.value)):
            return False
        compared += 1
        same += agree and (known.is_sure or said.is_sure)
    return 2 * same >= compared


def compare_copies(session: Session, counted: Page, other: Page) -> CopyPair:
    """Set two pages of one side beside each other: what counts, and what the machine says of the other."""
    choice, first, second = None, _answers(session, counted.id), _answers(session, other.id)
    if other.sheet is not None and other.side is not None:
        choice = last_choice(session, other.sheet.id, other.side)
        first = _counted(session, other.sheet, counted.id)
    differing = [at for at in first if at in second and first[at].value != second[at].value]
    found = tuple(Difference(*at, first[at].value, second[at].value) for at in differing)
    return CopyPair(counted, other, found, bool(second), choice)


def pair_up(session: Session, copies: Sequence[Page], first_pages: dict[int, Page]) -> dict[int, CopyPair]:
    """The pairs of these copies by the copy's id; a copy whose first page is gone has none."""
    return {
        page.id: compare_copies(session, first_pages[page.duplicate_of_id], page)
        for page in copies
        if page.duplicate_of_id in first_pages
    }


def _counted(session: Session, sheet: Sheet, page_id: int) -> dict[_Place, _Said]:
    """What counts for the side that a page stands for: what people settled, else what the machine read."""
    read = _answers(session, page_id)
    settled = settled_by_people(session, sheet.campaign_id, sheet.paper_id)
    return read | {at: _settled(word) for at, word in settled.items() if at in read}


def _answers(session: Session, page_id: int) -> dict[_Place, _Said]:
    """What the newest reading of a page says of each question, in printed order."""
    newest = select(func.max(Reading.id)).where(Reading.page_id == page_id).scalar_subquery()
    fields = session.scalars(
        select(FieldReading)
        .where(FieldReading.reading_id == newest, FieldReading.kind == "choice")
        .order_by(FieldReading.id)
    )
    return {
        (field.sheet_id, field.field_code): _read(field.value, field.flags, is_sure=field.accepted)
        for field in fields
    }


def _read(value: str | None, flags: Iterable[str], *, is_sure: bool) -> _Said:
    return _Said(value, is_sure, value is None and set(flags) <= _BLANK_ALONE)


def _settled(word: SettledByPeople) -> _Said:
    """Too many marks are surely no value; what nobody could read may be any."""
    is_sure = word.kind != "unreadable"
    return _Said(word.value if word.kind == "option" else None, is_sure, word.kind == "blank")
