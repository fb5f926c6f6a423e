"""Phát và thu at the keyboard alone: scan, Enter, scan; what is missing is named; the last line is undone."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import object_session

from ocr.sheet_code import serial_text
from ocr.template import FormLibrary
from tests.browser.conftest import Site, VisitorFactory
from tests.browser.server import serve
from tests.conftest import NOW
from tests.worlds.small import make_small_world
from webapp.cli.demo import environment
from webapp.persistence.campaign import Pack, Sheet
from webapp.persistence.schema import upgrade_database
from webapp.services.printing import order_missing
from webapp.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A served campaign with everything printed."""
    folder = tmp_path_factory.mktemp("packs")
    url = f"sqlite:///{folder / 'packs.sqlite3'}"
    settings = replace(Settings.from_env(), data_dir=folder, database_url=url)
    upgrade_database(url)
    site = Site("", settings, [])
    with site.session() as session:
        world = make_small_world(session, NOW)
        library = FormLibrary(settings.forms_dir)
        order_missing(
            session, "clerk", library, campaign=world.campaign, is_wanted=lambda _need: True, now=NOW
        )
    with serve(environment(settings), folder / "serve.log") as address:
        yield replace(site, address=address)


@pytest.fixture
def clerk(browser: Browser, desk: Site) -> Iterator[Page]:
    """The clerk at the desk; at the end the browser may not have complained."""
    factory = VisitorFactory(browser, desk.address)
    visitor = factory("clerk")
    visitor.open("/phat-thu")
    yield visitor.page
    visitor.page.context.close()
    assert visitor.complaints == []
    assert visitor.outside == []


def scan(page: Page, text: str) -> None:
    """As a hand-held scanner does: characters, then Enter, into whatever has the focus."""
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def test_a_pack_goes_out_and_comes_back_without_a_mouse(clerk: Page, desk: Site) -> None:
    with desk.session() as session:
        pack = session.scalars(select(Pack).where(Pack.person_number.is_(None)).order_by(Pack.id)).all()[-1]
        code, serials = pack.code, sorted(sheet.serial for sheet in _sheets(pack))
    box, line = clerk.locator("#typed"), clerk.locator(".desk-line")
    expect(box).to_be_focused()
    clerk.keyboard.press("Shift+Tab")
    clerk.keyboard.type("Trần Thị B, Văn phòng")
    clerk.keyboard.press("Tab")
    scan(clerk, code)
    expect(line).to_contain_text(f"Đã giao bộ {code}, {len(serials)} tờ")
    expect(box).to_be_focused()
    expect(box).to_have_value("")
    scan(clerk, code)
    expect(line).to_contain_text("Không ghi lần nữa.")
    for key in ("Shift+Tab", "Shift+Tab", "ArrowRight"):
        clerk.keyboard.press(key)
    expect(clerk.get_by_label("Thu phiếu")).to_be_checked()
    for key in ("Tab", "Tab"):
        clerk.keyboard.press(key)
    expect(box).to_be_focused()
    for serial in serials[:3]:  # as fast as a scanner: nothing waits for an answer, and nothing is lost
        scan(clerk, f"{serial:05d}")
    expect(line).to_contain_text(f"Đã thu phiếu {serial_text(serials[2])}")
    expect(clerk.locator(".desk-recent li")).to_have_count(4)
    total = clerk.locator("#table tfoot td")
    expect(total.nth(1)).to_have_text(str(len(serials)))
    expect(total.nth(2)).to_have_text("3")
    undo = clerk.locator(".desk-recent button").first
    while not undo.evaluate("button => button === document.activeElement"):
        clerk.keyboard.press("Tab")
    clerk.keyboard.press("Enter")
    expect(line).to_contain_text("Đã hoàn tác: Đã thu phiếu")
    expect(total.nth(2)).to_have_text("2")


def test_packs_are_found_as_one_types(clerk: Page) -> None:
    clerk.locator("#q").press_sequentially("dai trach cx4")
    expect(clerk.locator("#table")).to_contain_text("Tìm thấy 1 bộ.")
    expect(clerk.locator("#table tbody tr")).to_have_count(1)
    expect(clerk.locator("#q")).to_be_focused()


def test_the_desk_fits_a_telephone(browser: Browser, desk: Site) -> None:
    visitor = VisitorFactory(browser, desk.address)("clerk", width=360)
    for path in ("/phat-thu", "/phat-thu/noi/19186", "/phat-thu/nhac", "/in", "/in/noi/19186"):
        visitor.open(path)
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 360, path
    visitor.page.context.close()


def _sheets(pack: Pack) -> list[Sheet]:
    session = object_session(pack)
    assert session is not None
    return list(session.scalars(select(Sheet).where(Sheet.pack_id == pack.id)))
