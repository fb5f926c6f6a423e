"""Số liệu kê khai: a unit's numbers on one page, each once, with its source and who uses it."""

from flask import Response, make_response, render_template, request, url_for

from webapp.blueprints.self_scoring.forms import read_fact_forms
from webapp.blueprints.self_scoring.scopes import load_own
from webapp.errors import StaleVersion
from webapp.http import access, htmx
from webapp.http.access import Permission
from webapp.http.context import current_session, current_user, now
from webapp.http.locale import gettext
from webapp.http.transaction import keep_changes
from webapp.services.accounts import find_display_names
from webapp.services.self_scores import declare_facts
from webapp.services.unit_scores import UnitScores


@access.policy(Permission.SELF_SCORE, scope=load_own)
def show_facts(scores: UnitScores) -> str:
    """Every number that the catalogue asks the unit for."""
    return facts_page(scores, [])


@access.policy(Permission.SELF_SCORE, scope=load_own)
def save_facts(scores: UnitScores) -> Response:
    """Keep them as typed; what a colleague declared meanwhile is shown beside what was typed."""
    session, actor = current_session(), current_user().username
    forms = read_fact_forms(request.form, [fact.fact.code for fact in scores.facts])
    refusals = declare_facts(session, scores.unit, forms, actor=actor, now=now())
    if not refusals:
        return htmx.go_to(
            url_for(".show_facts"), gettext("Đã lưu số liệu; điểm của các tiêu chí dùng đã tính lại.")
        )
    keep_changes()  # the facts of the same page that nobody else touched
    session.flush()
    page = facts_page(load_own(session, current_user()), refusals)
    return make_response(page, refusals[0].status)


def facts_page(scores: UnitScores, refusals: list[StaleVersion]) -> str:
    """The page; after a refusal with what was typed."""
    actors = [fact.entry.entered_by for fact in scores.facts if fact.entry is not None]
    return render_template(
        "self_scoring/facts.html",
        scores=scores,
        refusals=refusals,
        typed=request.form,
        names=find_display_names(current_session(), actors),
    )
