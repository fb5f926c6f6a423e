"""A unit's profile sets the year before beside this one, as that year was published."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.clients import Office
from tests.flows.test_results import fill, publish
from tests.worlds.appraised import finish_year
from tests.worlds.small import SmallWorld
from webapp.persistence.appraisal import AppraisedScoreEntry
from webapp.persistence.campaign import Campaign
from webapp.services.campaign_rows import plan_of
from webapp.services.campaigns import choose_campaign, create_campaign, plan_of_next_year
from webapp.services.second_key import rule_of


@pytest.fixture
def two_years(office: Office, now: dt.datetime) -> Office:
    """2020 is published; 2021 is current and finished, and Phòng Nội vụ lost points in one component."""
    fill(office, now)
    publish(office)
    with office.session() as session:
        campaign = add_next_year(session, now)
        unit = next(unit for unit in campaign.units if unit.code == "NV")
        entry = session.scalars(
            select(AppraisedScoreEntry).where(
                AppraisedScoreEntry.unit_id == unit.id, AppraisedScoreEntry.points > Decimal(1)
            )
        ).first()
        assert entry is not None
        session.add(
            AppraisedScoreEntry(
                unit_id=unit.id, component_code=entry.component_code, version=2, seen_version=1,
                points=Decimal(0), reason="Không có hồ sơ", appraised_by="appraiser", appraised_at=now,
            )
        )  # fmt: skip
        session.commit()
    return office


def add_next_year(session: Session, now: dt.datetime) -> Campaign:
    former = session.scalars(select(Campaign)).one()
    campaign = create_campaign(session, "administrator", plan_of_next_year(plan_of(former), 2021), now)
    choose_campaign(session, "administrator", campaign, now)
    rule = rule_of(session, campaign.id)
    rule.double_marks = rule.overridden = False
    rule.sample_percent = rule.full_up_to_sheets = 0
    finish_year(session, SmallWorld(campaign, {unit.code: unit for unit in campaign.units}, {}), now)
    return campaign


def test_a_profile_says_how_the_unit_stood_the_year_before(two_years: Office) -> None:
    head = two_years.browser("head")
    assert head.post("/chi-so/chot").status_code == 303
    fallen, same = head.get("/chi-so/1/NV").text, head.get("/chi-so/1/19186").text
    assert "Năm 2020: " in fallen
    assert re.search(r"Chỉ số giảm \d+,\d\d\.( Khoảng|</p>)", fallen), "sentences stand apart"
    assert "hạng 1/1." in fallen
    assert "Năm 2020 (%)" in fallen, "area by area, too"
    assert "Chỉ số không đổi." in same
    assert "chưa đủ căn cứ nói là có thay đổi" not in same
    assert "không giống nhau hoàn toàn" not in fallen


def test_the_first_year_has_nothing_beside_it(office: Office, now: dt.datetime) -> None:
    fill(office, now)
    publish(office)
    assert "former-year" not in office.browser("viewer").get("/ket-qua/NV").text
