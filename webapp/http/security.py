"""Headers that keep pages to themselves, the session cookie's rules, and limits on what is sent."""

import hashlib
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request, session
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp.http import access, sign_in
from webapp.http.context import READING_METHODS, app_context, load_user, now, session_limits
from webapp.settings import Settings

_MIB = 1024 * 1024
_STRANGER_LIMIT_BYTES = _MIB  # nobody needs more to sign in
_FORM_LIMIT_BYTES = 4 * _MIB
_LIST_MB = 6  # a workbook of people or of a campaign: the file and the form around it
_EVIDENCE_FILES_AT_ONCE = 10
# frame-ancestors: evidence is shown in a frame of our own page; data: is for pictures alone (docs/adr/0016)
_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-src 'self'; frame-ancestors 'self'"
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
        MAX_FORM_MEMORY_SIZE=_FORM_LIMIT_BYTES,
        SESSION_COOKIE_NAME="chamdiem",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_SAMESITE="Lax",
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,  # static files carry their content's hash in the address
    )
    if settings.proxies:  # believed only where there is one: else anybody could claim any address
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)  # type: ignore[method-assign]
    app.before_request(lambda: limit_body(settings))
    app.before_request(_renew)
    app.after_request(_add_headers)
    app.url_defaults(_name_version)


def is_local_path(target: str) -> bool:
    """Whether `target` stays on this site: browsers read backslashes and control characters as slashes."""
    if not target.startswith("/") or target.startswith("//") or "\\" in target or not target.isprintable():
        return False
    parts = urlsplit(target)
    return not parts.scheme and not parts.netloc


def limit_body(settings: Settings) -> None:
    """Only the upload pages take large bodies, only as files, and only from those who may use the page.

    Strangers send least of all.

    Raises:
        Unauthorized, NotPermitted: a large body that would be refused when all of it is here.
    """
    if sign_in.KEY not in session:
        request.max_content_length = _STRANGER_LIMIT_BYTES
        return
    limits_mb = {
        "intake.upload_batch": settings.max_upload_mb,
        "campaigns.preview_import": _LIST_MB,
        "payment_settings.preview_import": _LIST_MB,
        "scheme_import.preview": _LIST_MB,
        "phone.shoot": settings.max_upload_mb,
        "trial.send_scan": settings.max_upload_mb,
        "self_scoring.upload_evidence": _EVIDENCE_FILES_AT_ONCE * settings.max_evidence_mb,
        "explanations.save": _EVIDENCE_FILES_AT_ONCE * settings.max_evidence_mb,
        "explanations.send": _EVIDENCE_FILES_AT_ONCE * settings.max_evidence_mb,
        "complaints.record": settings.max_evidence_mb + 1,
    }
    uploads = limits_mb.get(request.endpoint or "") if request.mimetype == "multipart/form-data" else None
    request.max_content_length = _FORM_LIMIT_BYTES if uploads is None else uploads * _MIB
    if uploads is not None:
        _require_sender(request.endpoint or "")


def _require_sender(endpoint: str) -> None:
    """Look who sends, without the database's lock: it must not wait for a slow upload."""
    permission = access.asked_by(current_app.view_functions[endpoint])
    if permission is not None:
        with app_context().read_sessions() as reading:
            access.require(load_user(reading), permission)


def _renew() -> None:
    """A person's own steps keep a session that is still good; a panel that refreshes itself does not."""
    polling = "HX-Request" in request.headers and request.method in READING_METHODS
    if request.endpoint == "static" or polling:
        return
    if sign_in.read_claim(session, now(), session_limits()) is not None:
        sign_in.renew_session(session, now())


def _add_headers(response: Response) -> Response:
    """Nothing is kept by a shared computer but what is the same for everybody: styles, scripts, pictures."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    _leave_host_out(response)
    return response


def _leave_host_out(response: Response) -> None:
    """The router puts an address right with the host that was asked for, whatever it is: the path will do."""
    path = (response.location or "").removeprefix(request.host_url.rstrip("/"))
    if path != response.location and is_local_path(path):
        response.location = path
        response.set_data("")


def leave_nothing(response: Response) -> Response:
    """Tell the browser to throw away what it holds of these pages (over HTTPS; `no-store` works without)."""
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
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
