"""Two appraisers at one cell, and the team's meeting, in a real browser."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from tests.browser.conftest import PATIENCE_MS, Site
from tests.browser.server import serve
from tests.conftest import NOW
from tests.worlds.self_scored import add_schemes, send_everything
from tests.worlds.small import PASSWORD, make_small_world
from webapp.cli.demo import environment
from webapp.persistence.accounts import User
from webapp.persistence.appraisal import AppraisedScoreEntry
from webapp.persistence.schema import upgrade_database
from webapp.settings import Settings

pytestmark = pytest.mark.browser
CELL = "/tham-dinh/19186/1.1.1"


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Site]:
    """Xã Đại Trạch has sent; two people appraise."""
    url = f"sqlite:///{tmp_path / 'team.sqlite3'}"
    settings = replace(Settings.from_env(), data_dir=tmp_path, database_url=url)
    upgrade_database(url)
    site = Site("", settings, [])
    with site.session() as session:
        world = make_small_world(session, NOW)
        add_schemes(session, world, NOW)
        send_everything(session, world.units["19186"], "unit-19186", NOW)
        first = world.users["appraiser"]
        second = User(username="appraiser2", display_name="Appraiser2", role="appraiser", locale="vi")
        second.password_hash, second.is_active = first.password_hash, True
        second.session_epoch = 0
        session.add(second)
    with serve(environment(settings), tmp_path / "serve.log") as address:
        yield replace(site, address=address)


def sit_down(browser: Browser, site: Site, username: str, width: int = 1366) -> Page:
    page = browser.new_context(viewport={"width": width, "height": 768}).new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{site.address}/dang-nhap")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "dang-nhap" not in url)
    return page


def fix(page: Page, points: str, reason: str) -> None:
    page.check(f"input[name=choice][value='{points}']")
    page.fill("textarea[name=reason]", reason)


def test_two_appraisers_save_one_cell_and_the_team_decides_it(browser: Browser, team: Site) -> None:
    one, two = sit_down(browser, team, "appraiser"), sit_down(browser, team, "appraiser2", width=360)
    for page in (one, two):
        page.goto(team.address + CELL)
    fix(one, "0.50", "Ký chậm")
    one.get_by_role("button", name="Lưu và tiếp").click()
    one.wait_for_url("**/1.1.2")
    fix(two, "0.00", "Không có văn bản")
    two.check("input[name=awaits_meeting]")
    two.get_by_role("button", name="Lưu và tiếp").click()
    expect(two.get_by_role("heading", level=1)).to_contain_text("Hai người cùng thẩm định")
    expect(two.get_by_label("Bản đã lưu")).to_contain_text("Ký chậm")
    expect(two.get_by_label("Bản của bạn")).to_contain_text("Không có văn bản")
    assert two.evaluate("document.documentElement.scrollWidth") <= 360
    two.get_by_role("button", name="Lưu bản của tôi thành bản mới").click()
    two.wait_for_url("**/1.1.2")
    hold_the_meeting(one, team)
    with team.session() as session:
        rows = session.scalars(select(AppraisedScoreEntry).order_by(AppraisedScoreEntry.version)).all()
    said = [(row.appraised_by, f"{row.points}", row.awaits_meeting, row.in_meeting) for row in rows]
    assert said == [
        ("appraiser", "0.50", False, False),
        ("appraiser2", "0.00", True, False),
        ("appraiser", "0.50", False, True),
    ]


def hold_the_meeting(page: Page, team: Site) -> None:
    page.goto(f"{team.address}/tham-dinh/bang?cap=commune")
    page.locator("td.is-meeting a").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "/tham-dinh/19186/1.1.2"
    page.goto(f"{team.address}/tham-dinh/hop")
    page.fill("#chair", "Ông Trần Văn A")
    page.get_by_role("button", name="Vào họp").click()
    page.wait_for_url("**/hop/19186/1.1.1")
    figure = page.locator(".meeting-scores dd").first
    assert float(figure.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")) >= 40
    page.keyboard.press("PageDown")
    page.wait_for_url("**/ket-thuc")
    expect(page.locator("main")).to_contain_text("Còn 1 tiêu chí chờ họp")
    page.go_back()
    fix(page, "0.50", "Tổ thống nhất")
    page.get_by_role("button", name="Ghi quyết định và tiếp").click()
    page.wait_for_url("**/ket-thuc")
    assert "cuộc họp thống nhất 0,50 điểm" in page.locator("#opinions").input_value()
    page.get_by_role("button", name="Ghi vào biên bản").click()
    with page.expect_download() as paper:
        page.get_by_role("link", name="Tải biên bản (Word)").click()
    assert paper.value.suggested_filename == "bien-ban-hop-tham-dinh-2020-du-thao.docx"
