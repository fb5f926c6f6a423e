"""Accounts: making them, signing in, changing passwords, ending sessions."""

import datetime as dt
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, NotFound
from webapp.persistence.accounts import EndedSession, SignInBrake, User
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign

MIN_PASSWORD_LENGTH = 10
MAX_PASSWORD_LENGTH = 200
FAILURES_BEFORE_LOCK = 5
ADDRESS_FAILURES_BEFORE_LOCK = 50  # a whole office may stand behind one address
LOCK = dt.timedelta(minutes=15)
LOCALES = ("vi", "en")
# No l, i, o, 0, 1: they are read aloud and copied by hand.
_PLAIN_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_USERNAME_PUNCTUATION = frozenset("._-")

# OWASP's argon2id setting (19 MiB, 2 passes): some 30 ms, so that the database lock is not held for long.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_UNKNOWN_USER_HASH = _hasher.hash(secrets.token_hex(16))


class Role(StrEnum):
    """What a person is here for; webapp.http.access says what each may do."""

    CLERK = "clerk"
    REVIEWER = "reviewer"
    UNIT = "unit"
    APPRAISER = "appraiser"
    HEAD = "head"
    AUDITOR = "auditor"
    TREASURER = "treasurer"
    VIEWER = "viewer"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an administrator fills in.

    `unit_id`: whose account it is, or where an appraiser works (None: outside the evaluated units); for no
    other role.
    """

    username: str
    display_name: str
    role: Role
    unit_id: int | None = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """How an attempt ended: a user, or none with the moment until which the account is locked (if it is)."""

    user: User | None
    locked_until: dt.datetime | None = None
    is_address: bool = False  # it is the address that waits, not the account


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


def create_user(
    session: Session,
    actor: str,
    account: NewAccount,
    password: str,
    now: dt.datetime,
) -> User:
    """Add an account.

    Raises:
        InvalidInput: the name is taken or not plain, the password is too short, or unit and role do not fit.
    """
    username = _checked_username(session, account.username)
    _check_unit(account.role, account.unit_id)
    _check_password(password)
    user = User(
        username=username,
        display_name=account.display_name.strip() or username,
        role=account.role.value,
        unit_id=account.unit_id,
        password_hash=_hasher.hash(password),
        is_active=True,
        session_epoch=0,
        failed_sign_ins=0,
        locale="vi",
    )
    session.add(user)
    write_log(session, now, actor, "user_created", username, role=account.role.value, unit_id=account.unit_id)
    session.flush()
    return user


def _check_unit(role: Role, unit_id: int | None) -> None:
    """A unit's account has its unit; an appraiser's may name the one that this person never appraises."""
    if role is Role.UNIT and unit_id is None:
        raise InvalidInput("Tài khoản của đơn vị phải gắn với một đơn vị.")
    if unit_id is not None and role not in (Role.UNIT, Role.APPRAISER):
        raise InvalidInput("Chỉ tài khoản của đơn vị và của người thẩm định gắn với một đơn vị.")


def set_workplace(session: Session, actor: str, user_id: int, unit_id: int | None, now: dt.datetime) -> User:
    """Note where an appraiser works; this person appraises every other unit (None: works in none of them).

    Raises:
        InvalidInput: not an appraiser's account.
    """
    user = find_user(session, user_id)
    if user.role != Role.APPRAISER:
        raise InvalidInput("Chỉ người thẩm định mới ghi đơn vị công tác.")
    former, user.unit_id = user.unit_id, unit_id
    write_log(session, now, actor, "workplace_set", user.username, former=former, unit_id=unit_id)
    session.flush()
    session.refresh(user)
    return user


def refuse_address(session: Session, attempt: Attempt, now: dt.datetime) -> SignIn | None:
    """The refusal of an address that failed too often, known before anything is hashed for it."""
    brake = session.get(SignInBrake, _address_subject(attempt))
    if brake is None or not _is_locked(brake, now):
        return None
    return SignIn(None, brake.locked_until, is_address=True)


def hash_to_test(session: Session, attempt: Attempt) -> str:
    """The account's hash; for names without an account one that costs as much and fits nothing."""
    user = _account_of(session, attempt)
    return _UNKNOWN_USER_HASH if user is None else user.password_hash


