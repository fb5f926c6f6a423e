"""What is kept as long as nobody writes: it must never outlive what was written."""

import datetime as dt
import threading
from collections.abc import Iterator
from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.http.moments import LOOK_EVERY, Moments
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.data_version import DataVersion
from webapp.persistence.jobs import WorkerPulse


class Desk:
    """A web process of its own on the database."""

    def __init__(self, database_url: str) -> None:
        self.engine = make_engine(database_url)
        self.data = DataVersion(self.engine)
        self.moments = Moments(self.data)
        self.sessions = make_session_factory(self.engine)
        self.readers = make_session_factory(self.engine, read_only=True)

    def write(self, worker: str, now: dt.datetime) -> None:
        """Any commit at all."""
        with self.sessions.begin() as session:
            session.add(WorkerPulse(worker=worker, seen_at=now))


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    opened = Desk(database_url)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def other(database_url: str) -> Iterator[Desk]:
    opened = Desk(database_url)
    yield opened
    opened.engine.dispose()


def workers(session: Session) -> list[str]:
    return list(session.scalars(select(WorkerPulse.worker).order_by(WorkerPulse.worker)))


def test_the_version_changes_with_every_commit_of_anybody(desk: Desk, other: Desk, now: dt.datetime) -> None:
    seen = [desk.data.read()]
    assert desk.data.read() == seen[0]
    with desk.readers() as session:
        workers(session)
    assert desk.data.read() == seen[0], "reading is no change"
    for number, writer in enumerate((desk, other, desk, other)):
        writer.write(f"w{number}", now)
        seen.append(desk.data.read())
        assert desk.data.read() == seen[-1]
    assert len(set(seen)) == len(seen)


def test_what_is_not_committed_yet_is_no_change(desk: Desk, other: Desk, now: dt.datetime) -> None:
    with other.sessions() as session:
        session.add(WorkerPulse(worker="slow", seen_at=now))
        session.flush()
        before = desk.data.read()
        assert desk.data.read() == before
        session.commit()
    assert desk.data.read() != before


def test_a_moment_lasts_until_somebody_writes(desk: Desk, other: Desk, now: dt.datetime) -> None:
    def shown(at: dt.datetime, within: dt.timedelta = dt.timedelta(0)) -> list[str]:
        moment = desk.moments.at(at, looked_within=within)
        with desk.readers() as session:
            return moment.share("workers", lambda: workers(session))

    first = shown(now)
    assert shown(now + LOOK_EVERY * 5) is first, "nothing was written"
    other.write("w1", now)
    assert shown(now + LOOK_EVERY * 5, LOOK_EVERY) is first, "somebody looked just now"
    assert shown(now + LOOK_EVERY * 6, LOOK_EVERY) == ["w1"]
    other.write("w2", now)
    assert shown(now + LOOK_EVERY * 6) == ["w1", "w2"], "the page itself is always of now"
    assert shown(now + LOOK_EVERY * 60) is not shown(now), (
        "time itself changes what is shown; a clock may go back"
    )


def test_a_slow_reader_leaves_nothing_old_behind(desk: Desk, other: Desk, now: dt.datetime) -> None:
    """It began before a commit that others have seen meanwhile, and is ready only now."""
    slow = desk.moments.at(now)
    with desk.readers() as session:
        assert workers(session) == []
        other.write("w1", now)
        assert desk.moments.at(now).share("workers", lambda: ["w1"]) == ["w1"]
        slow.share("workers", lambda: workers(session))
    assert desk.moments.at(now).share("workers", lambda: ["asked anew"]) == ["w1"]


def test_no_thread_is_shown_less_than_was_committed_before_it_looked(
    desk: Desk, other: Desk, now: dt.datetime
) -> None:
    committed: list[str] = []
    missed: list[str] = []

    def look() -> None:
        for _ in range(50):
            expected, moment = list(committed), desk.moments.at(now)
            with desk.readers() as session:
                kept = moment.share("workers", partial(workers, session))
            missed.extend(name for name in expected if name not in kept)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(20):
        other.write(f"w{number:02}", now)
        committed.append(f"w{number:02}")
    for thread in threads:
        thread.join()
    assert missed == []
