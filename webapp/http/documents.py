"""Serve stored files so that a browser can do nothing with them but show a picture or save a copy."""

from base64 import b64encode

from flask import Response, send_file

from webapp.http.context import scan_store

_LOCKED_IN = "sandbox; default-src 'none'; frame-ancestors 'self'"


def send_picture(sha256: str, media_type: str) -> Response:
    """A picture, shown in the page; nobody's shared computer keeps it."""
    return _guard(send_file(scan_store().path(sha256), mimetype=media_type, max_age=0))


def picture_within(sha256: str, media_type: str) -> str | None:
    """A small picture as a `data:` address, sent within the page that shows it; None where the file is gone.

    It saves the browser a question of its own, and like its page it is kept by nobody (docs/adr/0016).
    """
    try:
        content = scan_store().path(sha256).read_bytes()
    except FileNotFoundError:
        return None
    return f"data:{media_type};base64,{b64encode(content).decode()}"


def send_original(sha256: str, media_type: str, name: str) -> Response:
    """The file as it came, always saved and never opened within our site."""
    path = scan_store().path(sha256)
    return _guard(send_file(path, mimetype=media_type, as_attachment=True, download_name=name, max_age=0))


def _guard(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = _LOCKED_IN
    return response
