"""Verification at the browser: claims, decisions, fragments and pages, and who may see what."""

import datetime as dt
import re
from base64 import b64encode
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.clients import Browser, Office
from tests.worlds.read_pages import (
    Read,
    add_page,
    add_reading,
    add_sheet,
    blank,
    comment,
    double,
    faint,
    striped,
    sure,
)
from tests.worlds.small import SmallWorld
from webapp.http.context import EXTENSION
from webapp.persistence.accounts import User
from webapp.persistence.campaign import Campaign
from webapp.persistence.readings import TextDraft
from webapp.persistence.responses import accepted_answers
from webapp.persistence.verification import Decision, ReviewItem
from webapp.services.second_key import rule_of
from webapp.services.verification import LEASE_S, LEAVE_S, enqueue_reading

START, WORK, ARBITRATION = "/ra-soat", "/ra-soat/o", "/ra-soat/phan-xu"
LATER = dt.timedelta(seconds=LEASE_S + 1)
CROP = b"\xff\xd8\xffcrop of the question"
FORBIDDEN = ("clerk", "unit-nv", "appraiser", "viewer", "administrator", "head")


def fill(office: Office, *reads: Read, form: str = "CX4") -> None:
    """Add one more sheet with these fields on its front."""
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        world = SmallWorld(
            campaign,
            {unit.code: unit for unit in campaign.units},
            {user.username: user for user in session.scalars(select(User))},
        )
        serial = session.scalar(select(func.count()).select_from(ReviewItem)) or 0
        page = add_page(session, add_sheet(session, world, serial + 1, form), office.clock.now)
        enqueue_reading(session, add_reading(session, page, office.clock.now, reads), office.clock.now)
        session.commit()


def begin(office: Office, username: str = "reviewer", **wanted: str) -> Browser:
    """Press the one button."""
    browser = office.browser(username)
    answer = browser.post(f"{START}/bat-dau", wanted)
    assert (answer.status_code, answer.location.split("?")[0]) == (303, WORK)
    return browser


def current(browser: Browser) -> str:
    """The address of the item on the working page."""
    return address_in(browser.get(WORK).text)


def address_in(html: str) -> str:
    found = re.search(r'action="(/ra-soat/o/\d+)', html)
    assert found is not None
    return found[1]


def answers(office: Office) -> dict[str, tuple[str | None, str]]:
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        return {row.field_code: (row.value, row.provenance) for row in accepted_answers(session, campaign.id)}


def test_the_start_page_counts_the_work_and_has_one_button(office: Office) -> None:
    assert "Hết việc" in office.browser("reviewer").get(START).text
    fill(office, double("CX4.3"), blank("CX4.4"), comment("CX4.gop_y"))
    page = office.browser("reviewer").get(START).text
    queues = ["Soát theo nhóm: 1", "Soát từng ô: 1", "Ý kiến viết tay: 1"]
    assert sorted(queues, key=page.index) == queues
    assert "Bắt đầu" in page
    begin(office, hang="single")
    assert "Tiếp tục" in office.browser("reviewer").get(START).text


def test_an_item_shows_question_reason_options_and_no_unit_name(office: Office) -> None:
    fill(office, double("CX4.1"))
    page = begin(office).get(WORK).text
    assert "hai ô trở lên cùng có dấu" in page
    assert "Câu 1/17" in page
    assert "Rất hài lòng" in page
    assert "Đơn vị " in page
    assert "Đại Trạch" not in page
    assert 'hx-history="false"' in page


@pytest.mark.parametrize(
    ("read", "suggests"),
    [
        (faint("CX4.1", "2"), True),
        (double("CX4.1"), False),
        (Read("CX4.1", "2", ("corrected_mark",), ("cancelled", "filled", "empty", "empty", "empty")), False),
        (Read("CX4.1", "2", ("low_confidence",), ("empty", "filled", "empty", "empty", "empty")), False),
        (Read("CX4.1", "1", ("marginal_mark", "streak"), ("marginal",) + ("empty",) * 4), False),
        (Read("CX4.1", None, ("no_mark", "streak")), False),
    ],
)  # fmt: skip
def test_a_suggestion_is_shown_only_where_it_does_no_harm(
    office: Office, read: Read, *, suggests: bool
) -> None:
    fill(office, read)
    page = begin(office).get(WORK).text
    assert ('data-key="accept"' in page) is suggests
    for word in ("score", "marginal", "filled", "confidence", "cancelled"):
        assert word not in page


