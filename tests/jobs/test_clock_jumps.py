"""The machine's clock jumps: what it wrote before holds nobody up for longer than minutes."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from tests.clients import Clock
from tests.conftest import NOW
from tests.jobs.carrier import LEASE, carry_all, make_ledger
from tests.jobs.fake_reader import FakeEngine, scan_bytes, sides
from tests.worlds.printed_sheets import print_sheets, receive
from tests.worlds.small import make_small_world
from webapp.jobs.tasks import SplitDone
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.jobs import last_pulse, show_pulse
from webapp.persistence.scans import BatchFile, Page
from webapp.services.batches import is_reader_silent
from webapp.storage import ScanStore

DAY = dt.timedelta(days=1)


@pytest.fixture
def sessions(database_url: str) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(database_url)
    yield make_session_factory(engine)
    engine.dispose()


@pytest.mark.parametrize("jump", [DAY, -DAY], ids=["ahead", "back"])
def test_what_a_worker_held_is_done_by_another_after_the_jump(
    jump: dt.timedelta, sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    store, clock = ScanStore(tmp_path / "scans"), Clock(NOW)
    with sessions.begin() as session:
        print_sheets(session, make_small_world(session, NOW), 1, NOW)
        receive(session, store, NOW, scan_bytes(sides([1])))
    lost = make_ledger(sessions, store, clock)
    [held] = lost.take(1)
    assert make_ledger(sessions, store, clock).take(1) == [], "it is held"
    clock.now += jump
    other = make_ledger(sessions, store, clock)
    assert carry_all(other, FakeEngine(tmp_path / "scans")) >= 3
    lost.settle(held.claim, SplitDone(9))
    with sessions() as session:
        assert session.scalars(select(BatchFile.page_count)).all() == [2], "the fence keeps the first one out"
        assert session.scalars(select(Page.state)).all() == ["read", "read"]


def test_a_lease_of_minutes_is_kept_though_clocks_differ_a_little(
    sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    store, clock = ScanStore(tmp_path / "scans"), Clock(NOW)
    with sessions.begin() as session:
        make_small_world(session, NOW)
        receive(session, store, NOW, scan_bytes([{"does": "blank"}]))
    assert len(make_ledger(sessions, store, clock).take(1)) == 1
    clock.now -= LEASE
    assert make_ledger(sessions, store, clock).take(1) == []


def test_a_sign_of_life_from_tomorrow_says_nothing_of_today(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        show_pulse(session, "gone", NOW + DAY)
    with sessions.begin() as session:
        assert is_reader_silent(session, NOW)
        show_pulse(session, "here", NOW)
    with sessions() as session:
        assert not is_reader_silent(session, NOW)
        assert last_pulse(session) == NOW
