"""The frame around every page in a real browser: widths, languages, keyboard, no script, no network."""

import datetime as dt
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.browser.server import serve_office
from tests.clients import Office, close_office, open_office
from tests.conftest import NOW
from tests.worlds.small import PASSWORD
from webapp.http.moments import LOOK_EVERY
from webapp.par_index.workflow import State
from webapp.persistence.appraisal import Submission
from webapp.persistence.campaign import Campaign, Unit
from webapp.persistence.schemes import newest_scheme_version
from webapp.services.campaigns import SAMPLE_DIR
from webapp.services.schemes import load_sample_schemes

pytestmark = pytest.mark.browser
NOTHING_NEW = 204
WIDTHS = {"vi": 360, "en": 1366}


@pytest.fixture(scope="module")
def office(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The small world as a demo."""
    folder = tmp_path_factory.mktemp("frame")
    shutil.copy(sqlite_template, folder / "chamdiem.sqlite3")
    office = open_office(f"sqlite:///{folder / 'chamdiem.sqlite3'}", folder, NOW, demo=True)
    with office.session() as session:
        _load_schemes(session, NOW)
        session.commit()
    yield office
    close_office(office)


@pytest.fixture(scope="module")
def address(office: Office) -> Iterator[str]:
    """Served from this process."""
    with serve_office(office) as served:
        yield served


def _load_schemes(session: Session, now: dt.datetime) -> None:
    campaign = session.scalars(select(Campaign)).one()
    load_sample_schemes(session, "administrator", campaign, SAMPLE_DIR / "bo_trach_2020", now)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh browser window."""
    context = browser.new_context(locale="vi-VN")
    yield context.new_page()
    context.close()


def enter(page: Page, address: str, role: str, language: str = "vi") -> None:
    """One click on the demo's sign-in page, and one for the language (which the account keeps)."""
    page.goto(f"{address}/dang-nhap")
    name = page.locator(".person-name", has_text=re.compile(f"^{role}$"))
    page.locator("button.person", has=name).click()
    page.wait_for_url(f"{address}/")
    page.locator(f".languages button[value={language}]").click()
    page.wait_for_load_state()


@pytest.mark.parametrize("language", WIDTHS)
@pytest.mark.parametrize(
    "role", ["Clerk", "Reviewer", "Unit-Nv", "Appraiser", "Head", "Treasurer", "Viewer", "Administrator"]
)
def test_every_tab_fits_speaks_and_stays_at_home(page: Page, address: str, role: str, language: str) -> None:
    complaints: list[str] = []
    outside: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda sent: None if sent.url.startswith(address) else outside.append(sent.url))
    page.set_viewport_size({"width": WIDTHS[language], "height": 768})
    enter(page, address, role, language)
    for path in page.locator(".tabs a").evaluate_all("links => links.map(link => link.getAttribute('href'))"):
        page.goto(f"{address}{path}")
        assert page.locator("html").get_attribute("lang") == language
        assert page.locator("h1").count() == 1, path
        assert page.locator(".tabs a[aria-current=page]").count() == 1, path
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[language], path
    assert complaints == []
    assert outside == []


def test_one_signs_in_with_the_keyboard_alone(page: Page, address: str) -> None:
    page.goto(f"{address}/dang-nhap")
    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("class") == "skip-link"
    page.keyboard.press("Enter")
    assert page.locator(":focus").get_attribute("id") == "content"
    page.keyboard.press("Tab")
    page.keyboard.type("head")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")
    assert page.locator(".who").inner_text() == "Head"


def test_an_error_takes_the_focus_and_names_the_field(page: Page, address: str) -> None:
    page.goto(f"{address}/dang-nhap")
    page.locator(".sign-in-card .button-wide").click()
    page.locator(".error-summary").wait_for()
    assert "error-summary" in (page.locator(":focus").get_attribute("class") or "")
    assert page.title().startswith("Lỗi: ")
    page.locator(".error-summary a").first.click()
    assert page.locator(":focus").get_attribute("id") == "username"
    assert page.locator("#username").get_attribute("aria-describedby") == "username-error"


