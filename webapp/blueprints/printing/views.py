"""In phiếu: the clerk orders personal sheets, downloads them, and looks at the forms."""

import io
from functools import cache, lru_cache
from pathlib import Path

from flask import Blueprint, Response, make_response, render_template, request, send_file, url_for
from sqlalchemy.orm import Session

from ocr.sheet_code import serial_text
from ocr.template import FormLibrary, FormTemplate
from ocr.typeset import draw_specimen
from webapp.blueprints.printing.forms import ReplaceForm
from webapp.errors import AppError, InvalidInput, NotFound
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, current_user, now, settings
from webapp.http.htmx import go_to
from webapp.http.locale import SOURCE_LANGUAGE, _, language, ngettext
from webapp.http.wording import install_wording
from webapp.persistence.accounts import User
from webapp.persistence.campaign import RespondentGroup, Unit
from webapp.services.accounts import find_display_names
from webapp.services.print_needs import GroupNeed, find_group, load_need, load_needs
from webapp.services.printing import (
    PrintBatch,
    find_batch,
    list_batches,
    order_sheets,
    print_batch,
    replace_sheet,
)

blueprint = Blueprint("printing", __name__, url_prefix="/in")
install_wording(blueprint)

_INVALID = 422
_THUMBNAIL_PPI = 60.0
_SPECIMEN_PPI = 110.0
_SIDES = (1, 2)


@cache
def _library_at(forms_dir: Path) -> FormLibrary:
    return FormLibrary(forms_dir)


def library() -> FormLibrary:
    """The forms of this installation; read once."""
    return _library_at(settings().forms_dir)


def group_name(group: RespondentGroup) -> str:
    """As the campaign calls it, or in English as the form does."""
    if language() == SOURCE_LANGUAGE:
        return group.name
    return library().latest(group.form_code).group_name(group.code, language())


def load_group(session: Session, _user: User, group_id: int) -> RespondentGroup:
    """A group of the current campaign."""
    return find_group(session, current_campaign(), group_id)


def load_batch(session: Session, _user: User, order_id: int) -> PrintBatch:
    """A batch of the current campaign."""
    return find_batch(session, current_campaign(), order_id)


def load_form(_session: Session, _user: User, code: str) -> FormTemplate:
    """A form of the library."""
    if code not in library().codes():
        raise NotFound("Không có mẫu phiếu này.")
    return library().latest(code)


@blueprint.get("")
@access.policy(Permission.PRINT)
def show_printing() -> str:
    """What the plan asks for, what is printed, and every PDF that was ordered."""
    return _printing_page(ReplaceForm())


@blueprint.get("/nhom/<int:group_id>")
@access.policy(Permission.PRINT, scope=load_group)
def show_group(group: RespondentGroup) -> str:
    """One group's sheets, unit by unit."""
    return _group_page(group)


@blueprint.post("/nhom/<int:group_id>")
@access.policy(Permission.PRINT, scope=load_group)
def order_group(group: RespondentGroup) -> Response | tuple[str, int]:
    """Order sheets for one unit, or all that is missing for every unit."""
    need = load_need(current_session(), current_campaign(), group)
    try:
        counts = _wanted_counts(need)
        orders = order_sheets(
            current_session(), current_user().username, library(), group=group, counts=counts, now=now()
        )
    except AppError as error:
        return _group_page(group, _(error.message, **error.values)), _INVALID
    return _to_newest(sum(order.sheet_count for order in orders))


@blueprint.post("/thay")
@access.policy(Permission.PRINT)
def replace_lost_sheet() -> Response | tuple[str, int]:
    """Void a lost sheet and make a new one in its place."""
    form = ReplaceForm(request.form)
    if not form.validate():
        return _printing_page(form), _INVALID
    try:
        order = replace_sheet(
            current_session(),
            current_user().username,
            library(),
            campaign=current_campaign(),
            serial=form.number,
            now=now(),
        )
    except AppError as error:
        form.serial.errors = [*form.serial.errors, _(error.message, **error.values)]
        return _printing_page(form), _INVALID
    new = serial_text(order.first_serial)
    words = _("Đã hủy phiếu %(old)s; phiếu %(new)s thay cho phiếu đó.", old=serial_text(form.number), new=new)
    return go_to(url_for("printing.show_printing", _anchor="orders"), words)


