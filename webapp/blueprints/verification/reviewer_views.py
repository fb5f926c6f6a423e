"""Người rà soát: what each one's work looks like, for himself and for the office; never a ranking."""

from flask import Blueprint, render_template

from webapp.http import access
from webapp.http.access import Permission
from webapp.http.collation import vietnamese_key
from webapp.http.context import current_campaign, current_session, current_user
from webapp.services.reviewers import ReviewerFigures, list_reviewers, measure_reviewer

blueprint = Blueprint("reviewers", __name__, url_prefix="/ra-soat/nguoi")


@blueprint.get("")
@access.policy(Permission.SEE_REVIEWERS)
def show_all() -> str:
    """Everybody, by name."""
    figures = list_reviewers(current_session(), current_campaign().id)
    return _page(sorted(figures, key=lambda one: vietnamese_key(one.name)), is_own=False)


@blueprint.get("/toi")
@access.policy(Permission.VERIFY)
def show_own() -> str:
    """The reviewer's own figures."""
    return _page([measure_reviewer(current_session(), current_user(), current_campaign().id)], is_own=True)


def _page(figures: list[ReviewerFigures], *, is_own: bool) -> str:
    return render_template("verification/nguoi.html", figures=figures, is_own=is_own)
