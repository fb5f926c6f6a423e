"""Signing in: the password, the brakes on guessing, the second step, and which sign-ins are open."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from webapp.errors import NotFound
from webapp.persistence.accounts import EndedSession, SignInRecord, User
from webapp.persistence.audit import write_log
from webapp.services import second_factor, sign_in_brakes
from webapp.services.accounts import find_user, list_demo_users
from webapp.services.passwords import UNKNOWN_USER_HASH, hash_password, is_outdated, is_password
from webapp.services.sign_in_brakes import ADDRESS_FAILURES_BEFORE_LOCK, FAILURES_BEFORE_LOCK


@dataclass(frozen=True, slots=True)
class SignIn:
    """How an attempt ended: a user, or none with the moment until which the account is locked (if it is)."""

    user: User | None
    locked_until: dt.datetime | None = None
    is_address: bool = False  # it is the address that waits, not the account
    needs_code: bool = False  # the password was right, and the account asks for a code as well


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was typed, and from where."""

    username: str
    password: str
    address: str = "unknown"

    @property
    def name(self) -> str:
        """The username as accounts have it, no longer than theirs."""
        return self.username.strip().lower()[:80]


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody signs in: the sign-in's key, the address in the network, the browser in a few words."""

    key: str
    address: str
    browser: str


def refuse_address(session: Session, attempt: Attempt, now: dt.datetime) -> SignIn | None:
    """The refusal of an address that failed too often, known before anything is hashed for it."""
    until = sign_in_brakes.find_lock(session, sign_in_brakes.address_subject(attempt.address), now)
    return None if until is None else SignIn(None, until, is_address=True)


def hash_to_test(session: Session, attempt: Attempt) -> str:
    """The account's hash; for names without an account one that costs as much and fits nothing."""
    user = session.scalars(_named(attempt)).first()
    return UNKNOWN_USER_HASH if user is None else user.password_hash


def settle_sign_in(session: Session, attempt: Attempt, matched_hash: str | None, now: dt.datetime) -> SignIn:
    """Admit, ask for a code, or count the failure; `matched_hash` is the hash that the password matched.

    Names without an account are counted and locked like all others, so that answers do not tell them apart.
    """
    sign_in_brakes.take_turn(session)
    locked_until = _find_lock(session, attempt.name, now)
    if locked_until is not None:
        return SignIn(None, locked_until)
    user = session.scalars(_named(attempt)).first()
    if user is None or not user.is_active or user.password_hash != matched_hash:
        _log_failure(session, attempt.address, user, now)
        return _refuse(session, attempt.name, user, attempt.address, now)
    if is_outdated(user.password_hash):
        user.password_hash = hash_password(attempt.password)
    if second_factor.is_on(
        session, user
    ):  # failures are not forgotten yet, or codes could be guessed for ever
        return SignIn(user, needs_code=True)
    _accept(session, user, now)
    return SignIn(user)


def settle_code(session: Session, user: User, typed: str, address: str, now: dt.datetime) -> SignIn:
    """The second step: admit, or count the failure like a wrong password."""
    sign_in_brakes.take_turn(session)
    session.refresh(user, with_for_update=True)
    locked_until = _find_lock(session, user.username, now)
    if locked_until is not None:
        return SignIn(None, locked_until)
    if not second_factor.take_code(session, user, typed, now):
        write_log(session, now, user.username, "code_failed", user.username, address=address)
        return _refuse(session, user.username, user, address, now)
    _accept(session, user, now)
    return SignIn(user)


def confirm_password(session: Session, user: User, typed: str, address: str, now: dt.datetime) -> SignIn:
    """The password once more, before something that weighs: wrong ones are counted as at the door."""
    sign_in_brakes.take_turn(session)
    session.refresh(user, with_for_update=True)
    locked_until = _find_lock(session, user.username, now)
    if locked_until is not None:
        return SignIn(None, locked_until)
    if not is_password(user.password_hash, typed):
        _log_failure(session, address, user, now)
        return _refuse(session, user.username, user, address, now)
    return SignIn(user)


def verify_sign_in(session: Session, username: str, password: str, now: dt.datetime) -> SignIn:
    """All steps of signing in with a password at once, where no other writer waits."""
    attempt = Attempt(username, password)
    tested = hash_to_test(session, attempt)
    return settle_sign_in(session, attempt, tested if is_password(tested, password) else None, now)


