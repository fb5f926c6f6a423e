"""Contact sheets at the browser: what was on the screen is settled, and nothing else."""

import datetime as dt
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.clients import Browser, Office
from tests.flows.test_verification import FORBIDDEN, LATER, START, WORK, answers, current, fill
from tests.worlds.read_pages import add_reading, blank, comment, double, faint, striped, sure
from webapp.persistence.scans import Page
from webapp.persistence.verification import Decision, ReviewItem
from webapp.services.contact_sheets import TILES
from webapp.services.verification import enqueue_reading

SHEET = f"{START}/bang"
CODES = [f"CX4.{number}" for number in range(1, 18)]
BLANK = (None, "keyed")


def open_sheet(office: Office, username: str = "reviewer", **wanted: str) -> Browser:
    """Press the one button; blanks come first."""
    browser = office.browser(username)
    answer = browser.post(f"{START}/bat-dau", wanted)
    assert (answer.status_code, answer.location.split("?")[0]) == (303, SHEET)
    return browser


def tiles_in(html: str) -> list[str]:
    """What each tile would send as seen: item-reading."""
    return re.findall(r'name="seen" value="(\d+-\d+)"', html)


def tiles(browser: Browser) -> list[str]:
    return tiles_in(browser.get(SHEET).text)


def item_of(tile: str) -> str:
    return tile.partition("-")[0]


def codes(office: Office, shown: list[str]) -> list[str]:
    """Which answers the tiles show."""
    with office.session() as session:
        return [session.get_one(ReviewItem, int(item_of(tile))).field_code for tile in shown]


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
    browser = open_sheet(office)
    assert codes(office, tiles(browser)) == ["CX4.2", "CX4.3", "CX4.1"]
    page = browser.get(SHEET).text
    assert "Các ô máy đọc là: trống" in page
    assert "Đại Trạch" not in page
    for word in ("0.017", "no_mark", "confidence"):
        assert word not in page


def test_what_was_seen_is_accepted_and_recorded_beside_the_reading(office: Office) -> None:
    fill(office, *(blank(code) for code in CODES[:4]))
    browser = open_sheet(office)
    shown = tiles(browser)
    answer = browser.post(SHEET, {"seen": shown, "shown_ms": "2000", "input_kind": "key"}, htmx=True)
    assert answer.status_code == 200
    assert "4 ô: để trống." in answer.text
    assert answers(office) == dict.fromkeys(CODES[:4], BLANK)
    with office.session() as session:
        made = session.scalars(select(Decision)).all()
        assert {(one.kind, one.actor, one.decided_at) for one in made} == {
            ("blank", "reviewer", office.clock.now)
        }
        assert [one.shown_ms for one in made] == [500] * 4
        assert [f"{one.item_id}-{one.field_reading_id}" for one in made] == sorted(shown)
        assert all(item.field_reading.value is None for item in session.scalars(select(ReviewItem)))


def test_what_was_not_seen_stays_and_comes_again(office: Office) -> None:
    fill(office, *(blank(code) for code in CODES[:5]))
    browser = open_sheet(office)
    shown = tiles(browser)
    answer = browser.post(SHEET, {"seen": shown[:2]}, htmx=True)
    assert tiles_in(answer.text) == shown[2:]
    assert sorted(answers(office)) == sorted(codes(office, shown[:2]))


def test_nothing_at_all_is_refused(office: Office) -> None:
    fill(office, blank("CX4.1"))
    browser = open_sheet(office)
    for wrong in (
        {},
        {"seen": "x"},
        {"seen": "1"},
        {"marked": "-1"},
        {"seen": [f"{n}-1" for n in range(25)]},
    ):
        assert browser.post(SHEET, wrong, htmx=True).status_code == 422
    assert browser.post(SHEET, {"seen": "999-1"}, htmx=True).status_code == 404
    assert answers(office) == {}


def test_tiles_that_nobody_gave_this_person_are_not_accepted(office: Office) -> None:
    for start in (0, 15):
        fill(office, *(blank(code) for code in CODES[:15]))
        assert start < TILES
    browser = open_sheet(office)
    held = tiles(browser)
    assert len(held) == TILES
    with office.session() as session:
        free = session.scalars(select(ReviewItem).where(ReviewItem.lease_user.is_(None))).all()
        forged = [f"{item.id}-{item.field_reading_id}" for item in free]
    assert len(forged) == 6
    answer = browser.post(SHEET, {"seen": [*held[:3], *forged]}, htmx=True)
    assert answer.status_code == 409
    assert "3 ô: để trống." in answer.text
    assert "6 ô chưa ghi" in answer.text
    with office.session() as session:
        assert {one.item_id for one in session.scalars(select(Decision))} == {
            int(item_of(t)) for t in held[:3]
        }


