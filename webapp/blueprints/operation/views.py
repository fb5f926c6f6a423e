"""What machines ask: whether the program works (`/healthz`), and its figures (`/metrics`)."""

import hmac

from flask import Blueprint, Response, jsonify, request
from sqlalchemy.exc import SQLAlchemyError

from webapp.errors import NotFound
from webapp.http import access
from webapp.http.context import app_context, now, scan_store, settings
from webapp.services.backups import program_version
from webapp.services.batches import is_reader_silent
from webapp.services.health import metrics, read_health

blueprint = Blueprint("operation", __name__)
_UNAVAILABLE = 503


@blueprint.get("/healthz")
@access.public
def show_health() -> tuple[Response, int]:
    """200 where people can work, 503 where they cannot; a silent worker alone stops nobody."""
    store = scan_store()
    checks = {"disk": "full" if not store.has_room() else "ok" if store.takes_files() else "read_only"}
    try:
        with app_context().read_sessions() as session:
            is_silent = is_reader_silent(session, now())
        checks |= {"database": "ok", "worker": "silent" if is_silent else "ok"}
    except SQLAlchemyError:
        checks |= {"database": "down", "worker": "unknown"}
    works = (checks["disk"], checks["database"]) == ("ok", "ok")
    return jsonify(status="ok" if works else "down", **checks), 200 if works else _UNAVAILABLE


@blueprint.get("/metrics")
@access.public
def show_metrics() -> Response:
    """Figures for Prometheus, for whoever bears the token of the settings; without one there is no such page.

    Raises:
        NotFound: no token is set, or another one was sent.
    """
    expected, sent = settings().metrics_token, request.headers.get("Authorization", "")
    if not expected or not hmac.compare_digest(sent.encode(), f"Bearer {expected}".encode()):
        raise NotFound("Không có trang này.")
    with app_context().read_sessions() as session:
        health = read_health(session, now())
    places = {"data": settings().data_dir, "backups": settings().backups_dir}
    return Response("".join(metrics(health, places, program_version())), mimetype="text/plain; version=0.0.4")
