"""Who the session cookie says is here: pure rules about its age, without a database."""

import datetime as dt
import secrets
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

KEY = "sign_in"
SECOND_STEP = "second_step"
SECOND_STEP_LIMIT = dt.timedelta(minutes=5)
_KEPT = ("locale",)  # what outlives a change of person


@dataclass(frozen=True, slots=True)
class Claim:
    """The cookie's word, still to be compared with the account: `epoch` must equal the account's.

    `key` names this one sign-in, so that it can be ended alone.
    """

    user_id: int
    epoch: int
    key: str = ""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """A session ends `idle` after its last use, and `absolute` after its start whatever happens."""

    idle: dt.timedelta
    absolute: dt.timedelta


def begin_session(cookie: MutableMapping[str, Any], claim: Claim, now: dt.datetime) -> str:
    """Start afresh for one person: nothing of the former session stays, its CSRF token least of all.

    Gives the sign-in's key.
    """
    forget_session(cookie)
    moment = int(now.timestamp())
    key = claim.key or secrets.token_urlsafe(16)
    cookie[KEY] = {
        "user": claim.user_id,
        "epoch": claim.epoch,
        "key": key,
        "started": moment,
        "seen": moment,
    }
    return key


def begin_second_step(cookie: MutableMapping[str, Any], claim: Claim, now: dt.datetime) -> None:
    """Note that the password was right and a code is due; nobody is signed in by that."""
    forget_session(cookie)
    cookie[SECOND_STEP] = {"user": claim.user_id, "epoch": claim.epoch, "at": int(now.timestamp())}


def read_second_step(cookie: MutableMapping[str, Any], now: dt.datetime) -> Claim | None:
    """Whose code is due, for a few minutes after the password."""
    entry = cookie.get(SECOND_STEP)
    if not isinstance(entry, dict) or now.timestamp() - entry["at"] > SECOND_STEP_LIMIT.total_seconds():
        return None
    return Claim(entry["user"], entry["epoch"])


def forget_session(cookie: MutableMapping[str, Any]) -> None:
    """Drop everything but the chosen language."""
    kept = {name: cookie[name] for name in _KEPT if name in cookie}
    cookie.clear()
    cookie.update(kept)


def read_claim(cookie: MutableMapping[str, Any], now: dt.datetime, limits: SessionLimits) -> Claim | None:
    """The claim of a session within its limits, else None."""
    entry = cookie.get(KEY)
    if not isinstance(entry, dict) or "key" not in entry:
        return None
    moment = now.timestamp()
    if moment - entry["seen"] > limits.idle.total_seconds():
        return None
    if moment - entry["started"] > limits.absolute.total_seconds():
        return None
    return Claim(entry["user"], entry["epoch"], entry["key"])


def renew_session(cookie: MutableMapping[str, Any], now: dt.datetime) -> None:
    """Note that the person was active; once a minute is enough, so the cookie rarely changes."""
    entry = cookie.get(KEY)
    moment = int(now.timestamp())
    if isinstance(entry, dict) and moment - entry["seen"] >= dt.timedelta(minutes=1).total_seconds():
        cookie[KEY] = {**entry, "seen": moment}