def test_a_decision_brings_the_next_item_with_its_surroundings(office: Office) -> None:
    fill(office, double("CX4.1"), double("CX4.2"))
    browser = begin(office)
    answer = browser.post(current(browser), {"answer": "option:4", "shown_ms": "750"}, htmx=True)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert answer.text.lstrip().startswith('<section id="o"')
    assert "Câu 2/17" in answer.text
    for part in ('id="tien-do"', 'id="vua-lam"'):
        assert re.search(part + r'[^>]*hx-swap-oob="true"', answer.text)
    assert "4 Không hài lòng" in answer.text
    assert len(answer.data) < 9000
    assert answers(office)["CX4.1"] == ("4", "keyed")


def test_without_script_a_decision_is_a_round_trip_of_pages(office: Office) -> None:
    fill(office, double("CX4.1"), double("CX4.2"))
    browser = begin(office)
    answer = browser.post(current(browser), {"answer": "blank"})
    assert (answer.status_code, answer.location) == (303, WORK)
    page = browser.get(WORK).text
    assert "<html" in page
    assert "Câu 2/17" in page
    browser.post(current(browser), {"answer": "option:1"})
    assert browser.get(WORK).location == START


def test_a_reload_shows_the_same_item_and_changes_nothing(office: Office) -> None:
    fill(office, double("CX4.1"), double("CX4.2"))
    browser = begin(office)
    first = current(browser)
    office.clock.now += LATER
    assert current(browser) == first


def test_two_reviewers_get_different_items_and_the_late_one_is_told(office: Office) -> None:
    fill(office, double("CX4.1"), double("CX4.2"))
    slow, quick = begin(office, "reviewer"), begin(office, "reviewer2")
    taken = current(slow)
    assert taken != current(quick)
    quick.post(f"{START}/dung")
    office.clock.now += LATER
    assert current(begin(office, "reviewer2")) == taken
    answer = slow.post(taken, {"answer": "option:1"}, htmx=True)
    assert answer.status_code == 409
    assert "ý kiến thứ hai" in answer.text
    assert "Câu 2/17" in answer.text
    assert slow.post(taken, {"answer": "option:1"}).status_code == 409
    quick.post(taken, {"answer": "option:2"})
    assert answers(office) == {}  # two people differ: a third one decides
    with office.session() as session:
        opinions = session.scalars(select(Decision).where(Decision.second_opinion)).all()
        assert {opinion.actor for opinion in opinions} == {"reviewer"}


def test_a_lost_lease_cannot_be_renewed(office: Office) -> None:
    fill(office, double("CX4.1"))
    slow = begin(office)
    taken = current(slow)
    assert slow.post(f"{taken}/giu").status_code == 204
    office.clock.now += LATER
    begin(office, "reviewer2")
    assert slow.post(f"{taken}/giu", htmx=True).status_code == 409


def test_undo_shows_the_item_again_even_after_a_reload(office: Office) -> None:
    fill(office, double("CX4.1"), double("CX4.2"))
    browser = begin(office)
    first = current(browser)
    browser.post(first, {"answer": "option:4"}, htmx=True)
    answer = browser.post(f"{START}/hoan-tac", htmx=True)
    assert address_in(answer.text) == first
    assert current(browser) == first
    assert "CX4.1" not in answers(office)
    answer = browser.post(f"{START}/hoan-tac", htmx=True)
    assert "Không còn gì để hoàn tác" in answer.text


def test_one_of_the_last_ten_can_be_opened_and_corrected(office: Office) -> None:
    fill(office, double("CX4.1"), double("CX4.2"))
    browser = begin(office)
    first = current(browser)
    browser.post(first, {"answer": "option:4"})
    page = browser.get(WORK).text
    assert f'href="{first}"' in page
    again = browser.get(first).text
    assert "Đã trả lời: 4 Không hài lòng" in again
    browser.post(first, {"answer": "option:5"}, htmx=True)
    assert answers(office)["CX4.1"] == ("5", "keyed")


