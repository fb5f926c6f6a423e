"""Where a page without a readable code may belong: the likeliest empty slots, and a search for any sheet.

A slot is one side of one printed sheet; it is empty where no page of it was read. What lies beside the page
in its stack tells most: the other side of the same sheet, or the next sheet of the same pack.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from webapp.persistence.campaign import RespondentGroup, Sheet, Unit
from webapp.persistence.scans import Page

NEIGHBOURHOOD = 4  # pages before and after


@dataclass(frozen=True, slots=True)
class Slot:
    """One side of a sheet that may be this page's; `missing_in_pack` sheets of its pack are unread."""

    sheet: Sheet
    side: int
    is_empty: bool
    missing_in_pack: int


def likeliest_slots(session: Session, page: Page, limit: int = 3) -> list[Slot]:
    """Empty slots that the page's neighbours point to, the likeliest first; none if it bears a number."""
    if page.sheet_id is not None:
        return []
    neighbours = _neighbours(session, page)
    slots: dict[tuple[int, int], Slot] = {}
    for other in neighbours:
        if other.sheet is not None and abs(other.page_index - page.page_index) < other.sheet.sides:
            _offer(session, slots, other.sheet, _side_beside(page, other, other.sheet.sides))
    for other in neighbours:
        if other.sheet is not None:
            side = _side_beside(page, other, other.sheet.sides)
            for sheet in _unread_sheets(session, other.sheet, limit):
                _offer(session, slots, sheet, side)
    return list(slots.values())[:limit]


def search_slots(session: Session, campaign_id: int, words: str, limit: int = 8) -> list[Slot]:
    """Sheets of these digits, or whose unit, form and group have all the words; unread ones first."""
    digits = "".join(letter for letter in words if letter.isdigit())
    sheets = select(Sheet).join(Unit, Unit.id == Sheet.unit_id).join(RespondentGroup)
    wanted = sheets.where(Sheet.campaign_id == campaign_id, Sheet.voided_at.is_(None), _bears_serial())
    if digits and not any(letter.isalpha() for letter in words):
        wanted = wanted.where(or_(*_serials(digits)))
    else:
        units = _units_named(session, campaign_id, words)
        if not units:
            return []
        wanted = wanted.where(or_(*units))
    rows = wanted.options(joinedload(Sheet.unit), joinedload(Sheet.group))
    found = session.scalars(rows.order_by(_is_read_at_all(), Sheet.serial).limit(limit)).all()
    return [slot for sheet in found for slot in _slots_of(session, sheet)]


def _neighbours(session: Session, page: Page) -> list[Page]:
    """Pages of the same file around this one whose sheet is known, the nearest first."""
    rows = select(Page).where(
        Page.batch_file_id == page.batch_file_id,
        Page.page_index.between(page.page_index - NEIGHBOURHOOD, page.page_index + NEIGHBOURHOOD),
        Page.sheet_id.is_not(None),
        Page.id != page.id,
    )
    known = session.scalars(rows.options(joinedload(Page.sheet))).all()
    return sorted(known, key=lambda other: (abs(other.page_index - page.page_index), other.page_index))


def _side_beside(page: Page, other: Page, sides: int) -> int:
    """The side that a page has in a stack of papers of so many sides, by its neighbour's."""
    return ((other.side or 1) - 1 + page.page_index - other.page_index) % sides + 1


def _unread_sheets(session: Session, like: Sheet, limit: int) -> Sequence[Sheet]:
    """Sheets of the same pack of which nothing was read, the nearest serials first."""
    rows = select(Sheet).where(*_same_pack(like), ~_is_read_at_all())
    return session.scalars(rows.order_by(func.abs(Sheet.serial - like.serial)).limit(limit)).all()


def _same_pack(like: Sheet) -> tuple[ColumnElement[bool], ...]:
    return Sheet.pack_id == like.pack_id, Sheet.voided_at.is_(None), _bears_serial()


def _bears_serial() -> ColumnElement[bool]:
    """Whether the sheet's own serial stands on paper: in a booklet only its first row's does."""
    return Sheet.paper_id == Sheet.id


def _is_read_at_all() -> ColumnElement[bool]:
    other = aliased(Page)
    return exists().where(other.sheet_id == Sheet.paper_id, other.state == "read")


def _offer(session: Session, slots: dict[tuple[int, int], Slot], sheet: Sheet, side: int) -> None:
    """Add the slot if it is empty."""
    if (sheet.id, side) in slots or side > sheet.sides:
        return
    slot = _slot(session, sheet, side)
    if slot.is_empty:
        slots[sheet.id, side] = slot


def _slots_of(session: Session, sheet: Sheet) -> Iterable[Slot]:
    return (_slot(session, sheet, side) for side in range(1, sheet.sides + 1))


def _slot(session: Session, sheet: Sheet, side: int) -> Slot:
    is_read = session.scalar(
        select(exists().where(Page.sheet_id == sheet.id, Page.side == side, Page.state == "read"))
    )
    missing = session.scalar(select(func.count(Sheet.id)).where(*_same_pack(sheet), ~_is_read_at_all()))
    return Slot(sheet, side, not is_read, missing or 0)


def _serials(digits: str) -> list[ColumnElement[bool]]:
    """The digits as printed: leading zeros, and at the end perhaps the check digit."""
    number = int(digits)
    return [Sheet.serial == number, Sheet.serial == number // 10] if number else [Sheet.serial == 0]


def _units_named(session: Session, campaign_id: int, words: str) -> list[ColumnElement[bool]]:
    """Conditions for every pair of unit and group whose names have all the words, without accents."""
    wanted = _folded(words).split()
    if not wanted:
        return []
    units = session.scalars(select(Unit).where(Unit.campaign_id == campaign_id)).all()
    groups = session.scalars(select(RespondentGroup).where(RespondentGroup.campaign_id == campaign_id)).all()
    return [
        (Sheet.unit_id == unit.id) & (Sheet.group_id == group.id)
        for unit in units
        for group in groups
        if unit.level == group.level
        and all(word in _folded(f"{unit.name} {group.form_code} {group.name}") for word in wanted)
    ]


def _folded(text: str) -> str:
    """Lower case without accents; đ is d."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
