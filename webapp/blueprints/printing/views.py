"""In phiếu: the clerk orders packs of personal sheets, downloads them, and looks at the forms."""

import functools
import io
from collections.abc import Callable, Sequence
from functools import lru_cache

from flask import Blueprint, Response, make_response, render_template, request, send_file, url_for
from sqlalchemy.orm import Session

from ocr.sheet_code import serial_text
from ocr.template import FormLibrary, FormTemplate
from ocr.typeset import draw_specimen
from webapp.blueprints.printing.forms import ReplaceForm
from webapp.errors import AppError, InvalidInput, NotFound
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, current_user, form_library, now
from webapp.http.htmx import go_to
from webapp.http.locale import SOURCE_LANGUAGE, _, language, ngettext
from webapp.http.log import log_reading
from webapp.http.trials import TRIAL_VERDICTS
from webapp.http.wording import install_wording
from webapp.persistence.accounts import User
from webapp.persistence.campaign import Pack, RespondentGroup
from webapp.services.accounts import find_display_names
from webapp.services.hand_over import lines_of
from webapp.services.packs import Place, find_pack, find_place, place_code, place_name
from webapp.services.print_files import (
    PrintFile,
    batch_files,
    pack_files,
    place_files,
    stream_zip,
    write_pdf,
)
from webapp.services.print_needs import (
    Need,
    PackNeed,
    find_group,
    load_needs,
    needs_by_place,
    sum_by_unit,
    sum_needs,
)
from webapp.services.printing import (
    PrintBatch,
    find_batch,
    list_batches,
    order_extra,
    order_missing,
    plan_replacement,
    replace_sheet,
)
from webapp.services.trials import find_last_verdict

blueprint = Blueprint("printing", __name__, url_prefix="/in")
install_wording(blueprint)

_INVALID = 422
_THUMBNAIL_PPI = 60.0
_SPECIMEN_PPI = 110.0
_SIDES = (1, 2)
_SIDES_PER_MINUTE = 30  # of an office printer, to say about how long a pile will take
_PDF_SHEETS = 500  # in one PDF; more come as a ZIP
BY_UNIT = "don-vi"


def group_name(group: RespondentGroup) -> str:
    """As the campaign calls it, or in English as the form does."""
    if language() == SOURCE_LANGUAGE:
        return group.name
    return form_library().latest(group.form_code).group_name(group.code, language())


def load_batch(session: Session, _user: User, order_id: int) -> PrintBatch:
    """A batch of the current campaign."""
    return find_batch(session, current_campaign(), order_id)


def load_place(_session: Session, _user: User, code: str) -> Place:
    """A place of issue of the current campaign."""
    return find_place(current_campaign(), code)


def load_pack(session: Session, _user: User, code: str) -> Pack:
    """A pack of the current campaign."""
    return find_pack(session, current_campaign(), code)


def load_form(_session: Session, _user: User, code: str) -> FormTemplate:
    """A form of the library."""
    if code not in form_library().codes():
        raise NotFound("Không có mẫu phiếu này.")
    return form_library().latest(code)


@blueprint.get("")
@access.policy(Permission.PRINT)
def show_printing() -> str:
    """What the plan asks for on both axes, what is printed, and everything that was ordered."""
    return _printing_page(ReplaceForm())


@blueprint.get("/noi/<code>")
@access.policy(Permission.PRINT, scope=load_place)
def show_place(place: Place) -> str:
    """One place's packs."""
    return _place_page(place)


@blueprint.post("/lap")
@access.policy(Permission.PRINT)
def order() -> Response | tuple[str, int]:
    """Order all missing sheets: of one place (`noi`), of one group (`nhom`), or of the whole campaign."""
    try:
        orders = order_missing(
            current_session(),
            current_user().username,
            form_library(),
            campaign=current_campaign(),
            is_wanted=_wanted(),
            now=now(),
        )
    except AppError as error:
        return _printing_page(ReplaceForm(), _(error.message, **error.values)), _INVALID
    return _to_newest(sum(order.sheet_count for order in orders))


