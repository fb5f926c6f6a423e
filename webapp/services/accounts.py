"""Accounts: making them, changing passwords, switching them off; `sign_ins` is the way in."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, NotFound
from webapp.persistence.accounts import User
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign
from webapp.services.passwords import check_password, hash_password, is_password, make_password
from webapp.services.sign_in_brakes import release

LOCALES = ("vi", "en")
_USERNAME_PUNCTUATION = frozenset("._-")


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


def create_user(
    session: Session,
    actor: str,
    account: NewAccount,
    password: str,
    now: dt.datetime,
    *,
    is_first_password: bool = False,
) -> User:
    """Add an account; a first password, which others have seen, must be changed at the first sign-in.

    Raises:
        InvalidInput: the name is taken or not plain, the password is refused, or unit and role do not fit.
    """
    username = _checked_username(session, account.username)
    _check_unit(account.role, account.unit_id)
    check_password(password, username)
    user = User(
        username=username,
        display_name=account.display_name.strip() or username,
        role=account.role.value,
        unit_id=account.unit_id,
        password_hash=hash_password(password),
        must_change_password=is_first_password,
        is_active=True,
        session_epoch=0,
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


def change_password(session: Session, user: User, new: str, now: dt.datetime) -> None:
    """Replace one's own password; every other session of this person ends.

    Raises:
        InvalidInput: the new password is none to choose, or the one that there was.
    """
    check_password(new, user.username)
    if is_password(user.password_hash, new):
        raise InvalidInput("Mật khẩu mới phải khác mật khẩu hiện tại.")
    user.password_hash = hash_password(new)
    user.must_change_password = False
    user.session_epoch += 1
    write_log(session, now, user.username, "password_changed", user.username)


def reset_password(session: Session, actor: str, user_id: int, now: dt.datetime) -> str:
    """Give an account a new random password, to be shown once; its sessions end, its lock is lifted."""
    user = find_user(session, user_id)
    _require_name(user)
    password = make_password()
    user.password_hash, user.must_change_password = hash_password(password), True
    user.session_epoch += 1
    release(session, user.username)
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
        InvalidInput: one's own account, or one whose name was erased.
    """
    user = find_user(session, user_id)
    _require_name(user)
    if user.id == actor.id:
        raise InvalidInput("Không thể khóa tài khoản bạn đang dùng. Nhờ một người quản trị khác.")
    user.is_active, user.switched_off_at = active, None if active else now
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


def _require_name(user: User) -> None:
    if user.erased_on is not None:
        raise InvalidInput("Tên của tài khoản này đã xóa; không mở lại được. Tạo một tài khoản mới.")


def _checked_username(session: Session, typed: str) -> str:
    """Lower case; letters, digits, dot, dash, underscore; not taken."""
    username = typed.strip().lower()
    plain = username.isascii() and all(c.isalnum() or c in _USERNAME_PUNCTUATION for c in username)
    if not username or not plain:
        raise InvalidInput("Tên đăng nhập chỉ gồm chữ không dấu, số, dấu chấm và gạch nối.")
    if session.scalars(select(User.id).where(User.username == username)).first() is not None:
        raise InvalidInput("Tên đăng nhập “%(name)s” đã có người dùng. Chọn tên khác.", name=username)
    return username


def find_display_names(session: Session, usernames: Iterable[str]) -> dict[str, str]:
    """People's names by username; an account that is gone is called by its username."""
    asked = set(usernames)
    known = select(User.username, User.display_name).where(User.username.in_(asked))
    return {username: username for username in asked} | dict(session.execute(known).all())


def find_roles(session: Session, usernames: Iterable[str]) -> dict[str, str]:
    """People's roles by username; an account that is gone has none."""
    known = select(User.username, User.role).where(User.username.in_(set(usernames)))
    return dict(session.execute(known).all())
