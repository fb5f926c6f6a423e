"""A page that could not be read stops the index until a clerk settles it, or its paper was read again."""

import pytest
from sqlalchemy import select

from tests.clients import Office
from tests.flows.test_intake import desk, read, squeezed, upload
from tests.jobs.fake_reader import scan_bytes, sides
from webapp.persistence.campaign import Campaign
from webapp.persistence.page_resolutions import PageResolution, count_open_problems
from webapp.persistence.scans import Page

__all__ = ["desk"]


def open_problems(desk: Office) -> int:
    with desk.session() as session:
        return count_open_problems(session, session.scalars(select(Campaign.id)).one())


def problem_page(desk: Office) -> int:
    with desk.session() as session:
        return session.scalars(select(Page.id).where(Page.state == "problem")).one()


@pytest.fixture
def torn(desk: Office) -> Office:
    """A batch with one page that could not be read."""
    torn_page = {"serial": 1, "side": 1, "does": "poor_registration"}
    upload(desk, (scan_bytes([torn_page, *sides([2])]), "a.pdf"))
    read(desk)
    return desk


def settle(desk: Office, resolution: str, username: str = "clerk") -> int:
    address = f"/quet/1/trang/{problem_page(desk)}/xu-ly"
    return desk.browser(username).post(address, {"resolution": resolution}).status_code


def test_a_clerk_settles_a_page_and_takes_it_back(torn: Office) -> None:
    assert open_problems(torn) == 1
    assert settle(torn, "unusable") == 303
    assert open_problems(torn) == 0
    text = squeezed(torn.browser("clerk").get("/quet/1").text)
    assert "Không dùng được, bỏ tờ này" in text
    assert "1 trang có vấn đề · đã xử lý hết" in text
    assert "có trang cần xem" not in squeezed(torn.browser("clerk").get("/quet").text).lower()
    assert settle(torn, "reopened") == 303
    assert open_problems(torn) == 1
    assert settle(torn, "not_a_form") == 303
    with torn.session() as session:
        said = list(session.scalars(select(PageResolution.resolution).order_by(PageResolution.id)))
    assert said == ["unusable", "reopened", "not_a_form"]
    assert open_problems(torn) == 0


def test_a_page_read_from_another_scan_needs_nobody(torn: Office) -> None:
    upload(torn, (scan_bytes(sides([1])), "b.pdf"))
    read(torn)
    assert open_problems(torn) == 0


def test_wrong_words_and_other_people_change_nothing(torn: Office) -> None:
    assert settle(torn, "whatever") == 422
    assert settle(torn, "unusable", username="viewer") == 403
    assert (
        torn.browser("clerk").post("/quet/1/trang/9999/xu-ly", {"resolution": "unusable"}).status_code == 404
    )
    assert open_problems(torn) == 1


def test_blank_pages_are_shown_too(desk: Office) -> None:
    upload(desk, (scan_bytes([*sides([1]), {"does": "blank"}]), "a.pdf"))
    read(desk)
    text = squeezed(desk.browser("clerk").get("/quet/1").text)
    assert "1 trang trắng: xem có đúng là giấy trắng không" in text
    assert text.count("/trang/") >= 1
