"""What a browser gets when somebody comes in: a fresh session, put on the list, and the page they wanted."""

from flask import Response, request, session, url_for

from webapp.http import sign_in
from webapp.http.browsers import browser_name
from webapp.http.context import current_session, end_sign_in, now, session_limits
from webapp.http.htmx import go_to
from webapp.http.security import is_local_path
from webapp.persistence.accounts import User
from webapp.services import sign_ins


def admit(user: User) -> Response:
    """Begin the session, and go where the person wanted to go."""
    end_sign_in()
    begin(user)
    return go_to(next_address())


def begin(user: User) -> None:
    """A fresh session with a fresh CSRF token."""
    key = sign_in.begin_session(session, sign_in.Claim(user.id, user.session_epoch), now())
    place = sign_ins.Place(key, remote_address(), browser_name(request.headers.get("User-Agent", "")))
    sign_ins.note_sign_in(current_session(), user, place, now(), session_limits().absolute)


def next_address() -> str:
    """Where to go on: only to a page of this site."""
    wanted = request.values.get("next", "").rstrip("?")
    return wanted if is_local_path(wanted) else url_for("home.show_home")


def remote_address() -> str:
    """Whom failed attempts are counted for."""
    return request.remote_addr or "unknown"
