"""The clerk's desk for scans: hand a stack in, watch it being read, see what is missing."""

from flask import Blueprint, Response, request, url_for

from ocr.printing import separator_sheet
from ocr.sheet_code import serial_text
from webapp.blueprints.intake.batch_page import show_batch_page
from webapp.blueprints.intake.folder import FolderPanel, folder_panel
from webapp.blueprints.intake.forms import BatchForm
from webapp.blueprints.intake.scopes import is_administrator, load_batch, load_preview
from webapp.blueprints.intake.words import SIDES, page_problem
from webapp.errors import DiskFull, InvalidInput, NotFound
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import (
    current_session,
    current_user,
    find_campaign,
    form_library,
    now,
    scan_store,
    settings,
)
from webapp.http.htmx import go_to, render
from webapp.http.locale import _, lazy, ngettext
from webapp.http.log import log_reading
from webapp.http.transaction import roll_back
from webapp.persistence.page_resolutions import pages_to_rescan
from webapp.persistence.scans import Batch
from webapp.services import batches
from webapp.services.accounts import find_display_names
from webapp.services.intake import Upload, receive_batch
from webapp.services.recognition import retry_faults
from webapp.services.trash import trash_batch

blueprint = Blueprint("intake", __name__, url_prefix="/quet")
_INVALID = 422
LISTED_SHEETS = 200
_MAKE_ROOM = lazy("Các lô trước vẫn còn nguyên. Báo người quản trị dọn chỗ trống, rồi tải lại các tệp này.")


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
    except DiskFull as error:
        roll_back()
        form.form_errors.append(f"{_(error.message)} {_MAKE_ROOM}")
        return _list_page(form, "intake/_upload.html", error.status)
    return go_to(url_for("intake.show_batch", number=batch.number))


@blueprint.get("/thu-muc")
@access.policy(Permission.INTAKE)
def show_folder() -> Response:
    """What happens in the scanners' folder; asks again every few seconds by itself."""
    return _list_page(BatchForm(), "intake/_folder.html")


@blueprint.get("/can-quet-lai")
@access.policy(Permission.INTAKE)
def list_rescans() -> Response:
    """The list that goes to the scanner with the papers."""
    campaign, session = find_campaign(), current_session()
    pages = pages_to_rescan(session, campaign.id) if campaign else []
    sheets = batches.one_sided_sheets(session, campaign.id)[:LISTED_SHEETS] if campaign else []
    return render(
        "intake/rescans.html",
        "intake/rescans.html",
        pages=pages,
        one_sided=[(sheet, *batches.missing_sides_of(session, sheet)) for sheet in sheets],
        serial_text=serial_text,
        side_names=SIDES,
        page_problem=page_problem,
    )


@blueprint.get("/to-ngan.pdf")
@access.policy(Permission.INTAKE)
def print_separator() -> Response:
    """A separator sheet: both sides say that a new batch begins behind it."""
    return Response(separator_sheet(form_library()), mimetype="application/pdf")


@blueprint.get("/<int:number>")
@access.policy(Permission.INTAKE, scope=load_batch)
def show_batch(batch: Batch) -> Response:
    """The account of one batch; it moves by itself until everything is read."""
    return show_batch_page(batch)


@blueprint.post("/<int:number>/doc-lai")
@access.policy(Permission.INTAKE, scope=load_batch)
def read_again(batch: Batch) -> Response:
    """Read once more what met a fault of the program."""
    number = retry_faults(current_session(), batch, current_user().username, now())
    notice = ngettext("Đang đọc lại %(num)s chỗ.", "Đang đọc lại %(num)s chỗ.", number)
    return go_to(url_for("intake.show_batch", number=batch.number), notice)


@blueprint.post("/<int:number>/bo")
@access.policy(Permission.TRASH_SCANS, scope=load_batch)
def trash_whole_batch(batch: Batch) -> Response:
    """Put the batch into the trash, with a reason."""
    actor, reason = current_user().username, request.form.get("reason", "")
    trash_batch(current_session(), actor, batch, reason, now(), is_administrator=is_administrator())
    notice = _("Đã bỏ Lô %(number)s vào thùng rác; khôi phục được trong 30 ngày.", number=batch.number)
    return go_to(url_for("trash.show_trash"), notice)


@blueprint.get("/<int:number>/trang/<int:page_id>.jpg")
@access.policy(Permission.INTAKE, scope=load_preview)
def show_preview(preview_sha256: str) -> Response:
    """The picture of a page; never kept by the browser."""
    path = scan_store().path(preview_sha256)
    if not path.exists():
        raise NotFound("Không có ảnh của trang này.")
    log_reading("page_seen", f"preview/{preview_sha256}")
    return Response(path.read_bytes(), mimetype="image/jpeg")


def _list_page(form: BatchForm, fragment: str, status: int = 200) -> Response:
    """The whole page, or the piece of it that was asked for."""
    session, campaign = current_session(), find_campaign()
    lines = batches.list_batches(session, campaign.id) if campaign else []
    folder: FolderPanel | None = folder_panel(session, settings(), now())
    return render(
        "intake/list.html",
        fragment,
        status,
        form=form,
        lines=lines,
        folder=folder,
        has_room=scan_store().has_room(),
        names=find_display_names(session, [line.batch.received_by for line in lines]),
        is_reader_silent=batches.is_reader_silent(session, now()),
        max_upload_mb=settings().max_upload_mb,
    )
