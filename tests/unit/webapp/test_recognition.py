"""What becomes of each page, under claims that may be lost."""

import datetime as dt
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from ocr.template import FormLibrary
from tests.jobs.carrier import LEASE, carry_all, make_ledger
from tests.jobs.fake_reader import FakeEngine, scan_bytes, sides
from tests.worlds.printed_sheets import print_sheets, receive
from tests.worlds.small import make_small_world
from webapp.jobs.children import HeldTask
from webapp.jobs.tasks import SplitDone, TaskFailed
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.campaign import Campaign, Sheet
from webapp.persistence.jobs import WorkerPulse
from webapp.persistence.page_resolutions import count_open_problems
from webapp.persistence.readings import FieldReading, Reading, TextDraft
from webapp.persistence.scans import BatchFile, Page
from webapp.services import recognition
from webapp.services.campaigns import create_campaign, sample_plan
from webapp.services.page_instructions import turn_page
from webapp.services.printing import order_missing
from webapp.storage import ScanStore
from webapp.worker import RowLedger

LIBRARY = FormLibrary(Path(__file__).parents[3] / "forms_templates")


@dataclass
class Desk:
    """An office with ten printed sheets of xã Đại Trạch, and a clock that the test turns."""

    sessions: sessionmaker[Session]
    store: ScanStore
    now: dt.datetime
    ledger: RowLedger = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = make_ledger(self.sessions, self.store, lambda: self.now)

    def hand_in(self, *stacks: list[dict[str, Any]]) -> None:
        with self.sessions.begin() as session:
            receive(session, self.store, self.now, *(scan_bytes(pages) for pages in stacks))

    def read(self) -> None:
        carry_all(self.ledger, FakeEngine(self.store.path("0" * 64).parents[2]))

    def pages(self) -> list[tuple[str, str | None]]:
        with self.sessions() as session:
            rows = session.execute(select(Page.state, Page.problem).order_by(Page.id))
            return [(state, problem) for state, problem in rows]

    def open_problems(self) -> int:
        with self.sessions() as session:
            return count_open_problems(session, session.scalars(select(Campaign.id)).one())

    def count(self, table: type[Any]) -> int:
        with self.sessions() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def desk(database_url: str, tmp_path: Path, now: dt.datetime) -> Iterator[Desk]:
    engine = make_engine(database_url)
    sessions = make_session_factory(engine)
    with sessions.begin() as session:
        print_sheets(session, make_small_world(session, now), 10, now)
    yield Desk(sessions, ScanStore(tmp_path / "scans"), now)
    engine.dispose()


def test_a_stack_is_read_page_by_page(desk: Desk) -> None:
    desk.hand_in(sides([1, 2]))
    desk.read()
    assert desk.pages() == [("read", None)] * 4
    with desk.sessions() as session:
        [file] = session.scalars(select(BatchFile))
        assert (file.state, file.page_count, file.lease_until) == ("split", 4, None)
        reading = session.scalars(select(Reading).order_by(Reading.id)).first()
        assert reading is not None
        assert (reading.status, reading.engine, reading.read_at) == ("flagged", "fake", desk.now)
        assert reading.page.sheet is not None
        assert (reading.page.sheet.serial, reading.page.side) == (1, 1)
        assert [(f.field_code, f.kind, f.value, f.accepted, f.flags) for f in reading.fields] == [
            ("CX4.1", "choice", "2", True, []),
            ("CX4.2", "choice", None, False, ["no_mark"]),
            ("CX4.gop_y", "text", None, False, []),
        ]
        crop = reading.fields[0].crop_sha256
        assert crop is not None
        assert desk.store.path(crop).read_bytes() == b"CX4.1"