@blueprint.post("/noi/<code>/them")
@access.policy(Permission.PRINT, scope=load_place)
def order_spare_sheets(place: Place) -> Response | tuple[str, int]:
    """Order more sheets for a pack of this place than the plan asks for."""
    count = request.form.get("count", type=int)
    try:
        if count is None:
            raise InvalidInput("Số tờ là một số nguyên, từ 1 trở lên.")
        extra = order_extra(
            current_session(),
            current_user().username,
            form_library(),
            campaign=current_campaign(),
            code=request.form.get("pack", ""),
            count=count,
            now=now(),
        )
    except AppError as error:
        return _place_page(place, _(error.message, **error.values)), _INVALID
    return _to_newest(extra.sheet_count)


@blueprint.get("/thay")
@access.policy(Permission.PRINT)
def ask_replacement() -> str | tuple[str, int]:
    """Which sheet would become void, where it is, what would be lost and what would stay."""
    form = ReplaceForm(request.args)
    if not form.validate():
        return _printing_page(form), _INVALID
    try:
        plan = plan_replacement(current_session(), current_campaign(), form.number)
    except AppError as error:
        form.serial.errors = [*form.serial.errors, _(error.message, **error.values)]
        return _printing_page(form), _INVALID
    return render_template(
        "printing/replacement.html",
        plan=plan,
        lines=lines_of(current_session(), plan.sheet),
        title=form_library().form(plan.sheet.form_code, plan.sheet.form_version).title(language()),
        **_words(),
    )


