"""A separator sheet in a stack: what lies behind it is a batch of its own; it is never a form itself."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign
from webapp.persistence.scans import Page
from webapp.services.intake import open_batch

_UNDONE = ("waiting", "reading")


def divide_stack(session: Session, page: Page, now: dt.datetime) -> int:
    """Once every page of this page's file is read, move what lies behind each separator into a new batch.

    A separator has two sides, and may be scanned twice: a part without any other page makes no batch.
    Pages that are in another batch than their file were moved before. Gives the number of new batches.
    """
    if not _is_divided(session, page.batch_file_id) or _is_undone(session, page.batch_file_id):
        return 0
    pages = session.scalars(
        select(Page).where(Page.batch_file_id == page.batch_file_id).order_by(Page.page_index)
    ).all()
    opened = 0
    for part in _parts(pages)[1:]:
        if all(one.batch_id == page.file.batch_id for one in part):
            _move(session, page, part, now)
            opened += 1
    return opened


def _is_divided(session: Session, file_id: int) -> bool:
    separator = exists().where(Page.batch_file_id == file_id, Page.state == "separator")
    return bool(session.scalar(select(separator)))


def _is_undone(session: Session, file_id: int) -> bool:
    return bool(
        session.scalar(select(exists().where(Page.batch_file_id == file_id, Page.state.in_(_UNDONE))))
    )


def _parts(pages: Sequence[Page]) -> list[list[Page]]:
    """The stack between its separators, without them; blank backs of separators alone make no part."""
    parts: list[list[Page]] = [[]]
    for one in pages:
        if one.state != "separator":
            parts[-1].append(one)
        elif _has_paper(parts[-1]):
            parts.append([])
    if len(parts) > 1 and not _has_paper(parts[-1]):
        parts[-2:] = [parts[-2] + parts[-1]]
    return parts


def _has_paper(part: Sequence[Page]) -> bool:
    return any(one.state != "blank" for one in part)


def _move(session: Session, page: Page, part: list[Page], now: dt.datetime) -> None:
    old = page.file.batch
    campaign = session.scalars(select(Campaign).where(Campaign.id == old.campaign_id).with_for_update()).one()
    batch = open_batch(session, campaign, old.received_by, "separator", now)
    moved = [one.id for one in part]
    session.execute(update(Page).where(Page.id.in_(moved)).values(batch_id=batch.id))
    write_log(
        session, now, old.received_by, "batch_divided", f"batch:{batch.number}",
        out_of=old.number, pages=len(moved),
    )  # fmt: skip
