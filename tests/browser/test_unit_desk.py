"""A unit at its desk: nothing typed is lost, a number with two readings, the lock and the late extension."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from tests.browser.conftest import Site, VisitorFactory
from tests.browser.server import serve
from tests.conftest import NOW
from tests.worlds.documents import pdf_bytes
from tests.worlds.self_scored import add_schemes
from tests.worlds.small import PASSWORD, make_small_world
from webapp.cli.demo import environment
from webapp.persistence.accounts import User
from webapp.persistence.base import utc_now
from webapp.persistence.campaign import Campaign
from webapp.persistence.schema import upgrade_database
from webapp.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]
RATIO, AMOUNT = "/tu-cham/1.1.3", "/tu-cham/6.1.3"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A served campaign in which the units are scoring themselves."""
    folder = tmp_path_factory.mktemp("units")
    url = f"sqlite:///{folder / 'units.sqlite3'}"
    settings = replace(Settings.from_env(), data_dir=folder, database_url=url)
    upgrade_database(url)
    site = Site("", settings, [])
    with site.session() as session:
        world = make_small_world(session, NOW)
        world.campaign.self_score_due_at = utc_now() + dt.timedelta(days=3)
        add_schemes(session, world, NOW)
    with serve(environment(settings), folder / "serve.log") as address:
        yield replace(site, address=address)


@pytest.fixture
def visit(browser: Browser, desk: Site) -> Iterator[VisitorFactory]:
    """Makes visitors of this desk; nobody's browser may go outside."""
    factory = VisitorFactory(browser, desk.address)
    yield factory
    for visitor in factory.visitors:
        visitor.page.context.close()
    assert [visitor.outside for visitor in factory.visitors if visitor.outside] == []


def type_number(page: Page, name: str, text: str) -> None:
    """As a person does, key by key, and stay in the field."""
    page.fill(f"#fact-{name}", "")
    page.locator(f"#fact-{name}").press_sequentially(text)


def fits(page: Page) -> bool:
    """Whether nothing sticks out sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_a_phone_keeps_what_is_typed_while_the_network_is_away(visit: VisitorFactory, tmp_path: Path) -> None:
    unit = visit("unit-19186", 360)
    page = unit.page
    unit.open(RATIO)
    type_number(page, "numerator", "17")
    type_number(page, "denominator", "20")
    expect(page.locator("#points")).to_contain_text("17/20 × 2 = 1,7 điểm")
    assert fits(page)
    page.context.set_offline(True)
    page.fill("#explanation", "Theo báo cáo số 5")
    expect(page.locator("#messages")).to_contain_text("vẫn còn trên máy này")
    page.context.set_offline(False)
    expect(page.locator("#messages")).to_be_empty()
    unit.open(RATIO)
    expect(page.locator("#explanation")).to_have_value("Theo báo cáo số 5")
    document = tmp_path / "bao-cao.pdf"
    document.write_bytes(pdf_bytes(2))
    page.set_input_files("#files", document)
    page.locator("#evidence").get_by_role("button", name="Tải lên").click()
    expect(page.locator("#evidence").get_by_role("link", name="bao-cao.pdf")).to_be_visible()
    assert fits(page)


def test_an_ended_session_loses_nothing_that_was_typed(visit: VisitorFactory, desk: Site) -> None:
    unit = visit("unit-19111")
    page = unit.page
    unit.open(RATIO)
    type_number(page, "numerator", "3")
    expect(page.locator("#points .saved")).to_contain_text("Đã lưu")
    with desk.session() as session:  # as an administrator ends somebody's sessions
        session.scalars(select(User).where(User.username == "unit-19111")).one().session_epoch += 1
    page.fill("#explanation", "Ba nhiệm vụ còn lại chuyển sang năm sau")
    page.wait_for_url("**/dang-nhap**")
    page.fill("input[name=username]", "unit-19111")
    page.fill("input[name=password]", PASSWORD)
    with page.expect_response(lambda answer: answer.url.endswith("/nhap") and answer.ok):
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{RATIO}")
    expect(page.locator("#messages")).to_contain_text("Đã lấy lại")
    expect(page.locator("#explanation")).to_have_value("Ba nhiệm vụ còn lại chuyển sang năm sau")
    page.reload()
    expect(page.locator("#explanation")).to_have_value("Ba nhiệm vụ còn lại chuyển sang năm sau")
    expect(page.locator("#messages")).to_be_empty()


def test_a_number_with_two_readings_is_chosen_by_a_button(visit: VisitorFactory) -> None:
    unit = visit("unit-nv")
    page = unit.page
    unit.open(AMOUNT)
    type_number(page, "denominator", "2000")
    type_number(page, "numerator", "1.234")
    expect(page.locator(".readings button")).to_have_text(["1,234", "1234"])
    page.locator(".readings").get_by_role("button", name="1234", exact=True).click()
    expect(page.locator("#fact-numerator")).to_have_value("1234")
    expect(page.locator("#points")).to_contain_text("61,7")
    unit.open("/tu-cham/so-lieu")
    expect(page.locator("input[name^=typed-][value='1234']")).to_have_count(1)
    assert fits(page)


def test_the_deadline_locks_and_the_head_alone_gives_more_time(visit: VisitorFactory, desk: Site) -> None:
    with desk.session() as session:
        session.scalars(select(Campaign)).one().self_score_due_at = utc_now() - dt.timedelta(minutes=1)
    unit, head = visit("unit-19186", 360), visit("head")
    unit.open(RATIO)
    expect(unit.page.get_by_text("đã qua nên bản tự chấm đã khóa")).to_be_visible()
    expect(unit.page.get_by_role("button", name="Lưu và tiếp")).to_have_count(0)
    expect(unit.page.locator("#fact-numerator")).to_be_disabled()
    assert fits(unit.page)
    tomorrow = utc_now() + dt.timedelta(days=1)
    head.open("/tu-cham/han")
    head.page.fill("#day", f"{tomorrow:%d/%m/%Y}")
    head.page.fill("#clock", "17:00")
    head.page.fill("#deadline-reason", "Mưa lũ, ba xã mất điện")
    head.page.get_by_role("button", name="Đổi hạn").click()
    expect(head.page.locator("main")).to_contain_text("Còn hạn")
    expect(head.page.get_by_text("Mưa lũ, ba xã mất điện")).to_be_visible()
    unit.page.reload()
    type_number(unit.page, "numerator", "18")
    expect(unit.page.locator("#points .saved")).to_contain_text("Đã lưu")
    unit.open("/tu-cham/han")
    expect(unit.page.get_by_role("heading", name="Bạn không được giao việc này")).to_be_visible()