def is_password(password_hash: str, password: str) -> bool:
    """Whether the password is the one; over-long ones are never hashed."""
    if len(password) > MAX_PASSWORD_LENGTH:
        return False
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def settle_sign_in(session: Session, attempt: Attempt, matched_hash: str | None, now: dt.datetime) -> SignIn:
    """Admit, or count the failure; `matched_hash` is the hash that the password matched, if it did.

    Names without an account are counted and locked like all others, so that answers do not tell them apart.
    """
    user = _account_of(session, attempt)
    brake = user or _find_brake(session, f"name:{attempt.name}", now)
    if _is_locked(brake, now):
        return SignIn(None, brake.locked_until)
    if user is None or not user.is_active or user.password_hash != matched_hash:
        _log_failure(session, attempt, user, now)
        _count_address(session, attempt, now)
        return _count_failure(session, brake, attempt.name, now)
    _accept(session, user, attempt.password, now)
    return SignIn(user)


def verify_sign_in(session: Session, username: str, password: str, now: dt.datetime) -> SignIn:
    """All steps of signing in at once, where no other writer waits."""
    attempt = Attempt(username, password)
    tested = hash_to_test(session, attempt)
    return settle_sign_in(session, attempt, tested if is_password(tested, password) else None, now)


def end_sign_in(session: Session, key: str, now: dt.datetime, longest: dt.timedelta) -> None:
    """End one sign-in; what ended so long ago that its cookie is too old anyway is forgotten."""
    session.execute(delete(EndedSession).where(EndedSession.ended_at < now - longest))
    session.merge(EndedSession(key=key, ended_at=now))


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


def change_password(session: Session, user: User, current: str, new: str, now: dt.datetime) -> None:
    """Replace one's own password; every other session of this person ends.

    Raises:
        InvalidInput: the current password is wrong, or the new one is too short.
    """
    if not is_password(user.password_hash, current):
        raise InvalidInput("Mật khẩu hiện tại chưa đúng. Mật khẩu cũ vẫn giữ nguyên.")
    _check_password(new)
    user.password_hash = _hasher.hash(new)
    user.session_epoch += 1
    write_log(session, now, user.username, "password_changed", user.username)


def reset_password(session: Session, actor: str, user_id: int, now: dt.datetime) -> str:
    """Give an account a new random password, to be shown once; its sessions end, its lock is lifted."""
    user = find_user(session, user_id)
    password = make_password()
    user.password_hash = _hasher.hash(password)
    user.failed_sign_ins, user.locked_until = 0, None
    user.session_epoch += 1
    write_log(session, now, actor, "password_reset", user.username)
    return password


def end_sessions(session: Session, actor: str, user_id: int, now: dt.datetime) -> User:
    """Sign a person out everywhere."""
    user = find_user(session, user_id)
    user.session_epoch += 1
    write_log(session, now, actor, "sessions_ended", user.username)
    return user


def set_active(session: Session, actor: User, user_id: int, *, active: bool, now: dt.datetime) -> User:
    """Switch an account off or on; what the person did stays in the log.

    Raises:
        InvalidInput: one's own account.
    """
    user = find_user(session, user_id)
    if user.id == actor.id:
        raise InvalidInput("Không thể khóa tài khoản bạn đang dùng. Nhờ một người quản trị khác.")
    user.is_active = active
    user.session_epoch += 1
    write_log(session, now, actor.username, "user_activated" if active else "user_deactivated", user.username)
    return user


def set_locale(user: User, locale: str) -> None:
    """Keep the language a person chose.

    Raises:
        InvalidInput: not one of ours.
    """
    if locale not in LOCALES:
        raise InvalidInput("Chương trình chưa có ngôn ngữ này.")
    user.locale = locale


def find_user(session: Session, user_id: int) -> User:
    """One account.

    Raises:
        NotFound: no such account.
    """
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("Không có tài khoản này.")
    return user


def list_users(session: Session) -> list[User]:
    """Every account, by username."""
    return list(session.scalars(select(User).order_by(User.username)))


def list_demo_users(session: Session) -> list[User]:
    """One active account per role, the first made, in the order of the roles; none beside a real campaign."""
    if set(session.scalars(select(Campaign.is_sample))) != {True}:
        return []
    first: dict[str, User] = {}
    for user in session.scalars(select(User).where(User.is_active).order_by(User.id)):
        first.setdefault(user.role, user)
    return [first[role.value] for role in Role if role.value in first]


