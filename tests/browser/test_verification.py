"""The reviewer's keys in a real browser: what counts, what must never count, and what a lost cable costs."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.browser.conftest import Site
from tests.browser.server import serve
from tests.conftest import NOW
from tests.worlds.read_pages import Read, add_page, add_reading, add_sheet, comment, double, faint, striped
from tests.worlds.small import PASSWORD, make_small_world
from webapp.cli.demo import environment
from webapp.persistence.schema import upgrade_database
from webapp.persistence.verification import Decision, ReviewItem
from webapp.services.verification import enqueue_reading
from webapp.settings import Settings
from webapp.storage import ScanStore

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SHEETS = 12  # × 3 doubtful answers and, on the first, a comment


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A served campaign whose pages are read already: only the queue is left."""
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
    """Each sheet asks about a faint mark, two marks and an empty row with a streak."""
    world = make_small_world(session, NOW)
    crop = store.put_bytes(drawn_crop()).sha256
    for serial in range(1, SHEETS + 1):
        reads: list[Read] = [faint("CX4.1", "2"), double("CX4.2"), striped("CX4.3")]
        if serial == 1:
            reads.append(comment("CX4.gop_y"))
        reads = [replace(read, crop_sha256=crop) for read in reads]
        page = add_page(session, add_sheet(session, world, serial), NOW)
        enqueue_reading(session, add_reading(session, page, NOW, reads), NOW)


def drawn_crop() -> bytes:
    """A row with five rings, the second one marked."""
    picture = Image.new("L", (1456, 128), 245)
    pen = ImageDraw.Draw(picture)
    for place in range(5):
        x = 813 + place * 139
        pen.ellipse((x - 19, 45, x + 19, 83), outline=90, width=2)
    pen.line((933, 80, 968, 48), fill=150, width=4)
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=60)
    return encoded.getvalue()


@contextmanager
def reviewer_at(browser: Browser, desk: Site, *, script: bool = True, width: int = 1366) -> Iterator[Page]:
    """The reviewer at the first item; what an earlier visit still held has gone back."""
    with desk.session() as session:
        session.execute(update(ReviewItem).values(lease_user=None, lease_until=None))
    context = browser.new_context(viewport={"width": width, "height": 768}, java_script_enabled=script)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(f"{desk.address}/dang-nhap")
    page.fill("input[name=username]", "reviewer")
    page.fill("input[name=password]", PASSWORD)
    page.click("main form button")
    page.goto(f"{desk.address}/ra-soat")
    page.get_by_role("button", name="Bắt đầu").or_(page.get_by_role("button", name="Tiếp tục")).click()
    expect(page.locator("#o")).to_be_visible()
    yield page
    page.close()
    context.close()


def shown(page: Page) -> str:
    """Which item is on the screen."""
    return page.locator("#o").get_attribute("data-renew") or ""


def press(page: Page, *keys: str) -> None:
    """Press keys as a person does: after the picture was seen."""
    page.locator("#o[data-ready]").wait_for()
    for key in keys:
        page.keyboard.press(key)


def settle(page: Page, *keys: str) -> None:
    """Press keys that decide, and wait for the next item."""
    before = shown(page)
    press(page, *keys)
    expect(page.locator("#o")).not_to_have_attribute("data-renew", before)


def decisions(desk: Site) -> Sequence[tuple[str | None, ...]]:
    """Everything that was recorded, oldest first."""
    with desk.session() as session:
        columns = (Decision.kind, Decision.value, Decision.reason, Decision.input_kind)
        return [tuple(row) for row in session.execute(select(*columns).order_by(Decision.id))]