def test_somebody_elses_item_is_not_shown(office: Office) -> None:
    fill(office, double("CX4.1"), double("CX4.2"))
    theirs = current(begin(office, "reviewer2"))
    mine = begin(office, "reviewer")
    assert mine.get(theirs).status_code == 303
    assert mine.get("/ra-soat/o/999").status_code == 404


def test_stopping_gives_the_item_back(office: Office) -> None:
    fill(office, double("CX4.1"))
    browser = begin(office)
    taken = current(browser)
    assert browser.post(f"{START}/dung").location == START
    assert browser.get(WORK).location == START
    assert current(begin(office, "reviewer2")) == taken


def test_what_makes_no_sense_is_refused_and_the_item_stays(office: Office) -> None:
    fill(office, double("CX4.1"))
    browser = begin(office)
    for wrong in ({}, {"answer": "option:9"}, {"answer": "invalid:x"}, {"answer": "undo"}):
        assert browser.post(current(browser), wrong, htmx=True).status_code == 422
    assert answers(office) == {}


def test_a_comment_comes_with_its_draft_marked_as_one(office: Office) -> None:
    fill(office, comment("CX4.gop_y"))
    with office.session() as session:
        item = session.scalars(select(ReviewItem)).one()
        draft = {"state": "done", "draft": "Can bo nhiet tinh", "confidence": 0.6}
        session.add(TextDraft(field_reading_id=item.field_reading_id, **draft))
        session.commit()
    browser = begin(office, hang="comment")
    page = browser.get(f"{WORK}?hang=comment").text
    assert "bản nháp" in page
    assert "Can bo nhiet tinh</textarea>" in page
    answer = browser.post(current(browser), {"answer": "text", "text": "Cán bộ nhiệt tình"}, htmx=True)
    assert "Hết việc ở phần này" in answer.text


def test_the_filter_rides_along(office: Office) -> None:
    fill(office, double("CX4.1"))
    fill(office, double("CH1.1"), double("CH1.2"), form="CH1")
    browser = begin(office, phieu="CH1")
    page = browser.get(f"{WORK}?phieu=CH1").text
    assert "/2<" in page
    address = re.search(r'action="(/ra-soat/o/\d+\?phieu=CH1)"', page)
    assert address is not None
    answer = browser.post(address[1], {"answer": "option:1"}, htmx=True)
    assert "CH1" in answer.text
    assert "?phieu=CH1" in answer.text


def arbitrate(office: Office, username: str = "head") -> tuple[Browser, str]:
    """Take what waits for a third person; its address."""
    browser = office.browser(username)
    answer = browser.post(f"{ARBITRATION}/bat-dau")
    return browser, answer.location


def key_twice(office: Office) -> None:
    """From here on another person keys what was marked twice or overridden."""
    with office.session() as session:
        rule = rule_of(session, session.scalars(select(Campaign.id)).one())
        rule.double_marks = rule.overridden = True
        session.commit()


def test_an_escalated_item_goes_to_a_third_person_who_says_why(office: Office) -> None:
    fill(office, double("CX4.1"))
    browser = begin(office)
    browser.post(current(browser), {"answer": "escalate:need_paper"}, htmx=True)
    assert "chờ phân xử" in office.browser("head").get("/").text
    assert "1 ô chờ bạn quyết định" in office.browser("head").get(ARBITRATION).text
    assert arbitrate(office, "reviewer")[1] == ARBITRATION  # nobody arbitrates what they keyed
    assert "1 ô chờ người khác, vì bạn đã nhập" in browser.get(ARBITRATION).text
    head, address = arbitrate(office)
    page = head.get(address).text
    assert "Rất hài lòng" in page
    assert "Phải xem tờ giấy gốc" in page
    for wrong in ({"answer": "option:2"}, {"answer": "escalate:need_paper", "reason": "dirt"}):
        assert head.post(address, wrong).status_code == 422
    assert head.post(address, {"answer": "option:2", "reason": "dirt"}).location == ARBITRATION
    assert answers(office)["CX4.1"] == ("2", "keyed")
    assert "Không có ô nào phải phân xử" in head.get(ARBITRATION).text


