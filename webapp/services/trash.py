"""The trash: a batch or a page steps aside and can come back; nothing is ever deleted by itself.

What comes back is read anew, so that it is judged by what is there now; so is what stood beside it as a copy
when it goes, page or file. Readings, decisions and originals stay where they are. Once people have settled
answers of it, only an administrator moves it.
"""

import datetime as dt

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session, aliased

from webapp.errors import InvalidInput, Locked
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Sheet
from webapp.persistence.readings import FieldReading, Reading
from webapp.persistence.scans import Batch, BatchFile, Page
from webapp.persistence.trash import Move, TrashMove, last_move
from webapp.persistence.verification import Decision
from webapp.services.rereading import judge_copies_anew, read_anew
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
        _set_aside(session, actor, page, now)
    files = update(BatchFile).where(BatchFile.batch_id == batch.id, BatchFile.state == "waiting")
    session.execute(files.values(state="trashed"))
    batch.trashed_at = now
    _read_orphaned_files(session, batch.campaign_id)
    _note(session, batch, None, Move.TRASH, reason, actor, now)


def trash_page(
    session: Session, actor: str, page: Page, reason: str, now: dt.datetime, *, is_administrator: bool = False
) -> None:
    """Set one page aside; raises as `trash_batch`."""
    _check(session, page.batch, [page], reason, is_administrator=is_administrator)
    _set_aside(session, actor, page, now)
    _note(session, page.batch, page, Move.TRASH, reason, actor, now)


def restore(
    session: Session, actor: str, move: TrashMove, now: dt.datetime, *, is_administrator: bool = False
) -> None:
    """Take a batch or a page out of the trash; it is read anew.

    Raises:
        Locked: it lies there no longer, its pictures were deleted, its batch lies there too, or its answers
            were settled and this is no administrator.
    """
    newest = last_move(session, move.batch_id, move.page_id)
    if newest is None or newest.id != move.id or move.kind != Move.TRASH:
        raise Locked("Mục này không còn trong thùng rác.")
    pages = [move.page] if move.page is not None else _pages(session, move.batch_id)
    if not is_administrator and has_settled_answers(session, pages):
        raise Locked("Lô %(number)s đã có ô được chốt. Hỏi quản trị để khôi phục.", number=move.batch.number)
    if move.page is not None and move.page.batch.trashed_at is not None:
        raise Locked(
            "Lô %(number)s đang nằm trong thùng rác. Khôi phục lô trước, rồi khôi phục trang này.",
            number=move.page.batch.number,
        )
    alone = _pages_trashed_alone(session, pages) if move.page is None else set()
    for page in pages:
        if page.state == "trashed" and page.id not in alone:
            page.duplicate_of_id = None
            read_anew(session, actor, page, now)
    if move.page is None:
        files = update(BatchFile).where(BatchFile.batch_id == move.batch_id, BatchFile.state == "trashed")
        session.execute(files.values(state="waiting", claims_from=BatchFile.attempt))
        move.batch.trashed_at = None
        _read_orphaned_files(session, move.batch.campaign_id)
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


def _set_aside(session: Session, actor: str, page: Page, now: dt.datetime) -> None:
    """Let the page count no more; what stood beside it as a copy is judged anew."""
    if page.state == "trashed":
        return
    # A copy that is judged at this moment is either judged before, and found here, or does not find the page.
    session.execute(select(Sheet.id).where(Sheet.id == page.sheet_id).with_for_update())
    page.state = "trashed"
    drop_page_items(session, page.id)
    session.flush()
    judge_copies_anew(session, actor, page, now)


def _read_orphaned_files(session: Session, campaign_id: int) -> None:
    """Files that were not read because they had come before, in what lies in the trash now, are read."""
    first, its_batch = aliased(BatchFile), aliased(Batch)
    thrown_away = (
        select(first.id)
        .join(its_batch, its_batch.id == first.batch_id)
        .where(its_batch.campaign_id == campaign_id, its_batch.trashed_at.is_not(None))
    )
    standing = select(Batch.id).where(Batch.campaign_id == campaign_id, Batch.trashed_at.is_(None))
    copies = update(BatchFile).where(
        BatchFile.state == "duplicate",
        BatchFile.duplicate_of_id.in_(thrown_away),
        BatchFile.batch_id.in_(standing),
    )
    session.flush()
    session.execute(copies.values(state="waiting", duplicate_of_id=None))


def _pages(session: Session, batch_id: int) -> list[Page]:
    return list(session.scalars(select(Page).where(Page.batch_id == batch_id).order_by(Page.id)))


def _pages_trashed_alone(session: Session, pages: list[Page]) -> set[int]:
    """Those that were thrown away by themselves: a batch that comes back leaves them there.

    A separator may have moved them into another batch since.
    """
    own = TrashMove.page_id.in_([page.id for page in pages])
    rows = session.scalars(select(TrashMove).where(own).order_by(TrashMove.id))
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
