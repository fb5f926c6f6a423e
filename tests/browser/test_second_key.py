"""The blind second key and the third person, by keyboard: nobody sees what is not for them."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Response, expect
from sqlalchemy import select

from tests.browser.server import serve_office
from tests.clients import Office, close_office, open_office
from tests.conftest import NOW
from tests.worlds.office import office_world
from tests.worlds.read_pages import double, faint, striped
from tests.worlds.review_desk import add_read_sheet, add_third_reviewer, key_twice
from tests.worlds.small import PASSWORD
from webapp.http.context import EXTENSION
from webapp.persistence.responses import accepted_answers
from webapp.persistence.verification import Decision

pytestmark = [pytest.mark.browser, pytest.mark.slow]
READ = (faint("CX4.1", "2"), double("CX4.1"), striped("CX4.1"))  # the same question on three sheets
FIRST_KEYS = ("Numpad5", "Numpad1", "Numpad3")


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path) -> Iterator[tuple[Office, str]]:
    """An office whose three answers are all to be keyed twice, and its address."""
    shutil.copy(sqlite_template, tmp_path / "desk.sqlite3")
    office = open_office(f"sqlite:///{tmp_path / 'desk.sqlite3'}", tmp_path, NOW)
    with office.session() as session:
        world, store = office_world(session), office.app.extensions[EXTENSION].scan_store
        key_twice(session, world)
        add_third_reviewer(session, world)
        for serial, read in enumerate(READ, 1):
            add_read_sheet(session, world, store, serial, read)
        session.commit()
    with serve_office(office) as address:
        yield office, address
    close_office(office)


@contextmanager
def sit_down(browser: Browser, address: str, username: str) -> Iterator[Page]:
    """A person who has signed in."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="vi-VN")
    page = context.new_page()
    page.goto(f"{address}/dang-nhap")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")
    yield page
    context.close()


def begin(page: Page, path: str) -> None:
    """Open a start page and press its one button, which has the focus, with Enter."""
    page.goto(page.url.partition("/ra-soat")[0].rstrip("/") + path)
    expect(page.locator("button.review-big")).to_be_focused()
    page.keyboard.press("Enter")
    page.locator("#o[data-ready]").wait_for()


def key(page: Page, *presses: str) -> None:
    """Press keys that settle an item, once the picture was seen; wait for what follows."""
    page.locator("#o[data-ready]").wait_for()
    before = page.locator("#o").get_attribute("data-renew")
    for press in presses:
        page.keyboard.press(press)
    page.wait_for_function(
        "old => (document.getElementById('o') || {dataset: {}}).dataset.renew !== old", arg=before
    )


def items_in(bodies: list[str]) -> list[str]:
    """Each item that was sent, without the numbers that tell one from another."""
    own = (
        r"/ra-soat/o/\d+",
        r"b=\d+",
        r"phiếu [\d-]+",
        r'name="reading" value="\d+"',
        r'_token" value="[^"]+"',
    )
    items = [body[body.index('<section id="o"') : body.index("</section>")] for body in bodies]
    return [re.sub("|".join(own), "…", item) for item in items if "data-renew" in item]


def said(office: Office) -> list[tuple[str | None, ...]]:
    """Who said what, at which stage, why, and how it was pressed; oldest first."""
    columns = (Decision.actor, Decision.stage, Decision.value, Decision.reason, Decision.input_kind)
    with office.session() as session:
        return [tuple(row) for row in session.execute(select(*columns).order_by(Decision.id))]


def key_three(browser: Browser, address: str, username: str, keys: tuple[str, ...]) -> list[str]:
    """A reviewer keys three answers by the numpad alone; gives everything that the server sent meanwhile."""
    bodies: list[str] = []

    def keep(response: Response) -> None:
        if "/ra-soat/o" in response.url and "html" in response.headers.get("content-type", ""):
            bodies.append(response.text())

    with sit_down(browser, address, username) as page:
        page.on("response", keep)
        begin(page, "/ra-soat")
        for press in keys:
            key(page, press)
        expect(page.locator(".item-finished")).to_be_visible()
    return bodies


def test_two_key_blind_and_a_third_decides_by_keyboard(browser: Browser, desk: tuple[Office, str]) -> None:
    office, address = desk
    key_three(browser, address, "reviewer", FIRST_KEYS)
    blind = items_in(key_three(browser, address, "reviewer2", ("Numpad5", "Numpad2", "Numpad4")))
    assert len(blind) == len(READ)
    assert len(set(blind)) == 1, "whatever was read and said, the server sends the very same item"
    assert "Nhập lần hai" in blind[0]
    with sit_down(browser, address, "reviewer") as first:
        assert_shut_out(first, address)
    with sit_down(browser, address, "reviewer3") as third:
        begin(third, "/ra-soat/phan-xu")
        shown = [line.partition(": ")[2][0] for line in third.locator(".item-reason").all_inner_texts()]
        assert sorted(shown) == ["1", "2"], "both answers, and nobody's name"
        assert "reviewer2" not in third.content().lower()
        expect(third.locator("details[data-menu=page][open]")).to_be_visible()
        third.keyboard.press("NumpadEnter")  # no answer yet, no reason: nothing is decided
        key(third, "Numpad2", "Numpad3")
        key(third, "NumpadDecimal", "Numpad2")
        expect(third.get_by_text("Không còn ô nào chờ bạn phân xử.")).to_be_visible()
    assert said(office)[6:] == [
        ("reviewer3", "arbitration", "2", "crossed_out", "key"),
        ("reviewer3", "arbitration", None, "dirt", "key"),
    ]
    with office.session() as session:
        settled = accepted_answers(session, office_world(session).campaign.id)
    assert [(one.value, one.validity) for one in settled] == [
        ("5", "valid"),
        ("2", "valid"),
        (None, "invalid"),
    ]


def assert_shut_out(page: Page, address: str) -> None:
    """Who keyed an answer finds no way to arbitrate it: no button, no page, no request by hand."""
    page.goto(f"{address}/ra-soat/phan-xu")
    expect(page.get_by_text("2 ô chờ người khác, vì bạn đã nhập ô ấy.")).to_be_visible()
    assert page.locator("button.review-big").count() == 0
    token = page.locator("input[name=csrf_token]").first
    fields: dict[str, str | float | bool] = {
        str(token.get_attribute("name")): str(token.get_attribute("value"))
    }
    for item in (1, 2, 3):
        one = f"{address}/ra-soat/phan-xu/{item}"
        assert page.request.get(one).status == 404
        assert page.request.post(one, form=fields | {"answer": "option:1", "reason": "dirt"}).status == 404
