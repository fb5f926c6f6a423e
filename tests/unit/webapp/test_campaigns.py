"""A campaign is data: the sample's figures are the plan's, and a second campaign of a year is refused."""

import datetime as dt

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.worlds.small import make_small_world
from webapp.errors import InvalidInput
from webapp.persistence.campaign import RespondentGroup, Unit
from webapp.services.campaigns import create_campaign, current_campaign, sample_plan


def test_the_sample_holds_the_plans_figures(session: Session, now: dt.datetime) -> None:
    create_campaign(session, "administrator", sample_plan(), now)
    rows = session.execute(select(Unit.level, func.count().label("units")).group_by(Unit.level))
    per_level = {row.level: row.units for row in rows}
    groups = session.scalars(select(RespondentGroup)).all()
    sheets = sum(group.sheets_per_unit * per_level[group.level] for group in groups)
    assert per_level == {"division": 13, "commune": 28}
    assert len(groups) == 9
    assert sheets == 3108


def test_a_year_has_one_campaign(session: Session, now: dt.datetime) -> None:
    world = make_small_world(session, now)
    assert current_campaign(session) is world.campaign
    with pytest.raises(InvalidInput, match="2020"):
        create_campaign(session, "administrator", sample_plan(), now)