@blueprint.get("/lan/<int:order_id>.pdf")
@access.policy(Permission.PRINT, scope=load_batch)
def download_batch(batch: PrintBatch) -> Response:
    """The PDF of a batch; the same bytes each time, without sheets voided since."""
    pdf = io.BytesIO()
    print_batch(current_session(), current_campaign(), library(), batch, pdf)
    pdf.seek(0)
    return send_file(
        pdf, mimetype="application/pdf", as_attachment=True, download_name=_file_name(batch), max_age=0
    )


@blueprint.get("/mau")
@access.policy(Permission.PRINT)
def show_forms() -> str:
    """All forms, as pictures."""
    forms = [library().latest(code) for code in library().codes()]
    return render_template("printing/forms.html", forms=forms)


@blueprint.get("/mau/<code>")
@access.policy(Permission.PRINT, scope=load_form)
def show_form(form: FormTemplate) -> str:
    """One form, both sides, large enough to read."""
    return render_template("printing/form.html", form=form, sides=_SIDES)


@blueprint.get("/mau/<code>/<int:side>/<size>.png")
@access.policy(Permission.PRINT)
def show_specimen(code: str, side: int, size: str) -> Response:
    """A picture of a side; it carries neither code nor serial, so it cannot be used as a sheet."""
    ppi = {"nho": _THUMBNAIL_PPI, "to": _SPECIMEN_PPI}.get(size)
    if ppi is None or side not in _SIDES or code not in library().codes():
        raise NotFound("Không có hình này.")
    response = make_response(_specimen(settings().forms_dir, code, ppi)[side - 1])
    response.mimetype = "image/png"
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


@lru_cache(maxsize=16)
def _specimen(forms_dir: Path, code: str, ppi: float) -> tuple[bytes, ...]:
    forms = _library_at(forms_dir)
    return tuple(draw_specimen(forms, code, forms.latest(code).version, ppi))


def _printing_page(form: ReplaceForm) -> str:
    session, campaign = current_session(), current_campaign()
    batches = list_batches(session, campaign)
    return render_template(
        "printing/printing.html",
        form=form,
        needs=load_needs(session, campaign),
        batches=batches,
        names=find_display_names(session, [batch.first.ordered_by for batch in batches]),
        titles={code: library().latest(code).title(language()) for code in library().codes()},
        group_name=group_name,
        serial_text=serial_text,
    )


def _group_page(group: RespondentGroup, problem: str | None = None) -> str:
    return render_template(
        "printing/group.html",
        group=group,
        need=load_need(current_session(), current_campaign(), group),
        title=library().latest(group.form_code).title(language()),
        group_name=group_name,
        problem=problem,
    )


def _wanted_counts(need: GroupNeed) -> list[tuple[Unit, int]]:
    """From the form: one unit with its count, or everything that is missing."""
    code = request.form.get("unit")
    if code is None:
        return [(row.unit, row.missing) for row in need.units]
    unit = next((row.unit for row in need.units if row.unit.code == code), None)
    if unit is None:
        raise NotFound("Không có đơn vị này.")
    count = request.form.get("count", type=int)
    if count is None:
        raise InvalidInput("Số tờ là một số nguyên, từ 1 trở lên.")
    return [(unit, count)]


def _to_newest(sheets: int) -> Response:
    words = ngettext(
        "Đã lập %(num)s tờ phiếu. Tải tệp PDF ở dòng đầu để in.",
        "Đã lập %(num)s tờ phiếu. Tải tệp PDF ở dòng đầu để in.",
        sheets,
    )
    return go_to(url_for("printing.show_printing", _anchor="orders"), words)


def _file_name(batch: PrintBatch) -> str:
    """Form, group, unit and serials, in letters that every system can store."""
    unit = batch.first.unit.code if len(batch.orders) == 1 else f"{len(batch.orders)}-don-vi"
    first, last = batch.first.first_serial, batch.last_serial
    return f"{batch.first.form_code}_{batch.first.group.code}_{unit}_{first:05d}-{last:05d}.pdf"