def test_the_frame_works_without_script(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/ca-nhan")
    page.locator("#username").fill("viewer")
    page.locator("#password").fill(PASSWORD)
    page.locator(".sign-in-card .button-wide").click()
    assert page.url == f"{address}/ca-nhan"
    page.locator(".languages button[value=en]").click()
    assert "My account" in page.title()
    page.locator(".languages button[value=vi]").click()
    page.locator(".shell-tools form[action='/dang-xuat'] button").click()
    assert "Bạn đã đăng xuất." in page.locator("#messages").inner_text()
    context.close()


def test_after_signing_out_the_back_button_shows_nothing(page: Page, address: str) -> None:
    enter(page, address, "Administrator")
    page.goto(f"{address}/nguoi-dung")
    assert "unit-nv" in page.content()
    page.locator(".shell-tools form[action='/dang-xuat'] button").click()
    page.wait_for_url(f"{address}/dang-nhap")
    for _step in range(2):
        page.go_back()
        page.wait_for_url(re.compile("/dang-nhap"))
        assert page.locator("#sign-in-title").count() == 1
        assert "unit-nv" not in page.content()


def test_an_error_during_a_swap_leaves_the_page_as_it_was(page: Page, address: str) -> None:
    enter(page, address, "Viewer")
    page.evaluate("htmx.ajax('GET', '/khong-co', {target: '#progress', swap: 'outerHTML'})")
    page.locator("#messages .toast-error").wait_for()
    assert "Không tìm thấy" in page.locator("#messages").inner_text()
    assert page.locator("#progress").count() == 1


def test_the_first_page_follows_a_change_after_it_was_told_that_there_is_none(
    page: Page, address: str, office: Office
) -> None:
    enter(page, address, "Viewer")
    for _question in range(2):
        with page.expect_response(re.compile("/tien-do")) as asked:
            pass
        assert asked.value.status == NOTHING_NEW
    panel = page.locator("#progress")
    assert "Chờ thẩm định" not in (panel.text_content() or "")
    with office.session() as session:
        unit = session.scalars(select(Unit).where(Unit.code == "19186")).one()
        version = newest_scheme_version(session, unit.campaign_id, unit.level)
        assert version is not None
        sent = Submission(unit_id=unit.id, campaign_id=unit.campaign_id, scheme_version_id=version.id)
        sent.state = State.SUBMITTED.value
        session.add(sent)
        session.commit()
    office.clock.now += LOOK_EVERY
    expect(panel).to_contain_text("Chờ thẩm định", timeout=20_000)
    with page.expect_response(re.compile("/tien-do")) as asked:
        pass
    assert asked.value.status == NOTHING_NEW, "what is new is told once"


def test_a_lost_connection_is_said(page: Page, address: str) -> None:
    enter(page, address, "Viewer")
    page.context.set_offline(True)
    page.evaluate("htmx.ajax('GET', '/tien-do', {target: '#progress', swap: 'outerHTML'}).catch(() => {})")
    page.locator("#messages .toast-error").wait_for()
    assert "Mất kết nối" in page.locator("#messages").inner_text()
    assert page.locator("#progress").count() == 1


def test_an_ended_session_leads_to_the_sign_in_page(page: Page, address: str) -> None:
    enter(page, address, "Viewer")
    page.context.clear_cookies()
    page.evaluate("htmx.ajax('GET', '/tien-do', {target: '#progress', swap: 'outerHTML'}).catch(() => {})")
    page.wait_for_url(f"{address}/dang-nhap")


def test_what_was_not_saved_is_not_called_saved(page: Page, address: str) -> None:
    enter(page, address, "Unit-Nv")
    page.set_viewport_size({"width": 1366, "height": 500})
    page.goto(f"{address}/tu-cham/1.1.1")
    page.locator("#explanation").fill("Theo báo cáo số 5")
    page.locator("#points .saved").wait_for()
    assert page.locator("#points .saved").inner_text().startswith("Đã lưu")
    page.context.set_offline(True)
    page.locator("#explanation").fill("Theo báo cáo số 6")
    page.locator("#points .saved-not").wait_for()
    assert page.locator("#points .saved").inner_text() == "Chưa lưu"
    assert_seen_from_below(page)
    page.context.set_offline(False)
    page.locator("#explanation").fill("Theo báo cáo số 7")
    page.locator("#points .saved:not(.saved-not)").wait_for()
    page.locator("#messages .toast-error").wait_for(state="detached")
    page.context.clear_cookies()
    page.locator("#explanation").fill("Theo báo cáo số 8")
    page.locator("#points .saved-not").wait_for()
    assert "Chưa có gì thay đổi" in page.locator("#messages").inner_text()
    assert_seen_from_below(page)


def assert_seen_from_below(page: Page) -> None:
    """The message stays on the screen at the bottom of the page."""
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    box = page.locator("#messages .toast-error").bounding_box()
    assert box is not None
    assert page.evaluate("window.scrollY") > 0
    assert 0 <= box["y"] < 500
