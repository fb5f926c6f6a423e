"""A person tells the reader about a page: whose it is, how it lies, which of two copies counts.

Every instruction is a new row, and the page is read again under it; the readings before stay as they are.
"""

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from ocr.errors import CodeRefused
from ocr.model import SheetIdentity
from ocr.sheet_code import serial_from_text
from webapp.errors import InvalidInput, Locked
from webapp.jobs.tasks import ReadTask
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Sheet
from webapp.persistence.certainty import find_certainty
from webapp.persistence.page_instructions import Instruction, PageInstruction, told_of
from webapp.persistence.scans import Page
from webapp.services.booklets import row_sheets
from webapp.services.rereading import read_anew
from webapp.storage import ScanStore

_ON_ITS_WAY = ("waiting", "reading")
_LONGEST_REASON = 500


def reading_task(session: Session, store: ScanStore, page: Page) -> ReadTask:
    """What the reader is to do with this page, with all that people said of it, under the office's limits."""
    told = told_of(session, page.id)
    given = told.assigned
    identity = None
    if given is not None and given.sheet is not None:
        identity = _identity(given.sheet, given.side or 1, len(row_sheets(session, given.sheet)))
    return ReadTask(
        store.path(page.file.sha256),
        page.page_index,
        page.file.original_name,
        identity,
        told.quarters,
        find_certainty(session, page.batch.campaign_id),
    )


def assign_page(  # noqa: PLR0917 - every input is named; a wrapper would only hide them
    session: Session, actor: str, page: Page, serial: str, side: int, now: dt.datetime
) -> Sheet:
    """Say that the page is this side of the sheet with this (typed) serial; it is read again as such.

    Raises:
        InvalidInput: no such serial in this campaign, or no such side.
        Locked: the page is being read just now.
    """
    sheet = find_sheet(session, page.batch.campaign_id, serial)
    if not 1 <= side <= sheet.sides:
        if sheet.booklet_id is not None:
            raise InvalidInput("Tập phiếu này có %(pages)s trang. Chọn lại trang.", pages=sheet.sides)
        raise InvalidInput("Chọn mặt trước hoặc mặt sau của tờ phiếu.")
    _give(session, actor, page, now, Instruction.ASSIGN, sheet_id=sheet.id, side=side)
    return sheet


def withdraw_assignment(session: Session, actor: str, page: Page, now: dt.datetime) -> None:
    """Take the assignment back: the page is read by its own code again."""
    if told_of(session, page.id).assigned is not None:
        _give(session, actor, page, now, Instruction.WITHDRAW)


def turn_page(session: Session, actor: str, page: Page, quarters: int, now: dt.datetime) -> None:
    """Turn the page by so many times 90°, clockwise, and read it again.

    Raises:
        InvalidInput: not 1, 2 or 3 quarters.
    """
    if quarters not in {1, 2, 3}:
        raise InvalidInput("Chỉ xoay được 90, 180 hoặc 270 độ.")
    _give(session, actor, page, now, Instruction.TURN, quarters=quarters)


def choose_copy(session: Session, actor: str, page: Page, reason: str, now: dt.datetime) -> None:
    """Of all pages of the same side of the same sheet, let this one count; the others stay beside it.

    Raises:
        InvalidInput: there is no reason, or it is not known which sheet the page is of.
    """
    reason = reason.strip()[:_LONGEST_REASON]
    if not reason:
        raise InvalidInput("Ghi lý do chọn bản này, rồi bấm lại. Hai bản vẫn còn nguyên.")
    if page.sheet_id is None or page.side is None or page.state not in {"duplicate", "problem", "read"}:
        raise InvalidInput("Chưa rõ trang này thuộc tờ phiếu nào, nên chưa chọn được.")
    told = {"sheet_id": page.sheet_id, "side": page.side, "reason": reason}
    # A page that counts already need not be read again.
    give = _add if page.state == "read" else _give
    give(session, actor, page, now, Instruction.COUNT, **told)


def find_sheet(session: Session, campaign_id: int, serial: str) -> Sheet:
    """The sheet of a typed serial; of a row of a booklet, the one whose serial the booklet bears.

    Raises:
        InvalidInput: its check digit does not fit, or no such sheet was printed in this campaign.
    """
    try:
        number = serial_from_text(serial)
    except CodeRefused:
        raise InvalidInput(
            "“%(serial)s” không phải số phiếu, hoặc sai chữ số kiểm tra. Xem lại số in trên phiếu.",
            serial=serial,
        ) from None
    sheet = session.scalars(
        select(Sheet).where(Sheet.campaign_id == campaign_id, Sheet.serial == number)
    ).first()
    if sheet is None:
        raise InvalidInput("Số phiếu %(serial)s chưa từng được in trong chu kỳ này.", serial=serial)
    return session.get_one(Sheet, sheet.paper_id)


def _give(
    session: Session, actor: str, page: Page, now: dt.datetime, kind: Instruction, **told: object
) -> None:
    """Add the instruction, and let the page be read under it.

    Raises:
        Locked: somebody reads it just now.
    """
    session.refresh(
        page, ["state", "attempt"], with_for_update=True
    )  # of two clerks at once the second sees the first
    if page.state in {*_ON_ITS_WAY, "trashed"}:
        raise Locked("Trang này đang được đọc hoặc nằm trong thùng rác. Đợi vài giây rồi làm lại.")
    _add(session, actor, page, now, kind, **told)
    read_anew(session, actor, page, now)


def _add(
    session: Session, actor: str, page: Page, now: dt.datetime, kind: Instruction, **told: object
) -> None:
    session.add(PageInstruction(page_id=page.id, kind=kind.value, given_by=actor, given_at=now, **told))
    write_log(session, now, actor, f"page_{kind.value}", f"page/{page.id}", **told)


def _identity(sheet: Sheet, side: int, rows: int) -> SheetIdentity:
    about = "" if rows else sheet.unit.code
    return SheetIdentity(
        sheet.form_code, sheet.form_version, sheet.group.code, about, sheet.serial, side, rows
    )