def test_a_marked_tile_goes_to_the_single_items_without_a_suggestion(office: Office) -> None:
    fill(office, blank("CX4.1", 0.01), blank("CX4.2", 0.02))
    browser = open_sheet(office)
    shown = tiles(browser)
    marked = {"seen": shown, "marked": [item_of(shown[0])]}
    answer = browser.post(SHEET, marked, htmx=True)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, WORK)
    assert answers(office) == {"CX4.1": BLANK}
    page = browser.get(WORK).text
    assert current(browser) == f"{WORK}/{item_of(shown[0])}"
    assert "thấy ô này có dấu" in page
    assert 'data-key="accept"' not in page
    browser.post(current(browser), {"answer": "option:3"}, htmx=True)
    assert answers(office) == {"CX4.1": BLANK, "CX4.2": ("3", "keyed")}


def test_blanks_never_come_one_by_one(office: Office) -> None:
    fill(office, blank("CX4.1"), double("CX4.2"))
    browser = office.browser("reviewer")
    assert browser.post(f"{START}/bat-dau", {"hang": "single"}).location.startswith(WORK)
    assert "Câu 2/17" in browser.get(WORK).text
    assert "Hết việc ở phần này" in browser.post(current(browser), {"answer": "option:1"}, htmx=True).text
    browser.post(f"{START}/bat-dau", {"hang": "blank"})
    assert codes(office, tiles(browser)) == ["CX4.1"]


def test_two_reviewers_never_get_the_same_tiles(office: Office) -> None:
    for _ in range(3):
        fill(office, *(blank(code) for code in CODES))
    first, second = tiles(open_sheet(office)), tiles(open_sheet(office, "reviewer2"))
    assert (len(first), len(second)) == (TILES, TILES)
    assert not {*first} & {*second}
    third = tiles_in(office.browser("reviewer").post(SHEET, {"seen": first}, htmx=True).text)
    assert len(third) == 51 - 2 * TILES
    assert not {*third} & {*first, *second}


def test_who_lost_the_lease_is_told_and_stays_a_second_opinion(office: Office) -> None:
    fill(office, blank("CX4.1"), blank("CX4.2"), double("CX4.3"))
    slow = open_sheet(office)
    shown = tiles(slow)
    office.clock.now += LATER
    quick = open_sheet(office, "reviewer2")
    assert tiles(quick) == shown
    fill(office, blank("CX4.4"))
    answer = slow.post(SHEET, {"seen": shown}, htmx=True)
    assert answer.status_code == 409
    assert "2 ô hết giờ giữ" in answer.text
    assert "ý kiến thứ hai" in answer.text
    assert codes(office, tiles_in(answer.text)) == ["CX4.4"]
    assert answers(office) == {}
    assert quick.post(SHEET, {"seen": shown}).status_code == 303
    assert answers(office) == {"CX4.1": BLANK, "CX4.2": BLANK}
    with office.session() as session:
        opinions = session.scalars(select(Decision).where(Decision.second_opinion)).all()
        assert {(one.actor, one.item_id) for one in opinions} == {
            ("reviewer", int(item_of(t))) for t in shown
        }
    assert quick.post(f"{SHEET}/giu", htmx=True).status_code == 409
    assert slow.post(f"{SHEET}/giu").status_code == 204


def test_of_two_people_the_one_who_sees_a_mark_is_heard(office: Office) -> None:
    fill(office, blank("CX4.1"), blank("CX4.2"))
    slow = open_sheet(office)
    shown = tiles(slow)
    office.clock.now += LATER
    open_sheet(office, "reviewer2").post(SHEET, {"seen": shown})
    assert slow.post(SHEET, {"marked": [item_of(shown[0])]}, htmx=True).status_code in (200, 204)
    with office.session() as session:
        open_ones = session.scalars(select(ReviewItem).where(ReviewItem.state == "open")).all()
        assert [(str(item.id), item.queue) for item in open_ones] == [(item_of(shown[0]), "single")]


def test_a_lost_reply_is_not_counted_twice(office: Office) -> None:
    fill(office, *(blank(code) for code in CODES[:3]), double("CX4.9"))
    browser = open_sheet(office)
    shown = tiles(browser)
    for _ in range(2):
        assert browser.post(SHEET, {"seen": shown}, htmx=True).headers["HX-Redirect"] == WORK
    with office.session() as session:
        assert len(session.scalars(select(Decision)).all()) == 3


def test_undo_brings_the_whole_sheet_back_and_then_goes_on(office: Office) -> None:
    fill(office, *(blank(code) for code in CODES[:4]), double("CX4.9"))
    browser = open_sheet(office)
    shown = tiles(browser)
    browser.post(SHEET, {"seen": shown[:2]})
    browser.post(SHEET, {"seen": shown[2:]})
    browser.post(current(browser), {"answer": "option:1"})
    assert len(answers(office)) == 5
    assert browser.post(f"{START}/hoan-tac").location.startswith(f"{WORK}/")
    for left, back in ((2, shown[2:]), (0, shown)):
        answer = browser.post(f"{START}/hoan-tac", htmx=True)
        assert answer.headers["HX-Redirect"] == SHEET
        assert len(answers(office)) == left
        assert sorted(tiles(browser)) == sorted(back)
    assert browser.post(f"{START}/hoan-tac").location == SHEET
    assert "Không còn gì để hoàn tác" in browser.get(SHEET).text
    with office.session() as session:
        assert len(session.scalars(select(Decision)).all()) == 10


