"""The small world again, as it stands in an office's database."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.worlds.small import SmallWorld
from webapp.persistence.accounts import User
from webapp.persistence.campaign import Campaign


def office_world(session: Session) -> SmallWorld:
    """Its campaign, units and people."""
    campaign = session.scalars(select(Campaign)).one()
    users = {user.username: user for user in session.scalars(select(User))}
    return SmallWorld(campaign, {unit.code: unit for unit in campaign.units}, users)
