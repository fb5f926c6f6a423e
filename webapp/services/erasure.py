"""The end of the trash: which files of a batch nothing else needs, once an administrator has them deleted.

Rows stay: what was read, by whom it was settled, who put it into the trash and who had it erased.
"""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from webapp.persistence.appraisal import EvidenceFile
from webapp.persistence.audit import write_log
from webapp.persistence.complaints import Complaint
from webapp.persistence.readings import FieldReading, Reading
from webapp.persistence.scans import Batch, BatchFile, Page
from webapp.persistence.trash import Move, TrashMove, last_move


def list_erasable(session: Session, thrown_away_before: dt.datetime) -> Sequence[Batch]:
    """Whole batches that have lain in the trash since before this moment, and were not erased yet.

    Where a page of one is not there, nothing of its batch is erased.
    """
    is_needed = exists().where(Page.batch_id == Batch.id, Page.state != "trashed")
    old = select(Batch).where(Batch.trashed_at < thrown_away_before, ~is_needed)
    lying = session.scalars(old.order_by(Batch.id))
    return [batch for batch in lying if _is_thrown_away(session, batch)]


def erase_batch(session: Session, actor: str, batch: Batch, now: dt.datetime) -> list[str]:
    """Note the erasure; gives the SHA-256 names of the files that only this batch used."""
    names = set(session.scalars(_originals(batch.id)))
    pages = select(Page.id).where(Page.batch_id == batch.id)
    readings = select(Reading.id).where(Reading.page_id.in_(pages))
    names |= set(session.scalars(select(Reading.preview_sha256).where(Reading.page_id.in_(pages))))
    names |= set(
        session.scalars(select(FieldReading.crop_sha256).where(FieldReading.reading_id.in_(readings)))
    )
    session.add(
        TrashMove(
            batch_id=batch.id, page_id=None, kind=Move.ERASE.value, reason="", moved_by=actor, moved_at=now
        )
    )
    write_log(session, now, actor, "trash_erase", f"batch:{batch.number}", files=len(names))
    return sorted(name for name in names if name and not _is_used_elsewhere(session, name, batch.id))


def _is_thrown_away(session: Session, batch: Batch) -> bool:
    newest = last_move(session, batch.id, None)
    return newest is not None and newest.kind == Move.TRASH


def _originals(batch_id: int) -> Select[str]:
    return select(BatchFile.sha256).where(BatchFile.batch_id == batch_id)


def _is_used_elsewhere(session: Session, sha256: str, batch_id: int) -> bool:
    """Whether another batch or page, a unit's evidence or a complaint, has the same bytes."""
    of_others = Page.batch_id != batch_id
    uses: tuple[Select[int], ...] = (
        select(BatchFile.id).where(BatchFile.sha256 == sha256, BatchFile.batch_id != batch_id),
        select(Page.id).join(BatchFile).where(BatchFile.sha256 == sha256, of_others),
        select(Reading.id).join(Page).where(Reading.preview_sha256 == sha256, of_others),
        select(FieldReading.id).join(Reading).join(Page).where(FieldReading.crop_sha256 == sha256, of_others),
        select(EvidenceFile.id).where(EvidenceFile.sha256 == sha256),
        select(Complaint.id).where(Complaint.file_sha256 == sha256),
    )
    in_evidence = any(sha256 in images for images in session.scalars(select(EvidenceFile.page_images)))
    return in_evidence or any(session.scalar(use.limit(1)) is not None for use in uses)
