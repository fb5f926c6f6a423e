"""Another page takes the place of the one on somebody's screen: what they send counts for nothing unseen."""

import re
from collections.abc import Sequence

from sqlalchemy import select

from tests.clients import Browser, Office
from tests.flows.test_verification import ARBITRATION, WORK, answers, arbitrate, begin, current, fill
from tests.worlds.read_pages import Read, add_page, add_reading, double, faint, sure
from webapp.persistence.scans import Page
from webapp.persistence.verification import Decision
from webapp.services.verification import enqueue_reading

REPLACED = "trang của ô này được thay bằng trang khác"


def read_again(office: Office, *reads: Read) -> None:
    """The page that counts is read once more."""
    with office.session() as session:
        page = session.scalars(select(Page).where(Page.state == "read")).one()
        enqueue_reading(session, add_reading(session, page, office.clock.now, reads), office.clock.now)
        session.commit()


def replace_page(office: Office, *reads: Read) -> None:
    """A clerk lets another paper of the same number count."""
    with office.session() as session:
        page = session.scalars(select(Page).where(Page.state == "read")).one()
        page.state = "duplicate"
        session.flush()
        assert page.sheet is not None
        other = add_page(session, page.sheet, office.clock.now)
        page.duplicate_of_id = other.id
        enqueue_reading(session, add_reading(session, other, office.clock.now, reads), office.clock.now)
        session.commit()


def seen_on(browser: Browser, address: str = WORK) -> str:
    found = re.search(r'name="reading" value="(\d+)"', browser.get(address).text)
    assert found is not None
    return found[1]


def opinions(office: Office) -> Sequence[str | None]:
    with office.session() as session:
        return session.scalars(select(Decision.value).where(Decision.second_opinion)).all()


def test_an_answer_to_the_page_before_is_kept_and_the_new_one_is_shown(office: Office) -> None:
    fill(office, double("CX4.1"))
    browser = begin(office)
    item, seen = current(browser), seen_on(browser)
    replace_page(office, double("CX4.1"))
    told = browser.post(item, {"answer": "option:2", "reading": seen}, htmx=True)
    assert told.status_code == 409
    assert REPLACED in told.text
    assert f'action="{item}' in told.text
    assert (answers(office), opinions(office)) == ({}, ["2"])
    browser.post(item, {"answer": "option:4", "reading": seen_on(browser)}, htmx=True)
    assert answers(office) == {"CX4.1": ("4", "keyed")}


def test_a_third_persons_word_on_the_page_before_is_kept_and_the_new_one_is_shown(office: Office) -> None:
    fill(office, double("CX4.1"))
    browser = begin(office)
    browser.post(current(browser), {"answer": "escalate:need_paper"}, htmx=True)
    head, address = arbitrate(office)
    word = {"answer": "option:2", "reason": "dirt", "reading": seen_on(head, address)}
    replace_page(office, double("CX4.1"))
    assert head.post(address, word).location == address
    assert REPLACED in head.get(address).text
    assert (answers(office), opinions(office)) == ({}, ["2"])
    head.post(address, word | {"answer": "option:4", "reading": seen_on(head, address)})
    assert answers(office) == {"CX4.1": ("4", "keyed")}


def test_a_third_persons_word_is_kept_although_nobody_asks_any_more(office: Office) -> None:
    fill(office, double("CX4.1"))
    browser = begin(office)
    item = current(browser)
    browser.post(item, {"answer": "option:1"}, htmx=True)
    office.browser("reviewer2").post(item, {"answer": "option:2"}, htmx=True)
    head, address = arbitrate(office)
    word = {"answer": "option:2", "reason": "dirt", "reading": seen_on(head, address)}
    replace_page(office, faint("CX4.1", "5"))
    assert head.post(address, word).location == ARBITRATION
    assert REPLACED in head.get(ARBITRATION).text
    assert (answers(office), opinions(office)) == ({}, ["2", "2"])
    assert head.get(address).status_code == 404  # it waits for a first person again


def test_who_sees_otherwise_than_what_was_just_accepted_is_told_the_truth(office: Office) -> None:
    fill(office, faint("CX4.1", "2"))
    browser = begin(office)
    item, seen = current(browser), seen_on(browser)
    read_again(office, sure("CX4.1", "2"))
    told = browser.post(item, {"answer": "option:3", "reading": seen}, htmx=True)
    assert told.status_code == 409
    assert "máy đã nhận một câu trả lời khác" in told.text
    assert "đã có người làm" not in told.text
    assert answers(office) == {}
    assert "có người nhìn ảnh thấy khác điều máy đọc" in told.text  # why it is shown again


def test_who_agrees_with_what_was_just_accepted_is_told_the_truth(office: Office) -> None:
    fill(office, faint("CX4.1", "2"))
    browser = begin(office)
    item, seen = current(browser), seen_on(browser)
    read_again(office, sure("CX4.1", "2"))
    told = browser.post(item, {"answer": "option:2", "reading": seen}, htmx=True)
    assert "Ô này không còn chờ ai" in told.text
    assert answers(office) == {"CX4.1": ("2", "machine")}
