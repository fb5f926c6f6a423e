"""Accounts: making them, signing in, changing passwords, ending sessions."""

import datetime as dt
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, NotFound
from webapp.persistence.accounts import User
from webapp.persistence.audit import write_log

MIN_PASSWORD_LENGTH = 10
MAX_PASSWORD_LENGTH = 200
FAILURES_BEFORE_LOCK = 5
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
    VIEWER = "viewer"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an administrator fills in; `unit_id` is for the role `unit`, and only for it."""

    username: str
    display_name: str
    role: Role
    unit_id: int | None = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """How an attempt ended: a user, or none with the moment until which the account is locked (if it is)."""

    user: User | None
    locked_until: dt.datetime | None = None


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
    if (account.role is Role.UNIT) != (account.unit_id is not None):
        raise InvalidInput("Tài khoản của đơn vị phải gắn với một đơn vị; các vai trò khác thì không.")
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


def verify_sign_in(session: Session, username: str, password: str, now: dt.datetime) -> SignIn:
    """Compare a password. Unknown names take as long as known ones; repeated failures lock for a while."""
    user = session.scalars(select(User).where(User.username == username.strip().lower())).first()
    if user is None or not user.is_active:
        _matches(_UNKNOWN_USER_HASH, password)
        return SignIn(None)
    if user.locked_until is not None and user.locked_until > now:
        return SignIn(None, user.locked_until)
    if not _matches(user.password_hash, password):
        return _count_failure(session, user, now)
    _accept(session, user, password, now)
    return SignIn(user)


def enter_demo(session: Session, user_id: int, now: dt.datetime) -> User:
    """Sign in without a password; only the demo's sign-in page may call this.

    Raises:
        NotFound: no such active account.
    """
    user = find_user(session, user_id)
    if not user.is_active:
        raise NotFound("Tài khoản này đã bị khóa.")
    write_log(session, now, user.username, "signed_in", user.username, demo=True)
    return user


def change_password(session: Session, user: User, current: str, new: str, now: dt.datetime) -> None:
    """Replace one's own password; every other session of this person ends.

    Raises:
        InvalidInput: the current password is wrong, or the new one is too short.
    """
    if not _matches(user.password_hash, current):
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
    """One active account per role, the first made, in the order of the roles."""
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


def _matches(password_hash: str, password: str) -> bool:
    """Whether the password is the one; over-long ones are never hashed."""
    if len(password) > MAX_PASSWORD_LENGTH:
        return False
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _count_failure(session: Session, user: User, now: dt.datetime) -> SignIn:
    """One more failure; at the limit the account locks and the count starts again."""
    user.failed_sign_ins += 1
    if user.failed_sign_ins < FAILURES_BEFORE_LOCK:
        return SignIn(None)
    user.failed_sign_ins, user.locked_until = 0, now + LOCK
    write_log(session, now, user.username, "sign_in_locked", user.username)
    return SignIn(None, user.locked_until)


def _accept(session: Session, user: User, password: str, now: dt.datetime) -> None:
    """Forget the failures; hash again where the setting has become stronger."""
    user.failed_sign_ins, user.locked_until = 0, None
    if _hasher.check_needs_rehash(user.password_hash):
        user.password_hash = _hasher.hash(password)
    write_log(session, now, user.username, "signed_in", user.username)