def test_one_tile_can_be_corrected_from_what_was_just_done(office: Office) -> None:
    fill(office, blank("CX4.1"), blank("CX4.2"), blank("CX4.3"))
    browser = open_sheet(office)
    shown = tiles(browser)
    page = browser.post(SHEET, {"seen": shown[:2]}, htmx=True).text
    address = f"{WORK}/{item_of(shown[0])}"
    assert f'href="{address}"' in page
    assert "Đã trả lời: trống" in browser.get(address).text
    assert browser.post(address, {"answer": "option:5"}).location == SHEET
    assert browser.get(WORK).location == SHEET
    assert ("5", "keyed") in answers(office).values()
    browser.post(SHEET, {"seen": shown}, htmx=True)  # an old window does not talk over it
    assert ("5", "keyed") in answers(office).values()


def test_a_picture_that_was_not_on_the_screen_is_not_accepted(office: Office) -> None:
    fill(office, blank("CX4.1"), blank("CX4.2"))
    browser = open_sheet(office)
    shown = tiles(browser)
    with office.session() as session:
        page = session.scalars(select(Page)).one()
        again = add_reading(session, page, office.clock.now, [blank("CX4.1"), faint("CX4.2", "4")])
        enqueue_reading(session, again, office.clock.now)
        session.commit()
    answer = browser.post(SHEET, {"seen": shown}, htmx=True)
    assert answer.status_code == 409
    assert "2 ô chưa ghi" in answer.text
    assert codes(office, tiles_in(answer.text)) == ["CX4.1"]
    assert answers(office) == {}


def test_without_script_a_box_per_tile_and_a_button_do(office: Office) -> None:
    fill(office, blank("CX4.1"), blank("CX4.2"), blank("CX4.3"))
    browser = open_sheet(office)
    shown = tiles(browser)
    answer = browser.post(SHEET, {"seen": shown[:1], "marked": [item_of(shown[1])]})
    assert (answer.status_code, answer.location) == (303, SHEET)
    page = browser.get(SHEET).text
    assert "1 ô: để trống." in page
    assert "1 ô sang soát từng ô." in page
    assert tiles_in(page) == shown[2:]
    assert browser.post(SHEET, {"seen": shown[2:]}).location == WORK


def test_stopping_gives_the_tiles_back(office: Office) -> None:
    fill(office, blank("CX4.1"), blank("CX4.2"))
    browser = open_sheet(office)
    shown = tiles(browser)
    assert "Tiếp tục" in browser.get(START).text
    assert browser.post(f"{START}/dung").location == START
    assert browser.get(SHEET).location == START
    assert tiles(open_sheet(office, "reviewer2")) == shown


def test_only_one_form_is_shown_where_one_is_wanted(office: Office) -> None:
    fill(office, blank("CX4.1"))
    fill(office, blank("CH1.1"), blank("CH1.2"), double("CH1.3"), form="CH1")
    browser = open_sheet(office, phieu="CH1", hang="blank")
    page = browser.get(f"{SHEET}?hang=blank&phieu=CH1").text
    assert sorted(codes(office, tiles_in(page))) == ["CH1.1", "CH1.2"]
    assert "Đã xong 0/2" in page
    answer = browser.post(f"{SHEET}?hang=blank&phieu=CH1", {"seen": tiles_in(page)}, htmx=True)
    assert "Hết việc ở phần này" in answer.text


def test_the_guide_names_every_key_of_the_sheet(office: Office) -> None:
    fill(office, blank("CX4.1"))
    folder = Path(__file__).parents[2] / "docs" / "guide"
    guide = (folder / "ra-soat.md").read_text(encoding="utf-8")
    keys = set(re.findall(r"<kbd>([^<]+)</kbd>", open_sheet(office).get(SHEET).text))
    assert {"←", "Space", "Enter", "-", "Esc", "F2"} <= keys
    assert [key for key in keys if f"`{key}`" not in guide] == []


@pytest.mark.parametrize("username", FORBIDDEN)
def test_other_roles_stay_out(office: Office, username: str) -> None:
    fill(office, blank("CX4.1"))
    browser = office.browser(username)
    assert browser.get(SHEET).status_code == 403
    for path in (SHEET, f"{SHEET}/giu"):
        assert browser.post(path, {"seen": "1-1"}).status_code == 403
    assert answers(office) == {}


def test_english_sheets_hold_no_vietnamese(office: Office) -> None:
    fill(office, blank("CX4.1"))
    browser = open_sheet(office)
    browser.post("/ngon-ngu", {"locale": "en", "next": "/"})
    page = browser.get(SHEET).text
    for word in ("trống", "Hoàn tác", "Xem rõ", "Phím tắt", "Dừng", "có dấu"):
        assert word not in page


def test_leases_are_renewed_by_activity(office: Office) -> None:
    fill(office, blank("CX4.1"))
    browser = open_sheet(office)
    for _ in range(3):
        office.clock.now += dt.timedelta(seconds=40)
        assert browser.post(f"{SHEET}/giu").status_code == 204
    assert office.browser("reviewer2").post(f"{START}/bat-dau").location == START