def test_the_numpad_alone_settles_thirty_answers(browser: Browser, desk: Site) -> None:
    start = len(decisions(desk))
    with reviewer_at(browser, desk) as page:
        settle(page, "NumpadEnter")  # the suggestion of a faint mark
        press(page, "NumpadMultiply")  # the whole page in place
        expect(page.locator("details[data-menu=page][open]")).to_be_visible()
        press(page, "NumpadMultiply")
        page.keyboard.down("NumpadMultiply")  # held: enlarged as long as the key is down
        expect(page.locator("#o.zoomed")).to_be_visible()
        page.keyboard.up("NumpadMultiply")
        expect(page.locator("#o.zoomed, details[data-menu=page][open]")).to_have_count(0)
        settle(page, "Numpad0")
        settle(page, "NumpadDecimal", "Numpad2")
        settle(page, "NumpadAdd", "Numpad1")
        for _ in range(25):
            settle(page, "Numpad4")
        press(page, "NumpadSubtract")
        expect(page.locator("#messages")).to_contain_text("Đã hoàn tác")
        settle(page, "Digit3")
    made = decisions(desk)[start:]
    assert made[:4] == [
        ("option", "2", None, "key"),
        ("blank", None, None, "key"),
        ("invalid", None, "between_options", "key"),
        ("escalate", None, "unsure_rule", "key"),
    ]
    assert made[4:29] == [("option", "4", None, "key")] * 25
    assert [row[:2] for row in made[29:]] == [("undo", None), ("option", "3")]


STRAY_EVENTS = """() => {
  const o = document.getElementById("o");
  const send = (init) => o.dispatchEvent(new KeyboardEvent("keydown", {bubbles: true, ...init}));
  send({key: "Process", code: "Digit1", keyCode: 229});
  send({key: "1", code: "Digit1", isComposing: true});
  send({key: "1", code: "Numpad1", repeat: true});
  send({key: "Enter", code: "Enter", repeat: true});
  send({key: "Backspace", code: "Backspace"});
  send({key: "a", code: "KeyA"});
  send({key: "7", code: "Numpad7"});
  send({key: "1", code: "Digit1", ctrlKey: true});
  document.body.dispatchEvent(new KeyboardEvent("keydown", {bubbles: true, key: "1", code: "Digit1"}));
}"""


def test_input_methods_elbows_and_other_focus_decide_nothing(browser: Browser, desk: Site) -> None:
    start = len(decisions(desk))
    with reviewer_at(browser, desk) as page:
        before = shown(page)
        page.locator("#o[data-ready]").wait_for()
        page.evaluate(STRAY_EVENTS)
        page.locator(".brand").focus()
        page.keyboard.press("Numpad1")
        page.wait_for_timeout(400)
        assert shown(page) == before
    assert len(decisions(desk)) == start


EARLY_KEY = """() => document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "o") return;
  event.target.dispatchEvent(new KeyboardEvent("keydown", {bubbles: true, key: "5", code: "Numpad5"}));
})"""


def test_a_key_right_after_the_item_appeared_only_flashes(browser: Browser, desk: Site) -> None:
    start = len(decisions(desk))
    with reviewer_at(browser, desk) as page:
        page.evaluate(EARLY_KEY)
        settle(page, "Numpad1")
        page.wait_for_timeout(400)
        assert page.locator("#o.flash").count() == 1
    assert [row[1] for row in decisions(desk)[start:]] == ["1"]


def test_a_lost_cable_costs_no_answer_and_doubles_none(browser: Browser, desk: Site) -> None:
    start = len(decisions(desk))
    with reviewer_at(browser, desk) as page:
        before = shown(page)
        network: BrowserContext = page.context
        network.set_offline(True)
        press(page, "Numpad1")
        expect(page.locator("#messages")).to_contain_text("Mất kết nối")
        press(page, "Numpad5")
        network.set_offline(False)
        expect(page.locator("#o")).not_to_have_attribute("data-renew", before)
    assert [row[1] for row in decisions(desk)[start:]] == ["1"]


