"""The group grid in a real browser: what was on the screen is settled, by keyboard or without script."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from tests.browser.conftest import Site
from tests.browser.server import serve
from tests.conftest import NOW
from tests.worlds.read_pages import add_page, add_reading, add_sheet, blank
from tests.worlds.small import PASSWORD, make_small_world
from webapp.cli.demo import environment
from webapp.persistence.group_grid import Grid, GridTile
from webapp.persistence.guards import lift_guards, set_guards
from webapp.persistence.schema import upgrade_database
from webapp.persistence.verification import Decision, ReviewItem, standing_decisions
from webapp.services.group_grid import TILES
from webapp.services.verification import enqueue_reading
from webapp.settings import Settings
from webapp.storage import ScanStore

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SHEETS, QUESTIONS = 3, 10


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A served campaign with thirty answers read as blank."""
    folder = tmp_path_factory.mktemp("desk")
    url = f"sqlite:///{folder / 'desk.sqlite3'}"
    settings = replace(Settings.from_env(), data_dir=folder, database_url=url)
    upgrade_database(url)
    site = Site("", settings, [])
    with site.session() as session:
        fill(session, ScanStore(settings.scans_dir))
    with serve(environment(settings), folder / "serve.log") as address:
        yield replace(site, address=address)


def fill(session: Session, store: ScanStore) -> None:
    """Every sheet leaves its first ten questions blank."""
    world = make_small_world(session, NOW)
    crop = store.put_bytes(drawn_crop()).sha256
    for serial in range(1, SHEETS + 1):
        reads = [blank(f"CX4.{n}", n / 1000, crop) for n in range(1, QUESTIONS + 1)]
        page = add_page(session, add_sheet(session, world, serial), NOW)
        enqueue_reading(session, add_reading(session, page, NOW, reads), NOW)


def drawn_crop() -> bytes:
    """A row with five empty rings."""
    picture = Image.new("L", (1456, 128), 245)
    pen = ImageDraw.Draw(picture)
    for place in range(5):
        x = 813 + place * 139
        pen.ellipse((x - 19, 45, x + 19, 83), outline=90, width=2)
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=60)
    return encoded.getvalue()


@contextmanager
def reviewer_at(browser: Browser, desk: Site, *, script: bool = True, width: int = 1366) -> Iterator[Page]:
    """The reviewer at the first grid; what an earlier visit did is as if it had not been."""
    with desk.session() as session:
        lift_guards(session.connection())
        for made in (Decision, GridTile, Grid):
            session.execute(delete(made))
        set_guards(session.connection())
        fresh = {"state": "open", "queue": "grid", "set_aside_at": None, "lease_user": None}
        session.execute(update(ReviewItem).values(lease_until=None, **fresh))
    context = browser.new_context(viewport={"width": width, "height": 768}, java_script_enabled=script)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(f"{desk.address}/dang-nhap")
    page.fill("input[name=username]", "reviewer")
    page.fill("input[name=password]", PASSWORD)
    page.click("main form button")
    page.goto(f"{desk.address}/ra-soat")
    page.get_by_role("button", name="Bắt đầu").click()
    expect(page.locator("[data-tile]")).to_have_count(TILES)
    yield page
    context.close()


def press(page: Page, *keys: str) -> None:
    """Press keys as a person does: after the pictures were seen."""
    page.locator("#o[data-ready]").wait_for()
    for key in keys:
        page.keyboard.press(key)


def wait_until_looked(page: Page) -> list[str]:
    """Stay until nothing new is seen; what was on the screen, by tile."""
    seen = "[...document.querySelectorAll('input[name=seen]:checked')].map(box => box.value)"
    expect(page.locator("input[name=seen]").first).to_be_checked()
    found: list[str] = []
    while (now := page.evaluate(seen)) != found:
        found = now
        page.wait_for_timeout(1000)
    return found


def look_at_all(page: Page) -> list[str]:
    """Scroll until every tile was on the screen."""
    for place in range(page.locator("[data-tile]").count()):
        tile = page.locator("[data-tile]").nth(place)
        tile.scroll_into_view_if_needed()
        if not tile.locator("input[name=seen]").is_checked():
            page.wait_for_timeout(400)
    expect(page.locator("input[name=seen]:checked")).to_have_count(page.locator("[data-tile]").count())
    return wait_until_looked(page)


def settled(desk: Site) -> set[str]:
    """The tiles whose answer is recorded as blank and was not undone."""
    standing = standing_decisions().where(Decision.kind == "blank").subquery()
    same = (standing.c.grid_id == GridTile.grid_id) & (standing.c.item_id == GridTile.item_id)
    with desk.session() as session:
        return {str(tile_id) for tile_id in session.scalars(select(GridTile.id).join(standing, same))}


