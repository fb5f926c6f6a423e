"""Hiệu chuẩn máy đọc: what people's decisions teach, and the administrator's decision on the limits."""

from flask import Blueprint, Response, render_template, request, url_for

from ocr.certainty import Certainty, built_in_certainty
from webapp.blueprints.learning import words
from webapp.errors import InvalidInput
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, current_user, now
from webapp.http.htmx import go_to
from webapp.http.locale import ngettext
from webapp.services.accounts import find_display_names
from webapp.services.learning import report_learning, set_certainty

blueprint = Blueprint("learning", __name__, url_prefix="/ra-soat/hieu-chuan")


@blueprint.get("")
@access.policy(Permission.SEE_REVIEWERS)
def show_report() -> str:
    """Calibration, rates, and what follows for the limits."""
    session = current_session()
    report = report_learning(session, current_campaign())
    return render_template(
        "learning/report.html",
        report=report,
        words=words,
        names=find_display_names(session, [one.decided_by for one in report.decisions]),
        own=built_in_certainty(),
    )


@blueprint.post("/nguong")
@access.policy(Permission.MANAGE_CAMPAIGN)
def set_limits() -> Response:
    """Set the proposed limits, or the reader's own again, and read open pages under them."""
    decision = set_certainty(
        current_session(),
        current_user().username,
        current_campaign(),
        _read_limits(),
        reason=request.form.get("reason", ""),
        now=now(),
    )
    notice = ngettext(
        "Đã đổi ngưỡng; đọc lại %(num)s trang còn ô chờ.",
        "Đã đổi ngưỡng; đọc lại %(num)s trang còn ô chờ.",
        decision.pages_reread,
    )
    return go_to(url_for("learning.show_report"), notice)


def _read_limits() -> Certainty:
    """The limits of the button that was pressed."""
    try:
        filled, accept = (float(text) for text in request.form.get("limits", "").split(" "))
    except ValueError:
        raise InvalidInput("Trang gửi lên thiếu ngưỡng. Tải lại trang rồi làm lại.") from None
    return Certainty(filled, accept)
