"""Properties of intake: whatever is scanned, and whoever dies over it, every page is accounted for once."""

import datetime as dt
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from tests.conftest import NOW
from tests.jobs.carrier import LEASE, carry_all, make_ledger
from tests.jobs.fake_reader import FakeEngine, scan_bytes
from tests.worlds.printed_sheets import print_sheets, receive
from tests.worlds.small import make_small_world
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.readings import Reading
from webapp.persistence.scans import Batch, BatchFile, Page
from webapp.services.batches import reconcile_batch
from webapp.storage import ScanStore

PRINTED = 4

known_page = st.fixed_dictionaries(
    {"serial": st.integers(1, PRINTED + 1), "side": st.sampled_from([1, 2])},
    optional={"does": st.sampled_from(["poor_registration", "poor_image"])},
)
nameless_page = st.fixed_dictionaries({"does": st.sampled_from(["blank", "damaged_code", "unknown_form"])})
stack = st.lists(known_page | nameless_page, min_size=1, max_size=6)
unsound_file = st.just([{"file": "encrypted"}])
batch = st.lists(stack | unsound_file, min_size=1, max_size=3)
# How many tasks are done between two batches, and how many claims are then left behind by a dead worker.
step = st.tuples(batch, st.integers(0, 6), st.integers(0, 3))


@pytest.fixture(scope="module")
def office(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the small world and a few printed sheets, to copy for each example."""
    path = tmp_path_factory.mktemp("batches") / "office.sqlite3"
    shutil.copy(sqlite_template, path)
    engine = make_engine(f"sqlite:///{path}")
    with make_session_factory(engine).begin() as session:
        print_sheets(session, make_small_world(session, NOW), PRINTED, NOW)
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


def assert_accounted(sessions: sessionmaker[Session]) -> None:
    """Every page of every split file is in exactly one heap, and no side of a sheet counts twice."""
    with sessions() as session:
        for each in session.scalars(select(Batch)):
            balance = reconcile_batch(session, each).balance
            split = sum(file.page_count or 0 for file in each.files if file.state == "split")
            assert balance.is_balanced
            assert balance.scanned == split
        read = session.execute(select(Page.sheet_id, Page.side).where(Page.state == "read")).all()
        assert max(Counter(read).values(), default=1) == 1
        done = select(func.count(Page.id)).where(Page.state.not_in(("waiting", "reading")))
        assert session.scalar(select(func.count(Reading.id))) == session.scalar(done)


@settings(max_examples=20, deadline=None)
@given(steps=st.lists(step, min_size=1, max_size=4))
def test_every_page_is_accounted_for_once(
    office: Path, tmp_path_factory: pytest.TempPathFactory, steps: list[Any]
) -> None:
    folder = tmp_path_factory.mktemp("example")
    shutil.copy(office, folder / "office.sqlite3")
    engine = make_engine(f"sqlite:///{folder / 'office.sqlite3'}")
    sessions, store, clock = make_session_factory(engine), ScanStore(folder / "scans"), [NOW]
    ledger, reader = make_ledger(sessions, store, lambda: clock[0]), FakeEngine(folder / "scans")
    for files, done, abandoned in steps:
        with sessions.begin() as session:
            receive(session, store, clock[0], *(scan_bytes(pages) for pages in files))
        for held in [each for _ in range(done) for each in ledger.take(1)]:
            ledger.settle(held.claim, reader.perform(held.task))
        late = [held for _ in range(abandoned) for held in ledger.take(1)]
        clock[0] += LEASE + dt.timedelta(seconds=1)
        assert_accounted(sessions)
        carry_all(ledger, reader)
        for held in late:
            ledger.settle(held.claim, reader.perform(held.task))
        assert_accounted(sessions)
    with sessions() as session:
        assert set(session.scalars(select(BatchFile.state))) <= {"split", "refused", "duplicate"}
        assert all(reconcile_batch(session, each).is_finished for each in session.scalars(select(Batch)))
    engine.dispose()
    shutil.rmtree(folder)
