"""Sheets as printing leaves them, and their pages as the worker leaves them: for counting."""

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.persistence.campaign import Campaign, RespondentGroup, Sheet, Unit
from webapp.persistence.scans import Batch, BatchFile, Page


def campaign_of(session: Session) -> Campaign:
    return session.scalars(select(Campaign)).one()


def print_sheets(
    session: Session, unit_code: str, form_code: str, count: int, now: dt.datetime, *, first: int = 1
) -> list[Sheet]:
    """Sheets as printing leaves them."""
    unit = session.scalars(select(Unit).where(Unit.code == unit_code)).one()
    group = session.scalars(select(RespondentGroup).where(RespondentGroup.form_code == form_code)).first()
    assert group is not None
    sheets = [
        Sheet(
            campaign_id=unit.campaign_id,
            serial=serial,
            form_code=form_code,
            form_version=1,
            group_id=group.id,
            unit_id=unit.id,
            printed_at=now,
        )
        for serial in range(first, first + count)
    ]
    session.add_all(sheets)
    session.flush()
    return sheets


def scan_sides(
    session: Session, sides: list[tuple[Sheet, int]], now: dt.datetime, *, number: int = 1
) -> Batch:
    """Pages as the worker leaves them."""
    campaign = campaign_of(session)
    batch = Batch(
        campaign_id=campaign.id, number=number, received_by="clerk", received_at=now, declared_sheets=None
    )
    session.add(batch)
    session.flush()
    file = BatchFile(batch_id=batch.id, sha256="0" * 64, size_bytes=1, original_name="a.pdf", state="split")
    session.add(file)
    session.flush()
    for index, (sheet, side) in enumerate(sides):
        page = Page(batch_id=batch.id, batch_file_id=file.id, page_index=index, state="read")
        page.sheet_id, page.side = sheet.id, side
        session.add(page)
    session.flush()
    return batch
