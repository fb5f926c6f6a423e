"""Headers that keep pages to themselves, the session cookie's rules, and limits on what is sent."""

import hashlib
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, request, session

from webapp.http import sign_in
from webapp.http.context import READING_METHODS, now, session_limits
from webapp.settings import Settings

_MIB = 1024 * 1024
_STRANGER_LIMIT_BYTES = _MIB  # nobody needs more to sign in
# frame-ancestors: evidence is shown in a frame of our own page
_POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-src 'self'; "
    "frame-ancestors 'self'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def install_security(app: Flask, settings: Settings) -> None:
    """Set the limits and add the headers to every answer."""
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=settings.max_upload_mb * _MIB,
        MAX_FORM_MEMORY_SIZE=4 * _MIB,
        SESSION_COOKIE_NAME="chamdiem",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,  # static files carry their content's hash in the address
    )
    app.before_request(_limit_strangers)
    app.before_request(_renew)
    app.after_request(_add_headers)
    app.url_defaults(_name_version)


def is_local_path(target: str) -> bool:
    """Whether `target` stays on this site: browsers read backslashes and control characters as slashes."""
    if not target.startswith("/") or target.startswith("//") or "\\" in target or not target.isprintable():
        return False
    parts = urlsplit(target)
    return not parts.scheme and not parts.netloc


def _limit_strangers() -> None:
    """Who is not signed in cannot fill the disk with an upload."""
    if sign_in.KEY not in session:
        request.max_content_length = _STRANGER_LIMIT_BYTES


def _renew() -> None:
    """A person's own steps keep a session that is still good; a panel that refreshes itself does not."""
    polling = "HX-Request" in request.headers and request.method in READING_METHODS
    if request.endpoint == "static" or polling:
        return
    if sign_in.read_claim(session, now(), session_limits()) is not None:
        sign_in.renew_session(session, now())


def _add_headers(response: Response) -> Response:
    """Pages and scans are never kept by a shared computer unless the view says for how long."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if not response.cache_control.max_age:
        response.headers["Cache-Control"] = "no-store"
    return response


def _name_version(endpoint: str, values: dict[str, str]) -> None:
    """A changed static file gets a new address, so that it can be kept for long."""
    if endpoint == "static" and "v" not in values:
        path = Path(__file__).parent.parent / "static" / values["filename"]
        if path.is_file():
            values["v"] = _file_version(path, path.stat().st_mtime_ns)


@cache
def _file_version(path: Path, _changed_ns: int) -> str:
    """Eight digits of the file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]
