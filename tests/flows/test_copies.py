"""Two papers under one number: a copy is dropped only where it says the same, and only beside what counts."""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from ocr.sheet_code import serial_text
from tests.clients import Office
from tests.flows.test_intake import desk, upload
from tests.jobs.carrier import LEASE, carry_all
from tests.jobs.fake_reader import FakeEngine, scan_bytes, sides
from webapp.http.context import EXTENSION, AppContext
from webapp.jobs.tasks import Engine, Outcome, Task, TaskFailed
from webapp.persistence.accounts import User
from webapp.persistence.campaign import Campaign
from webapp.persistence.page_resolutions import count_open_problems
from webapp.persistence.responses import accepted_answers
from webapp.persistence.scans import Page
from webapp.persistence.verification import ReviewItem
from webapp.services.answer_kinds import Answer
from webapp.services.verification import enqueue_reading, record_decision
from webapp.worker import RowLedger

__all__ = ["desk"]
TORN = {"does": "damaged_code", "legible": True}
FRONT = {"serial": 1, "side": 1}


def read(desk: Office, engine: Engine | None = None) -> None:
    """Everything is read, and what is doubtful waits for reviewers."""
    context: AppContext = desk.app.extensions[EXTENSION]
    ledger = RowLedger(context.write_sessions, context.scan_store, LEASE, desk.clock, enqueue_reading)
    carry_all(ledger, engine or FakeEngine(context.settings.scans_dir))


def scan(desk: Office, *pages: dict[str, Any]) -> None:
    upload(desk, (scan_bytes(list(pages)), "a.pdf"))
    read(desk)


def settle(desk: Office, code: str, answer: Answer) -> None:
    with desk.session() as session:
        reviewer = session.scalars(select(User).where(User.username == "reviewer")).one()
        item = session.scalars(select(ReviewItem).where(ReviewItem.field_code == code)).one()
        record_decision(session, reviewer, item.id, answer, desk.clock())
        session.commit()


def pages(desk: Office) -> list[tuple[str, str | None, int | None]]:
    with desk.session() as session:
        rows = session.execute(select(Page.state, Page.problem, Page.duplicate_of_id).order_by(Page.id))
        return [(state, problem, first) for state, problem, first in rows]


def answered(desk: Office) -> list[tuple[int, str, str | None]]:
    with desk.session() as session:
        found = accepted_answers(session, session.scalars(select(Campaign.id)).one())
        return sorted((answer.sheet_id, answer.field_code, answer.value) for answer in found)


def post(desk: Office, path: str, **fields: str) -> None:
    assert desk.browser("clerk").post(path, fields).status_code == 303


def test_a_second_paper_is_compared_with_what_people_settled(desk: Office) -> None:
    """The reader is sure of nothing on the first paper; people keyed it."""
    scan(desk, FRONT | {"says": None})
    settle(desk, "CX4.1", Answer("option", "2"))
    scan(desk, FRONT | {"says": "1"})
    assert pages(desk)[1] == ("problem", "differing_copy", 1)


def test_a_copy_of_which_too_little_can_be_compared_goes_to_a_person(desk: Office) -> None:
    scan(desk, FRONT)
    scan(desk, FRONT | {"says": None})
    assert pages(desk)[1] == ("problem", "differing_copy", 1)
    text = desk.browser("clerk").get("/quet/2").text
    assert 'class="compared"' in text
    assert "quá ít câu máy đọc chắc" in text


def test_a_copy_that_says_what_people_settled_is_a_plain_duplicate(desk: Office) -> None:
    scan(desk, FRONT | {"says": None})
    settle(desk, "CX4.1", Answer("option", "2"))
    scan(desk, FRONT)
    assert pages(desk)[1] == ("duplicate", None, 1)


def test_two_scans_of_a_side_left_blank_are_plain_duplicates(desk: Office) -> None:
    scan(desk, FRONT | {"says": None}, FRONT | {"says": None})
    assert pages(desk)[1] == ("duplicate", None, 1)


