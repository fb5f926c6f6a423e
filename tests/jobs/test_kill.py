"""Real worker processes, killed in the middle of a batch: every page once, nobody presses anything."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from tests.conftest import NOW
from tests.jobs.fake_reader import scan_bytes, sides
from tests.worlds.printed_sheets import print_sheets, receive
from tests.worlds.small import make_small_world
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.readings import FieldReading, Reading, TextDraft
from webapp.persistence.scans import Batch, BatchFile, Page
from webapp.services.batches import reconcile_batch
from webapp.storage import ScanStore

pytestmark = [pytest.mark.kill, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
UNDONE = ("waiting", "reading")


@dataclass
class Desk:
    """Thirty printed sheets, a database, and a worker that can be started again and again."""

    sessions: sessionmaker[Session]
    readers: sessionmaker[Session]
    database_url: str
    data_dir: Path

    def hand_in(self, *stacks: list[dict[str, Any]]) -> None:
        with self.sessions.begin() as session:
            receive(session, ScanStore(self.data_dir / "scans"), NOW, *(scan_bytes(s) for s in stacks))

    @contextmanager
    def worker(self, page_s: float = 0.05) -> Iterator[subprocess.Popen[bytes]]:
        program = [sys.executable, "-m", "tests.jobs.fake_worker"]
        arguments = [str(self.data_dir), self.database_url, str(page_s)]
        process = subprocess.Popen(program + arguments, cwd=ROOT)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def count_done(self) -> int:
        with self.readers() as session:
            done = select(func.count(Page.id)).where(Page.state.not_in(UNDONE))
            return session.scalar(done) or 0

    def is_all_done(self) -> bool:
        with self.readers() as session:
            files = select(func.count(BatchFile.id)).where(BatchFile.state.in_(("waiting", "splitting")))
            drafts = select(func.count(TextDraft.id)).where(TextDraft.state.in_(("waiting", "drafting")))
            pages = select(func.count(Page.id)).where(Page.state.in_(UNDONE))
            return not any(session.scalar(each) for each in (files, drafts, pages))


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    engine = make_engine(database_url)
    sessions = make_session_factory(engine)
    with sessions.begin() as session:
        print_sheets(session, make_small_world(session, NOW), 30, NOW)
    yield Desk(sessions, make_session_factory(engine, read_only=True), database_url, tmp_path / "data")
    engine.dispose()


def wait_for(condition: Callable[[], bool], limit_s: float = 150) -> None:
    until = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < until, "the worker did not get there in time"
        time.sleep(0.02)


def assert_each_page_once(desk: Desk, expected: dict[str, int]) -> None:
    with desk.sessions() as session:
        for batch in session.scalars(select(Batch)):
            account = reconcile_batch(session, batch)
            assert account.is_finished
            assert account.balance.is_balanced
        states = dict(session.execute(select(Page.state, func.count()).group_by(Page.state)).all())
        assert states == expected
        readings = session.execute(select(Reading.page_id, func.count()).group_by(Reading.page_id)).all()
        assert len(readings) == sum(expected.values())
        assert all(number == 1 for _, number in readings)
        counted = select(func.count(FieldReading.id)).join(Reading).join(Page).where(Page.state == "read")
        assert session.scalar(counted) == 3 * expected["read"]
        drafts = session.scalars(select(TextDraft.state)).all()
        assert drafts == ["done"] * expected["read"]


def test_killed_workers_lose_nothing_and_read_nothing_twice(desk: Desk) -> None:
    dice = random.Random(20210316)
    desk.hand_in(sides(list(range(1, 16))), [*sides(list(range(16, 31))), {"does": "blank"}])
    desk.hand_in(sides([7]))
    for _ in range(4):
        before = desk.count_done()
        with desk.worker() as worker:
            wait_for(lambda before=before: desk.count_done() > before)  # type: ignore[misc]  # a bound default
            time.sleep(dice.uniform(0, 0.25))
            worker.send_signal(signal.SIGKILL)
            worker.wait()
    assert desk.count_done() < 63
    with desk.worker():
        wait_for(desk.is_all_done)
    assert_each_page_once(desk, {"read": 60, "duplicate": 2, "blank": 1})
    with desk.sessions() as session:
        assert (session.scalar(select(func.max(Page.attempt))) or 0) > 1, "no kill met a page in hand"


def test_a_survivor_takes_over_by_itself(desk: Desk) -> None:
    desk.hand_in(sides(list(range(1, 16))))
    with desk.worker(page_s=0.1) as victim, desk.worker(page_s=0.1):
        wait_for(lambda: desk.count_done() >= 4)
        victim.send_signal(signal.SIGKILL)
        wait_for(desk.is_all_done)
    assert_each_page_once(desk, {"read": 30})


def test_a_stopped_worker_finishes_its_pages_and_gives_back_the_rest(desk: Desk) -> None:
    desk.hand_in(sides(list(range(1, 16))))
    with desk.worker(page_s=0.1) as worker:
        wait_for(lambda: desk.count_done() >= 2)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=20) == 0
    with desk.sessions() as session:
        assert session.scalars(select(Page.id).where(Page.state == "reading")).all() == []
        assert session.scalars(select(Page.failures).distinct()).all() == [0]
    with desk.worker():
        wait_for(desk.is_all_done)
    assert_each_page_once(desk, {"read": 30})


def test_a_page_that_kills_its_reader_is_named_and_the_rest_is_read(desk: Desk) -> None:
    desk.hand_in([*sides([1, 2]), {"does": "crash"}, {"does": "raise"}, {"does": "too_much"}, *sides([3, 4])])
    with desk.worker(page_s=0.0):
        wait_for(desk.is_all_done)
    with desk.sessions() as session:
        problems = session.execute(
            select(Page.page_index, Page.problem, Page.failures)
            .where(Page.state == "problem")
            .order_by(Page.page_index)
        )
        assert [tuple(row) for row in problems] == [
            (4, "crashed", 3),
            (5, "internal", 3),
            (6, "too_large", 1),
        ]
        assert session.scalar(select(func.count(Page.id)).where(Page.state == "read")) == 8
