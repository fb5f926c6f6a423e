"""What a view may ask for: the session of this request, who asks, which campaign, what time it is."""

import datetime as dt
from dataclasses import dataclass

from flask import current_app, g, request, session
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.exceptions import Unauthorized

from ocr.template import FormLibrary
from webapp.errors import NoCampaign
from webapp.http import sign_in
from webapp.http.moments import Moments
from webapp.persistence.accounts import EndedSession, User
from webapp.persistence.base import Clock
from webapp.persistence.campaign import Campaign
from webapp.services import campaigns, sign_ins
from webapp.settings import Settings
from webapp.storage import ScanStore

EXTENSION = "chamdiem"
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class AppContext:
    """What lives as long as the process."""

    settings: Settings
    engine: Engine
    clock: Clock
    write_sessions: sessionmaker[Session]
    read_sessions: sessionmaker[Session]
    scan_store: ScanStore
    form_library: FormLibrary
    moments: Moments


def app_context() -> AppContext:
    """The context that `create_app` composed."""
    found: AppContext = current_app.extensions[EXTENSION]
    return found


def settings() -> Settings:
    """The installation's settings."""
    return app_context().settings


def scan_store() -> ScanStore:
    """Where originals, crops and evidence files lie."""
    return app_context().scan_store


def form_library() -> FormLibrary:
    """The forms of this installation; what was read of them stays read."""
    return app_context().form_library


def now() -> dt.datetime:
    """The moment of this request: one and the same from when all of it is here to its last line."""
    if "now" not in g:
        g.now = app_context().clock()
    moment: dt.datetime = g.now
    return moment


def count_from_now() -> None:
    """All of the request is here: whoever held its end back until a deadline was over is late."""
    g.pop("now", None)


def current_session() -> Session:
    """The database session of this request; one that cannot take the write lock where only reading is due."""
    if "db_session" not in g:
        reading = request.method in READING_METHODS
        context = app_context()
        g.db_session = context.read_sessions() if reading else context.write_sessions()
    opened: Session = g.db_session
    return opened


def session_limits() -> sign_in.SessionLimits:
    """How long a sign-in lasts here."""
    return sign_in.SessionLimits(
        idle=dt.timedelta(minutes=settings().session_idle_min),
        absolute=dt.timedelta(hours=settings().session_max_h),
    )


def signed_in_user() -> User | None:
    """The person of this session, or None: signed out, expired, switched off, or ended elsewhere."""
    if "user" not in g:
        g.user = load_user(current_session())
    found: User | None = g.user
    return found


def current_user() -> User:
    """The person of this session; policies have made sure that there is one.

    Raises:
        Unauthorized: nobody is signed in.
    """
    user = signed_in_user()
    if user is None:
        raise Unauthorized
    return user


def find_campaign() -> Campaign | None:
    """The campaign that people work in, or None before the first."""
    if "campaign" not in g:
        g.campaign = campaigns.current_campaign(current_session())
    found: Campaign | None = g.campaign
    return found


def current_campaign() -> Campaign:
    """The campaign that people work in.

    Raises:
        NoCampaign: there is none yet.
    """
    campaign = find_campaign()
    if campaign is None:
        raise NoCampaign("Các phần việc mở ra khi người quản trị đã nạp một chu kỳ.")
    return campaign


def current_claim() -> sign_in.Claim | None:
    """What this browser's cookie says, if it is within its limits."""
    return sign_in.read_claim(session, now(), session_limits())


def end_sign_in() -> None:
    """End the sign-in of this browser here and on the server; the chosen language stays."""
    claim = current_claim()
    if claim is not None:
        sign_ins.end_sign_in(current_session(), claim.key, now(), session_limits().absolute)
    sign_in.forget_session(session)
    g.pop("user", None)


def load_user(opened: Session) -> User | None:
    """The account that the cookie claims, if the claim still holds."""
    claim = current_claim()
    if claim is None:
        return None
    user = opened.get(User, claim.user_id)
    if user is None or not user.is_active or user.session_epoch != claim.epoch:
        return None
    return None if opened.get(EndedSession, claim.key) is not None else user
