"""Two people key an answer, and neither learns of the other: by no other page, by no trying until it fits."""

import re

from sqlalchemy import func, select

from tests.clients import Office
from tests.flows.test_verification import START, WORK, answers, begin, current, fill, key_twice
from tests.worlds.read_pages import double, sure
from webapp.persistence.campaign import Campaign
from webapp.persistence.overlay_sheets import OverlaySheet
from webapp.persistence.verification import ReviewItem
from webapp.services.second_key import rule_of


def test_who_keys_blind_reads_nothing_on_the_page_of_the_third_person(office: Office) -> None:
    """Holding an item is not arbitrating it: there stands what the first person said."""
    key_twice(office)
    fill(office, double("CX4.1"))
    first = begin(office, "reviewer")
    beside = current(first).replace("/o/", "/phan-xu/")
    assert (
        first.get(beside).status_code == 404
    )  # nothing is said yet, but the machine's word could stand there
    first.post(current(first), {"answer": "option:1"}, htmx=True)
    second = begin(office, "reviewer2")
    assert current(second).replace("/o/", "/phan-xu/") == beside
    for address in (beside, f"{beside}/trang"):
        assert second.get(address).status_code == 404
    assert second.post(beside, {"answer": "option:2", "reason": "dirt"}).status_code == 404
    assert "Nhập lần hai" in second.get(WORK).text


def test_a_second_key_that_differs_is_not_tried_again_until_it_fits(office: Office) -> None:
    """The count of what waits for a third person tells that the two differ; it must tell no more."""
    key_twice(office)
    fill(office, double("CX4.1"))
    first = begin(office, "reviewer")
    taken = current(first)
    first.post(taken, {"answer": "option:1"}, htmx=True)
    second = begin(office, "reviewer2")
    second.post(taken, {"answer": "option:2"}, htmx=True)
    for value in ("4", "3", "1"):
        assert second.post(taken, {"answer": f"option:{value}"}, htmx=True).status_code == 409
        second.post(f"{START}/hoan-tac")
        assert "1 ô chờ người khác, vì bạn đã nhập" in second.get(f"{START}/phan-xu").text
    assert answers(office) == {}


def test_no_overlay_sheet_tells_what_the_machine_read_in_an_answer_that_is_keyed_blind(
    office: Office,
) -> None:
    """Where people check everything, the machine's answer is the first key."""
    with office.session() as session:
        rule_of(session, session.scalars(select(Campaign.id)).one()).full_up_to_sheets = 99_999
        session.commit()
    fill(office, sure("CX4.1", "2"))
    with office.session() as session:
        assert session.scalars(select(ReviewItem.state)).one() == "second"
    browser = begin(office)
    (field,) = re.findall(r'name="reading" value="(\d+)"', browser.get(WORK).text)
    asked = [
        browser.post(f"{START}/luot/1", {"form": "CX4", "group": f"5-{value}", "tile": field}).status_code
        for value in range(6)
    ]
    assert asked == [422] * 6
    with office.session() as session:
        assert session.scalar(select(func.count()).select_from(OverlaySheet)) == 0
