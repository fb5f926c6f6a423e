"""Every screen of verification for people who magnify, listen, or hold a phone."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy.orm import Session

from tests.browser.accessibility import live_regions, serious_faults, sideways_px
from tests.browser.server import serve_office
from tests.clients import Office, close_office, open_office
from tests.conftest import NOW
from tests.worlds.office import office_world
from tests.worlds.read_pages import sure
from tests.worlds.review_desk import add_read_sheet, add_third_reviewer, fill_every_queue
from tests.worlds.small import PASSWORD, SmallWorld
from webapp.http.context import EXTENSION
from webapp.services.answer_audits import close_answers, enter_seed
from webapp.services.answer_kinds import Answer
from webapp.services.group_grid import deal_grid
from webapp.services.verification import WorkFilter, claim_next_item, record_decision
from webapp.storage import ScanStore

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DICE = "31415926535897932384"
# Whose screen, and where; a desk of 1366 × 768 at 200 % has this much room, and a phone that much.
TWICE, PHONE = {"width": 683, "height": 384}, {"width": 360, "height": 740}
SCREENS = {
    "start": ("reviewer", "/ra-soat"),
    "grid": ("reviewer", "/ra-soat/nhom"),
    "single": ("reviewer", "/ra-soat/o?hang=single"),
    "comment": ("reviewer", "/ra-soat/o?hang=comment"),
    "second": ("reviewer3", "/ra-soat/o?hang=second"),
    "overlay": ("reviewer", "/ra-soat/luot/1"),
    "own figures": ("reviewer", "/ra-soat/nguoi/toi"),
    "arbitrations": ("head", "/ra-soat/phan-xu"),
    "arbitration": ("head", "/ra-soat/phan-xu/{arbitrated}"),
    "figures": ("head", "/ra-soat/nguoi"),
    "rule": ("head", "/ra-soat/nguoi/nhap-hai-lan"),
    "rule to change": ("administrator", "/ra-soat/nguoi/nhap-hai-lan"),
    "learning": ("administrator", "/ra-soat/hieu-chuan"),
    "audits": ("head", "/kiem-toan"),
    "audit": ("head", "/kiem-toan/1"),
    "look": ("auditor", "/kiem-toan/1/xem"),
}


class Desk:
    """The served office, and one browser window for each person that was asked for."""

    def __init__(self, browser: Browser, address: str, arbitrated: int) -> None:
        """Nobody has come yet."""
        self.browser, self.address, self.arbitrated = browser, address, arbitrated
        self.windows: dict[str, BrowserContext] = {}

    def open(self, screen: str, room: dict[str, int]) -> Page:
        """A screen as its person sees it in a window of this size."""
        username, path = SCREENS[screen]
        if username not in self.windows:
            self.windows[username] = self.browser.new_context(locale="vi-VN")
            self._sign_in(self.windows[username].new_page(), username)
        (page,) = self.windows[username].pages
        page.set_viewport_size({"width": room["width"], "height": room["height"]})
        page.goto(self.address + path.format(arbitrated=self.arbitrated))
        page.wait_for_load_state("networkidle")
        assert page.url.endswith(path.format(arbitrated=self.arbitrated)), "this work waits for this person"
        return page

    def _sign_in(self, page: Page, username: str) -> None:
        page.goto(f"{self.address}/dang-nhap")
        page.fill("input[name=username]", username)
        page.fill("input[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{self.address}/")


@pytest.fixture(scope="module")
def desk(browser: Browser, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An office in which every kind of review waits for somebody."""
    folder = tmp_path_factory.mktemp("screens")
    shutil.copy(sqlite_template, folder / "desk.sqlite3")
    office = open_office(f"sqlite:///{folder / 'desk.sqlite3'}", folder, NOW)
    arbitrated = fill(office)
    with serve_office(office) as address:
        opened = Desk(browser, address, arbitrated)
        yield opened
        for window in opened.windows.values():
            window.close()
    close_office(office)


def fill(office: Office) -> int:
    """An audit of the first sheets, then work for everybody; gives the item that the head arbitrates."""
    store = office.app.extensions[EXTENSION].scan_store
    with office.session() as session:
        world = office_world(session)
        add_third_reviewer(session, world)
        begin_audit(session, world, store)
        fill_every_queue(session, world, store)
        arbitrated = differ(session, world)
        hand_out(session, world)
        session.commit()
    return arbitrated


def begin_audit(session: Session, world: SmallWorld, store: ScanStore) -> None:
    """Two sheets of sure answers, committed to and drawn from."""
    for serial in (101, 102):
        add_read_sheet(session, world, store, serial, *(sure(f"CX4.{n}", "2") for n in range(1, 5)))
    audit = close_answers(session, store, "head", world.campaign, NOW)
    enter_seed(session, store, "head", audit, seed=DICE, now=NOW)


def differ(session: Session, world: SmallWorld) -> int:
    """Two people key two answers and differ on the first; the second waits for a second key."""
    items = [key(session, world, "reviewer", "single", Answer("option", "4")) for _ in range(2)]
    key(session, world, "reviewer2", "second", Answer("option", "5"))
    return items[0]


def key(session: Session, world: SmallWorld, username: str, queue: str, answer: Answer) -> int:
    """The next item of a queue, answered; its id."""
    person = world.users[username]
    item = claim_next_item(session, person, NOW, WorkFilter(world.campaign.id, queue))
    assert item is not None
    assert record_decision(session, person, item.id, answer, NOW) == "settled"
    session.flush()
    return item.id


def hand_out(session: Session, world: SmallWorld) -> None:
    """Everybody holds what their screen shows."""
    campaign = world.campaign.id
    for username, queue in [("reviewer", "single"), ("reviewer", "comment"), ("reviewer3", "second")]:
        assert claim_next_item(session, world.users[username], NOW, WorkFilter(campaign, queue)) is not None
    assert deal_grid(session, world.users["reviewer"], NOW, WorkFilter(campaign)) is not None
    assert claim_next_item(session, world.users["head"], NOW, WorkFilter(campaign, "arbitration")) is not None


@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen_has_no_serious_fault_and_fits_at_twice_its_size(desk: Desk, screen: str) -> None:
    page = desk.open(screen, TWICE)
    assert serious_faults(page) == []
    assert live_regions(page) == ["polite"]
    assert sideways_px(page) == 0


@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen_fits_a_phone(desk: Desk, screen: str) -> None:
    assert sideways_px(desk.open(screen, PHONE)) == 0
