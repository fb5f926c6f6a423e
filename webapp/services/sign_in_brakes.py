"""The brakes on guessing: failed sign-ins are counted by name, whoever bears it or nobody, and by address.

A count is forgotten a quarter of an hour after its first failure, for accounts and for other names alike, so
that no waiting tells them apart. Five tries in that time are what a lock allows anyway.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from webapp.persistence.accounts import SignInBrake
from webapp.persistence.base import Turn, wait_for_turn

FAILURES_BEFORE_LOCK = 5
ADDRESS_FAILURES_BEFORE_LOCK = 50  # a whole office may stand behind one address
LOCK = dt.timedelta(minutes=15)


def take_turn(session: Session) -> None:
    """Guesses at one moment are all counted: one waits for the other, in the log's turn that each ends in."""
    wait_for_turn(session, Turn.LOG)


def name_subject(username: str) -> str:
    """What a name is counted under; it is not kept as it was typed, since it could be a password."""
    return f"name:{hashlib.sha256(username.encode()).hexdigest()}"


def address_subject(address: str) -> str:
    """What an address of the network is counted under."""
    return f"address:{address}"[:120]


def find_lock(session: Session, subject: str, now: dt.datetime) -> dt.datetime | None:
    """Until when this subject waits; None: it need not."""
    locked = select(SignInBrake.locked_until).where(
        SignInBrake.subject == subject, SignInBrake.locked_until > now
    )
    return session.scalar(locked)


def find_locks(session: Session, usernames: Iterable[str], now: dt.datetime) -> dict[str, dt.datetime]:
    """Which of these names wait, and until when."""
    names = {name_subject(name): name for name in usernames}
    waiting = session.scalars(select(SignInBrake).where(SignInBrake.locked_until > now))
    return {
        names[brake.subject]: brake.locked_until
        for brake in waiting
        if brake.subject in names and brake.locked_until is not None
    }


def count_failure(session: Session, subject: str, limit: int, now: dt.datetime) -> dt.datetime | None:
    """One more failure; at the limit the subject waits until the moment given, and the count starts anew."""
    _forget_old(session, now)
    brake = session.get(SignInBrake, subject)
    if brake is None:
        brake = SignInBrake(subject=subject, failed_sign_ins=0, counted_since=now)
        session.add(brake)
    brake.failed_sign_ins += 1
    if brake.failed_sign_ins < limit:
        return None
    brake.failed_sign_ins, brake.locked_until = 0, now + LOCK
    return brake.locked_until


def release(session: Session, username: str) -> None:
    """Forget the failures of this name and end its lock."""
    session.execute(delete(SignInBrake).where(SignInBrake.subject == name_subject(username)))


def _forget_old(session: Session, now: dt.datetime) -> None:
    is_over = or_(SignInBrake.locked_until.is_(None), SignInBrake.locked_until <= now)
    session.execute(delete(SignInBrake).where(SignInBrake.counted_since < now - LOCK, is_over))
