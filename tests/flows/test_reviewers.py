"""Reviewers' figures: counted from what is recorded, by name, for the office and for each himself."""

from tests.clients import Office
from tests.flows.test_group_grid import fill_with_decoys, send, tiles
from tests.flows.test_verification import LATER, START, begin, current, fill
from tests.worlds.read_pages import double

PEOPLE = f"{START}/nguoi"


def test_missed_decoys_and_disagreement_carry_their_bounds(office: Office) -> None:
    browser, shown = fill_with_decoys(office)
    send(office, browser, shown, shown)
    own = browser.get(f"{PEOPLE}/toi").text
    assert "0,0 %" in own.replace("\u00a0", " ")  # the one decoy was missed
    assert "không phải bảng xếp hạng" in own
    assert "reviewer2" not in own
    assert tiles(browser)


def test_the_head_sees_everybody_by_name_and_who_differs(office: Office) -> None:
    fill(office, double("CX4.1"))
    slow = begin(office)
    address = current(slow)
    office.clock.now += LATER
    quick = begin(office, "reviewer2")
    quick.post(current(quick), {"answer": "option:1", "shown_ms": "1500"})
    slow.post(address, {"answer": "option:2", "shown_ms": "4000"})
    for username in ("head", "administrator"):
        page = office.browser(username).get(PEOPLE).text
        assert page.count('<th scope="row">') == 2
        assert "1,5" in page
        assert "4,0" in page
        assert "Đại Trạch" not in page


def test_others_see_nothing_of_it(office: Office) -> None:
    for username in ("clerk", "reviewer", "viewer", "appraiser", "unit-nv"):
        assert office.browser(username).get(PEOPLE).status_code == 403
    for username in ("head", "clerk"):
        assert office.browser(username).get(f"{PEOPLE}/toi").status_code == 403
