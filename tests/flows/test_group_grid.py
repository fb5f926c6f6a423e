"""Group grids at the browser: what was on the screen is settled, and nothing else."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.clients import Browser, Office
from tests.flows.test_verification import FORBIDDEN, LATER, START, WORK, answers, begin, current, fill
from tests.worlds.read_pages import (
    add_reading,
    blank,
    comment,
    double,
    doubted,
    faint,
    striped,
    sure,
)
from webapp.persistence.group_grid import GridTile
from webapp.persistence.scans import Page
from webapp.persistence.verification import Decision, ReviewItem
from webapp.services.group_grid import TILES
from webapp.services.verification import enqueue_reading

GRID = f"{START}/nhom"
CODES = [f"CX4.{number}" for number in range(1, 18)]
BLANK = (None, "keyed")


def open_grid(office: Office, username: str = "reviewer", **wanted: str) -> Browser:
    """Press the one button; blanks come first."""
    browser = office.browser(username)
    answer = browser.post(f"{START}/bat-dau", wanted)
    assert (answer.status_code, answer.location.split("?")[0]) == (303, GRID)
    return browser


def tiles_in(html: str) -> list[str]:
    """What each tile would send as seen."""
    return re.findall(r'name="seen" value="(\d+)"', html)


def tiles(browser: Browser) -> list[str]:
    return tiles_in(browser.get(GRID).text)


def grid_of(office: Office, tile: str) -> str:
    """Where the tile's grid is settled."""
    with office.session() as session:
        return f"{GRID}/{session.get_one(GridTile, int(tile)).grid_id}"


def item_of(office: Office, tile: str) -> str:
    """The id of the tile's item."""
    with office.session() as session:
        return str(session.get_one(GridTile, int(tile)).item_id)


def send(  # noqa: PLR0917 - a tile's grid, then what is sent
    office: Office,
    browser: Browser,
    shown: list[str],
    seen: list[str],
    marked: Sequence[str] = (),
    query: str = "",
    *,
    htmx: bool = False,
) -> TestResponse:
    """Press the button of the grid that the shown tiles belong to."""
    address = grid_of(office, shown[0]) + query
    return browser.post(address, {"seen": seen, "marked": list(marked)}, htmx=htmx)


def codes(office: Office, shown: list[str]) -> list[str]:
    """Which answers the tiles show."""
    with office.session() as session:
        return [session.get_one(GridTile, int(tile)).item.field_code for tile in shown]


def test_the_least_certain_come_first_and_nothing_else_is_on_the_sheet(office: Office) -> None:
    doubts = {"CX4.1": 0.002, "CX4.2": 0.017, "CX4.3": 0.009}
    others = (
        faint("CX4.4", "2"),
        double("CX4.5"),
        striped("CX4.6"),
        sure("CX4.7", "1"),
        comment("CX4.gop_y"),
    )
    fill(office, *(blank(code, doubt) for code, doubt in doubts.items()), *others)
    browser = open_grid(office)
    assert codes(office, tiles(browser)) == ["CX4.2", "CX4.3", "CX4.1"]
    page = browser.get(GRID).text
    assert "Các ô máy đọc là: trống" in page
    assert "Đại Trạch" not in page
    for word in ("0.017", "no_mark", "confidence"):
        assert word not in page


def test_what_was_seen_is_accepted_and_recorded_beside_the_reading(office: Office) -> None:
    fill(office, *(blank(code) for code in CODES[:4]))
    browser = open_grid(office)
    shown = tiles(browser)
    keyed = {"seen": shown, "shown_ms": "2000", "input_kind": "key"}
    answer = browser.post(grid_of(office, shown[0]), keyed, htmx=True)
    assert answer.status_code == 200
    assert "4 ô: để trống." in answer.text
    assert answers(office) == dict.fromkeys(CODES[:4], BLANK)
    with office.session() as session:
        made = session.scalars(select(Decision)).all()
        assert {(one.kind, one.actor, one.decided_at) for one in made} == {
            ("blank", "reviewer", office.clock.now)
        }
        assert [one.shown_ms for one in made] == [500] * 4
        tiles_made = session.scalars(select(GridTile).order_by(GridTile.item_id)).all()
        assert [(one.item_id, one.field_reading_id) for one in made] == [
            (tile.item_id, tile.field_reading_id) for tile in tiles_made
        ]
        assert all(item.field_reading.value is None for item in session.scalars(select(ReviewItem)))


