"""Carry the waiting rows in this process, one by one: the worker's ledger without its children."""

import datetime as dt
from collections.abc import Callable

from sqlalchemy.orm import Session, sessionmaker

from webapp.jobs.tasks import Engine
from webapp.persistence.readings import Reading
from webapp.storage import ScanStore
from webapp.worker import RowLedger

LEASE = dt.timedelta(seconds=30)


def no_review(_session: Session, _reading: Reading, _now: dt.datetime) -> int:
    """Verification is not the subject."""
    return 0


def make_ledger(
    sessions: sessionmaker[Session], store: ScanStore, clock: Callable[[], dt.datetime]
) -> RowLedger:
    """A ledger with a clock that the test holds."""
    return RowLedger(sessions, store, LEASE, clock, no_review)


def carry_all(ledger: RowLedger, engine: Engine) -> int:
    """Do everything that waits; the number of tasks done."""
    done = 0
    while taken := ledger.take(1):
        for held in taken:
            ledger.settle(held.claim, engine.perform(held.task))
            done += 1
    return done
