"""One office, three units, a person of each role: the data that every reader of tests knows by heart."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from webapp.persistence.accounts import User
from webapp.persistence.campaign import Campaign, Unit
from webapp.services.campaigns import create_campaign, sample_plan
from webapp.services.second_key import rule_of

# argon2 hash of PASSWORD with the cheapest parameters: hashing is tested where it is the subject.
PASSWORD = "mat-khau-thu-2020"
UNIT_CODES = ("NV", "19111", "19186")
ROLES = ("clerk", "reviewer", "appraiser", "head", "auditor", "treasurer", "viewer", "administrator")


@dataclass(frozen=True)
class SmallWorld:
    """The campaign, its units by code, and its people by username.

    Usernames: clerk, reviewer, reviewer2, appraiser, head, auditor, auditor2, treasurer, viewer,
    administrator, and
    unit-nv, unit-19111, unit-19186 for the units.
    """

    campaign: Campaign
    units: dict[str, Unit]
    users: dict[str, User]


def make_small_world(session: Session, now: dt.datetime) -> SmallWorld:
    """Add the world to an empty database (flushed, not committed)."""
    plan = sample_plan()
    plan = plan.with_units([unit for unit in plan.units if unit.code in UNIT_CODES])
    campaign = create_campaign(session, "administrator", plan, now)
    session.flush()
    _one_key(session, campaign)
    units = {unit.code: unit for unit in campaign.units}
    users = {role: user_row(role, role) for role in ROLES}
    users["reviewer2"] = user_row("reviewer2", "reviewer")
    users["auditor2"] = user_row("auditor2", "auditor")
    for code, unit in units.items():
        name = f"unit-{code.lower()}"
        users[name] = user_row(name, "unit", unit.id)
    session.add_all(users.values())
    session.flush()
    return SmallWorld(campaign, units, users)


def _one_key(session: Session, campaign: Campaign) -> None:
    """One person's word is enough here; tests of the second key say otherwise."""
    rule = rule_of(session, campaign.id)
    rule.double_marks = rule.overridden = False
    rule.sample_percent = rule.full_up_to_sheets = 0


def user_row(username: str, role: str, unit_id: int | None = None) -> User:
    """An account whose password is PASSWORD (not yet in a session)."""
    return User(
        username=username,
        display_name=username.title(),
        role=role,
        unit_id=unit_id,
        password_hash=_cheap_hash(),
        locale="vi",
        is_active=True,
        session_epoch=0,
    )


def _cheap_hash() -> str:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
