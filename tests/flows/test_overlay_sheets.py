"""Overlay sheets at the browser: who looked is written down; what is doubted does not count."""

import re
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from tests.clients import Browser, Office
from tests.flows.test_verification import FORBIDDEN, START, WORK, answers, current, fill
from tests.worlds.read_pages import add_reading, blank, comment, double, faint, sure
from webapp.http.context import EXTENSION
from webapp.persistence.campaign import Campaign
from webapp.persistence.overlay_sheets import AnswerDoubt, OverlaySheet, OverlayTile
from webapp.persistence.readings import FieldReading
from webapp.persistence.responses import count_unaccounted
from webapp.persistence.scans import Page
from webapp.persistence.verification import ReviewItem
from webapp.services.overlay_sheets import TILES
from webapp.services.verification import enqueue_reading

CODES = [f"CX4.{number}" for number in range(1, 18)]
PAGE = b"\xff\xd8\xffthe whole page"


def sheet_of(batch_id: int) -> str:
    return f"{START}/luot/{batch_id}"


def tiles(browser: Browser, batch_id: int = 1) -> list[str]:
    """What the sheet on the screen would send as looked at."""
    return re.findall(r'name="tile" value="(\d+)"', browser.get(sheet_of(batch_id)).text)


def look(browser: Browser, shown: Sequence[str], group: str = "5-2", batch_id: int = 1) -> int:
    fields = {"form": "CX4", "group": group, "tile": list(shown)}
    return browser.post(sheet_of(batch_id), fields).status_code