def test_what_was_not_seen_stays_and_comes_again(office: Office) -> None:
    fill(office, *(blank(code) for code in CODES[:5]))
    browser = open_grid(office)
    shown = tiles(browser)
    answer = send(office, browser, shown, shown[:2], htmx=True)
    assert codes(office, tiles_in(answer.text)) == codes(office, shown[2:])
    assert sorted(answers(office)) == sorted(codes(office, shown[:2]))


def test_nothing_at_all_is_refused(office: Office) -> None:
    fill(office, blank("CX4.1"))
    browser = open_grid(office)
    address = grid_of(office, tiles(browser)[0])
    for wrong in (
        {},
        {"seen": "x"},
        {"seen": "999"},
        {"marked": "-1"},
        {"seen": [str(n) for n in range(25)]},
    ):
        assert browser.post(address, wrong, htmx=True).status_code == 422
    assert browser.post(f"{GRID}/999", {"seen": "1"}, htmx=True).status_code == 404
    assert office.browser("reviewer2").post(address, {"seen": tiles(browser)}).status_code == 404
    assert answers(office) == {}


def test_tiles_of_another_grid_are_not_accepted(office: Office) -> None:
    for _ in range(2):
        fill(office, *(blank(code) for code in CODES[:15]))
    held = tiles(open_grid(office))
    others = tiles(open_grid(office, "reviewer2"))
    assert (len(held), len(others)) == (TILES, 6)
    answer = send(office, office.browser("reviewer"), held, [*held[:3], *others], htmx=True)
    assert answer.status_code == 422
    assert answers(office) == {}


def test_tiles_that_were_given_back_are_not_settled(office: Office) -> None:
    fill(office, *(blank(code) for code in CODES[:4]))
    browser = open_grid(office)
    shown = tiles(browser)
    browser.post(f"{START}/dung")
    answer = send(office, browser, shown, shown[:3], htmx=True)
    assert answer.status_code == 409
    assert "3 ô chưa ghi" in answer.text
    assert answers(office) == {}


def test_a_marked_tile_goes_to_the_single_items_without_a_suggestion(office: Office) -> None:
    fill(office, blank("CX4.1", 0.01), blank("CX4.2", 0.02))
    browser = open_grid(office)
    shown = tiles(browser)
    answer = send(office, browser, shown, shown, [shown[0]], htmx=True)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, WORK)
    assert answers(office) == {"CX4.1": BLANK}
    page = browser.get(WORK).text
    assert current(browser) == f"{WORK}/{item_of(office, shown[0])}"
    assert "có người nhìn ảnh thấy khác điều máy đọc" in page
    assert 'data-key="accept"' not in page
    browser.post(current(browser), {"answer": "option:3"}, htmx=True)
    assert answers(office) == {"CX4.1": BLANK, "CX4.2": ("3", "keyed")}


def test_one_dominant_mark_is_confirmed_as_its_option(office: Office) -> None:
    marks = [doubted(code, "2", 0.9 + n / 100) for n, code in enumerate(CODES[:4])]
    fill(office, *marks, doubted("CX4.5", "4"), blank("CX4.6"), double("CX4.7"))
    browser = open_grid(office)
    page = browser.get(GRID).text
    shown = tiles_in(page)
    assert codes(office, shown) == CODES[:4]
    assert "phương án 2 (trong 5)" in page
    assert page.count("<circle") == 4
    page = send(office, browser, shown, shown, [shown[1]], htmx=True).text
    assert "3 ô: phương án 2." in page
    assert "1 ô sang soát từng ô." in page
    assert answers(office) == dict.fromkeys(("CX4.1", "CX4.3", "CX4.4"), ("2", "keyed"))
    for code in ("CX4.5", "CX4.6"):
        shown = tiles_in(page)
        assert codes(office, shown) == [code]
        page = send(office, browser, shown, shown, htmx=True).text
    assert answers(office)["CX4.5"] == ("4", "keyed")
    assert current(browser).startswith(WORK)


