"""The web app for tests: on a real database, with the small world in it and the clock standing still."""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.worlds.small import make_small_world
from webapp.app import create_app
from webapp.http import csrf, sign_in
from webapp.http.context import EXTENSION, AppContext
from webapp.persistence.accounts import User
from webapp.settings import Settings

FORMS_DIR = Path(__file__).parent.parent / "forms_templates"


@dataclass
class Clock:
    """A clock that tests move by hand: `clock.now += dt.timedelta(minutes=5)`."""

    now: dt.datetime

    def __call__(self) -> dt.datetime:
        """The moment it shows."""
        return self.now


@dataclass
class Office:
    """The app, its clock, and a browser for each person."""

    app: Flask
    clock: Clock
    browsers: "dict[str, Browser]" = field(default_factory=dict)

    def browser(self, username: str | None = None) -> "Browser":
        """The browser of this person (signed in), or a stranger's."""
        if username is None:
            return Browser(self, None)
        return self.browsers.setdefault(username, Browser(self, username))

    def session(self) -> Session:
        """A database session beside the app's own, to look at what was kept: `with office.session() as s`."""
        context: AppContext = self.app.extensions[EXTENSION]
        return context.write_sessions()


class Browser:
    """A person at a browser: cookies, the CSRF token of the page, and htmx where asked for."""

    def __init__(self, office: Office, username: str | None) -> None:
        """Sign in at once, without the sign-in page."""
        self.office = office
        self.client = office.app.test_client()
        if username is not None:
            with office.session() as session:
                user = session.scalars(select(User).where(User.username == username)).one()
                claim = sign_in.Claim(user.id, user.session_epoch)
            with self.client.session_transaction() as cookie:
                sign_in.begin_session(cookie, claim, office.clock())

    def get(self, path: str, *, htmx: bool = False, **options: Any) -> TestResponse:
        """Open a page, or fetch a fragment."""
        return self.client.get(path, headers=_headers(htmx=htmx), **options)

    def post(
        self, path: str, fields: dict[str, Any] | None = None, *, htmx: bool = False, **options: Any
    ) -> TestResponse:
        """Send a form with its CSRF token; files are `(stream, name)` pairs among the fields."""
        headers = {**_headers(htmx=htmx), csrf.HEADER: self.token()}
        return self.client.post(path, data=fields or {}, headers=headers, **options)

    def token(self) -> str:
        """The session's CSRF token, as a page would have shown it."""
        with self.client.session_transaction() as cookie:
            if csrf.KEY not in cookie:
                cookie[csrf.KEY] = "token-of-the-test"
            found: str = cookie[csrf.KEY]
        return found


def open_office(database_url: str, data_dir: Path, now: dt.datetime, *, demo: bool = False) -> Office:
    """An app on this (empty, migrated) database with the small world in it."""
    settings = Settings(
        data_dir=data_dir,
        database_url=database_url,
        forms_dir=FORMS_DIR,
        secret_key="a key for tests only",
        demo=demo,
    )
    clock = Clock(now)
    app = create_app(settings, clock)
    app.testing = True
    office = Office(app, clock)
    with office.session() as session:
        make_small_world(session, now)
        session.commit()
    return office


def close_office(office: Office) -> None:
    """Give the database back."""
    context: AppContext = office.app.extensions[EXTENSION]
    context.engine.dispose()


def _headers(*, htmx: bool) -> dict[str, str]:
    return {"HX-Request": "true"} if htmx else {}
