"""The pack of a sheet, for tests that start from printed sheets."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.persistence.campaign import Pack, RespondentGroup, Unit
from webapp.services.packs import PlannedPack, make_packs


def pack_about(session: Session, group: RespondentGroup, unit: Unit) -> Pack:
    """This group's pack that is handed out at the rated unit itself; made where it is not there yet."""
    there = select(Pack).where(Pack.group_id == group.id, Pack.place_unit_id == unit.id)
    found = session.scalars(there).first()
    return found or make_packs(session, [PlannedPack(group, unit, None, ((unit, 1),))])[0]
