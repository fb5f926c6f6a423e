"""Nhật ký: who did what, and whether the chain is whole."""

import datetime as dt
import json

from flask import Blueprint, Response, render_template, request, url_for

from webapp.blueprints.log.words import FAULTS
from webapp.errors import InvalidInput
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import app_context, current_session, now
from webapp.http.figures import VIETNAM
from webapp.http.htmx import go_to
from webapp.http.locale import _
from webapp.http.log import log_reading
from webapp.persistence.audit import last_check, read_head
from webapp.services import log_chain
from webapp.services.log_chain import LogFilter, Occasion

blueprint = Blueprint("log", __name__, url_prefix="/nhat-ky")
_INVALID = 422
_FILTERS = ("nguoi", "viec", "doi-tuong", "tu", "den")  # as addresses have them
_YEARS = range(1970, 3000)
_LARGEST_SEQ = 2**31 - 1  # no database counts the entries further


@blueprint.get("")
@access.policy(Permission.VIEW_LOG)
def show_log() -> str | tuple[str, int]:
    """The newest entries that fit, the head of the chain, and the last check."""
    session, problem, holds = current_session(), None, None
    mark = request.args.get("dau", "")
    try:
        wanted = _filter()
    except ValueError:
        wanted, problem = LogFilter(), _("Ngày chưa đúng. Ghi như 2021-03-16 rồi lọc lại.")
    try:
        holds = log_chain.stands_in_chain(session, mark) if mark else None
    except InvalidInput as refusal:
        problem = _(refusal.message)
    entries = log_chain.find_entries(session, wanted)
    page = render_template(
        "log/log.html",
        entries=entries,
        acts=log_chain.list_acts(session),
        head=read_head(session),
        check=last_check(session),
        faults=FAULTS,
        mark=mark,
        holds=holds,
        problem=problem,
        asked=request.args,
        older=_older_address(entries[-1].seq) if len(entries) == log_chain.PAGE_LENGTH else None,
    )
    return page if problem is None else (page, _INVALID)


@blueprint.post("/kiem-tra")
@access.policy(Permission.VIEW_LOG)
def check_chain() -> Response:
    """Recompute the whole chain now."""
    report = log_chain.check_log(current_session(), Occasion.PERSON, now())
    if report.broken is None:
        return go_to(url_for(".show_log"), _("Nhật ký nguyên vẹn: %(count)s dòng.", count=report.head.seq))
    return go_to(url_for(".show_log"), _("Nhật ký bị hỏng từ dòng số %(seq)s.", seq=report.broken.seq))


@blueprint.get("/nhat-ky.jsonl")
@access.policy(Permission.VIEW_LOG)
def export_log() -> Response:
    """The whole log with its hashes, to be checked elsewhere."""
    log_reading("log_exported", "log")
    with app_context().read_sessions() as reading:  # begun after that entry, so that it holds it
        lines = [json.dumps(line, ensure_ascii=False) + "\n" for line in log_chain.exported_lines(reading)]
    response = Response("".join(lines), mimetype="application/jsonl")
    response.headers["Content-Disposition"] = 'attachment; filename="nhat-ky.jsonl"'
    return response


def _filter() -> LogFilter:
    """What the address asks for.

    Raises:
        ValueError: a day that is none.
    """
    asked = request.args
    until = _day(asked.get("den", ""))
    return LogFilter(
        actor=asked.get("nguoi", "").strip(),
        act=asked.get("viec", ""),
        subject=asked.get("doi-tuong", "").strip(),
        since=_day(asked.get("tu", "")),
        until=None if until is None else until + dt.timedelta(days=1),
        before=asked.get("truoc", None, lambda typed: max(0, min(int(typed), _LARGEST_SEQ))),
    )


def _day(typed: str) -> dt.datetime | None:
    """The day's beginning in Vietnam.

    Raises:
        ValueError: no day, or one of no log.
    """
    if not typed:
        return None
    day = dt.date.fromisoformat(typed)
    if day.year not in _YEARS:
        raise ValueError(typed)
    return dt.datetime.combine(day, dt.time(), VIETNAM)


def _older_address(seq: int) -> str:
    kept = {name: request.args[name] for name in _FILTERS if name in request.args}
    return url_for(".show_log", truoc=seq, **kept)  # type: ignore[arg-type]  # filters of the address
