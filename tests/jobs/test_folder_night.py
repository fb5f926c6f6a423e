"""Real worker processes at the scanners' folder: killed in mid-file, and through a night of 5,000 pages."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from tests.conftest import NOW
from tests.jobs.fake_reader import scan_bytes
from tests.worlds.small import make_small_world
from webapp.cli.memory import tree_memory_mb
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.scans import Batch, BatchFile, Page
from webapp.services.batches import reconcile_batch

pytestmark = [pytest.mark.kill, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
FILES, PAGES_A_FILE = 100, 50
FEWER_FILES = 20  # a thousand pages on PostgreSQL: what grows would grow there, too


@dataclass
class Night:
    """A share, a database, and a worker that can be killed and started again."""

    sessions: sessionmaker[Session]
    readers: sessionmaker[Session]
    database_url: str
    data_dir: Path
    share: Path

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        program = [sys.executable, "-m", "tests.jobs.fake_worker"]
        arguments = [str(self.data_dir), self.database_url, "0", str(self.share)]
        process = subprocess.Popen(program + arguments, cwd=ROOT)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def count(self, state: str | None = None) -> int:
        with self.readers() as session:
            pages = select(func.count(Page.id))
            return session.scalar(pages if state is None else pages.where(Page.state == state)) or 0

    def is_read(self, pages: int) -> bool:
        """Whether so many pages are read."""
        return self.count("problem") == pages

    def is_left(self, files: int) -> bool:
        """Whether no more than so many files still lie where they lay."""
        return len(self.lying()) <= files

    def lying(self) -> list[str]:
        """What still lies where the scanner put it."""
        return [path.name for path in self.share.iterdir() if path.is_file()]


@pytest.fixture
def night(database_url: str, tmp_path: Path) -> Iterator[Night]:
    engine = make_engine(database_url)
    sessions = make_session_factory(engine)
    with sessions.begin() as session:
        make_small_world(session, NOW)
    share = tmp_path / "share"
    share.mkdir()
    readers = make_session_factory(engine, read_only=True)
    yield Night(sessions, readers, database_url, tmp_path / "data", share)
    engine.dispose()


def scan(number: int, pages: int) -> bytes:
    """A stack of pages without a code; only its first page is like no other."""
    return scan_bytes([{"does": "poor_image", "n": number}, *[{"does": "poor_image"}] * (pages - 1)])


def wait_for(condition: Callable[[], bool], limit_s: float) -> None:
    until = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < until, "the worker did not get there in time"
        time.sleep(0.05)


def test_killed_in_mid_file_nothing_is_lost_and_nothing_comes_twice(night: Night) -> None:
    for number in range(30):
        (night.share / f"{number:02}.pdf").write_bytes(scan(number, 3))
    for round_number in range(1, 4):
        with night.worker() as process:
            left = 30 - 8 * round_number
            wait_for(partial(night.is_left, left), 120)
            process.send_signal(signal.SIGKILL)
    with night.worker():
        wait_for(lambda: night.count("problem") == 90 and not night.lying(), 120)
    with night.sessions() as session:
        names = session.scalars(select(BatchFile.original_name).order_by(BatchFile.original_name)).all()
        assert list(names) == [f"{number:02}.pdf" for number in range(30)]
        assert {file.state for file in session.scalars(select(BatchFile))} == {"split"}
        for batch in session.scalars(select(Batch)):
            assert reconcile_batch(session, batch).balance.is_balanced
    assert len(list((night.share / "da-nhan").rglob("*.pdf"))) == 30


def test_five_thousand_pages_in_one_night(night: Night) -> None:
    """100 files of 50 pages come one after the other; memory after the last tenth is that of the second."""
    files = FILES if night.database_url.startswith("sqlite") else FEWER_FILES
    pages, memory_mb = files * PAGES_A_FILE, []
    with night.worker() as process:
        for tenth in range(10):
            for number in range(tenth * files // 10, (tenth + 1) * files // 10):
                beside = night.share / f"{number:03}.part"
                beside.write_bytes(scan(number, PAGES_A_FILE))
                beside.rename(night.share / f"{number:03}.pdf")
            wait_for(partial(night.is_read, (tenth + 1) * pages // 10), 600)
            memory_mb.append(tree_memory_mb(process.pid))
    assert night.count() == pages
    assert night.lying() == []
    assert memory_mb[-1] < memory_mb[1] * 1.2 + 20
    with night.sessions() as session:
        balances = [reconcile_batch(session, batch).balance for batch in session.scalars(select(Batch))]
    assert sum(balance.problem for balance in balances) == pages
    assert all(balance.is_balanced for balance in balances)
