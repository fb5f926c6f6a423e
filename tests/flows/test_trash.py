"""The trash, both ways: what is set aside counts no more, what lay behind it does, and all comes back."""

import datetime as dt
from typing import Any

from sqlalchemy import select

from tests.clients import Office
from tests.flows.test_copies import FRONT, answered, pages, read, settle
from tests.flows.test_intake import desk, squeezed, upload
from tests.jobs.carrier import LEASE
from tests.jobs.fake_reader import FakeEngine, scan_bytes, sides
from webapp.http.context import EXTENSION, AppContext
from webapp.persistence.scans import BatchFile, Page
from webapp.services.answer_kinds import Answer
from webapp.services.erasure import list_erasable
from webapp.services.verification import enqueue_reading
from webapp.worker import RowLedger

__all__ = ["desk"]


def post(desk: Office, path: str, username: str = "clerk", **fields: str) -> Any:
    return desk.browser(username).post(path, fields)


def files(desk: Office) -> list[tuple[int, str, int | None]]:
    with desk.session() as session:
        rows = session.execute(
            select(BatchFile.batch_id, BatchFile.state, BatchFile.duplicate_of_id).order_by(BatchFile.id)
        )
        return [(batch, state, first) for batch, state, first in rows]


def states(desk: Office) -> list[str]:
    return [state for state, _problem, _first in pages(desk)]


def test_a_file_that_came_twice_is_read_once_the_first_is_in_the_trash(desk: Office) -> None:
    stack = scan_bytes(sides([1]))
    upload(desk, (stack, "a.pdf"))
    upload(desk, (stack, "a.pdf"))
    read(desk)
    post(desk, "/quet/1/bo", reason="quét hai lần")
    read(desk)
    assert files(desk) == [(1, "split", None), (2, "split", None)]
    assert states(desk) == ["trashed"] * 2 + ["read"] * 2
    post(desk, "/thung-rac/1/khoi-phuc")
    read(desk)
    assert states(desk) == ["duplicate"] * 2 + ["read"] * 2


def test_a_file_that_came_twice_is_read_when_its_own_batch_comes_back_alone(desk: Office) -> None:
    stack = scan_bytes(sides([1]))
    upload(desk, (stack, "a.pdf"))
    upload(desk, (stack, "a.pdf"))
    read(desk)
    post(desk, "/quet/2/bo", reason="nhầm")
    post(desk, "/quet/1/bo", reason="nhầm")
    read(desk)
    assert states(desk) == ["trashed"] * 2
    post(desk, "/thung-rac/1/khoi-phuc")
    read(desk)
    assert states(desk) == ["trashed"] * 2 + ["read"] * 2


def test_a_page_thrown_away_alone_stays_there_when_its_new_batch_comes_back(desk: Office) -> None:
    """A separator moves the page into another batch after it was thrown away."""
    upload(desk, (scan_bytes([*sides([1]), {"does": "separator"}, *sides([2, 3])]), "a.pdf"))
    context: AppContext = desk.app.extensions[EXTENSION]
    ledger = RowLedger(context.write_sessions, context.scan_store, LEASE, desk.clock, enqueue_reading)
    engine = FakeEngine(context.settings.scans_dir)
    for _file_then_five_pages in range(6):
        for held in ledger.take(1):
            ledger.settle(held.claim, engine.perform(held.task))
    assert post(desk, "/quet/1/trang/4/bo", reason="của người khác").status_code == 303
    read(desk)
    assert states(desk)[3] == "trashed"
    assert post(desk, "/quet/2/bo", reason="nhầm").status_code == 303
    assert post(desk, "/thung-rac/2/khoi-phuc").status_code == 303
    read(desk)
    assert states(desk) == ["read", "read", "separator", "trashed", "read", "read", "read"]


def test_a_page_does_not_come_back_into_a_batch_that_lies_in_the_trash(desk: Office) -> None:
    upload(desk, (scan_bytes(sides([1])), "a.pdf"))
    read(desk)
    post(desk, "/quet/1/trang/1/bo", reason="nhầm")
    post(desk, "/quet/1/bo", reason="nhầm")
    refused = post(desk, "/thung-rac/1/khoi-phuc")
    assert refused.status_code == 409
    assert "Lô 1 đang nằm trong thùng rác. Khôi phục lô trước" in refused.text
    assert post(desk, "/thung-rac/2/khoi-phuc").status_code == 303
    assert post(desk, "/thung-rac/1/khoi-phuc").status_code == 303
    read(desk)
    assert states(desk) == ["read"] * 2


def test_nothing_is_erased_of_a_batch_of_which_a_page_counts(desk: Office) -> None:
    upload(desk, (scan_bytes(sides([1])), "a.pdf"))
    read(desk)
    post(desk, "/quet/1/bo", reason="nhầm")
    later = desk.clock() + dt.timedelta(days=31)
    with desk.session() as session:
        assert len(list_erasable(session, later)) == 1
        session.get_one(Page, 1).state = "read"  # as installations may have it from before
        assert list_erasable(session, later) == []


def test_what_people_settled_is_thrown_away_by_the_administrator(desk: Office) -> None:
    upload(desk, (scan_bytes([FRONT]), "a.pdf"))
    read(desk)
    settle(desk, "CX4.2", Answer("option", "2"))
    for path in ("/quet/1/trang/1/bo", "/quet/1/bo"):
        assert "Hỏi quản trị" in post(desk, path, reason="nhầm").text
        assert post(desk, path, username="reviewer", reason="nhầm").status_code == 403
    administrator = desk.browser("administrator")
    shown = squeezed(administrator.get("/thung-rac?lo=1&trang=1").text)
    assert "1 ô đã được người rà soát chốt" in shown
    thrown = post(desk, "/quet/1/trang/1/bo", username="administrator", reason="phiếu của huyện khác")
    assert (thrown.status_code, thrown.location) == (303, "/thung-rac")
    assert states(desk)[0] == "trashed"
    assert "/quet/1/bo" in administrator.get("/thung-rac?lo=1").text
    assert post(desk, "/quet/1/bo", username="administrator", reason="nhầm").location == "/thung-rac"
    assert answered(desk) == []
    assert "Không có lô 7" in administrator.get("/thung-rac?lo=7").text
    assert 'name="lo"' not in desk.browser("clerk").get("/thung-rac").text
