"""What the program holds about the people who work with it: a copy for them, and the erasure of their names.

An account's name lives in its row alone. Log, decisions and scores know the username, and keep it: the log
cannot be changed, and who decided what must stay to be seen (law 91/2025/QH15 leaves what other duties need).
"""

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput
from webapp.persistence.accounts import SignInRecord, User
from webapp.persistence.audit import LogEntry, write_log
from webapp.persistence.campaign import Campaign
from webapp.services import second_factor
from webapp.services.people import Person, erase_person, list_named

_UNUSABLE = "!"  # no argon2 hash: nothing fits it


@dataclass(frozen=True, slots=True)
class ErasurePlan:
    """What the erasure of an account would do: the name it gets, sign-ins that end, log entries that stay."""

    pseudonym: str
    sign_ins: int
    log_entries: int


@dataclass(frozen=True, slots=True)
class NamesDue:
    """Names that are older than the office keeps them: of lists (by campaign) and of accounts."""

    people: Sequence[Person]
    accounts: Sequence[User]


def account_data(session: Session, user: User) -> dict[str, Any]:
    """Everything that is held about this person as plain values: the account, its sign-ins, what it did."""
    entries = select(LogEntry).where(LogEntry.actor == user.username).order_by(LogEntry.seq)
    records = select(SignInRecord).where(SignInRecord.user_id == user.id).order_by(SignInRecord.begun_at)
    return {
        "account": {
            "username": user.username,
            "name": user.display_name,
            "role": user.role,
            "unit": None if user.unit is None else user.unit.name,
            "language": user.locale,
            "is_active": user.is_active,
            "has_second_step": second_factor.is_on(session, user),
        },
        "sign_ins": [
            {"at": record.begun_at.isoformat(), "address": record.address, "browser": record.browser}
            for record in session.scalars(records)
        ],
        "log": [
            {"at": entry.at.isoformat(), "act": entry.act, "subject": entry.subject, "detail": entry.detail}
            for entry in session.scalars(entries)
        ],
    }


def plan_erasure(session: Session, user: User) -> ErasurePlan:
    """What would go and what would stay; nothing is changed."""
    sign_ins = select(func.count()).where(SignInRecord.user_id == user.id)
    entries = select(func.count()).where(LogEntry.actor == user.username)
    return ErasurePlan(_pseudonym(user), session.scalar(sign_ins) or 0, session.scalar(entries) or 0)


def erase_account(session: Session, actor: str, user: User, now: dt.datetime) -> None:
    """Take the name away and close the account for ever; all that it did stays under its username.

    Raises:
        InvalidInput: one's own account, or it was done before.
    """
    if user.username == actor:
        raise InvalidInput("Không xóa được tên của tài khoản bạn đang dùng. Nhờ một người quản trị khác.")
    if user.erased_on is not None:
        raise InvalidInput("Tên của tài khoản này đã xóa trước đây.")
    second_factor.forget(session, user)
    session.execute(delete(SignInRecord).where(SignInRecord.user_id == user.id))
    user.display_name, user.erased_on = _pseudonym(user), now.date()
    user.password_hash = f"{_UNUSABLE}{secrets.token_hex(4)}"
    user.is_active, user.must_change_password = False, False
    user.switched_off_at = user.switched_off_at or now
    user.session_epoch += 1
    write_log(session, now, actor, "account_erased", user.username)
    session.flush()


def names_due(session: Session, kept: dt.timedelta, now: dt.datetime) -> NamesDue:
    """Lists of past campaigns whose forms were due back longer ago, accounts switched off longer ago."""
    last_day = (now - kept).date()
    campaigns = select(Campaign.id).where(Campaign.forms_back_on < last_day, Campaign.is_current.is_(False))
    accounts = select(User).where(
        User.is_active.is_(False), User.erased_on.is_(None), User.switched_off_at < now - kept
    )
    return NamesDue(
        people=list_named(session, list(session.scalars(campaigns))),
        accounts=session.scalars(accounts.order_by(User.username)).all(),
    )


def erase_due(session: Session, actor: str, due: NamesDue, now: dt.datetime) -> None:
    """Erase them; each has its log entry."""
    for person in due.people:
        erase_person(session, actor, person, now)
    for user in due.accounts:
        erase_account(session, actor, user, now)


def _pseudonym(user: User) -> str:
    return f"Tài khoản {user.id}"  # kept with the account, as its name was
