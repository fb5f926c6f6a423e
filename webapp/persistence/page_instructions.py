"""What a person told the reader about a page: whose it is, how it lies, that it counts.

Rows are only ever added. The page is read again after each; what counts follows from the rows in their order.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from webapp.persistence.base import AppendOnly, Base, Id, Slug, reference
from webapp.persistence.campaign import Sheet

QUARTERS = 4


class Instruction(StrEnum):
    """What can be told."""

    ASSIGN = "assign"  # this is side `side` of sheet `sheet_id`, whatever its code says
    WITHDRAW = "withdraw"  # what was assigned does not hold any more: its code counts again
    TURN = "turn"  # lay it `quarters` further round, clockwise, before it is read
    COUNT = "count"  # of all pages of this side of this sheet, this one counts


class PageInstruction(AppendOnly, Base):
    """One instruction for one page, by whom, when and why; `kind` is one of `Instruction`."""

    __tablename__ = "page_instruction"
    id: Mapped[Id]
    page_id: Mapped[int] = reference("page.id")
    kind: Mapped[Slug]
    sheet_id: Mapped[int | None] = reference("sheet.id")
    side: Mapped[int | None]
    quarters: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(Text)
    given_by: Mapped[str] = mapped_column(String(80))
    given_at: Mapped[dt.datetime]
    sheet: Mapped[Sheet | None] = relationship()


@dataclass(frozen=True, slots=True)
class Told:
    """What holds of a page by all its instructions: its sheet and side, if somebody named them; its turn."""

    assigned: PageInstruction | None
    quarters: int


def told_of(session: Session, page_id: int) -> Told:
    """What a person said of this page that holds now."""
    assigned, quarters = None, 0
    rows = select(PageInstruction).where(PageInstruction.page_id == page_id).order_by(PageInstruction.id)
    for row in session.scalars(rows):
        if row.kind == Instruction.TURN:
            quarters = (quarters + (row.quarters or 0)) % QUARTERS
        elif row.kind in {Instruction.ASSIGN, Instruction.WITHDRAW}:
            assigned = row if row.kind == Instruction.ASSIGN else None
    return Told(assigned, quarters)


def chosen_page_id(session: Session, sheet_id: int, side: int) -> int | None:
    """The page that a person chose to count for this side; the newest choice holds."""
    chosen = select(PageInstruction.page_id).where(
        PageInstruction.kind == Instruction.COUNT,
        PageInstruction.sheet_id == sheet_id,
        PageInstruction.side == side,
    )
    return session.scalar(chosen.order_by(PageInstruction.id.desc()).limit(1))


def last_choice(session: Session, sheet_id: int, side: int) -> PageInstruction | None:
    """Who chose last which page of this side counts, when and why."""
    rows = select(PageInstruction).where(
        PageInstruction.kind == Instruction.COUNT,
        PageInstruction.sheet_id == sheet_id,
        PageInstruction.side == side,
    )
    return session.scalar(rows.order_by(PageInstruction.id.desc()).limit(1))