def fill_with_decoys(office: Office) -> tuple[Browser, list[str]]:
    """Settle some answers alone, then open grids of blanks until one holds a decoy."""
    fill(office, *(replace(double(code), crop_sha256="d" * 64) for code in CODES[:6]))
    browser = begin(office, hang="single")
    for _ in range(6):
        browser.post(current(browser), {"answer": "option:3"})
    for _ in range(8):
        fill(office, *(blank(code) for code in CODES))
    browser = open_grid(office, hang="grid")
    while not decoys_in(office, tiles(browser)):
        shown = tiles(browser)
        send(office, browser, shown, shown)
    return browser, tiles(browser)


def decoys_in(office: Office, shown: list[str]) -> list[str]:
    with office.session() as session:
        return [tile for tile in shown if session.get_one(GridTile, int(tile)).is_decoy]


def test_a_decoy_looks_like_any_tile_and_is_never_an_answer(office: Office) -> None:
    browser, shown = fill_with_decoys(office)
    page = browser.get(GRID).text
    assert "ô mồi" in page
    faces = re.findall(r'<li class="crop-tile".*?</li>', page, re.DOTALL)
    tags = {re.sub(r"[\d.]+| data-focus", "", "".join(re.findall(r"<[^>]+>", face))) for face in faces}
    assert (len(faces), len(tags)) == (len(shown), 1)  # they differ in numbers and words alone
    before = len(answers(office))
    with office.session() as session:
        made = len(session.scalars(select(Decision)).all())
    (decoy,) = decoys_in(office, shown)
    answer = send(office, browser, shown, shown, [decoy], htmx=True)
    assert "1 ô sang soát từng ô." in answer.text  # it is counted as any other
    with office.session() as session:
        tile = session.get_one(GridTile, int(decoy))
        assert (tile.said, tile.item.state, tile.item.queue) == ("marked", "done", "single")
        assert len(session.scalars(select(Decision)).all()) == made + len(shown) - 1
    assert len(answers(office)) >= before


def test_who_misses_two_decoys_in_an_hour_has_the_last_grids_looked_at_by_others(office: Office) -> None:
    browser, shown = fill_with_decoys(office)
    grids = 0
    while shown:
        answer = send(office, browser, shown, shown, htmx=True)
        grids += 1
        if "chuyển cho người khác xem lại" in answer.text:
            break
        shown = tiles_in(answer.text)
    assert shown, "two decoys stand within the blanks of eight sheets"
    with office.session() as session:
        undone = session.scalars(select(Decision).where(Decision.reason == "decoys_missed")).all()
        assert {one.actor for one in undone} == {"o-moi"}
        taken_back = {one.item_id for one in undone}
        waiting = session.scalars(select(ReviewItem).where(ReviewItem.id.in_(taken_back))).all()
        assert {item.state for item in waiting} == {"open"}
    assert len(taken_back) > TILES
    other = open_grid(office, "reviewer2", hang="grid")
    theirs, mine = tiles(other), tiles(browser)
    assert {int(item_of(office, tile)) for tile in theirs} & taken_back
    assert not {int(item_of(office, tile)) for tile in mine} & taken_back


def test_blanks_never_come_one_by_one(office: Office) -> None:
    fill(office, blank("CX4.1"), double("CX4.2"))
    browser = office.browser("reviewer")
    assert browser.post(f"{START}/bat-dau", {"hang": "single"}).location.startswith(WORK)
    assert "Câu 2/17" in browser.get(WORK).text
    assert "Hết việc ở phần này" in browser.post(current(browser), {"answer": "option:1"}, htmx=True).text
    browser.post(f"{START}/bat-dau", {"hang": "grid"})
    assert codes(office, tiles(browser)) == ["CX4.1"]


def test_two_reviewers_never_get_the_same_tiles(office: Office) -> None:
    for _ in range(3):
        fill(office, *(blank(code) for code in CODES))
    first, second = tiles(open_grid(office)), tiles(open_grid(office, "reviewer2"))
    assert (len(first), len(second)) == (TILES, TILES)
    assert not {*first} & {*second}
    third = tiles_in(send(office, office.browser("reviewer"), first, first, htmx=True).text)
    assert len(third) == 51 - 2 * TILES
    assert not {*third} & {*first, *second}


