"""The trash: a batch or a page steps aside and can come back; nothing is ever deleted by itself.

What comes back is read anew, so that it is judged by what is there now. Readings, decisions and originals
stay where they are. Once people have settled answers of it, only an administrator moves it.
"""

import datetime as dt

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, Locked
from webapp.persistence.audit import write_log
from webapp.persistence.readings import FieldReading, Reading
from webapp.persistence.scans import Batch, BatchFile, Page
from webapp.persistence.trash import Move, TrashMove, last_move
from webapp.persistence.verification import Decision
from webapp.services.verification import drop_page_items

_ON_THEIR_WAY = {"reading", "splitting"}
_LONGEST_REASON = 500


def trash_batch(
    session: Session,
    actor: str,
    batch: Batch,
    reason: str,
    now: dt.datetime,
    *,
    is_administrator: bool = False,
) -> None:
    """Set a whole batch aside: none of its pages counts any more.

    Raises:
        InvalidInput: no reason.
        Locked: somebody reads it now, or its answers were settled and this is no administrator.
    """
    pages = _pages(session, batch.id)
    _check(session, batch, pages, reason, is_administrator=is_administrator)
    for page in pages:
        _set_aside(session, page)
    files = update(BatchFile).where(BatchFile.batch_id == batch.id, BatchFile.state == "waiting")
    session.execute(files.values(state="trashed"))
    batch.trashed_at = now
    _note(session, batch, None, Move.TRASH, reason, actor, now)


def trash_page(
    session: Session, actor: str, page: Page, reason: str, now: dt.datetime, *, is_administrator: bool = False
) -> None:
    """Set one page aside; raises as `trash_batch`."""
    _check(session, page.batch, [page], reason, is_administrator=is_administrator)
    _set_aside(session, page)
    _note(session, page.batch, page, Move.TRASH, reason, actor, now)


def restore(
    session: Session, actor: str, move: TrashMove, now: dt.datetime, *, is_administrator: bool = False
) -> None:
    """Take a batch or a page out of the trash; it is read anew.

    Raises:
        Locked: it lies there no longer, its pictures were deleted, or its answers were settled and this is
            no administrator.
    """
    newest = last_move(session, move.batch_id, move.page_id)
    if newest is None or newest.id != move.id or move.kind != Move.TRASH:
        raise Locked("Mục này không còn trong thùng rác.")
    pages = [move.page] if move.page is not None else _pages(session, move.batch_id)
    if not is_administrator and has_settled_answers(session, pages):
        raise Locked("Lô %(number)s đã có ô được chốt. Hỏi quản trị để khôi phục.", number=move.batch.number)
    alone = _pages_trashed_alone(session, move.batch_id) if move.page is None else set()
    for page in pages:
        if page.state == "trashed" and page.id not in alone:
            page.state, page.problem, page.failures, page.duplicate_of_id = "waiting", None, 0, None
    if move.page is None:
        files = update(BatchFile).where(BatchFile.batch_id == move.batch_id, BatchFile.state == "trashed")
        session.execute(files.values(state="waiting"))
        move.batch.trashed_at = None
    _note(session, move.batch, move.page, Move.RESTORE, "", actor, now)


def has_settled_answers(session: Session, pages: list[Page]) -> bool:
    """Whether people have decided anything that they read on these pages."""
    said = (
        select(FieldReading.id)
        .join(Reading, Reading.id == FieldReading.reading_id)
        .where(Reading.page_id.in_([page.id for page in pages]))
        .where(exists().where(Decision.field_reading_id == FieldReading.id))
    )
    return session.scalar(said.limit(1)) is not None


def _check(session: Session, batch: Batch, pages: list[Page], reason: str, *, is_administrator: bool) -> None:
    if not reason.strip():
        raise InvalidInput("Ghi lý do bỏ vào thùng rác, rồi bấm lại. Chưa có gì thay đổi.")
    states = {page.state for page in pages} | {file.state for file in batch.files}
    if states & _ON_THEIR_WAY:
        raise Locked("Lô %(number)s đang được đọc. Đợi đọc xong rồi làm lại.", number=batch.number)
    if not is_administrator and has_settled_answers(session, pages):
        raise Locked(
            "Lô %(number)s đã có ô được chốt. Hỏi quản trị để bỏ vào thùng rác.", number=batch.number
        )


def _set_aside(session: Session, page: Page) -> None:
    """Let the page count no more; what stood beside it as a copy is judged anew."""
    was_counted = page.state == "read"
    if page.state == "trashed":
        return
    page.state = "trashed"
    drop_page_items(session, page.id)
    session.flush()
    if was_counted:
        copies = update(Page).where(Page.duplicate_of_id == page.id, Page.state.in_(("duplicate", "problem")))
        session.execute(copies.values(state="waiting", problem=None, failures=0, duplicate_of_id=None))


def _pages(session: Session, batch_id: int) -> list[Page]:
    return list(session.scalars(select(Page).where(Page.batch_id == batch_id).order_by(Page.id)))


def _pages_trashed_alone(session: Session, batch_id: int) -> set[int]:
    """Pages of the batch that were thrown away by themselves: a batch that comes back leaves them there."""
    rows = session.scalars(
        select(TrashMove)
        .where(TrashMove.batch_id == batch_id, TrashMove.page_id.is_not(None))
        .order_by(TrashMove.id)
    )
    newest = {row.page_id: row.kind for row in rows}
    return {page_id for page_id, kind in newest.items() if page_id is not None and kind != Move.RESTORE}


def _note(  # noqa: PLR0917 - every input is named; a wrapper would only hide them
    session: Session, batch: Batch, page: Page | None, kind: Move, reason: str, actor: str, now: dt.datetime
) -> None:
    session.add(
        TrashMove(
            batch_id=batch.id,
            page_id=page.id if page else None,
            kind=kind.value,
            reason=reason.strip()[:_LONGEST_REASON],
            moved_by=actor,
            moved_at=now,
        )
    )
    subject = f"batch:{batch.number}" if page is None else f"page/{page.id}"
    write_log(session, now, actor, f"trash_{kind.value}", subject)
