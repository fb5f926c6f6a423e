"""One page of a batch: whose it is, how it lies, what became of it. All of it can be taken back."""

from flask import Blueprint, Response, request, url_for

from ocr.sheet_code import serial_text
from webapp.blueprints.intake.page_screen import show_page_screen
from webapp.blueprints.intake.scopes import is_administrator, load_page
from webapp.blueprints.intake.words import SIDES
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import current_session, current_user, now
from webapp.http.htmx import go_to, render
from webapp.http.locale import _
from webapp.persistence.page_resolutions import REOPENED
from webapp.persistence.scans import Page
from webapp.services.page_instructions import assign_page, choose_copy, turn_page, withdraw_assignment
from webapp.services.page_problems import reopen_page, resolve_page
from webapp.services.page_slots import likeliest_slots, search_slots
from webapp.services.trash import trash_page

blueprint = Blueprint("scan_pages", __name__, url_prefix="/quet/<int:number>/trang/<int:page_id>")


@blueprint.get("")
@access.policy(Permission.INTAKE, scope=load_page)
def show_page(page: Page) -> str:
    """The page's picture within its frame; the picture itself has an address of its own."""
    return show_page_screen(page)


@blueprint.get("/cho")
@access.policy(Permission.INTAKE, scope=load_page)
def find_slot(page: Page) -> Response:
    """Sheets that fit the typed digits or words; without any, the likeliest empty slots."""
    words, session = request.args.get("tim", "").strip(), current_session()
    found = search_slots(session, page.batch.campaign_id, words) if words else likeliest_slots(session, page)
    return render(
        "intake/slots.html",
        "intake/_slots.html",
        scanned=page,
        slots=found,
        words=words,
        serial_text=serial_text,
        side_names=SIDES,
    )


@blueprint.post("/gan")
@access.policy(Permission.INTAKE, scope=load_page)
def assign(page: Page) -> Response:
    """Say which side of which sheet this page is."""
    side = request.form.get("side", type=int) or request.form.get("page", 0, type=int)
    sheet = assign_page(
        current_session(), current_user().username, page, request.form.get("serial", ""), side, now()
    )
    notice = _(
        "Đã gán trang vào phiếu %(serial)s, %(side)s; đang đọc lại.",
        serial=serial_text(sheet.serial),
        side=SIDES[side],
    )
    return _back(page, notice)


@blueprint.post("/bo-gan")
@access.policy(Permission.INTAKE, scope=load_page)
def withdraw(page: Page) -> Response:
    """Take the assignment back."""
    withdraw_assignment(current_session(), current_user().username, page, now())
    return _back(page, _("Đã bỏ việc gán; trang được đọc lại theo mã in trên phiếu."))


@blueprint.post("/xoay")
@access.policy(Permission.INTAKE, scope=load_page)
def turn(page: Page) -> Response:
    """Turn the page by 90° and read it again."""
    quarters = request.form.get("quarters", 1, type=int)
    turn_page(current_session(), current_user().username, page, quarters, now())
    return _back(page, _("Đã xoay trang; đang đọc lại."))


@blueprint.post("/tinh-ban-nay")
@access.policy(Permission.INTAKE, scope=load_page)
def count_this_copy(page: Page) -> Response:
    """Of two copies, let this one count."""
    choose_copy(current_session(), current_user().username, page, request.form.get("reason", ""), now())
    return _back(page, _("Bản này được tính sau khi đọc lại. Bản kia vẫn được giữ bên cạnh."))


@blueprint.post("/xu-ly")
@access.policy(Permission.INTAKE, scope=load_page)
def settle_page(page: Page) -> Response:
    """Say what became of a problem page, or take it back."""
    actor, resolution = current_user().username, request.form.get("resolution", "")
    if resolution == REOPENED:
        reopen_page(current_session(), actor, page, now())
    else:
        resolve_page(current_session(), actor, page, resolution, now(), request.form.get("reason", ""))
    return _back(page)


@blueprint.post("/bo")
@access.policy(Permission.TRASH_SCANS, scope=load_page)
def throw_away(page: Page) -> Response:
    """Put the page into the trash, with a reason; the administrator sees the trash, and no page."""
    actor, reason, all_may_go = current_user().username, request.form.get("reason", ""), is_administrator()
    trash_page(current_session(), actor, page, reason, now(), is_administrator=all_may_go)
    notice = _("Đã bỏ trang vào thùng rác; khôi phục được trong 30 ngày.")
    return go_to(url_for("trash.show_trash"), notice) if all_may_go else _back(page, notice)


def _back(page: Page, notice: str | None = None) -> Response:
    return go_to(url_for("intake.show_batch", number=page.batch.number, _anchor=f"page-{page.id}"), notice)
