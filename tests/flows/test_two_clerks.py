"""Two clerks at truly the same moment: nothing is written twice, and nobody sees a lock of the database."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from ocr.sheet_code import serial_text
from tests.clients import Browser, Office
from tests.flows.test_hand_over import OFFICER
from tests.flows.test_intake import desk, read, upload
from tests.flows.test_printing import order, pack_codes
from tests.jobs.fake_reader import scan_bytes
from webapp.persistence.hand_over import HandOver, HandOverKind, HandOverSheet
from webapp.persistence.page_instructions import PageInstruction

__all__ = ["desk"]
SHEETS = range(1, 13)
TORN_PAGES = range(1, 7)
Answer = tuple[int, str]


def both_at_once(office: Office, acts: Sequence[Callable[[Browser], Answer]]) -> list[Answer]:
    """Each act is done in a browser of its own, all of them let go at one moment."""
    browsers = [Browser(office, "clerk") for _act in acts]
    gate = Barrier(len(acts))

    def one(act: Callable[[Browser], Answer], browser: Browser) -> Answer:
        gate.wait()
        return act(browser)

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts, browsers))


def hand(typed: str, act: str) -> Callable[[Browser], Answer]:
    """Type it into the box of the desk."""

    def typing(browser: Browser) -> Answer:
        answer = browser.post("/phat-thu", {"typed": typed, "act": act, "person": OFFICER}, htmx=True)
        return answer.status_code, answer.text

    return typing


@pytest.mark.parametrize("act", ["giao", "thu"])
def test_one_sheet_at_two_desks_is_handed_over_once(office: Office, act: str) -> None:
    order(office)
    if act == "thu":
        hand(pack_codes(office)[0], "giao")(office.browser("clerk"))
    for serial in SHEETS:
        answers = both_at_once(office, [hand(serial_text(serial), act)] * 2)
        assert sorted(status for status, _text in answers) == [200, 422], answers
        refusal = next(text for status, text in answers if status == 422)
        assert "Không ghi lần nữa." in refusal
    kind = HandOverKind.ISSUED if act == "giao" else HandOverKind.RETURNED
    with office.session() as session:
        written = session.execute(
            select(HandOverSheet.sheet_id, func.count())
            .join(HandOver)
            .where(HandOver.kind == kind)
            .group_by(HandOverSheet.sheet_id)
        ).all()
    assert {times for _sheet, times in written} == {1}
    assert len(written) >= len(SHEETS)


def test_one_page_given_to_two_sheets_at_once_belongs_to_one(desk: Office) -> None:
    torn = {"does": "damaged_code", "legible": True}
    upload(desk, (scan_bytes([torn for _page in TORN_PAGES]), "a.pdf"))
    read(desk)

    def assign(page: int, serial: int) -> Callable[[Browser], Answer]:
        def press(browser: Browser) -> Answer:
            fields = {"serial": serial_text(serial), "side": "1"}
            answer = browser.post(f"/quet/1/trang/{page}/gan", fields)
            return answer.status_code, answer.text

        return press

    for page in TORN_PAGES:
        answers = both_at_once(desk, [assign(page, 1), assign(page, 2)])
        assert min(status for status, _text in answers) == 303, answers
        refusal = next(text for status, text in answers if status != 303)
        assert "Đợi vài giây rồi làm lại." in refusal
    with desk.session() as session:
        given = session.execute(
            select(PageInstruction.page_id, func.count()).group_by(PageInstruction.page_id)
        ).all()
    assert dict(given) == dict.fromkeys(TORN_PAGES, 1)
