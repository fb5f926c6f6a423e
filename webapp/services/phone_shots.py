"""Photos from a telephone: each is a file of the person's batch, and gets a verdict once it is read."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.persistence.audit import write_log
from webapp.persistence.readings import Reading
from webapp.persistence.scans import DIFFERING_COPY, Batch, BatchFile, Page
from webapp.services.intake import ScanSink, Upload, add_files, lock_campaign, open_batch, store_upload

BATCH_LASTS = dt.timedelta(hours=2)
SOURCE = "phone"

Verdict = Literal["reading", "good", "known", "again", "refused"]


@dataclass(frozen=True, slots=True)
class Shot:
    """One photo and what became of it.

    `verdict`: "reading" until it is read; "good" counts; "known" is a page that was there before; "again"
    should be taken anew, because of `cause` or of `missing_corners`; "refused" is no picture.
    """

    file: BatchFile
    page: Page | None
    verdict: Verdict
    cause: str | None = None
    missing_corners: tuple[str, ...] = ()


def receive_shots(
    session: Session, store: ScanSink, actor: str, uploads: Sequence[Upload], now: dt.datetime
) -> Batch:
    """Keep photos in the person's present batch, or in a new one; the store comes before the database."""
    stored = [store_upload(store, upload) for upload in uploads]
    campaign = lock_campaign(session)
    batch = present_batch(session, campaign.id, actor, now)
    if batch is None:
        batch = open_batch(session, campaign, actor, SOURCE, now)
        write_log(session, now, actor, "batch_received", f"batch:{batch.number}")
    add_files(session, batch, stored)
    return batch


def present_batch(session: Session, campaign_id: int, actor: str, now: dt.datetime) -> Batch | None:
    """The batch that this person's photos go into now."""
    rows = select(Batch).where(
        Batch.campaign_id == campaign_id,
        Batch.received_by == actor,
        Batch.source == SOURCE,
        Batch.received_at > now - BATCH_LASTS,
        Batch.trashed_at.is_(None),
    )
    return session.scalars(rows.order_by(Batch.id.desc()).limit(1)).first()


def list_shots(session: Session, batch: Batch) -> list[Shot]:
    """The batch's photos, the newest first."""
    return [_shot(session, file) for file in reversed(batch.files)]


def count_good(shots: Sequence[Shot]) -> int:
    """How many need not be taken again."""
    return sum(shot.verdict in {"good", "known"} for shot in shots)


def _shot(session: Session, file: BatchFile) -> Shot:
    if file.state == "refused":
        return Shot(file, None, "refused", file.failure_code)
    if file.state == "duplicate":
        return Shot(file, None, "known")
    page = session.scalars(
        select(Page).where(Page.batch_file_id == file.id).order_by(Page.id).limit(1)
    ).first()
    if page is None or page.state in {"waiting", "reading"}:
        return Shot(file, page, "reading")
    if page.state == "read":
        return Shot(file, page, "good")
    if page.state == "duplicate" or page.problem == DIFFERING_COPY:
        return Shot(file, page, "known", page.problem)
    return Shot(file, page, "again", page.problem or page.state, _missing_corners(session, page))


def _missing_corners(session: Session, page: Page) -> tuple[str, ...]:
    newest = select(func.max(Reading.id)).where(Reading.page_id == page.id).scalar_subquery()
    quality = session.scalar(select(Reading.quality).where(Reading.id == newest)) or {}
    return tuple(quality.get("missing_corners", ()))