def enter_demo(session: Session, user_id: int, now: dt.datetime) -> User:
    """Sign in without a password; only the demo's sign-in page may call this.

    Raises:
        NotFound: not one of the people that the sign-in page offers.
    """
    user = next((user for user in list_demo_users(session) if user.id == user_id), None)
    if user is None:
        raise NotFound("Không có tài khoản này.")
    write_log(session, now, user.username, "signed_in", user.username, demo=True)
    return user


def unlock(session: Session, actor: str, user_id: int, now: dt.datetime) -> User:
    """End the lock that wrong passwords have set, before its time."""
    user = find_user(session, user_id)
    sign_in_brakes.release(session, user.username)
    write_log(session, now, actor, "sign_in_unlocked", user.username)
    return user


def note_sign_in(session: Session, user: User, place: Place, now: dt.datetime, longest: dt.timedelta) -> None:
    """Put a new sign-in on the list; what is too old to hold is forgotten, addresses with it."""
    session.execute(delete(SignInRecord).where(SignInRecord.begun_at < now - longest))
    session.add(
        SignInRecord(
            key=place.key,
            user_id=user.id,
            epoch=user.session_epoch,
            begun_at=now,
            address=place.address[:60],
            browser=place.browser[:60],
        )
    )


def list_sign_ins(
    session: Session, user: User, now: dt.datetime, longest: dt.timedelta
) -> Sequence[SignInRecord]:
    """The open sign-ins of this person, the newest first."""
    ended = select(EndedSession.key)
    found = select(SignInRecord).where(
        SignInRecord.user_id == user.id,
        SignInRecord.epoch == user.session_epoch,
        SignInRecord.begun_at >= now - longest,
        SignInRecord.key.not_in(ended),
    )
    return session.scalars(found.order_by(SignInRecord.begun_at.desc(), SignInRecord.id.desc())).all()


def find_sign_in(session: Session, user: User, record_id: int) -> SignInRecord:
    """One sign-in of this person.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    record = session.get(SignInRecord, record_id)
    if record is None or record.user_id != user.id:
        raise NotFound("Lần đăng nhập này đã kết thúc.")
    return record


def end_one(
    session: Session, actor: str, record: SignInRecord, now: dt.datetime, longest: dt.timedelta
) -> None:
    """End one listed sign-in, wherever it is; the others go on."""
    owner = find_user(session, record.user_id)
    end_sign_in(session, record.key, now, longest)
    write_log(session, now, actor, "session_ended", owner.username)


def end_sign_in(session: Session, key: str, now: dt.datetime, longest: dt.timedelta) -> None:
    """End one sign-in; what ended so long ago that its cookie is too old anyway is forgotten."""
    session.execute(delete(EndedSession).where(EndedSession.ended_at < now - longest))
    session.merge(EndedSession(key=key, ended_at=now))


def _named(attempt: Attempt) -> Select[User]:
    return select(User).where(User.username == attempt.name)


def _find_lock(session: Session, username: str, now: dt.datetime) -> dt.datetime | None:
    return sign_in_brakes.find_lock(session, sign_in_brakes.name_subject(username), now)


def _log_failure(session: Session, address: str, user: User | None, now: dt.datetime) -> None:
    actor = "" if user is None else user.username
    write_log(session, now, actor, "sign_in_failed", _logged_name(user), address=address)


def _logged_name(user: User | None) -> str:
    """What was typed is kept only where it is somebody's username: it could be a password."""
    return "unknown name" if user is None else user.username


def _refuse(session: Session, name: str, user: User | None, address: str, now: dt.datetime) -> SignIn:
    """Count for the address, where many names tried are a guess as well, and for the name."""
    tried = sign_in_brakes.address_subject(address)
    if sign_in_brakes.count_failure(session, tried, ADDRESS_FAILURES_BEFORE_LOCK, now):
        write_log(session, now, "", "sign_in_locked", tried)
    until = sign_in_brakes.count_failure(
        session, sign_in_brakes.name_subject(name), FAILURES_BEFORE_LOCK, now
    )
    if until is not None:
        write_log(session, now, "" if user is None else user.username, "sign_in_locked", _logged_name(user))
    return SignIn(None, until)


def _accept(session: Session, user: User, now: dt.datetime) -> None:
    """Forget the failures."""
    sign_in_brakes.release(session, user.username)
    write_log(session, now, user.username, "signed_in", user.username)
