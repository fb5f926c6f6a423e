"""The sample's year before: finished, published, complained about, and everywhere said to be made up."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ocr.template import FormLibrary
from tests.clients import FORMS_DIR, Clock, Office, close_office
from webapp.app import create_app
from webapp.campaign_plan.plan import CampaignPlan
from webapp.persistence.campaign import Campaign
from webapp.persistence.complaints import Complaint
from webapp.persistence.readings import FieldReading, Reading
from webapp.persistence.results import IndexUnit, IndexVersion
from webapp.persistence.scans import Page
from webapp.persistence.stored_files import named_files
from webapp.services import sample_campaign, sample_former_year
from webapp.services.campaigns import BO_TRACH, current_campaign
from webapp.services.log_chain import verify_log
from webapp.services.made_up_answers import ENGINE
from webapp.settings import Settings
from webapp.storage import ScanStore

YEAR = 2019
UNITS = ("NV", "19186", "19111")


def small_plan() -> CampaignPlan:
    plan = sample_former_year.former_plan(BO_TRACH, YEAR)
    return plan.with_units([unit for unit in plan.units if unit.code in UNITS])


@pytest.fixture
def office(database_url: str, tmp_path: Path, now: dt.datetime) -> Iterator[Office]:
    """The sample of four units with the year before, as the demo builds it."""
    settings = Settings(
        data_dir=tmp_path, database_url=database_url, forms_dir=FORMS_DIR, secret_key="a key for tests only"
    )
    app = create_app(settings, Clock(now))
    app.testing = True
    opened = Office(app, Clock(now))
    plan, library = small_plan(), FormLibrary(FORMS_DIR)
    with opened.session() as session:
        sample_campaign.add_people(session, sample_former_year.Calendar(plan.self_score_due_at).opened_at)
        former = sample_former_year.open_former_year(session, plan, BO_TRACH)
        steps = list(sample_former_year.former_steps(former, library, ScanStore(settings.scans_dir)))
        session.commit()
    for step in steps:
        with opened.session() as session:
            step(session)
            session.commit()
    with opened.session() as session:
        campaign = sample_campaign.open_sample_campaign(session, BO_TRACH, now)
        sample_campaign.add_unit_accounts(session, campaign.units, now)
        session.commit()
    yield opened
    close_office(opened)


def test_it_stands_complete_beside_the_year_that_is_being_made(office: Office, tmp_path: Path) -> None:
    """One test, for the year takes seconds to build."""
    it_is_finished_published_and_made_up(office)
    one_complaint_was_put_right_and_one_refused(office)
    every_file_that_it_names_is_in_the_store(office, tmp_path)
    everybody_sees_it(office)


def it_is_finished_published_and_made_up(office: Office) -> None:
    with office.session() as session:
        former = session.scalars(select(Campaign).where(Campaign.year == YEAR)).one()
        current = current_campaign(session)
        assert current is not None
        assert current.year == YEAR + 1
        assert former.is_sample
        assert sample_former_year.MADE_UP in former.name
        versions = session.scalars(select(IndexVersion).order_by(IndexVersion.number)).all()
        assert [version.kind for version in versions] == ["published", "published"]
        assert all(version.made_at.year == YEAR + 1 for version in versions)
        lines = session.scalars(select(IndexUnit).where(IndexUnit.version_id == versions[1].id)).all()
        assert {line.code for line in lines} == set(UNITS)
        assert all(line.index_percent is not None for line in lines)
        assert set(session.scalars(select(Reading.engine))) == {ENGINE}
        assert set(session.scalars(select(FieldReading.crop_sha256))) == {None}
        pages = session.scalar(select(func.count(Page.id)))
        assert pages == session.scalar(select(func.count(Reading.id)))
        assert verify_log(session).broken is None


def one_complaint_was_put_right_and_one_refused(office: Office) -> None:
    with office.session() as session:
        upheld, refused = session.scalars(select(Complaint).order_by(Complaint.number)).all()
        assert [answer.outcome for answer in upheld.answers] == ["upheld"]
        assert upheld.answers[0].version is not None
        assert upheld.answers[0].version.number == 2
        assert [(answer.outcome, answer.version) for answer in refused.answers] == [("refused", None)]


def every_file_that_it_names_is_in_the_store(office: Office, tmp_path: Path) -> None:
    with office.session() as session:
        names = set(named_files(session.connection()))
    kept = {path.name for path in (tmp_path / "scans").rglob("*") if path.is_file()}
    assert names
    assert names <= kept


def everybody_sees_it(office: Office) -> None:
    viewer = office.browser("xem")
    assert "Kết quả đã công bố của năm khác:" in viewer.get("/ket-qua").text
    assert "DỮ LIỆU MẪU" in viewer.get(f"/ket-qua/nam/{YEAR}/19186").text
    table = viewer.get(f"/ket-qua/nam/{YEAR}").text
    assert f"<h1>Chỉ số cải cách hành chính năm {YEAR}</h1>" in table
    assert f"Chu kỳ {YEAR + 1}" in table
    head = office.browser("lanhdao")
    assert head.post("/chi-so/tinh-thu").status_code == 303
    unit = head.get("/chi-so/1/19186").text
    assert f"Năm {YEAR}: " in unit
    assert "Năm nay chưa đủ điểm để so chỉ số." in unit