def test_a_third_person_corrects_and_takes_back_a_wrong_key(office: Office) -> None:
    fill(office, double("CX4.1"))
    browser = begin(office)
    browser.post(current(browser), {"answer": "escalate:need_paper"}, htmx=True)
    head, address = arbitrate(office)
    head.post(address, {"answer": "option:2", "reason": "dirt"})
    listed = head.get(ARBITRATION).text
    assert "Vừa phân xử" in listed
    assert f'href="{address}"' in listed
    assert "Đã quyết định: 2 Hài lòng" in head.get(address).text
    head.post(address, {"answer": "option:4", "reason": "other"})
    assert answers(office)["CX4.1"] == ("4", "keyed")
    head.post(f"{ARBITRATION}/hoan-tac")
    assert answers(office) == {"CX4.1": ("2", "keyed")}
    assert head.post(f"{ARBITRATION}/hoan-tac").location == address
    assert answers(office) == {}
    assert head.post(f"{ARBITRATION}/hoan-tac").location == ARBITRATION


def test_a_late_answer_that_differs_goes_to_a_third_person(office: Office) -> None:
    fill(office, double("CX4.1"))
    slow = begin(office, "reviewer")
    taken = current(slow)
    office.clock.now += LATER
    begin(office, "reviewer2").post(taken, {"answer": "option:2"})
    slow.post(taken, {"answer": "option:1"})
    assert answers(office) == {}
    head, address = arbitrate(office)
    page = head.get(address).text
    for value in ("2 Hài lòng", "1 Rất hài lòng"):
        assert f"</strong> {value}</p>" in page
    assert "reviewer" not in page.lower()
    head.post(address, {"answer": "option:2", "reason": "faint_counts"})
    assert answers(office)["CX4.1"] == ("2", "keyed")


def blind_item(page: str) -> str:
    """The item of a raw page, without the numbers that tell one item from another."""
    item = page[page.index('<section id="o"') : page.index("</section>")]
    tokens = (r'name="reading" value="\d+"', r'_token" value="[^"]+"')
    for own in (r"/ra-soat/o/\d+", r"b=\d+", r"phiếu [\d-]+", *tokens):
        item = re.sub(own, "…", item)
    return item


def test_the_second_persons_page_holds_neither_value(office: Office) -> None:
    """Whatever the machine read and the first person said, the server sends the very same item."""
    key_twice(office)
    cases = [
        (faint("CX4.1", "2"), "option:5"),
        (faint("CX4.1", "4"), "blank"),
        (double("CX4.1"), "option:1"),
        (striped("CX4.1"), "option:3"),
    ]
    seen = []
    for read, first in cases:
        fill(office, read)
        one = begin(office)
        one.post(current(one), {"answer": first, "input_kind": "key", "shown_ms": "777"}, htmx=True)
        second = begin(office, "reviewer2")
        page = second.get(WORK).text
        seen.append(blind_item(page))
        for word in (
            "hai ô trở lên cùng",
            "không thấy dấu",
            "dấu mờ",
            "Đã trả lời",
            'data-key="accept"',
            "777",
        ):
            assert word not in page
        assert "reviewer<" not in page.lower()
        assert "Nhập lần hai" in page
        second.post(current(second), {"answer": first}, htmx=True)
    assert len(set(seen)) == 1
    assert len(answers(office)) == 1


def test_two_who_differ_are_shown_to_the_third_without_names(office: Office) -> None:
    key_twice(office)
    fill(office, double("CX4.1"))
    first = begin(office, "reviewer")
    taken = current(first)
    first.post(taken, {"answer": "option:1"}, htmx=True)
    begin(office, "reviewer2").post(taken, {"answer": "option:2"}, htmx=True)
    assert answers(office) == {}
    assert first.get(taken.replace("/o/", "/phan-xu/")).status_code == 404
    head, address = arbitrate(office)
    page, again = head.get(address).text, head.get(address).text
    shown = re.findall(r"</strong> (\d [^<]*)</p>", page)
    assert sorted(shown) == ["1 Rất hài lòng", "2 Hài lòng"]
    assert shown == re.findall(r"</strong> (\d [^<]*)</p>", again)
    assert "reviewer" not in page.lower()
    assert re.search(r'class="whole-page" data-menu="page" open', page)


