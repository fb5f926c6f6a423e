"""Two reviewers share a desk of two hundred answers; one leaves, the server dies, and no word is lost."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from tests.browser.conftest import Site
from tests.browser.server import serve
from tests.conftest import NOW
from tests.worlds.read_pages import add_page, add_reading, add_sheet, striped
from tests.worlds.small import PASSWORD, make_small_world
from webapp.cli.demo import environment
from webapp.persistence.schema import upgrade_database
from webapp.persistence.verification import Decision, ReviewItem
from webapp.services.verification import enqueue_reading
from webapp.settings import Settings
from webapp.storage import ScanStore

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SHEETS = 67  # × 3 doubtful answers = 201


@pytest.fixture
def desk(tmp_path: Path) -> Site:
    """A campaign of which only the queue is left; not served yet."""
    url = f"sqlite:///{tmp_path / 'desk.sqlite3'}"
    settings = replace(Settings.from_env(), data_dir=tmp_path, database_url=url)
    upgrade_database(url)
    site = Site("", settings, [])
    with site.session() as session:
        world, crop = (
            make_small_world(session, NOW),
            ScanStore(settings.scans_dir).put_bytes(b"\xff\xd8").sha256,
        )
        for serial in range(1, SHEETS + 1):
            reads = [striped(code) for code in ("CX4.1", "CX4.2", "CX4.3")]
            page = add_page(session, add_sheet(session, world, serial), NOW)
            reading = add_reading(session, page, NOW, [replace(read, crop_sha256=crop) for read in reads])
            enqueue_reading(session, reading, NOW)
    return site


@contextmanager
def served(site: Site) -> Iterator[str]:
    """The desk's address while its server runs."""
    with serve(environment(site.settings), site.settings.data_dir / "serve.log") as address:
        yield address


def kill_server(site: Site) -> None:
    """End every process of the desk at once, in whatever it is doing."""
    mark = f"CHAMDIEM_DATA={site.settings.data_dir}".encode()
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            with suppress(OSError):
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    os.kill(int(process.name), signal.SIGKILL)


def sit_down(browser: Browser, address: str, username: str) -> Page:
    """A person at the first item."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(f"{address}/dang-nhap")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", PASSWORD)
    page.click("main form button")
    go_on(page, address)
    return page


def go_on(page: Page, address: str) -> None:
    """Begin, or carry on."""
    page.goto(f"{address}/ra-soat")
    page.get_by_role("button", name="Bắt đầu").or_(page.get_by_role("button", name="Tiếp tục")).click()
    expect(page.locator("#o[data-renew]")).to_be_visible()


def item_on(page: Page) -> str:
    """Which item is on the screen; "" where nothing is left."""
    return page.locator("#o").get_attribute("data-renew") or ""


def key(page: Page, press: str) -> str:
    """Press a key that decides once the picture was seen; gives the item it was for, acknowledged."""
    page.locator("#o[data-ready]").wait_for()
    before = item_on(page)
    page.keyboard.press(press)
    page.wait_for_function("old => document.getElementById('o').dataset.renew !== old", arg=before)
    return before


def test_two_reviewers_two_hundred_answers_a_closed_browser_and_a_crash(browser: Browser, desk: Site) -> None:
    acknowledged: Counter[tuple[str, str]] = Counter()
    with served(desk) as address:
        one, two = sit_down(browser, address, "reviewer"), sit_down(browser, address, "reviewer2")
        for _ in range(20):
            for name, page in (("reviewer", one), ("reviewer2", two)):
                assert item_on(one) != item_on(two), "nobody works on what another one has"
                acknowledged[name, key(page, "Numpad0")] += 1
        two.close()  # without a word, in the middle of an item
        for _ in range(30):
            acknowledged["reviewer", key(one, "Numpad0")] += 1
        left_at = item_on(one)
        kill_server(desk)
    with served(desk) as address:
        go_on(one, address)
        assert item_on(one) == left_at, "after the crash work goes on where it was"
        two = sit_down(browser, address, "reviewer2")
        while item_on(one) or item_on(two):
            for name, page in (("reviewer", one), ("reviewer2", two)):
                if item_on(page):
                    acknowledged[name, key(page, "Numpad0")] += 1
    with desk.session() as session:
        said = session.scalars(select(Decision).order_by(Decision.id)).all()
        kept = Counter((row.actor, f"/ra-soat/o/{row.item_id}/giu") for row in said)
        first = Counter(row.item_id for row in said if row.stage == "first")
        assert kept == acknowledged, "each acknowledged word is kept, once, and nothing else is"
        assert set(first.values()) == {1}
        assert len(first) == SHEETS * 3
        assert not any(row.second_opinion for row in said)
        spoken = {(row.item_id, row.actor) for row in said}
        assert len(spoken) == len(said), "a second key is another person's"
        states = Counter(session.scalars(select(ReviewItem.state)))
        assert states["open"] == 0
        assert states["done"] + states["second"] == SHEETS * 3, "the two never differed"