def test_handwriting_gets_its_draft_after_the_pages(desk: Desk) -> None:
    desk.hand_in(sides([1]))
    desk.read()
    with desk.sessions() as session:
        drafts = session.scalars(select(TextDraft)).all()
        assert [(draft.state, draft.draft) for draft in drafts] == [("done", "bản nháp")] * 2


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ({"does": "blank"}, ("blank", None)),
        ({"does": "damaged_code"}, ("problem", "damaged_code")),
        ({"does": "unknown_form"}, ("problem", "unknown_form")),
        ({"does": "no_mark"}, ("problem", "unreadable")),
        ({"does": "poor_registration", "serial": 1, "side": 1}, ("problem", "poor_registration")),
        ({"serial": 999, "side": 1}, ("problem", "unknown_serial")),
        ({"serial": 1, "side": 1, "printed": {"unit": "NV"}}, ("problem", "wrong_identity")),
        ({"serial": 1, "side": 1, "printed": {"version": 2}}, ("problem", "wrong_identity")),
        ({"serial": 1, "side": 1, "printed": {"group": "LD"}}, ("problem", "wrong_identity")),
        ({"does": "raise"}, ("problem", "internal")),
    ],
)
def test_what_is_no_sound_page_is_named(
    desk: Desk, page: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    desk.hand_in([page, *sides([2])])
    engine = FakeEngine(desk.store.path("0" * 64).parents[2])
    for held in desk.ledger.take(1):
        desk.ledger.settle(held.claim, engine.perform(held.task))
    while taken := desk.ledger.take(1):
        for held in taken:
            try:
                outcome = engine.perform(held.task)
            except ValueError:
                outcome = TaskFailed("internal", is_final=False)
            desk.ledger.settle(held.claim, outcome)
    assert desk.pages() == [expected, ("read", None), ("read", None)]
    assert desk.count(FieldReading) == 6


def test_a_voided_sheet_is_a_problem(desk: Desk) -> None:
    with desk.sessions.begin() as session:
        session.scalars(select(Sheet).where(Sheet.serial == 3)).one().voided_at = desk.now
    desk.hand_in(sides([3]))
    desk.read()
    assert desk.pages() == [("problem", "voided_sheet")] * 2


def test_the_same_sheet_twice_is_shown_and_counted_once(desk: Desk) -> None:
    desk.hand_in(sides([1, 1]))
    desk.hand_in(sides([2, 1]))
    desk.read()
    assert [state for state, _ in desk.pages()] == ["read"] * 2 + ["duplicate"] * 2 + ["read"] * 2 + [
        "duplicate"
    ] * 2
    with desk.sessions() as session:
        copies = session.scalars(select(Page).where(Page.state == "duplicate").order_by(Page.id)).all()
        assert [page.duplicate_of_id for page in copies] == [1, 2, 1, 2]
        counted = select(FieldReading.reading_id).join(Reading).join(Page)
        of_sheet = counted.join(Sheet, Sheet.id == FieldReading.sheet_id).where(Sheet.serial == 1)
        assert len(set(session.scalars(of_sheet.where(Page.state == "read")))) == 2
        assert len(set(session.scalars(of_sheet.where(Page.state == "duplicate")))) == 4  # to be compared
    assert desk.count(Reading) == 8


def test_a_copy_with_other_answers_is_shown_to_a_person(desk: Desk) -> None:
    desk.hand_in([{"serial": 1, "side": 1}, {"serial": 1, "side": 1, "says": "1"}, {"serial": 1, "side": 1}])
    desk.read()
    assert desk.pages() == [("read", None), ("problem", "differing_copy"), ("duplicate", None)]
    assert desk.open_problems() == 1


def test_foreign_paper_is_never_taken_for_our_sheet(desk: Desk) -> None:
    """Paper of somebody else with one of our numbers stays open when our own sheet is read."""
    desk.hand_in([{"serial": 1, "side": 1, "printed": {"unit": "NV"}}])
    desk.hand_in(sides([1]))
    desk.read()
    assert desk.pages() == [("problem", "wrong_identity"), ("read", None), ("read", None)]
    with desk.sessions() as session:
        assert session.get_one(Page, 1).sheet_id is None
    assert desk.open_problems() == 1


def test_last_years_paper_is_foreign(desk: Desk) -> None:
    with desk.sessions.begin() as session:
        plan = sample_plan()
        units = [unit for unit in plan.units if unit.code == "19186"]
        plan = replace(plan.with_units(units), year=2021)
        campaign = create_campaign(session, "administrator", plan, desk.now)
        order_missing(
            session,
            "clerk",
            LIBRARY,
            campaign=campaign,
            is_wanted=lambda need: need.group.form_code == "CX4",
            now=desk.now,
        )
    desk.hand_in(sides([1]))
    desk.read()
    assert desk.pages() == [("problem", "unknown_serial")] * 2


def test_a_better_scan_of_a_bad_page_is_read(desk: Desk) -> None:
    desk.hand_in([{"does": "poor_registration", "serial": 1, "side": 1}])
    desk.hand_in(sides([1]))
    desk.read()
    assert [state for state, _ in desk.pages()] == ["problem", "read", "read"]


def test_the_database_refuses_a_second_read_page_of_a_side(desk: Desk) -> None:
    desk.hand_in(sides([1]), sides([1]) + sides([2]))
    desk.read()
    with desk.sessions() as session:
        copy = session.scalars(select(Page).where(Page.state == "duplicate").limit(1)).one()
        copy.state = "read"
        with pytest.raises(IntegrityError):
            session.flush()


def test_an_unsound_file_is_refused_and_the_others_are_read(desk: Desk) -> None:
    desk.hand_in([{"file": "encrypted"}], sides([1]))
    desk.read()
    with desk.sessions() as session:
        files = session.scalars(select(BatchFile).order_by(BatchFile.id)).all()
        assert [(f.state, f.failure_code) for f in files] == [("refused", "encrypted"), ("split", None)]
    assert desk.pages() == [("read", None)] * 2


def test_a_lease_keeps_others_away_until_it_runs_out(desk: Desk) -> None:
    desk.hand_in(sides([1]))
    [held] = desk.ledger.take(4)
    assert desk.ledger.take(4) == []
    desk.now += LEASE * 0.9
    desk.ledger.renew([held.claim])
    desk.now += LEASE * 0.9
    assert desk.ledger.take(4) == []
    desk.now += LEASE * 0.2
    [again] = desk.ledger.take(4)
    assert (again.claim.row_id, again.claim.attempt) == (held.claim.row_id, held.claim.attempt + 1)


def test_a_worker_that_comes_back_late_writes_nothing(desk: Desk) -> None:
    desk.hand_in(sides([1]))
    [late] = desk.ledger.take(1)
    desk.now += LEASE * 2
    [newer] = desk.ledger.take(1)
    desk.ledger.settle(late.claim, SplitDone(7))
    assert desk.pages() == []
    desk.ledger.settle(newer.claim, SplitDone(2))
    assert len(desk.pages()) == 2
    desk.ledger.settle(late.claim, SplitDone(7))
    assert len(desk.pages()) == 2


def test_a_late_reading_leaves_no_trace(desk: Desk) -> None:
    engine = FakeEngine(desk.store.path("0" * 64).parents[2])
    desk.hand_in([{"serial": 1, "side": 1}])
    [split] = desk.ledger.take(1)
    desk.ledger.settle(split.claim, engine.perform(split.task))
    [late] = desk.ledger.take(1)
    desk.now += LEASE * 2
    [newer] = desk.ledger.take(1)
    desk.ledger.settle(newer.claim, engine.perform(newer.task))
    desk.ledger.settle(late.claim, engine.perform(late.task))
    assert (desk.count(Reading), desk.count(FieldReading)) == (1, 3)


def test_what_is_given_back_is_free_at_once(desk: Desk) -> None:
    desk.hand_in(sides([1]))
    held = desk.ledger.take(1)
    desk.ledger.release([each.claim for each in held])
    assert [each.claim.row_id for each in desk.ledger.take(1)] == [each.claim.row_id for each in held]


def test_a_failure_is_tried_again_then_named(desk: Desk) -> None:
    desk.hand_in(sides([1]))
    for _ in range(recognition.MAX_FAILURES):
        [held] = desk.ledger.take(1)
        desk.ledger.settle(held.claim, TaskFailed("crashed", is_final=False))
    assert desk.ledger.take(1) == []
    with desk.sessions() as session:
        [file] = session.scalars(select(BatchFile))
        assert (file.state, file.failure_code, file.failures) == ("refused", "crashed", 3)


def test_a_row_that_always_takes_its_worker_along_is_given_up(desk: Desk) -> None:
    desk.hand_in(sides([1]))
    for _ in range(recognition.MAX_CLAIMS):
        assert len(desk.ledger.take(1)) == 1
        desk.now += LEASE * 2
    assert desk.ledger.take(1) == []
    with desk.sessions() as session:
        [file] = session.scalars(select(BatchFile))
        assert (file.state, file.failure_code) == ("refused", "internal")


def test_doubtful_fields_go_to_people_in_the_same_transaction(desk: Desk) -> None:
    seen: list[tuple[str, int]] = []

    def enqueue(session: Session, reading: Reading, _now: dt.datetime) -> int:
        assert session.in_transaction()
        doubtful = [answer for answer in reading.fields if not answer.accepted]
        seen.append((reading.page.state, len(doubtful)))
        return len(doubtful)

    desk.ledger = RowLedger(desk.sessions, desk.store, LEASE, lambda: desk.now, enqueue)
    desk.hand_in([*sides([1, 1]), {"does": "blank"}])
    desk.read()
    assert seen == [("read", 2)] * 2 + [("duplicate", 2)] * 2 + [("blank", 0)]


def test_a_worker_shows_that_it_lives(desk: Desk) -> None:
    desk.ledger.renew([])
    desk.now += dt.timedelta(seconds=5)
    desk.ledger.renew([])
    with desk.sessions() as session:
        assert session.scalars(select(WorkerPulse.seen_at)).all() == [desk.now]


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_a_claim_takes_no_more_than_it_asked_for(desk: Desk, limit: int) -> None:
    desk.hand_in(*([{"serial": n, "side": 1}] for n in range(1, 9)))
    assert [len(desk.ledger.take(limit)) for _ in range(2)] == [limit, min(limit, 8 - limit)]


def test_of_copies_read_at_the_same_moment_one_counts(desk: Desk) -> None:
    engine = FakeEngine(desk.store.path("0" * 64).parents[2])
    desk.hand_in([{"serial": 1, "side": 1}] * 4)
    [split] = desk.ledger.take(1)
    desk.ledger.settle(split.claim, engine.perform(split.task))
    held = desk.ledger.take(4)
    start = threading.Barrier(len(held))

    def settle(each: HeldTask) -> None:
        outcome = engine.perform(each.task)
        start.wait(timeout=10)
        desk.ledger.settle(each.claim, outcome)

    with ThreadPoolExecutor(len(held)) as workers:
        list(workers.map(settle, held))
    assert sorted(state for state, _ in desk.pages()) == ["duplicate"] * 3 + ["read"]
    assert desk.count(Reading) == 4


def test_what_an_honest_worker_gives_back_is_no_try(desk: Desk) -> None:
    desk.hand_in(sides([1]))
    for _worker_stops in range(recognition.MAX_CLAIMS + 1):
        held = desk.ledger.take(1)
        desk.ledger.release([each.claim for each in held])
    desk.read()
    assert desk.pages() == [("read", None)] * 2
    with desk.sessions() as session:
        [file] = session.scalars(select(BatchFile))
        assert file.attempt > recognition.MAX_CLAIMS  # the fence of claims never goes back


def test_what_was_given_up_is_read_when_somebody_asks(desk: Desk) -> None:
    desk.hand_in(sides([1]))
    for _ in range(recognition.MAX_CLAIMS + 1):
        desk.ledger.take(1)
        desk.now += LEASE * 2
    with desk.sessions.begin() as session:
        [file] = session.scalars(select(BatchFile))
        assert (file.state, file.failure_code) == ("refused", "internal")
        assert recognition.retry_faults(session, file.batch, "clerk", desk.now) == 1
    desk.read()
    assert desk.pages() == [("read", None)] * 2


def test_a_page_may_be_turned_as_often_as_one_likes(desk: Desk) -> None:
    desk.hand_in([{"serial": 1, "side": 1}])
    desk.read()
    for _ in range(recognition.MAX_CLAIMS + 1):
        with desk.sessions.begin() as session:
            turn_page(session, "clerk", session.get_one(Page, 1), 2, desk.now)
        desk.read()
    assert desk.pages() == [("read", None)]
