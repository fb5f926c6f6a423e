"""The catalogue's editor in a real browser: what is typed is checked and tried before anything is saved."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from tests.browser.server import serve_office
from tests.clients import close_office, open_office
from tests.conftest import NOW
from tests.worlds.self_scored import add_schemes
from tests.worlds.small import PASSWORD, SmallWorld
from webapp.persistence.campaign import Campaign

pytestmark = pytest.mark.browser
DIVISION = "/bo-chi-so/2020/division"


@pytest.fixture
def address(sqlite_template: Path, tmp_path: Path) -> Iterator[str]:
    """The small world with its catalogues, served from this process."""
    shutil.copy(sqlite_template, tmp_path / "chamdiem.sqlite3")
    office = open_office(f"sqlite:///{tmp_path / 'chamdiem.sqlite3'}", tmp_path, NOW)
    with office.session() as session:
        add_schemes(session, SmallWorld(session.scalars(select(Campaign)).one(), {}, {}), NOW)
        session.commit()
    with serve_office(office) as served:
        yield served
    close_office(office)


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The administrator at a browser."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="vi-VN")
    opened = context.new_page()
    opened.goto(f"{address}/dang-nhap")
    opened.fill("input[name=username]", "administrator")
    opened.fill("input[name=password]", PASSWORD)
    opened.keyboard.press("Enter")
    opened.wait_for_url(lambda url: "dang-nhap" not in url)
    yield opened
    context.close()


def test_points_and_rules_are_checked_while_they_are_typed(page: Page, address: str) -> None:
    page.goto(f"{address}{DIVISION}/sua")
    page.locator("[name='maximum:3.1.1']").fill("2,5")
    expect(page.locator("#check")).to_contain_text("Tổng điểm 99,5 – thiếu 0,5 ở lĩnh vực 3.")
    page.locator("[name='maximum:3.1.1']").fill("3")
    expect(page.locator("#check")).to_contain_text("Tổng điểm 100, đủ")
    page.goto(f"{address}{DIVISION}/sua/1.1.2")
    page.locator("#fact-numerator").fill("17")
    page.locator("#fact-denominator").fill("20")
    expect(page.locator("#points")).to_contain_text("2,13 / 2,50 điểm")
    page.locator("#leaf-zero_below").fill("90")
    expect(page.locator("#points")).to_contain_text("0,00 / 2,50 điểm")
    page.locator("#leaf-rule").select_option("mức")
    page.locator("#choices-0-label").fill("Đầy đủ")
    page.locator("#choices-0-points").fill("3")
    expect(page.locator("#check")).to_contain_text("cách chấm cho tối đa 3 điểm, tiêu chí có 2,5")
    page.locator("#choices-0-points").fill("2,5")
    expect(page.locator("#check")).to_contain_text("Tổng điểm 100, đủ")
    page.locator(".action-bar button").click()
    expect(page.locator("#messages")).to_contain_text("Đã lưu bản nháp")
    expect(page.locator("#choices-0-label")).to_have_value("Đầy đủ")