@pytest.mark.parametrize("how", ["bo-gan", "gan"])
def test_what_lay_beside_a_page_counts_once_the_page_leaves_its_sheet(desk: Office, how: str) -> None:
    scan(desk, TORN)
    post(desk, "/quet/1/trang/1/gan", serial=serial_text(1), side="1")  # it is sheet 5's in truth
    read(desk)
    scan(desk, *sides([1]))
    assert [state for state, _problem, _first in pages(desk)] == ["read", "duplicate", "read"]
    told = {"serial": serial_text(5), "side": "1"} if how == "gan" else {}
    post(desk, f"/quet/1/trang/1/{how}", **told)
    read(desk)
    assert pages(desk)[1:] == [("read", None, None)] * 2
    assert (1, "CX4.1", "2") in answered(desk)
    assert ((5, "CX4.1", "2") in answered(desk)) == (how == "gan")


@dataclass(frozen=True)
class FailsOnce:
    """Gives the first task up for good, then reads as ever."""

    engine: Engine
    failed: list[Task]

    def perform(self, task: Task) -> Outcome:
        if self.failed:
            return self.engine.perform(task)
        self.failed.append(task)
        return TaskFailed("ocr_error", is_final=True)


def test_what_lay_beside_a_page_counts_once_the_page_cannot_be_read_any_more(desk: Office) -> None:
    scan(desk, FRONT, FRONT)
    post(desk, "/quet/1/trang/1/xoay", quarters="1")
    context: AppContext = desk.app.extensions[EXTENSION]
    read(desk, FailsOnce(FakeEngine(context.settings.scans_dir), []))
    assert pages(desk) == [("problem", "ocr_error", None), ("read", None, None)]
    assert (1, "CX4.1", "2") in answered(desk)


def test_what_was_said_of_a_problem_does_not_hide_the_next_one(desk: Office) -> None:
    scan(desk, TORN)
    post(desk, "/quet/1/trang/1/xu-ly", resolution="unusable")
    scan(desk, FRONT | {"says": "1"})
    post(desk, "/quet/1/trang/1/gan", serial=serial_text(1), side="1")
    read(desk)
    assert pages(desk)[0] == ("problem", "differing_copy", 2)
    with desk.session() as session:
        assert count_open_problems(session, session.scalars(select(Campaign.id)).one()) == 1
    assert 'class="compared"' in desk.browser("clerk").get("/quet/1").text


def test_what_was_said_of_a_copy_is_asked_anew_when_the_page_that_counted_goes(desk: Office) -> None:
    scan(desk, FRONT, FRONT | {"says": "1"}, FRONT | {"says": "3"})
    for page in (2, 3):
        post(desk, f"/quet/1/trang/{page}/xu-ly", resolution="first_counts", reason="phô tô")
    post(desk, "/quet/1/trang/1/bo", reason="của người khác")
    read(desk)
    assert pages(desk)[1:] == [("read", None, None), ("problem", "differing_copy", 2)]
    with desk.session() as session:
        assert count_open_problems(session, session.scalars(select(Campaign.id)).one()) == 1


def test_a_wrong_assignment_is_taken_back_where_the_page_is_seen(desk: Office) -> None:
    scan(desk, TORN)
    post(desk, "/quet/1/trang/1/gan", serial=serial_text(1), side="1")
    read(desk)
    screen = desk.browser("clerk").get("/quet/1/trang/1").text
    assert f"Trang được gán vào phiếu {serial_text(1)}, mặt trước." in screen
    assert f"câu trả lời đọc từ trang này cho phiếu {serial_text(1)}, mặt trước." in screen
    for way in ("bo-gan", "gan", "xoay", "bo"):
        assert f'action="/quet/1/trang/1/{way}"' in screen, way
    settle(desk, "CX4.2", Answer("option", "2"))
    screen = desk.browser("clerk").get("/quet/1/trang/1").text
    assert "1 ô đã được người rà soát chốt." in screen
    assert "chỉ quản trị bỏ được vào thùng rác" in screen
    assert 'action="/quet/1/trang/1/bo"' not in screen


def test_a_plain_copy_can_be_given_to_its_own_sheet(desk: Office) -> None:
    scan(desk, FRONT, FRONT)
    screen = desk.browser("clerk").get("/quet/1/trang/2").text
    assert 'action="/quet/1/trang/2/gan"' in screen
    assert "Thôi được tính" not in screen
    post(desk, "/quet/1/trang/2/gan", serial=serial_text(2), side="1")
    read(desk)
    assert pages(desk)[1] == ("read", None, None)
