"""Sheets as printing leaves them, and their pages as the worker leaves them: for counting."""

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.persistence.campaign import Campaign, RespondentGroup, Sheet, Unit
from webapp.persistence.scans import Batch, BatchFile, Page
from webapp.services.packs import make_packs, plan_packs


def campaign_of(session: Session) -> Campaign:
    return session.scalars(select(Campaign)).one()


def print_sheets(
    session: Session, unit_code: str, form_code: str, count: int, now: dt.datetime, *, first: int = 1
) -> list[Sheet]:
    """Sheets of a form's first group as printing leaves them, dealt out over the packs about this unit."""
    unit = session.scalars(select(Unit).where(Unit.code == unit_code)).one()
    group = session.scalars(select(RespondentGroup).where(RespondentGroup.form_code == form_code)).first()
    assert group is not None
    planned = plan_packs(unit.campaign.units, [group])
    packs = make_packs(session, [pack for pack in planned if unit in dict(pack.sheets)])
    sheets = [
        Sheet(
            campaign_id=unit.campaign_id,
            serial=first + number,
            form_code=form_code,
            form_version=1,
            group_id=group.id,
            unit_id=unit.id,
            pack_id=packs[number % len(packs)].id,
            printed_at=now,
        )
        for number in range(count)
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
