"""Phiếu thử máy: download the sheet, send its scan, read what to change on printer or scanner."""

import io

from flask import Blueprint, Response, render_template, request, send_file, url_for
from sqlalchemy.orm import Session

from ocr.trial.sheet import print_trial
from webapp.blueprints.trial.words import check_line
from webapp.errors import InvalidInput, NotFound
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import (
    current_campaign,
    current_session,
    current_user,
    form_library,
    now,
    scan_store,
    settings,
)
from webapp.http.htmx import go_to, render
from webapp.http.locale import _
from webapp.http.transaction import roll_back
from webapp.http.trials import TRIAL_VERDICTS
from webapp.persistence.accounts import User
from webapp.persistence.trials import TrialScan
from webapp.services.accounts import find_display_names
from webapp.services.batches import is_reader_silent
from webapp.services.imprint import imprint_of
from webapp.services.intake import Upload
from webapp.services.recognition import FAULTS
from webapp.services.trials import checks_of, find_trial, list_trials, receive_trial

blueprint = Blueprint("trial", __name__, url_prefix="/in/phieu-thu")
_INVALID = 422


def load_trial(session: Session, _user: User, trial_id: int) -> TrialScan:
    """A trial scan of the current campaign."""
    return find_trial(session, current_campaign(), trial_id)


@blueprint.get("")
@access.policy(Permission.PRINT)
def show_trials() -> str:
    """The three steps, and the scans so far."""
    return _page()


@blueprint.get("/<form>.pdf")
@access.policy(Permission.PRINT)
def download_sheet(form: str) -> Response:
    """The trial sheet of a form, two pages."""
    if form not in form_library().codes():
        raise NotFound("Không có mẫu phiếu này.")
    campaign = current_campaign()
    pdf = io.BytesIO()
    print_trial(form_library(), form, imprint_of(campaign.office_name, campaign.year), pdf)
    pdf.seek(0)
    name = f"phieu-thu-may_{form}.pdf"
    return send_file(pdf, mimetype="application/pdf", as_attachment=True, download_name=name, max_age=0)


@blueprint.post("")
@access.policy(Permission.PRINT)
def send_scan() -> Response | tuple[str, int]:
    """Take the scan in; nothing holds the database while the file is written to disk."""
    file = request.files.get("scan")
    if file is None or not file.filename:
        return _page(_("Chưa chọn tệp. Chọn bản quét của tờ phiếu thử.")), _INVALID
    actor, campaign = current_user().username, current_campaign()
    roll_back()
    try:
        upload = Upload(file.filename, file.stream)
        scan = receive_trial(current_session(), scan_store(), actor, campaign, upload, now=now())
    except InvalidInput as error:
        return _page(_(error.message, **error.values)), _INVALID
    return go_to(url_for("trial.show_trial", trial_id=scan.id))


@blueprint.get("/<int:trial_id>")
@access.policy(Permission.PRINT, scope=load_trial)
def show_trial(scan: TrialScan) -> Response:
    """The report; it comes by itself once the worker has judged the scan."""
    session = current_session()
    return render(
        "trial/report.html",
        "trial/_report.html",
        scan=scan,
        name=find_display_names(session, [scan.received_by])[scan.received_by],
        lines=[check_line(check) for check in checks_of(scan)],
        verdicts=TRIAL_VERDICTS,
        is_our_fault=scan.failure_code in FAULTS,
        is_reader_silent=is_reader_silent(session, now()),
    )


def _page(problem: str | None = None) -> str:
    session = current_session()
    trials = list_trials(session, current_campaign())
    return render_template(
        "trial/trials.html",
        problem=problem,
        trials=trials,
        names=find_display_names(session, [scan.received_by for scan in trials]),
        forms=form_library().codes(),
        verdicts=TRIAL_VERDICTS,
        max_upload_mb=settings().max_upload_mb,
    )
