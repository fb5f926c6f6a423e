"""The whole way as five people: clerk, reviewer, unit, appraiser, head. What one does, the next finds."""

import datetime as dt
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import BROWSER_UNIT, SEED, Site, Visitor, VisitorFactory
from webapp.persistence.accounts import User
from webapp.persistence.campaign import Unit
from webapp.services.sample_scores import appraise_unit

pytestmark = [pytest.mark.browser, pytest.mark.slow]
READING_LIMIT_MS = 180_000
GLANCE_MS = 400
"""Longer than the two looks after which a tile counts as seen."""


def test_from_the_scans_to_the_published_table(site: Site, visit: VisitorFactory, tmp_path: Path) -> None:
    clerk_scans(visit("clerk"), site, tmp_path)
    reviewer_settles_by_keyboard(visit("reviewer"))
    unit_scores_itself(visit(f"unit-{BROWSER_UNIT}", width=360), tmp_path)
    appraiser_fixes_the_points(visit("appraiser"), site)
    head_publishes(visit("head"))
    everybody_reads_the_table(visit("viewer"))


def clerk_scans(clerk: Visitor, site: Site, folder: Path) -> None:
    """All stacks and one file that is no scan: the stacks are read, the file is refused in words."""
    not_a_scan = folder / "ghi-chu.pdf"
    not_a_scan.write_text("Đây không phải bản quét.", encoding="utf-8")
    clerk.open("/quet")
    clerk.page.set_input_files("input[type=file]", [*site.scans, not_a_scan])
    clerk.page.get_by_role("button", name="Tải lên và đọc").click()
    expect(clerk.page).to_have_url(re.compile(r"/quet/1$"))
    expect(clerk.page.locator(".fits").first).to_be_visible(timeout=READING_LIMIT_MS)
    expect(clerk.page.locator("#batch[hx-trigger]")).to_have_count(0, timeout=READING_LIMIT_MS)
    expect(clerk.page.get_by_text("ghi-chu.pdf")).to_be_visible()
    balance = clerk.page.locator(".balance").inner_text()
    scanned, *parts = (int(number) for number in re.findall(r"\d+", balance))
    assert scanned == sum(parts) >= 2 * 28


def reviewer_settles_by_keyboard(reviewer: Visitor) -> None:
    """Numpad keys only, until every blank, every choice and every handwritten comment is settled."""
    page = reviewer.page
    reviewer.open("/ra-soat")
    page.get_by_role("button", name="Bắt đầu").click()
    expect(page.locator("#o")).to_be_visible()
    while page.locator("#o [data-tile]").count():
        settle_sheet(page)
    settled = 0
    while page.locator("#o[data-renew]").count():
        settle_one(page)
        settled += 1
    assert settled > 0
    expect(page.locator(".item-finished")).to_be_visible()


def settle_sheet(page: Page) -> None:
    """All tiles are what the group says. Enter first brings what was not on the screen yet."""
    first = page.locator("input[name=seen]").first.get_attribute("value")
    page.locator("#o[data-ready]").wait_for()
    expect(page.locator("input[name=seen]").first).to_be_checked()
    while page.locator("#o [data-key=accept]").is_disabled():
        page.keyboard.press("NumpadEnter")
        page.wait_for_timeout(GLANCE_MS)
    page.keyboard.press("NumpadEnter")
    expect(page.locator(f"input[name=seen][value='{first}']")).to_have_count(0)
    expect(page.locator("#o")).to_be_visible()


def settle_one(page: Page) -> None:
    """One answer, after the guard of 200 ms that keeps stray keys from deciding."""
    item = page.locator("#o[data-renew]")
    shown = item.get_attribute("data-renew")
    page.locator("#o[data-ready]").wait_for()
    if item.locator("textarea").count():
        item.locator("textarea").fill("Không có ý kiến thêm.")
        page.keyboard.press("Control+Enter")
    else:
        page.keyboard.press("Numpad1")
    expect(page.locator("#o")).not_to_have_attribute("data-renew", shown or "")


def unit_scores_itself(unit: Visitor, folder: Path) -> None:
    """On a phone: a new file for one component, then everything is sent."""
    document = folder / "ke-hoach.pdf"
    document.write_bytes(ONE_PAGE_PDF)
    page = unit.page
    unit.open("/tu-cham/1.1.1")
    page.set_input_files("#evidence input[type=file]", document)
    page.locator("#evidence").get_by_role("button", name="Tải lên").click()
    expect(page.locator("#evidence").get_by_role("link", name="ke-hoach.pdf")).to_be_visible()
    unit.open("/tu-cham/gui")
    page.get_by_role("button", name="Gửi bản tự chấm").click()
    expect(page.get_by_role("heading", name="Biên nhận")).to_be_visible()


def appraiser_fixes_the_points(appraiser: Visitor, site: Site) -> None:
    """A colleague has done all but the last component; this one is lowered, with a reason."""
    with site.session() as session:
        colleague = session.query(User).filter_by(username="appraiser").one()
        unit = session.query(Unit).filter_by(code=BROWSER_UNIT).one()
        appraise_unit(session, colleague, unit, seed=SEED, now=dt.datetime.now(dt.UTC), share=0.98)
    page = appraiser.page
    appraiser.open(f"/tham-dinh/{BROWSER_UNIT}")
    page.get_by_role("link", name=re.compile("Thẩm định tiếp")).click()
    page.locator("input[name=choice][value=other]").check()
    page.fill("input[name=other]", "0,25")
    page.get_by_role("button", name="Lưu và tiếp").click()
    expect(page.locator(".error-summary")).to_contain_text("lý do")
    page.fill("#reason", "Minh chứng chỉ có một phần.")
    page.get_by_role("button", name="Lưu và tiếp").click()
    appraiser.open(f"/tham-dinh/{BROWSER_UNIT}")
    page.get_by_role("button", name="Kết thúc thẩm định đơn vị").click()
    expect(page.get_by_role("button", name="Kết thúc thẩm định đơn vị")).to_have_count(0)


def head_publishes(head: Visitor) -> None:
    """Every line of the pre-flight list is done; freeze, type the words, publish."""
    page = head.page
    head.open("/chi-so")
    expect(page.locator(".check.is-open")).to_have_count(0)
    page.get_by_role("button", name="Chốt phiên bản").click()
    expect(page.get_by_role("heading", name="Công bố bản này")).to_be_visible()
    wanted = page.locator(".publish .hint").inner_text().removeprefix("Gõ: ")
    page.fill("input[name=confirmation]", wanted)
    page.get_by_role("button", name="Công bố").click()
    expect(page.get_by_text("đã công bố").first).to_be_visible()


def everybody_reads_the_table(viewer: Visitor) -> None:
    """Both rankings stand on the page; a unit's profile explains its points."""
    page = viewer.page
    viewer.open("/ket-qua")
    expect(page.get_by_role("table")).to_have_count(2)
    page.get_by_role("link", name=re.compile("Đại Trạch", re.IGNORECASE)).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("Đại Trạch", re.IGNORECASE))


ONE_PAGE_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
    b"xref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n0000000052 00000 n \n0000000101 00000 n \n"
    b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n164\n%%EOF\n"
)