@blueprint.post("/thay")
@access.policy(Permission.PRINT)
def replace_lost_sheet() -> Response | tuple[str, int]:
    """Void a lost sheet that its clerk has seen, and make a new one in its place."""
    form = ReplaceForm(request.form)
    if not form.validate():
        return _printing_page(form), _INVALID
    if "confirmed" not in request.form:
        return go_to(url_for("printing.ask_replacement", serial=form.serial.data))
    try:
        order = replace_sheet(
            current_session(),
            current_user().username,
            form_library(),
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
    """What was ordered at once as one PDF; without sheets voided since."""
    return _send_pdf(batch_files(current_session(), current_campaign(), batch), _batch_name(batch))


@blueprint.get("/lan/<int:order_id>.zip")
@access.policy(Permission.PRINT, scope=load_batch)
def download_batch_packs(batch: PrintBatch) -> Response:
    """The same as a ZIP with a PDF for each pack."""
    return _send_zip(batch_files(current_session(), current_campaign(), batch), _batch_name(batch))


@blueprint.get("/noi/<code>.pdf")
@access.policy(Permission.PRINT, scope=load_place)
def download_place(place: Place) -> Response:
    """All packs of a place as they are now, as one PDF."""
    return _send_pdf(place_files(current_session(), current_campaign(), place), place.code)


@blueprint.get("/noi/<code>.zip")
@access.policy(Permission.PRINT, scope=load_place)
def download_place_packs(place: Place) -> Response:
    """The same as a ZIP with a PDF for each pack."""
    return _send_zip(place_files(current_session(), current_campaign(), place), place.code)


@blueprint.get("/bo/<code>.pdf")
@access.policy(Permission.PRINT, scope=load_pack)
def download_pack(pack: Pack) -> Response:
    """One pack once more: the same sheets under the same serials, without those voided since."""
    files = pack_files(current_session(), current_campaign(), pack)
    return _send_pdf(files, files[0].stem)


@blueprint.get("/mau")
@access.policy(Permission.PRINT)
def show_forms() -> str:
    """All forms, as pictures."""
    forms = [form_library().latest(code) for code in form_library().codes()]
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
    if ppi is None or side not in _SIDES or code not in form_library().codes():
        raise NotFound("Không có hình này.")
    response = make_response(_specimen(form_library(), code, ppi)[side - 1])
    response.mimetype = "image/png"
    return response


@lru_cache(maxsize=16)
def _specimen(forms: FormLibrary, code: str, ppi: float) -> tuple[bytes, ...]:
    return tuple(draw_specimen(forms, code, forms.latest(code).version, ppi))


def _wanted() -> Callable[[PackNeed], bool]:
    """Which packs the pressed button means."""
    if "noi" in request.form:
        place = find_place(current_campaign(), request.form["noi"])
        return lambda need: need.planned.key[1] == place.unit_id
    if "nhom" in request.form:
        group = find_group(current_session(), current_campaign(), request.form.get("nhom", 0, type=int))
        return lambda need: need.group.id == group.id
    return lambda _need: True


def _printing_page(form: ReplaceForm, problem: str | None = None) -> str:
    session, campaign = current_session(), current_campaign()
    needs = load_needs(session, campaign)
    batches = list_batches(session, campaign)
    return render_template(
        "printing/printing.html",
        form=form,
        problem=problem,
        total=sum((need.need for need in needs), Need()),
        trial=find_last_verdict(session, campaign),
        trial_verdicts=TRIAL_VERDICTS,
        by_unit=request.args.get("theo") == BY_UNIT,
        places=needs_by_place(needs),
        place_needs=sum_needs(needs, lambda need: need.place),
        unit_needs=sum_by_unit(needs),
        group_needs=sum_needs(needs, lambda need: need.group),
        batches=batches,
        names=find_display_names(session, [batch.first.ordered_by for batch in batches]),
        titles={code: form_library().latest(code).title(language()) for code in form_library().codes()},
        **_words(),
    )


def _place_page(place: Place, problem: str | None = None) -> str:
    packs = needs_by_place(load_needs(current_session(), current_campaign())).get(place.unit, [])
    return render_template(
        "printing/place.html",
        place=place,
        packs=packs,
        total=sum((need.need for need in packs), Need()),
        problem=problem,
        **_words(),
    )


def _words() -> dict[str, object]:
    """What both pages say things with."""
    return {
        "group_name": group_name,
        "place_code": place_code,
        "place_name": functools.partial(place_name, current_campaign()),
        "serial_text": serial_text,
        "sides_per_minute": _SIDES_PER_MINUTE,
        "pdf_sheets": _PDF_SHEETS,
    }


def _to_newest(sheets: int) -> Response:
    words = ngettext(
        "Đã lập %(num)s tờ phiếu. Tải tệp ở dòng đầu để in.",
        "Đã lập %(num)s tờ phiếu. Tải tệp ở dòng đầu để in.",
        sheets,
    )
    return go_to(url_for("printing.show_printing", _anchor="orders"), words)


def _batch_name(batch: PrintBatch) -> str:
    """Pack (or how many) and serials, in letters that every system can store."""
    code = batch.first.pack.code if len(batch.orders) == 1 else f"{len(batch.orders)}-bo"
    return f"{code}_{batch.first.first_serial:05d}-{batch.last_serial:05d}"


def _send_pdf(files: Sequence[PrintFile], name: str) -> Response:
    """One PDF of all the packs.

    Raises:
        NotFound: more sheets than stand in memory well.
    """
    if sum(file.sheet_count for file in files) > _PDF_SHEETS:
        raise NotFound("Nhiều phiếu như vậy chỉ tải được dạng ZIP: mỗi bộ phiếu một tệp PDF.")
    _log_print(files, f"{name}.pdf")
    pdf = io.BytesIO()
    write_pdf(form_library(), files, pdf)
    pdf.seek(0)
    return send_file(
        pdf, mimetype="application/pdf", as_attachment=True, download_name=f"{name}.pdf", max_age=0
    )


def _send_zip(files: Sequence[PrintFile], name: str) -> Response:
    """A ZIP that is made while it is sent."""
    _log_print(files, f"{name}.zip")
    response = Response(stream_zip(form_library(), files), mimetype="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.zip"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _log_print(files: Sequence[PrintFile], name: str) -> None:
    """Whoever takes sheets to print them leaves a line, be it the first time or once more."""
    log_reading("paper_made", f"paper/{name}", sheets=sum(file.sheet_count for file in files))
