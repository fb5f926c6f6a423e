"""Thẩm định: the appraiser sees what a unit declared beside its evidence, and fixes the points."""

import datetime as dt
from collections.abc import Callable

from flask import Blueprint, Response, make_response, render_template, url_for
from sqlalchemy.orm import Session

from webapp.blueprints.appraisal import components, matrix, meeting
from webapp.blueprints.appraisal.loading import AppraisedUnit, load_file, load_page, load_unit
from webapp.errors import InvalidInput
from webapp.http import access, htmx
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, current_user, now
from webapp.http.documents import send_original, send_picture
from webapp.http.locale import gettext
from webapp.http.wording import install_wording
from webapp.persistence.accounts import User
from webapp.persistence.appraisal import EvidenceFile, Submission
from webapp.persistence.campaign import Unit
from webapp.services.accounts import find_display_names
from webapp.services.appraisal import asked_components, finish_appraisal, list_units
from webapp.services.appraisal_dates import appraisal_dates
from webapp.services.evidence_kinds import MEDIA_TYPES
from webapp.services.explanations import is_reply_late, proceed_without_reply, return_unit
from webapp.services.reopening import reopenings

blueprint = Blueprint("appraisal", __name__, url_prefix="/tham-dinh")
install_wording(blueprint)
_RULES: tuple[tuple[str, Callable[..., Response | str], str], ...] = (
    ("/bang", matrix.show_matrix, "GET"),
    ("/tieu-chi/<level>/<code>", matrix.show_column, "GET"),
    ("/hop", meeting.show_meeting, "GET"),
    ("/hop", meeting.begin, "POST"),
    ("/hop/ket-thuc", meeting.show_end, "GET"),
    ("/hop/ket-thuc", meeting.end, "POST"),
    ("/hop/bien-ban.<file_kind>", meeting.download_minutes, "GET"),
    ("/hop/<unit_code>/<code>", meeting.show_item, "GET"),
    ("/hop/<unit_code>/<code>", meeting.decide, "POST"),
    ("/<unit_code>/<code>", components.show_component, "GET"),
    ("/<unit_code>/<code>", components.save_score, "POST"),
    ("/<unit_code>/<code>/minh-chung/<int:link_id>", components.show_evidence, "GET"),
)
for _path, _view, _method in _RULES:
    blueprint.add_url_rule(_path, view_func=_view, methods=[_method])


@blueprint.get("")
@access.policy(Permission.APPRAISE)
def show_units() -> str:
    """All units with how far each has come."""
    campaign = current_campaign()
    return render_template(
        "appraisal/units.html",
        campaign=campaign,
        units=list_units(current_session(), current_user(), campaign),
        dates=appraisal_dates(campaign, now()),
    )


@blueprint.get("/<unit_code>")
@access.policy(Permission.APPRAISE, scope=load_unit)
def show_unit(owner: AppraisedUnit) -> str:
    """The components of one unit: maximum, self-score, appraised score, difference."""
    return unit_page(owner, None)


@blueprint.post("/<unit_code>/xong")
@access.policy(Permission.APPRAISE, scope=load_unit)
def finish_unit(owner: AppraisedUnit) -> Response:
    """Close the unit's appraisal, or name the components that still wait."""
    return move_unit(owner, finish_appraisal, gettext("Đã kết thúc thẩm định."))


@blueprint.post("/<unit_code>/tra-lai")
@access.policy(Permission.APPRAISE, scope=load_unit)
def return_to_unit(owner: AppraisedUnit) -> Response:
    """End round one with questions to the unit."""
    return move_unit(owner, return_unit, gettext("Đã trả lại đơn vị để giải trình."))


@blueprint.post("/<unit_code>/vong-hai")
@access.policy(Permission.APPRAISE, scope=load_unit)
def begin_second_round(owner: AppraisedUnit) -> Response:
    """Go on where the unit let its time pass."""
    return move_unit(owner, proceed_without_reply, gettext("Bắt đầu vòng 2."))


@blueprint.get("/<unit_code>/tep/<int:file_id>")
@access.policy(Permission.APPRAISE, scope=load_file)
def download_file(file: EvidenceFile) -> Response:
    """The unit's document, as it was uploaded."""
    return send_original(file.sha256, MEDIA_TYPES[file.kind], file.name)


@blueprint.get("/<unit_code>/tep/<int:file_id>/trang/<int:page_number>")
@access.policy(Permission.APPRAISE, scope=load_page)
def show_page(picture: tuple[str, str]) -> Response:
    """A page of the unit's document."""
    return send_picture(*picture)


def move_unit(
    owner: AppraisedUnit, move: Callable[[Session, User, Unit, dt.datetime], Submission], notice: str
) -> Response:
    """Bring the unit to its next state, or say on its page why not."""
    try:
        move(current_session(), current_user(), owner.scores.unit, now())
    except InvalidInput as refusal:
        return make_response(unit_page(owner, refusal), refusal.status)
    return htmx.go_to(url_for(".show_unit", unit_code=owner.scores.unit.code), notice)


def unit_page(owner: AppraisedUnit, refusal: InvalidInput | None) -> str:
    """The unit's table, with why its appraisal was opened again if it was."""
    session, submission = current_session(), owner.scores.submission
    opened = reopenings(session, owner.scores.unit, submission)
    return render_template(
        "appraisal/unit.html",
        owner=owner,
        scores=owner.scores,
        refusal=refusal,
        asked=asked_components(session, owner.scores.unit.id),
        is_reply_late=is_reply_late(owner.scores.unit, now()),
        reopenings=opened,
        names=find_display_names(session, [entry.actor for entry in opened]),
    )
