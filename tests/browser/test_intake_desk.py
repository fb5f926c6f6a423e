"""The clerk's desk in a browser: a file dropped, its pages looked at, one of them assigned by keyboard."""

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, expect

from ocr.sheet_code import serial_text
from tests.browser.conftest import Visitor, VisitorFactory
from tests.browser.server import serve
from tests.conftest import NOW
from tests.unit.ocr.reader.test_named_pages import covered
from tests.worlds.printed_sheets import print_sheets
from tests.worlds.scanned_pages import answered, scanned
from tests.worlds.small import make_small_world
from webapp.cli.demo import environment
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.schema import upgrade_database
from webapp.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PHONE_PX = 360
DROP = """(zone, [name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))], name));
  for (const kind of ['dragenter', 'dragover', 'drop'])
    zone.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


def stack() -> bytes:
    """The front of sheet 7 without its codes and its back, as one TIFF."""
    pages = [covered(scanned(answered(1)), 1), scanned(answered(2))]
    pictures = [Image.fromarray(np.ascontiguousarray(page)) for page in pages]
    out = io.BytesIO()
    pictures[0].save(out, "TIFF", save_all=True, append_images=pictures[1:], compression="tiff_lzw")
    return out.getvalue()


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Ten printed sheets of one unit, web process and worker; for each test, as all scan the same."""
    base = Settings.from_env()
    settings = Settings(
        tmp_path, f"sqlite:///{tmp_path / 'desk.sqlite3'}", base.forms_dir, "secret", lease_s=20
    )
    upgrade_database(settings.database_url)
    engine = make_engine(settings.database_url)
    with make_session_factory(engine).begin() as session:
        print_sheets(session, make_small_world(session, NOW), 10, NOW)
    engine.dispose()
    with serve(environment(settings), tmp_path / "serve.log") as served:
        yield served


@pytest.fixture
def clerk(browser: Browser, address: str) -> Iterator[Visitor]:
    """The clerk, whose browser may not complain."""
    visitors = VisitorFactory(browser, address)
    visitor = visitors("clerk")
    yield visitor
    visitor.page.context.close()
    assert (visitor.complaints, visitor.outside) == ([], [])


def test_a_stack_is_dropped_seen_and_its_torn_page_assigned_with_one_key(clerk: Visitor) -> None:
    page = clerk.page
    clerk.open("/quet")
    dropped = ["chong-1.tif", base64.b64encode(stack()).decode()]
    page.locator("[data-drop]").evaluate(DROP, dropped)
    expect(page.locator("[data-chosen] li")).to_contain_text("chong-1.tif")
    page.get_by_role("button", name="Tải lên và đọc").click()
    page.wait_for_url(re.compile(r"/quet/\d+$"))
    expect(page.get_by_role("heading", name="1 trang có vấn đề")).to_be_visible(timeout=120_000)
    expect(page.locator(".strip li")).to_have_count(2)
    assert page.locator(".strip img").first.evaluate("image => image.loading") == "lazy"
    card = page.locator("[data-problem-keys] > li")
    expect(card.locator(".slots button").first).to_have_text(f"Gán vào phiếu {serial_text(7)}, mặt trước")
    card.locator("input[name=tim]").fill("00003")
    expect(card.locator(".slots button").first).to_have_text(f"Gán vào phiếu {serial_text(3)}, mặt trước")
    card.locator("input[name=tim]").press("4")  # a digit that is typed presses nothing
    card.locator("input[name=tim]").fill("")
    expect(card.locator(".slots button").first).to_have_text(f"Gán vào phiếu {serial_text(7)}, mặt trước")
    card.focus()
    page.keyboard.press("1")
    expect(page.locator("#messages")).to_contain_text("Đã gán trang vào phiếu")
    expect(page.locator(".balance")).to_contain_text("2 trang = 2 đã đọc", timeout=60_000)
    look_at_a_page(clerk)


def look_at_a_page(clerk: Visitor) -> None:
    """From the strip to a page in its frame, larger, on to the next, and back to its place in the batch."""
    page, heading = clerk.page, clerk.page.get_by_role("heading", level=1)
    page.locator(".strip a").first.click()
    expect(heading).to_have_text(f"CX4 · Phiếu {serial_text(7)}, mặt trước")
    picture = page.locator(".scanned-picture img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth") > PHONE_PX
    fitted = picture.evaluate("image => image.clientWidth")
    page.get_by_role("link", name="Xem cỡ lớn").click()
    expect(page.get_by_role("link", name="Thu vừa khung")).to_be_visible()
    assert picture.evaluate("image => image.clientWidth") > fitted
    page.get_by_role("link", name="Trang sau").click()
    expect(heading).to_have_text(f"CX4 · Phiếu {serial_text(7)}, mặt sau")
    assert page.locator("a[rel=next]").count() == 0
    page.get_by_role("link", name="‹ Lô 1").click()
    page.wait_for_url(re.compile(r"/quet/1#strip-\d+$"))
    expect(page.locator(".strip li:target")).to_be_visible()


def test_nothing_is_wider_than_a_telephone(clerk: Visitor) -> None:
    page = clerk.page
    page.set_viewport_size({"width": PHONE_PX, "height": 740})
    clerk.open("/quet")
    dropped = FilePayload(name="chong-2.tif", mimeType="image/tiff", buffer=stack())
    page.locator("input[name=files]").set_input_files(dropped)
    page.get_by_role("button", name="Tải lên và đọc").click()
    page.wait_for_url(re.compile(r"/quet/\d+$"))
    expect(page.locator(".strip img")).to_have_count(2, timeout=120_000)
    shown = page.locator(".page-picture").first.get_attribute("href")
    assert shown is not None
    batch = page.url.removeprefix(clerk.address)
    for path in (batch, shown, f"{shown}?co=lon", "/quet", "/chup", "/thung-rac", "/quet/can-quet-lai"):
        clerk.open(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE_PX, path
    clerk.open("/chup")
    assert page.locator("input[name=photo]").get_attribute("capture") == "environment"
