"""Hạn gửi: the head gives units more time, reopens what was sent or appraised; all of it on record."""

import datetime as dt

from flask import Response, make_response, render_template, request, url_for

from webapp.errors import InvalidInput
from webapp.http import access, htmx
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, current_user, now
from webapp.http.locale import gettext
from webapp.par_index.workflow import State
from webapp.services.accounts import find_display_names
from webapp.services.appraisal import list_units
from webapp.services.reopening import (
    find_unit_in_state,
    reopen_appraisal,
    reopen_self_scores,
    units_in_state,
)
from webapp.services.submissions import deadline_extensions, extend_deadline, office_time, read_office_time


@access.policy(Permission.PUBLISH)
def show_deadline() -> str:
    """The deadline, who has not sent yet, and its changes so far."""
    return deadline_page(None)


@access.policy(Permission.PUBLISH)
def extend() -> Response:
    """Set another deadline for all units."""
    form, campaign = request.form, current_campaign()
    try:
        due_at = read_office_time(form.get("day", ""), form.get("clock", ""))
        reason, actor = form.get("reason", ""), current_user().username
        extend_deadline(current_session(), actor, campaign, due_at, reason=reason, now=now())
    except InvalidInput as refusal:
        return make_response(deadline_page(refusal), refusal.status)
    notice = gettext("Hạn gửi mới: %(due_at)s.", due_at=office_time(due_at))
    return htmx.go_to(url_for(".show_deadline"), notice)


@access.policy(Permission.PUBLISH)
def reopen() -> Response:
    """Give a unit's finished appraisal back to the appraisers."""
    session, reason = current_session(), request.form.get("reopen_reason", "")
    try:
        code = request.form.get("unit_code", "")
        unit = find_unit_in_state(session, current_campaign(), State.APPRAISED, code)
        reopen_appraisal(session, current_user().username, unit, reason, now())
    except InvalidInput as refusal:
        return make_response(deadline_page(refusal, place="reopen-unit"), refusal.status)
    notice = gettext("Đã mở lại thẩm định %(unit)s. Tổ thẩm định chấm tiếp được.", unit=unit.name)
    return htmx.go_to(url_for(".show_deadline"), notice)


@access.policy(Permission.PUBLISH)
def reopen_sent() -> Response:
    """Give a unit its self-score back, to be changed and sent again."""
    session, reason = current_session(), request.form.get("sent_reason", "")
    try:
        code = request.form.get("sent_code", "")
        unit = find_unit_in_state(session, current_campaign(), State.SUBMITTED, code)
        reopen_self_scores(session, current_user().username, unit, reason, now())
    except InvalidInput as refusal:
        return make_response(deadline_page(refusal, place="reopen-sent"), refusal.status)
    notice = gettext("Đã mở lại bản tự chấm của %(unit)s. Đơn vị sửa và gửi lại được.", unit=unit.name)
    return htmx.go_to(url_for(".show_deadline"), notice)


def deadline_page(refusal: InvalidInput | None, *, place: str = "day") -> str:
    """The page, with what was typed if it was refused; `place`: the id of the field that it is about."""
    campaign, session = current_campaign(), current_session()
    units = [unit for unit in list_units(session, current_user(), campaign) if not unit.is_sent]
    entries = deadline_extensions(session, campaign)
    return render_template(
        "self_scoring/deadline.html",
        campaign=campaign,
        is_over=now() > campaign.self_score_due_at,
        units=units,
        extensions=[
            (entry, *(dt.datetime.fromisoformat(entry.detail[name]) for name in ("former", "due_at")))
            for entry in entries
        ],
        names=find_display_names(session, [entry.actor for entry in entries]),
        typed=request.form,
        refusal=refusal,
        place=place,
        finished=units_in_state(session, campaign, State.APPRAISED),
        sent=units_in_state(session, campaign, State.SUBMITTED),
    )
