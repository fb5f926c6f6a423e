"""A telephone as scanner: a verdict under every shot, in words."""

import io
from typing import Any

import pytest

from tests.clients import Office
from tests.flows.test_intake import desk, read, squeezed, upload
from tests.jobs.fake_reader import scan_bytes, sides

__all__ = ["desk"]


def shoot(desk: Office, *pages: dict[str, Any], **options: Any) -> Any:
    photos = [(io.BytesIO(scan_bytes([page])), f"{number}.jpg") for number, page in enumerate(pages)]
    return desk.browser("clerk").post(
        "/chup", {"photo": photos}, content_type="multipart/form-data", **options
    )


def test_shots_are_counted_and_judged(desk: Office) -> None:
    first = shoot(desk, {"serial": 1, "side": 1}, htmx=True)
    assert first.status_code == 200
    assert 'hx-trigger="load delay:1s"' in first.text
    assert "đang đọc" in first.text
    shoot(desk, {"serial": 1, "side": 2}, {"does": "poor_image"})
    read(desk)
    text = squeezed(desk.browser("clerk").get("/chup").text)
    assert "Đã chụp 3" in text
    assert "đạt 2" in text
    assert "Ảnh mờ hoặc tối. Chụp lại." in text
    assert "hx-trigger" not in text
    assert desk.browser("clerk").get("/quet/1").status_code == 200
    assert desk.browser("clerk").get("/quet/2").status_code == 404, "all shots of an afternoon are one batch"


def test_a_missing_corner_is_named(desk: Office) -> None:
    shoot(desk, {"does": "poor_registration", "missing_corners": ["bottom_left"]})
    read(desk)
    assert "Thiếu góc dưới bên trái. Chụp lại." in desk.browser("clerk").get("/chup").text


def test_what_was_received_before_is_said_so(desk: Office) -> None:
    upload(desk, (scan_bytes(sides([1])), "a.pdf"))
    read(desk)
    shoot(desk, {"serial": 1, "side": 1}, {"serial": 1, "side": 1, "says": "1"})
    read(desk)
    text = desk.browser("clerk").get("/chup").text
    assert "Mặt phiếu này đã nhận trước, không tính hai lần." in text
    assert "câu trả lời khác" in text


def test_nothing_shot_is_said_in_words(desk: Office) -> None:
    answer = desk.browser("clerk").post("/chup", {}, content_type="multipart/form-data")
    assert (answer.status_code, "Chưa có ảnh nào" in answer.text) == (422, True)


@pytest.mark.parametrize("username", ["reviewer", "head"])
def test_only_clerks_shoot(desk: Office, username: str) -> None:
    assert desk.browser(username).get("/chup").status_code == 403
