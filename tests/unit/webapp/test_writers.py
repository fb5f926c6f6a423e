"""Writers of one process wait in line: none is refused, none is lost, whatever became of the last."""

import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker

from webapp.persistence.audit import LogEntry, write_log
from webapp.persistence.base import BUSY_S, make_engine, make_session_factory, utc_now

WRITERS, ROUNDS = 6, 15


@pytest.fixture
def sessions(database_url: str) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(database_url)
    yield make_session_factory(engine)
    engine.dispose()


def test_every_writer_gets_through(sessions: sessionmaker[Session]) -> None:
    failures: list[BaseException] = []

    def write(name: str) -> None:
        try:
            for _ in range(ROUNDS):
                with sessions.begin() as session:
                    write_log(session, utc_now(), name, "tested", "x")
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=write, args=(f"w{n}",)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with sessions() as session:
        assert len(session.scalars(select(LogEntry)).all()) == WRITERS * ROUNDS


def test_a_failed_or_forgotten_transaction_gives_its_turn_back(sessions: sessionmaker[Session]) -> None:
    failed = sessions()
    failed.execute(text("SELECT 1"))
    failed.rollback()
    forgotten = sessions()
    forgotten.execute(text("SELECT 1"))
    forgotten.close()
    failed.close()
    started = time.monotonic()
    with sessions.begin() as session:
        write_log(session, utc_now(), "w", "tested", "x")
    assert time.monotonic() - started < BUSY_S / 2