def doubt(browser: Browser, tile: str, *, htmx: bool = True) -> str:
    answer = browser.post(f"{START}/luot/o/{tile}/nghi", htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    return str(answer.text)


def codes(office: Office, shown: Sequence[str]) -> list[str]:
    with office.session() as session:
        return [session.get_one(FieldReading, int(tile)).field_code for tile in shown]


def unaccounted(office: Office) -> int:
    with office.session() as session:
        return count_unaccounted(session, session.scalars(select(Campaign.id)).one())


def test_a_sheet_holds_what_the_machine_accepted_as_one_option(office: Office) -> None:
    others = (faint("CX4.4", "2"), double("CX4.5"), blank("CX4.6"), comment("CX4.gop_y"))
    fill(office, sure("CX4.1", "2"), sure("CX4.2", "2"), sure("CX4.3", "4"), *others)
    browser = office.browser("reviewer")
    page = browser.get(sheet_of(1)).text
    assert codes(office, re.findall(r'name="tile" value="(\d+)"', page)) == ["CX4.1", "CX4.2"]
    assert "Các ô máy đã nhận là: phương án 2 (trong 5)" in page
    assert "Lô này còn 2 bảng chưa ai xem." in page
    assert "Đại Trạch" not in page


def test_who_looked_at_which_pictures_when_is_written_down_and_the_next_sheet_follows(office: Office) -> None:
    fill(office, sure("CX4.1", "2"), sure("CX4.2", "2"), sure("CX4.3", "4"))
    browser = office.browser("reviewer")
    assert re.search(r'data-label="Bảng chưa ai xem">2<', browser.get(START).text)
    shown = tiles(browser)
    assert look(browser, shown) == 303
    with office.session() as session:
        made = session.scalars(select(OverlaySheet)).one()
        assert (made.actor, made.looked_at, made.batch_id, made.form_code, made.group_key) == (
            "reviewer",
            office.clock.now,
            1,
            "CX4",
            "5-2",
        )
        assert [str(tile.field_reading_id) for tile in made.tiles] == shown
    assert re.search(r'data-label="Bảng chưa ai xem">1<', browser.get(START).text)
    rest = tiles(browser)
    assert codes(office, rest) == ["CX4.3"]
    look(browser, rest, "5-4")
    assert browser.get(sheet_of(1)).location == START
    assert "Xem lướt ô máy đã nhận" not in browser.get(START).text
    assert answers(office) == {
        "CX4.1": ("2", "machine"),
        "CX4.2": ("2", "machine"),
        "CX4.3": ("4", "machine"),
    }


def test_a_doubted_answer_counts_for_nothing_until_a_person_settles_it(office: Office) -> None:
    fill(office, sure("CX4.1", "2"), sure("CX4.2", "2"))
    browser = office.browser("reviewer")
    first, second = tiles(browser)
    assert "sang soát từng ô" in doubt(browser, second)
    assert answers(office) == {"CX4.1": ("2", "machine")}
    assert unaccounted(office) == 0
    with office.session() as session:
        item = session.scalars(select(ReviewItem)).one()
        assert (item.field_code, item.queue, item.state, item.set_aside_at) == (
            "CX4.2",
            "single",
            "open",
            office.clock.now,
        )
        made = session.scalars(select(AnswerDoubt)).one()
        assert (made.item_id, made.actor, made.doubted_at) == (item.id, "reviewer", office.clock.now)
        assert str(made.field_reading_id) == second
        field = session.get_one(FieldReading, int(second))
        assert (field.value, field.accepted) == ("2", True)  # the reading is what it was
    assert look(browser, [first, second]) == 303
    browser.post(f"{START}/bat-dau")
    page = browser.get(WORK).text
    assert "có người nhìn ảnh thấy khác điều máy đọc" in page
    assert 'data-key="accept"' not in page
    browser.post(current(browser), {"answer": "option:3"}, htmx=True)
    assert answers(office) == {"CX4.1": ("2", "machine"), "CX4.2": ("3", "keyed")}
    browser.post(f"{START}/hoan-tac")
    assert answers(office) == {"CX4.1": ("2", "machine")}
    assert unaccounted(office) == 0


def test_a_machine_that_reads_again_does_not_take_a_doubt_back(office: Office) -> None:
    fill(office, sure("CX4.1", "2"))
    doubt(office.browser("reviewer"), tiles(office.browser("reviewer"))[0])
    with office.session() as session:
        page = session.scalars(select(Page)).one()
        again = add_reading(session, page, office.clock.now, [sure("CX4.1", "2")])
        enqueue_reading(session, again, office.clock.now)
        session.commit()
    assert answers(office) == {}
    assert unaccounted(office) == 0


def test_an_answer_that_had_been_doubtful_once_can_be_doubted_by_a_person(office: Office) -> None:
    fill(office, faint("CX4.1", "2"))
    with office.session() as session:
        page = session.scalars(select(Page)).one()
        enqueue_reading(
            session, add_reading(session, page, office.clock.now, [sure("CX4.1", "2")]), office.clock.now
        )
        session.commit()
    assert answers(office) == {"CX4.1": ("2", "machine")}
    browser = office.browser("reviewer")
    doubt(browser, tiles(browser)[0])
    assert answers(office) == {}
    with office.session() as session:
        assert session.scalars(select(ReviewItem.state)).all() == ["open"]


def test_a_second_click_adds_nothing(office: Office) -> None:
    fill(office, sure("CX4.1", "2"), sure("CX4.2", "2"))
    browser = office.browser("reviewer")
    tile = tiles(browser)[0]
    doubt(browser, tile, htmx=False)
    assert "Ô ấy đã chờ người xem" in doubt(office.browser("reviewer2"), tile)
    with office.session() as session:
        assert session.scalar(select(func.count()).select_from(AnswerDoubt)) == 1
        assert session.scalar(select(func.count()).select_from(ReviewItem)) == 1


def test_a_sheet_has_a_hundred_tiles_and_the_rest_waits(office: Office) -> None:
    for _ in range(7):
        fill(office, *(sure(code, "2") for code in CODES[1:]), double(CODES[0]))
    with office.session() as session:  # one batch, as a stack is
        session.query(Page).update({"batch_id": 1})
        session.commit()
    browser = office.browser("reviewer")
    shown = tiles(browser)
    assert len(shown) == TILES
    look(browser, shown)
    rest = tiles(browser)
    assert len(rest) == 7 * len(CODES[1:]) - TILES
    assert not {*rest} & {*shown}
    with office.session() as session:
        assert session.scalar(select(func.count()).select_from(OverlayTile)) == TILES


def test_what_is_not_of_this_sheet_is_refused(office: Office) -> None:
    fill(office, sure("CX4.1", "2"), sure("CX4.2", "4"), double("CX4.3"))
    fill(office, sure("CX4.1", "2"))
    browser = office.browser("reviewer")
    (mine,), (other,) = tiles(browser), tiles(browser, 2)
    for wrong in ([], ["x"], ["999"], [mine, other]):
        assert look(browser, wrong) == 422
    assert look(browser, [mine], "5-4") == 422
    assert look(browser, [mine], "5") == 422
    assert look(browser, [mine], batch_id=9) == 404
    assert browser.post(f"{START}/luot/o/999/nghi").status_code == 404
    with office.session() as session:
        assert session.scalar(select(func.count()).select_from(OverlaySheet)) == 0


def test_the_page_is_served_to_reviewers_and_kept_by_nobody(office: Office) -> None:
    fill(office, sure("CX4.1", "2"))
    with office.session() as session:
        again = add_reading(
            session, session.scalars(select(Page)).one(), office.clock.now, [sure("CX4.1", "2")]
        )
        again.preview_sha256 = office.app.extensions[EXTENSION].scan_store.put_bytes(PAGE).sha256
        enqueue_reading(session, again, office.clock.now)
        session.commit()
        address = f"{START}/luot/trang/{again.id}"
    browser = office.browser("reviewer")
    assert f'href="{address}"' in browser.get(sheet_of(1)).text
    with browser.get(address) as picture:
        assert (picture.data, picture.headers["Cache-Control"]) == (PAGE, "no-store")
    doubt(browser, tiles(browser)[0])
    browser.post(f"{START}/bat-dau")
    assert f'href="{current(browser)}/trang?b=' in browser.get(WORK).text  # nothing was cut: part of the page


@pytest.mark.parametrize("username", FORBIDDEN)
def test_only_reviewers_look(office: Office, username: str) -> None:
    fill(office, sure("CX4.1", "2"))
    browser = office.browser(username)
    for path in (sheet_of(1), f"{START}/luot/trang/1"):
        assert browser.get(path).status_code == 403
    for path in (sheet_of(1), f"{START}/luot/o/1/nghi"):
        assert browser.post(path).status_code == 403
    assert answers(office) == {"CX4.1": ("2", "machine")}