def test_the_keyboard_settles_a_grid_once_all_of_it_was_seen(browser: Browser, desk: Site) -> None:
    with reviewer_at(browser, desk) as page:
        expect(page.locator("input[name=marked]").first).to_be_focused()
        seen = wait_until_looked(page)
        assert 8 <= len(seen) < TILES
        expect(page.locator("[data-key=accept]")).to_be_disabled()
        press(page, "ArrowRight", "Space", "ArrowLeft", "Numpad6", "Numpad6", "Numpad5", "Numpad5")
        marked = page.locator("input[name=marked]:checked").evaluate_all("all => all.map(box => box.value)")
        assert marked == [page.locator("input[name=marked]").nth(1).get_attribute("value")]
        press(page, "F2")
        expect(page.locator("[data-tile]:nth-child(3) details[open] img")).to_be_visible()
        press(page, "Escape")
        expect(page.locator("[data-tile] details[open]")).to_have_count(0)
        for _ in range(TILES):  # Enter settles nothing while a tile is hidden: it shows the next ones
            if page.locator("[data-key=accept]").is_enabled():
                break
            press(page, "Enter")
            page.wait_for_timeout(400)
            assert settled(desk) == set()
        seen = wait_until_looked(page)
        assert len(seen) == TILES
        press(page, "Enter")
        expect(page.locator("#messages")).to_contain_text("1 ô sang soát từng ô.")
        assert settled(desk) == {*seen} - {*marked}
        expect(page.locator("[data-tile]")).to_have_count(30 - TILES)
        press(page, "NumpadSubtract")
        expect(page.locator("#messages")).to_contain_text("Đã hoàn tác")
        assert settled(desk) == set()
        press(page, "Escape")
        page.wait_for_url("**/ra-soat")
    with desk.session() as session:
        (alone,) = session.scalars(select(ReviewItem).where(ReviewItem.queue == "single"))
        tile = session.get_one(GridTile, int(marked[0]))
        assert (alone.id, alone.state) == (tile.item_id, "open")


STRAY_EVENTS = """() => {
  const box = document.querySelector("input[name=marked]");
  const always = {bubbles: true, cancelable: true};
  const send = (init) => box.dispatchEvent(new KeyboardEvent("keydown", {...always, ...init}));
  send({key: "Enter", code: "Enter", repeat: true});
  send({key: "Process", code: "Enter", keyCode: 229});
  send({key: "Enter", code: "Enter", isComposing: true});
  send({key: "Backspace", code: "Backspace"});
  send({key: "0", code: "Digit0"});
  send({key: "1", code: "Numpad1"});
  document.body.dispatchEvent(new KeyboardEvent("keydown", {bubbles: true, key: "Enter", code: "Enter"}));
}"""


def test_stray_keys_settle_nothing(browser: Browser, desk: Site) -> None:
    with reviewer_at(browser, desk) as page:
        wait_until_looked(page)
        page.locator("#o[data-ready]").wait_for()
        page.evaluate(STRAY_EVENTS)
        page.wait_for_timeout(500)
        expect(page.locator("[data-tile]")).to_have_count(TILES)
    assert settled(desk) == set()


def test_on_a_phone_the_button_opens_when_all_was_scrolled_to(browser: Browser, desk: Site) -> None:
    with reviewer_at(browser, desk, width=360) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        first = wait_until_looked(page)
        assert 1 <= len(first) < 8
        expect(page.locator("[data-key=accept]")).to_be_disabled()
        expect(page.locator("[data-count=unseen]")).to_have_text(str(TILES - len(first)))
        seen = look_at_all(page)
        page.locator("[data-key=accept]").click()
        expect(page.locator("#messages")).to_contain_text(f"{TILES} ô: để trống.")
    assert settled(desk) == set(seen)


def test_a_tile_without_its_picture_is_not_seen(browser: Browser, desk: Site) -> None:
    with reviewer_at(browser, desk) as page:
        page.route("**/anh/*", lambda route: route.abort())
        page.reload()
        page.wait_for_timeout(1000)
        expect(page.locator("input[name=seen]:checked")).to_have_count(0)
        expect(page.locator("[data-key=accept]")).to_be_disabled()
        press(page, "Enter")
        page.wait_for_timeout(300)
    assert settled(desk) == set()


def test_without_script_there_is_a_box_for_each_tile(browser: Browser, desk: Site) -> None:
    with reviewer_at(browser, desk, script=False) as page:
        page.get_by_label("đã nhìn ảnh, đúng như máy đọc").nth(0).check()
        page.get_by_label("đã nhìn ảnh, đúng như máy đọc").nth(2).check()
        page.get_by_role("button", name="Nhận các ô đã nhìn là trống").click()
        expect(page.locator("#messages")).to_contain_text("2 ô: để trống.")
        page.get_by_role("button", name="Hoàn tác").click()
        expect(page.locator("#messages")).to_contain_text("Đã hoàn tác")
        assert settled(desk) == set()
        page.get_by_label("đã nhìn ảnh, đúng như máy đọc").nth(0).check()
        page.get_by_role("button", name="Nhận các ô đã nhìn là trống").click()
        expect(page.locator("#messages")).to_contain_text("1 ô: để trống.")
        assert len(settled(desk)) == 1
