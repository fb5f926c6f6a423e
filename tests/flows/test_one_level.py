"""The second sample: a province with one level of units. Home, printing, self-scoring and results work."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ocr.template import FormLibrary
from tests.clients import FORMS_DIR, Clock, Office, close_office
from webapp.app import create_app
from webapp.campaign_plan.allocation import allocation_of
from webapp.persistence.campaign import Campaign, Sheet
from webapp.services import sample_campaign
from webapp.services.campaigns import SAMPLE_DIR, sample_plan
from webapp.services.schemes import parse_version, require_printed_forms, scheme_of_level
from webapp.settings import Settings

FOLDER = SAMPLE_DIR / "quang_tri_2025"
UNITS = 7


@pytest.fixture
def office(database_url: str, tmp_path: Path, now: dt.datetime) -> Iterator[Office]:
    """An office that opened the second sample and ordered all its sheets."""
    settings = Settings(
        data_dir=tmp_path, database_url=database_url, forms_dir=FORMS_DIR, secret_key="a key for tests only"
    )
    app = create_app(settings, Clock(now))
    app.testing = True
    opened = Office(app, Clock(now))
    with opened.session() as session:
        sample_campaign.add_people(session, now)
        campaign = sample_campaign.open_sample_campaign(session, FOLDER, now)
        sample_campaign.add_unit_accounts(session, campaign.units, now)
        sample_campaign.print_quota(session, FormLibrary(FORMS_DIR), campaign, now)
        session.commit()
    yield opened
    close_office(opened)


def test_its_plan_agrees_with_its_quotas() -> None:
    allocation = allocation_of(sample_plan(FOLDER))
    assert (allocation.sheets, allocation.is_sound, allocation.places) == (483, True, ())


def test_one_level_is_enough_for_every_page(office: Office) -> None:
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        assert [level.code for level in campaign.levels] == ["commune"]
        assert len(campaign.units) == UNITS
        assert session.scalar(select(func.count(Sheet.id))) == 483
        version, _scheme = scheme_of_level(session, campaign.id, "commune")
        require_printed_forms(parse_version(version), FormLibrary(FORMS_DIR))
    pages = {
        "lanhdao": ("/", "/chi-so", "/ket-qua", "/tu-cham/han"),
        "vanthu": ("/", "/in", "/in/mau", "/quet"),
        "dv-hoanlao": ("/", "/tu-cham"),
        "thamdinh": ("/", "/tham-dinh"),
        "quantri": ("/", "/chu-ky", "/chu-ky/2025/soat", "/chu-ky/2025/chi-tieu"),
    }
    for username, addresses in pages.items():
        for address in addresses:
            answer = office.browser(username).get(address)
            assert answer.status_code == 200, address
            assert "huyện" not in answer.text or address in {"/in", "/in/mau"}, (
                address
            )  # the forms' own words
    assert "Xã, phường, đặc khu" in office.browser("thamdinh").get("/tham-dinh").text
    assert "Chỉ tiêu 483 phiếu, đúng kế hoạch." in office.browser("quantri").get("/chu-ky/2025/soat").text


def test_its_index_is_computed_with_one_table(office: Office) -> None:
    head = office.browser("lanhdao")
    assert head.post("/chi-so/tinh-thu").status_code == 303
    page = head.get("/chi-so/1")
    assert page.status_code == 200
    assert page.text.count('class="ranking"') == 1
    assert "Thượng Trạch" in page.text
