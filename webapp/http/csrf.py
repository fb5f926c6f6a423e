"""Forged requests: one token per session, asked of every unsafe method before all else."""

import hmac
import secrets

from flask import Flask, request, session
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from webapp.http.context import READING_METHODS, count_from_now

KEY = "csrf"
FIELD = "csrf_token"
HEADER = "X-CSRF-Token"


class TokenMissing(HTTPException):
    """The form came without this session's token: an old tab, blocked cookies, or another site."""

    code = 400
    name = "csrf_missing"


def csrf_token() -> str:
    """This session's token, made when a page first needs it."""
    if KEY not in session:
        session[KEY] = secrets.token_urlsafe(32)
    token: str = session[KEY]
    return token


def csrf_field() -> Markup:
    """The hidden field that every form carries."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, csrf_token())


def install_csrf(app: Flask) -> None:
    """Check before authority is consulted, and give templates the field."""
    app.before_request(_check)
    app.jinja_env.globals.update(csrf_field=csrf_field, csrf_token=csrf_token)


def _check() -> None:
    """Compare in constant time; a request without a session has no token to know."""
    if request.method in READING_METHODS:
        return
    expected = session.get(KEY)
    given = request.headers.get(HEADER) or request.form.get(FIELD) or ""
    if not isinstance(expected, str) or not hmac.compare_digest(expected.encode(), given.encode()):
        raise TokenMissing
    # Receive the whole body now: the database lock of a writing request must not wait for a slow upload.
    _ = request.form
    count_from_now()
