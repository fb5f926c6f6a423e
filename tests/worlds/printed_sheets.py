"""Printed sheets for the small world, and stacks of them that were handed in."""

import datetime as dt
import io

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.worlds.packs import pack_about
from tests.worlds.small import SmallWorld
from webapp.persistence.campaign import RespondentGroup, Sheet
from webapp.persistence.scans import Batch
from webapp.services.intake import Upload, receive_batch
from webapp.storage import ScanStore


def print_sheets(
    session: Session,
    world: SmallWorld,
    count: int,
    now: dt.datetime,
    *,
    form: str = "CX4",
    unit: str = "19186",
    first_serial: int = 1,
) -> list[Sheet]:
    """Sheets of one form and unit, numbered from `first_serial` (flushed)."""
    group = session.scalars(
        select(RespondentGroup)
        .where(RespondentGroup.campaign_id == world.campaign.id, RespondentGroup.form_code == form)
        .order_by(RespondentGroup.position)
    ).first()
    assert group is not None
    sheets = [
        Sheet(
            campaign_id=world.campaign.id,
            serial=serial,
            form_code=form,
            form_version=1,
            group=group,
            pack=pack_about(session, group, world.units[unit]),
            unit=world.units[unit],
            printed_at=now,
        )
        for serial in range(first_serial, first_serial + count)
    ]
    session.add_all(sheets)
    session.flush()
    return sheets


def receive(session: Session, store: ScanStore, now: dt.datetime, *contents: bytes) -> Batch:
    """A clerk hands in files (not committed)."""
    uploads = [Upload(f"scan_{n:03}.pdf", io.BytesIO(content)) for n, content in enumerate(contents, 1)]
    return receive_batch(session, store, "clerk", uploads, None, now)
