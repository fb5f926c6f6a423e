"""Views that do one thing each, to try the frame with."""

from typing import Any

from flask import Blueprint, Response, render_template_string, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from ocr.errors import ScanUnreadable
from webapp.errors import InvalidInput, NotFound
from webapp.http import access, htmx
from webapp.http.access import Permission
from webapp.http.context import current_session, current_user, now
from webapp.http.errors import ERROR_TEXTS
from webapp.http.transaction import keep_changes
from webapp.persistence.accounts import User
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Unit

blueprint = Blueprint("probe", __name__, url_prefix="/probe")


def load_own_unit(session: Session, user: User, code: str) -> Unit:
    """A unit, within what this person belongs to."""
    unit = session.scalars(select(Unit).where(Unit.code == code, Unit.id == user.unit_id)).first()
    if unit is None:
        raise NotFound("Không có đơn vị này.")
    return unit


@blueprint.get("/unit/<code>")
@access.policy(Permission.SELF_SCORE, scope=load_own_unit)
def show_unit(unit: Unit) -> str:
    return unit.name


@blueprint.post("/write/<outcome>")
@access.policy(Permission.OWN_ACCOUNT)
def write(outcome: str) -> tuple[str, int]:
    write_log(current_session(), now(), current_user().username, "probe", outcome)
    if outcome == "raises":
        raise InvalidInput("Số %(number)s không hợp lệ.", number="<5>")
    if outcome == "bug":
        raise ZeroDivisionError
    if outcome == "keeps":
        keep_changes()
    return "", {"ok": 200, "refused": 422, "keeps": 422}[outcome]


@blueprint.get("/write-on-get")
@access.policy(Permission.OWN_ACCOUNT)
def write_on_get() -> str:
    write_log(current_session(), now(), "x", "probe", "get")
    return "ok"


@blueprint.get("/scan")
@access.policy(Permission.OWN_ACCOUNT)
def scan() -> str:
    raise ScanUnreadable("/var/secret/path is damaged")


@blueprint.get("/part")
@access.policy(Permission.OWN_ACCOUNT)
def part() -> Response:
    return htmx.render("errors/page.html", "errors/_message.html", trigger={"saved": "đã lưu"}, **_texts())


@blueprint.post("/echo")
@access.policy(Permission.OWN_ACCOUNT)
def echo() -> dict[str, Any]:
    upload = request.files.get("file")
    return {
        "form": request.form["word"],
        "query": request.args["q"],
        "file": upload.filename if upload else "",
    }


@blueprint.post("/away")
@access.policy(Permission.OWN_ACCOUNT)
def away() -> Response:
    return htmx.go_to("/ca-nhan", "Đã xong.")


@blueprint.get("/text")
@access.policy(Permission.OWN_ACCOUNT)
def text() -> str:
    return render_template_string("{{ 92.155 | points }} {{ _('Mã sự cố') }} {{ missing_name }}")


@blueprint.get("/figures")
@access.policy(Permission.OWN_ACCOUNT)
def show_figures() -> str:
    return render_template_string(
        "{{ 0 | points }} {{ 0.5 | percent(1) }} {{ 'clerk' | role_name }} "
        "{{ ngettext('%(num)s phiếu', '%(num)s phiếu', 3108) }} "
        "{{ ngettext('%(num)s <%(name)s>', '%(num)s <%(name)s>', 1, name='<i>') }}"
    )


def _texts() -> dict[str, Any]:
    return {"text": ERROR_TEXTS["not_found"], "code": "not_found", "detail": None, "incident": None}