def test_who_lost_the_lease_is_told_and_stays_a_second_opinion(office: Office) -> None:
    fill(office, blank("CX4.1"), blank("CX4.2"), double("CX4.3"))
    slow = open_grid(office)
    shown = tiles(slow)
    office.clock.now += LATER
    quick = open_grid(office, "reviewer2")
    quick_shown = tiles(quick)
    assert codes(office, quick_shown) == codes(office, shown)
    fill(office, blank("CX4.4"))
    answer = send(office, slow, shown, shown, htmx=True)
    assert answer.status_code == 409
    assert "2 ô hết giờ giữ" in answer.text
    assert "ý kiến thứ hai" in answer.text
    assert codes(office, tiles_in(answer.text)) == ["CX4.4"]
    assert answers(office) == {}
    assert send(office, quick, quick_shown, quick_shown).status_code == 303
    assert answers(office) == {"CX4.1": BLANK, "CX4.2": BLANK}
    theirs = {("reviewer", item_of(office, tile)) for tile in shown}
    with office.session() as session:
        opinions = session.scalars(select(Decision).where(Decision.second_opinion)).all()
        assert {(one.actor, str(one.item_id)) for one in opinions} == theirs
    assert quick.post(f"{GRID}/giu", htmx=True).status_code == 409
    assert slow.post(f"{GRID}/giu").status_code == 204


def test_of_two_people_the_one_who_sees_a_mark_is_heard(office: Office) -> None:
    fill(office, blank("CX4.1"), blank("CX4.2"))
    slow = open_grid(office)
    shown = tiles(slow)
    office.clock.now += LATER
    quick = open_grid(office, "reviewer2")
    send(office, quick, tiles(quick), tiles(quick))
    assert send(office, slow, shown, [], [shown[0]], htmx=True).status_code in (200, 204)
    expected = [(item_of(office, shown[0]), "single")]
    with office.session() as session:
        open_ones = session.scalars(select(ReviewItem).where(ReviewItem.state == "open")).all()
        assert [(str(item.id), item.queue) for item in open_ones] == expected


def test_a_lost_reply_is_not_counted_twice(office: Office) -> None:
    fill(office, *(blank(code) for code in CODES[:3]), double("CX4.9"))
    browser = open_grid(office)
    shown = tiles(browser)
    for _ in range(2):
        assert send(office, browser, shown, shown, htmx=True).headers["HX-Redirect"] == WORK
    with office.session() as session:
        assert len(session.scalars(select(Decision)).all()) == 3


def test_undo_brings_the_whole_grid_back_and_then_goes_on(office: Office) -> None:
    fill(office, *(blank(code) for code in CODES[:4]), double("CX4.9"))
    browser = open_grid(office)
    shown = tiles(browser)
    send(office, browser, shown, shown[:2])
    rest = tiles(browser)
    send(office, browser, rest, rest)
    browser.post(current(browser), {"answer": "option:1"})
    assert len(answers(office)) == 5
    assert browser.post(f"{START}/hoan-tac").location.startswith(f"{WORK}/")
    for left, back in ((2, shown[2:]), (0, shown)):
        answer = browser.post(f"{START}/hoan-tac", htmx=True)
        assert answer.headers["HX-Redirect"] == GRID
        assert len(answers(office)) == left
        assert sorted(codes(office, tiles(browser))) == sorted(codes(office, back))
    assert browser.post(f"{START}/hoan-tac").location == GRID
    assert "Không còn gì để hoàn tác" in browser.get(GRID).text
    with office.session() as session:
        assert len(session.scalars(select(Decision)).all()) == 10


def test_one_tile_can_be_corrected_from_what_was_just_done(office: Office) -> None:
    fill(office, blank("CX4.1"), blank("CX4.2"), blank("CX4.3"))
    browser = open_grid(office)
    shown = tiles(browser)
    page = send(office, browser, shown, shown[:2], htmx=True).text
    address = f"{WORK}/{item_of(office, shown[0])}"
    assert f'href="{address}"' in page
    assert "Đã trả lời: trống" in browser.get(address).text
    assert browser.post(address, {"answer": "option:5"}).location == GRID
    assert browser.get(WORK).location == GRID
    assert ("5", "keyed") in answers(office).values()
    send(office, browser, shown, shown, htmx=True)  # an old window does not talk over it
    assert ("5", "keyed") in answers(office).values()


