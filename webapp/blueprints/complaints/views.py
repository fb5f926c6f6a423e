"""Kiến nghị: a unit complains about its published result, the head answers; each unit sees its own alone."""

from typing import BinaryIO, cast

from flask import Blueprint, Response, render_template, request, url_for
from sqlalchemy.orm import Session

from webapp.errors import AppError, InvalidInput, NotFound, StaleVersion, UploadTooLarge
from webapp.http import access
from webapp.http.access import Permission, may
from webapp.http.context import (
    current_campaign,
    current_session,
    current_user,
    now,
    scan_store,
    settings,
)
from webapp.http.documents import send_original
from webapp.http.htmx import go_to
from webapp.http.locale import _, lazy
from webapp.http.log import log_reading
from webapp.http.transaction import roll_back
from webapp.http.wording import install_wording
from webapp.persistence.accounts import User
from webapp.persistence.campaign import Unit
from webapp.persistence.complaints import Complaint, list_complaints
from webapp.persistence.results import IndexVersion, published_index_version, units_of_version
from webapp.services import complaints
from webapp.services.accounts import find_display_names
from webapp.services.complaints import Answer, Attachment, Outcome, Petition
from webapp.services.evidence import Upload
from webapp.services.evidence_kinds import MEDIA_TYPES

blueprint = Blueprint("complaints", __name__, url_prefix="/kien-nghi")
install_wording(blueprint)

OUTCOMES = {
    Outcome.UPHELD: lazy("Chấp nhận toàn bộ"),
    Outcome.PARTLY: lazy("Chấp nhận một phần"),
    Outcome.REFUSED: lazy("Không chấp nhận"),
}


def own_unit_id(user: User) -> int | None:
    """The only unit whose complaints this person sees; None: all of them.

    Raises:
        NotFound: a unit's account that belongs to no unit.
    """
    if may(user, Permission.ANSWER_COMPLAINTS):
        return None
    if user.unit_id is None:
        raise NotFound("Tài khoản của bạn chưa gắn với đơn vị nào. Người quản trị sẽ gắn giúp.")
    return user.unit_id


def load_complaint(session: Session, user: User, number: int) -> Complaint:
    """A complaint that this person may see."""
    return complaints.find_complaint(session, current_campaign(), number, own_unit_id(user))


@blueprint.get("")
@access.policy(Permission.SEE_COMPLAINTS)
def show_list() -> str:
    """All complaints that this person may see, and the form to record one."""
    return _list_page(None)


@blueprint.post("")
@access.policy(Permission.SEE_COMPLAINTS)
def record() -> Response | tuple[str, int]:
    """Record a complaint; a file is stored before the database is held."""
    try:
        attachment = _stored_file()
        unit = _complaining_unit()
        petition = Petition(*(request.form.get(name, "") for name in ("petitioner", "component", "words")))
        complaint = complaints.record_complaint(
            current_session(),
            current_user().username,
            current_campaign(),
            unit,
            petition,
            attachment=attachment,
            now=now(),
        )
    except (InvalidInput, UploadTooLarge) as refusal:
        return _list_page(refusal), refusal.status
    notice = _("Đã ghi kiến nghị số %(number)s.", number=complaint.number)
    return go_to(url_for(".show_complaint", number=complaint.number), notice)


@blueprint.get("/<int:number>")
@access.policy(Permission.SEE_COMPLAINTS, scope=load_complaint)
def show_complaint(complaint: Complaint) -> str:
    """One complaint with everything that was answered."""
    return _complaint_page(complaint, None)


@blueprint.post("/<int:number>/tra-loi")
@access.policy(Permission.ANSWER_COMPLAINTS, scope=load_complaint)
def answer(complaint: Complaint) -> Response | tuple[str, int]:
    """Add an answer."""
    form, session = request.form, current_session()
    said = Answer(form.get("outcome", ""), form.get("reason", ""), form.get("version", None, type=int))
    seen = form.get("seen", 0, type=int)
    try:
        complaints.answer_complaint(session, current_user().username, complaint, said, seen=seen, now=now())
    except (InvalidInput, StaleVersion) as refusal:
        return _complaint_page(complaint, refusal), refusal.status
    notice = _("Đã trả lời kiến nghị số %(number)s.", number=complaint.number)
    return go_to(url_for(".show_complaint", number=complaint.number), notice)


@blueprint.get("/<int:number>/tep")
@access.policy(Permission.SEE_COMPLAINTS, scope=load_complaint)
def download_file(complaint: Complaint) -> Response:
    """The attached file, as it came."""
    if complaint.file_sha256 is None:
        raise NotFound("Kiến nghị này không có tệp.")
    log_reading("complaint_file_read", f"complaint/{complaint.number}", sha256=complaint.file_sha256)
    kind, name = complaint.file_kind or "", complaint.file_name or ""
    return send_original(complaint.file_sha256, MEDIA_TYPES[kind], name)


def _stored_file() -> Attachment | None:
    file = request.files.get("file")
    if file is None or not file.filename:
        return None
    roll_back()  # nothing is written yet: give the database's lock back while the file is stored
    upload = Upload(file.filename, cast("BinaryIO", file.stream))
    return complaints.store_attachment(scan_store(), upload, settings().max_evidence_mb)


def _complaining_unit() -> Unit:
    """The person's own unit, or the one that the head recorded it for."""
    own = own_unit_id(current_user())
    code = request.form.get("unit", "")
    for unit in current_campaign().units:
        if unit.id == own or (own is None and unit.code == code):
            return unit
    raise InvalidInput("Chọn đơn vị mà kiến nghị nói đến.")


def _list_page(refusal: AppError | None) -> str:
    session, campaign, own = current_session(), current_campaign(), own_unit_id(current_user())
    version = published_index_version(session, campaign.id)
    return render_template(
        "complaints/list.html",
        complaints=list_complaints(session, campaign.id, own),
        version=version,
        units=[] if version is None or own is not None else units_of_version(session, version.id),
        components=_own_components(session, version, own),
        outcomes=OUTCOMES,
        typed=request.form,
        refusal=refusal,
        limit_mb=settings().max_evidence_mb,
        longest=complaints.LONGEST_TEXT,
    )


def _own_components(
    session: Session, version: IndexVersion | None, own: int | None
) -> list[tuple[str, str]] | None:
    """What a unit can choose from; None where the head types a code, or where the unit is not ranked."""
    unit = next((unit for unit in current_campaign().units if unit.id == own), None)
    if version is None or unit is None:
        return None
    try:
        return complaints.components_of(session, version, unit)
    except NotFound:
        return None


def _complaint_page(complaint: Complaint, refusal: AppError | None) -> str:
    session = current_session()
    people = [complaint.recorded_by, *(one.answered_by for one in complaint.answers)]
    titles = dict(complaints.components_of(session, complaint.version, complaint.unit))
    return render_template(
        "complaints/complaint.html",
        complaint=complaint,
        component_title=titles.get(complaint.component_code or ""),
        names=find_display_names(session, people),
        outcomes=OUTCOMES,
        versions=complaints.versions_after(session, complaint),
        typed=request.form,
        refusal=refusal,
        longest=complaints.LONGEST_TEXT,
    )