def test_without_script_every_step_is_a_button(browser: Browser, desk: Site) -> None:
    start = len(decisions(desk))
    with reviewer_at(browser, desk, script=False) as page:
        before = shown(page)
        page.get_by_text("Không hợp lệ…").click()
        page.get_by_role("button", name="Dấu nằm giữa hai ô").click()
        assert shown(page) != before
        page.get_by_role("button", name="Hoàn tác").click()
        assert shown(page) == before
        page.get_by_role("button", name="Để trống").last.click()
        assert shown(page) != before
    assert [row[0] for row in decisions(desk)[start:]] == ["invalid", "undo", "blank"]


def test_esc_closes_what_is_open_before_it_stops(browser: Browser, desk: Site) -> None:
    with reviewer_at(browser, desk) as page:
        before = shown(page)
        for key, part in (
            ("NumpadMultiply", "details[data-menu=page]"),
            ("Shift+Slash", "#tro-giup"),
            ("NumpadAdd", "details[data-menu=escalate]"),
        ):
            press(page, key)
            expect(page.locator(f"{part}[open]")).to_be_visible()
            press(page, "Escape")
            expect(page.locator(f"{part}[open]")).to_have_count(0)
            assert shown(page) == before
        page.locator("#tro-giup summary").click()
        page.keyboard.press("Escape")
        expect(page.locator("#tro-giup[open]")).to_have_count(0)
        expect(page.locator("#o")).to_be_focused()
        press(page, "Escape")
        page.wait_for_url("**/ra-soat")


def test_a_phone_shows_everything_within_its_width(browser: Browser, desk: Site) -> None:
    with reviewer_at(browser, desk, width=360) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert page.evaluate("document.querySelector('.crop').scrollLeft") > 0
        small = page.evaluate(
            "[...document.querySelectorAll('#o button, #o summary')]"
            ".filter(b => b.offsetHeight && b.offsetHeight < 44).map(b => b.textContent.trim())"
        )
        assert small == []
    with desk.session() as session:
        assert session.scalars(select(ReviewItem).where(ReviewItem.lease_user == "reviewer")).first()


def open_comments(page: Page, desk: Site) -> None:
    page.goto(f"{desk.address}/ra-soat")
    page.get_by_role("button", name="Ý kiến viết tay CX4").click()
    expect(page.locator("#chu")).to_be_focused()


def test_what_is_typed_blind_at_a_comment_is_text_and_decides_nothing(browser: Browser, desk: Site) -> None:
    start = len(decisions(desk))
    with reviewer_at(browser, desk) as page:
        open_comments(page, desk)
        before = shown(page)
        press(page, *"C 1 0.+-*")
        assert page.locator("#chu").input_value() == "C 1 0.+-*"
        press(page, "Escape")
        expect(page.locator("#o")).to_be_focused()
        press(page, "Digit1", "Digit0", "Numpad1", "NumpadDecimal", "NumpadEnter")
        page.wait_for_timeout(400)
        assert shown(page) == before
    assert len(decisions(desk)) == start


def test_a_comment_is_settled_without_leaving_the_box(browser: Browser, desk: Site) -> None:
    start = len(decisions(desk))
    with reviewer_at(browser, desk) as page:
        for key in ("F8", "F9"):
            open_comments(page, desk)
            press(page, key)
            expect(page.locator(".item-finished")).to_be_visible()
            press(page, "NumpadSubtract")
            expect(page.locator("#chu")).to_be_focused()
        page.keyboard.type("Cán bộ nhiệt tình")
        press(page, "F4")  # the reasons take the focus: the digit after it would be one
        expect(page.locator("#o")).to_be_focused()
        press(page, "Escape")
        page.locator("#chu").focus()
        press(page, "Control+Enter")
        expect(page.locator(".item-finished")).to_be_visible()
        press(page, "NumpadSubtract")  # the desk's only comment is there again for the other tests
        expect(page.locator("#chu")).to_be_focused()
    assert decisions(desk)[start:] == [
        ("unreadable", None, None, "key"),
        ("undo", None, None, None),
        ("blank", None, None, "key"),
        ("undo", None, None, None),
        ("text", "Cán bộ nhiệt tình", None, "key"),
        ("undo", None, None, None),
    ]