def make_password() -> str:
    """Twelve letters in three groups, 59 bits, easy to copy from a slip of paper."""
    letters = [secrets.choice(_PLAIN_LETTERS) for _ in range(12)]
    return "-".join("".join(letters[start : start + 4]) for start in (0, 4, 8))


def _checked_username(session: Session, typed: str) -> str:
    """Lower case; letters, digits, dot, dash, underscore; not taken."""
    username = typed.strip().lower()
    plain = username.isascii() and all(c.isalnum() or c in _USERNAME_PUNCTUATION for c in username)
    if not username or not plain:
        raise InvalidInput("Tên đăng nhập chỉ gồm chữ không dấu, số, dấu chấm và gạch nối.")
    if session.scalars(select(User.id).where(User.username == username)).first() is not None:
        raise InvalidInput("Tên đăng nhập “%(name)s” đã có người dùng. Chọn tên khác.", name=username)
    return username


def _check_password(password: str) -> None:
    """Length is what counts; no rules about signs."""
    if len(password) < MIN_PASSWORD_LENGTH:
        raise InvalidInput("Mật khẩu cần ít nhất %(length)s ký tự.", length=MIN_PASSWORD_LENGTH)
    if len(password) > MAX_PASSWORD_LENGTH:
        raise InvalidInput("Mật khẩu dài nhất %(length)s ký tự.", length=MAX_PASSWORD_LENGTH)


def find_display_names(session: Session, usernames: Iterable[str]) -> dict[str, str]:
    """People's names by username; an account that is gone is called by its username."""
    asked = set(usernames)
    known = select(User.username, User.display_name).where(User.username.in_(asked))
    return {username: username for username in asked} | dict(session.execute(known).all())


def find_roles(session: Session, usernames: Iterable[str]) -> dict[str, str]:
    """People's roles by username; an account that is gone has none."""
    known = select(User.username, User.role).where(User.username.in_(set(usernames)))
    return dict(session.execute(known).all())


def _account_of(session: Session, attempt: Attempt) -> User | None:
    return session.scalars(select(User).where(User.username == attempt.name)).first()


def _address_subject(attempt: Attempt) -> str:
    return f"address:{attempt.address}"[:120]


def _is_locked(brake: "User | SignInBrake", now: dt.datetime) -> bool:
    return brake.locked_until is not None and brake.locked_until > now


def _find_brake(session: Session, subject: str, now: dt.datetime) -> SignInBrake:
    """The count of this subject; old counts, of this and all others, are forgotten."""
    stale = (SignInBrake.counted_since < now - LOCK, func.coalesce(SignInBrake.locked_until, now) <= now)
    session.execute(delete(SignInBrake).where(*stale))
    brake = session.get(SignInBrake, subject)
    if brake is None:
        brake = SignInBrake(subject=subject, failed_sign_ins=0, counted_since=now)
        session.add(brake)
        session.flush()
    return brake


def _log_failure(session: Session, attempt: Attempt, user: User | None, now: dt.datetime) -> None:
    """What was typed is kept only where it is somebody's username: it could be a password."""
    name = "" if user is None else user.username
    write_log(session, now, name, "sign_in_failed", name or "unknown name", address=attempt.address)


def _count_address(session: Session, attempt: Attempt, now: dt.datetime) -> None:
    """Many names tried from one address are a guess as well."""
    brake = _find_brake(session, _address_subject(attempt), now)
    _count_failure(session, brake, brake.subject, now, ADDRESS_FAILURES_BEFORE_LOCK)


def _count_failure(
    session: Session,
    brake: "User | SignInBrake",
    subject: str,
    now: dt.datetime,
    limit: int = FAILURES_BEFORE_LOCK,
) -> SignIn:
    """One more failure; at the limit the account or address locks and the count starts again."""
    brake.failed_sign_ins += 1
    if brake.failed_sign_ins < limit:
        return SignIn(None)
    brake.failed_sign_ins, brake.locked_until = 0, now + LOCK
    write_log(session, now, subject[:80], "sign_in_locked", subject)
    return SignIn(None, brake.locked_until)


def _accept(session: Session, user: User, password: str, now: dt.datetime) -> None:
    """Forget the failures; hash again where the setting has become stronger."""
    user.failed_sign_ins, user.locked_until = 0, None
    if _hasher.check_needs_rehash(user.password_hash):
        user.password_hash = _hasher.hash(password)
    write_log(session, now, user.username, "signed_in", user.username)