def test_an_office_of_one_reviewer_is_told_whom_it_lacks(office: Office) -> None:
    key_twice(office)
    with office.session() as session:
        session.scalars(select(User).where(User.username == "reviewer2")).one().is_active = False
        session.commit()
    fill(office, double("CX4.1"))
    browser = begin(office)
    browser.post(current(browser), {"answer": "option:1"}, htmx=True)
    page = browser.get(START).text
    assert "1 ô chờ người thứ hai nhập, nhưng mọi người rà soát đều đã làm ô ấy" in page
    assert "Đã làm: Reviewer" in page
    assert "Bắt đầu" not in page


def test_who_leaves_gives_back_what_is_held_but_a_reload_keeps_it(office: Office) -> None:
    fill(office, double("CX4.1"))
    mine = begin(office)
    taken = current(mine)
    assert mine.post(f"{START}/roi-trang").status_code == 204
    assert current(mine) == taken
    office.clock.now += dt.timedelta(seconds=LEAVE_S + 1)
    assert current(begin(office, "reviewer2")) == taken


def test_crops_are_served_to_reviewers_alone_and_kept_by_nobody(office: Office) -> None:
    stored = office.app.extensions[EXTENSION].scan_store.put_bytes(CROP)
    fill(office, Read("CX4.1", None, ("marginal_mark",), crop_sha256=stored.sha256))
    browser = begin(office)
    page = browser.get(WORK)
    assert f'href="data:image/jpeg;base64,{b64encode(CROP).decode()}"' in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert browser.get(f"{current(browser)}/trang").status_code == 404  # this reading has no preview
    for username in FORBIDDEN:
        assert office.browser(username).get(WORK).status_code == 403
        assert office.browser(username).get(f"{current(browser)}/trang").status_code == 403


def test_a_crop_whose_file_is_gone_leaves_the_page_to_look_at(office: Office) -> None:
    fill(office, Read("CX4.1", None, ("marginal_mark",), crop_sha256="d" * 64))
    page = begin(office).get(WORK)
    assert page.status_code == 200
    assert "data:image" not in page.text
    assert re.search(r'<image href="/ra-soat/o/1/trang', page.text)


@pytest.mark.parametrize("username", FORBIDDEN)
def test_other_roles_stay_out(office: Office, username: str) -> None:
    fill(office, double("CX4.1"))
    browser = office.browser(username)
    for path in (START, WORK, f"{WORK}/1"):
        assert browser.get(path).status_code == 403
    for path in (f"{START}/bat-dau", f"{WORK}/1", f"{START}/hoan-tac", f"{START}/dung"):
        assert browser.post(path, {"answer": "option:1"}).status_code == 403
    assert answers(office) == {}


def test_english_pages_hold_no_vietnamese_buttons(office: Office) -> None:
    fill(office, faint("CX4.1", "2"), sure("CX4.2", "1"))
    browser = begin(office)
    browser.post("/ngon-ngu", {"locale": "en", "next": "/"})
    page = browser.get(WORK).text
    for word in ("Để trống", "Hoàn tác", "Vì sao", "Không hợp lệ", "Phím tắt", "Dừng"):
        assert word not in page


def test_the_guide_names_every_key(office: Office) -> None:
    fill(office, double("CX4.1"))
    guide = (Path(__file__).parents[2] / "docs" / "guide" / "ra-soat.md").read_text(encoding="utf-8")
    page = begin(office).get(WORK).text
    keys = set(re.findall(r"<kbd>([^<]+)</kbd>", page)) - set("2345")  # “`1` … `6`”
    assert {"1", "0", "-", "Esc", "F6"} <= keys
    for key in keys:
        assert f"`{key}`" in guide
