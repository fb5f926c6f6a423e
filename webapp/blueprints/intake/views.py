"""The clerk's desk for scans: hand a stack in, watch it being read, see what is missing."""

from flask import Blueprint, Response, request, url_for
from sqlalchemy.orm import Session

from ocr.sheet_code import serial_text
from webapp.blueprints.intake.forms import BatchForm
from webapp.blueprints.intake.words import RESOLUTIONS, SIDES, file_refusal, page_problem
from webapp.errors import InvalidInput, NotFound
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import (
    current_campaign,
    current_session,
    current_user,
    find_campaign,
    now,
    scan_store,
    settings,
)
from webapp.http.htmx import go_to, render
from webapp.http.locale import _, ngettext
from webapp.http.transaction import roll_back
from webapp.persistence.accounts import User
from webapp.persistence.page_resolutions import REOPENED, standing_resolutions
from webapp.persistence.scans import Batch, Page
from webapp.services import batches
from webapp.services.accounts import find_display_names
from webapp.services.intake import Upload, find_batch, receive_batch
from webapp.services.page_problems import reopen_page, resolve_page
from webapp.services.recognition import FAULTS, retry_faults

blueprint = Blueprint("intake", __name__, url_prefix="/quet")
_INVALID = 422
_SHOWN_PAGES = 60  # cards a page carries; a stack with more than this is to be scanned again anyway


def load_batch(session: Session, _user: User, number: int) -> Batch:
    """A batch of the current campaign; every clerk may see every batch."""
    return find_batch(session, current_campaign().id, number)


def load_problem_page(session: Session, _user: User, number: int, page_id: int) -> Page:
    """A page of a batch of the current campaign."""
    batch = find_batch(session, current_campaign().id, number)
    page, _preview = batches.find_pages(session, [page_id]).get(page_id, (None, None))
    if page is None or page.batch_id != batch.id:
        raise NotFound("Không có trang này trong lô.")
    return page


def load_preview(session: Session, _user: User, number: int, page_id: int) -> str:
    """The SHA-256 of a page's preview, within its batch."""
    batch = find_batch(session, current_campaign().id, number)
    page, preview = batches.find_pages(session, [page_id]).get(page_id, (None, None))
    if page is None or page.batch_id != batch.id or preview is None:
        raise NotFound("Không có ảnh của trang này.")
    return preview


@blueprint.get("")
@access.policy(Permission.INTAKE)
def list_batches() -> Response:
    """The form for a new batch, and the batches so far; as a fragment, the batches alone."""
    return _list_page(BatchForm(), "intake/_batches.html")


@blueprint.post("")
@access.policy(Permission.INTAKE)
def upload_batch() -> Response:
    """Take in a stack; the database is left alone while the files are written to disk."""
    form, actor = BatchForm(request.form), current_user().username
    uploads = [Upload(file.filename, file.stream) for file in request.files.getlist("files") if file.filename]
    if not form.validate():
        return _list_page(form, "intake/_upload.html", _INVALID)
    roll_back()
    try:
        batch = receive_batch(
            current_session(), scan_store(), actor, uploads, form.declared_sheets.data, now()
        )
    except InvalidInput as error:
        form.form_errors.append(_(error.message, **error.values))
        return _list_page(form, "intake/_upload.html", _INVALID)
    return go_to(url_for("intake.show_batch", number=batch.number))


@blueprint.get("/<int:number>")
@access.policy(Permission.INTAKE, scope=load_batch)
def show_batch(batch: Batch) -> Response:
    """The account of one batch; it moves by itself until everything is read."""
    session = current_session()
    account = batches.reconcile_batch(session, batch)
    problems = list(batches.list_problem_pages(session, batch.id))
    settled = standing_resolutions(session, [page.id for page, _preview in problems])
    problems = sorted(problems, key=lambda line: line[0].id in settled)[:_SHOWN_PAGES]
    duplicates = batches.list_duplicate_pages(session, batch.id)[:_SHOWN_PAGES]
    return render(
        "intake/batch.html",
        "intake/_batch.html",
        batch=batch,
        names=find_display_names(
            session, [batch.received_by, *(row.resolved_by for row in settled.values())]
        ),
        account=account,
        seconds_left=batches.estimate_seconds_left(batch, account.balance, now()),
        is_reader_silent=batches.is_reader_silent(session, now()),
        pages_by_file=batches.count_pages_by_file(session, batch.id),
        first_files=batches.find_files(session, [file.duplicate_of_id or 0 for file in batch.files]),
        problems=problems,
        settled=settled,
        resolution_words=RESOLUTIONS,
        rescanned=batches.sheets_read_elsewhere(session, [page for page, _preview in problems]),
        duplicates=duplicates,
        blanks=batches.list_blank_pages(session, batch.id)[:_SHOWN_PAGES],
        first_pages=batches.find_pages(session, [page.duplicate_of_id or 0 for page, _preview in duplicates]),
        has_faults=batches.has_any(session, batch, FAULTS),
        file_refusal=file_refusal,
        page_problem=page_problem,
        serial_text=serial_text,
        side_names=SIDES,
    )


@blueprint.post("/<int:number>/doc-lai")
@access.policy(Permission.INTAKE, scope=load_batch)
def read_again(batch: Batch) -> Response:
    """Read once more what met a fault of the program."""
    number = retry_faults(current_session(), batch, current_user().username, now())
    notice = ngettext("Đang đọc lại %(num)s chỗ.", "Đang đọc lại %(num)s chỗ.", number)
    return go_to(url_for("intake.show_batch", number=batch.number), notice)


@blueprint.post("/<int:number>/trang/<int:page_id>/xu-ly")
@access.policy(Permission.INTAKE, scope=load_problem_page)
def settle_page(page: Page) -> Response:
    """Say what became of a problem page, or take it back."""
    actor, resolution = current_user().username, request.form.get("resolution", "")
    if resolution == REOPENED:
        reopen_page(current_session(), actor, page, now())
    else:
        resolve_page(current_session(), actor, page, resolution, now())
    address = url_for("intake.show_batch", number=page.batch.number, _anchor=f"page-{page.id}")
    return go_to(address)


@blueprint.get("/<int:number>/trang/<int:page_id>.jpg")
@access.policy(Permission.INTAKE, scope=load_preview)
def show_preview(preview_sha256: str) -> Response:
    """The picture of a page; never kept by the browser."""
    path = scan_store().path(preview_sha256)
    if not path.exists():
        raise NotFound("Không có ảnh của trang này.")
    return Response(path.read_bytes(), mimetype="image/jpeg")


def _list_page(form: BatchForm, fragment: str, status: int = 200) -> Response:
    """The whole page, or the piece of it that was asked for."""
    session, campaign = current_session(), find_campaign()
    lines = batches.list_batches(session, campaign.id) if campaign else []
    return render(
        "intake/list.html",
        fragment,
        status,
        form=form,
        lines=lines,
        names=find_display_names(session, [line.batch.received_by for line in lines]),
        is_reader_silent=batches.is_reader_silent(session, now()),
        max_upload_mb=settings().max_upload_mb,
    )