def test_a_picture_that_was_not_on_the_screen_is_not_accepted(office: Office) -> None:
    fill(office, blank("CX4.1"), blank("CX4.2"))
    browser = open_grid(office)
    shown = tiles(browser)
    with office.session() as session:
        page = session.scalars(select(Page)).one()
        again = add_reading(session, page, office.clock.now, [blank("CX4.1"), faint("CX4.2", "4")])
        enqueue_reading(session, again, office.clock.now)
        session.commit()
    answer = send(office, browser, shown, shown, htmx=True)
    assert answer.status_code == 409
    assert "2 ô chưa ghi" in answer.text
    assert codes(office, tiles_in(answer.text)) == ["CX4.1"]
    assert answers(office) == {}


def test_without_script_a_box_per_tile_and_a_button_do(office: Office) -> None:
    fill(office, blank("CX4.1"), blank("CX4.2"), blank("CX4.3"))
    browser = open_grid(office)
    shown = tiles(browser)
    answer = send(office, browser, shown, shown[:1], [shown[1]])
    assert (answer.status_code, answer.location) == (303, GRID)
    page = browser.get(GRID).text
    assert "1 ô: để trống." in page
    assert "1 ô sang soát từng ô." in page
    shown = tiles_in(page)
    assert codes(office, shown) == ["CX4.3"]
    assert send(office, browser, shown, shown).location == WORK


def test_stopping_gives_the_tiles_back(office: Office) -> None:
    fill(office, blank("CX4.1"), blank("CX4.2"))
    browser = open_grid(office)
    shown = tiles(browser)
    assert "Tiếp tục" in browser.get(START).text
    assert browser.post(f"{START}/dung").location == START
    assert browser.get(GRID).location == START
    assert codes(office, tiles(open_grid(office, "reviewer2"))) == codes(office, shown)


def test_only_one_form_is_shown_where_one_is_wanted(office: Office) -> None:
    fill(office, blank("CX4.1"))
    fill(office, blank("CH1.1"), blank("CH1.2"), double("CH1.3"), form="CH1")
    browser = open_grid(office, phieu="CH1", hang="grid")
    page = browser.get(f"{GRID}?hang=grid&phieu=CH1").text
    assert sorted(codes(office, tiles_in(page))) == ["CH1.1", "CH1.2"]
    assert "Đã xong 0/2" in page
    shown = tiles_in(page)
    answer = send(office, browser, shown, shown, query="?hang=grid&phieu=CH1", htmx=True)
    assert "Hết việc ở phần này" in answer.text


def test_the_guide_names_every_key_of_the_sheet(office: Office) -> None:
    fill(office, blank("CX4.1"))
    folder = Path(__file__).parents[2] / "docs" / "guide"
    guide = (folder / "ra-soat.md").read_text(encoding="utf-8")
    keys = set(re.findall(r"<kbd>([^<]+)</kbd>", open_grid(office).get(GRID).text))
    assert {"←", "Space", "Enter", "-", "Esc", "F2"} <= keys
    assert [key for key in keys if f"`{key}`" not in guide] == []


@pytest.mark.parametrize("username", FORBIDDEN)
def test_other_roles_stay_out(office: Office, username: str) -> None:
    fill(office, blank("CX4.1"))
    browser = office.browser(username)
    assert browser.get(GRID).status_code == 403
    for path in (f"{GRID}/1", f"{GRID}/giu"):
        assert browser.post(path, {"seen": "1"}).status_code == 403
    assert answers(office) == {}


def test_english_sheets_hold_no_vietnamese(office: Office) -> None:
    fill(office, blank("CX4.1"))
    browser = open_grid(office)
    browser.post("/ngon-ngu", {"locale": "en", "next": "/"})
    page = browser.get(GRID).text
    for word in ("trống", "Hoàn tác", "Xem rõ", "Phím tắt", "Dừng", "có dấu"):
        assert word not in page


def test_leases_are_renewed_by_activity(office: Office) -> None:
    fill(office, blank("CX4.1"))
    browser = open_grid(office)
    for _ in range(3):
        office.clock.now += dt.timedelta(seconds=40)
        assert browser.post(f"{GRID}/giu").status_code == 204
    assert office.browser("reviewer2").post(f"{START}/bat-dau").location == START
