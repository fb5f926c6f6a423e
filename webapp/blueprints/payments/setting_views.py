"""Rates as the campaign's settings, and lists of people from a workbook: seen before they are saved."""

import json

from flask import Blueprint, Response, render_template, request, url_for

from webapp.blueprints.payments.forms import read_dong
from webapp.errors import AppError, InvalidInput
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, current_user, now
from webapp.http.htmx import go_to
from webapp.http.levels import level_name
from webapp.http.locale import _, ngettext
from webapp.http.papers import send_file_bytes
from webapp.http.transaction import roll_back
from webapp.http.wording import upper_first
from webapp.payments.sums import Payee, Rate
from webapp.services import payment_rates, payments, people, people_files
from webapp.services.sheet_counts import list_groups

blueprint = Blueprint("payment_settings", __name__, url_prefix="/chi-tra")
_INVALID = 422


@blueprint.get("/muc-chi")
@access.policy(Permission.PAY)
def show_rates() -> str:
    """The rates of levels and groups."""
    return _rates_page()


@blueprint.post("/muc-chi")
@access.policy(Permission.PAY)
def change_rates() -> Response | tuple[str, int]:
    """Set them; what stood before stays in the log."""
    session, campaign = current_session(), current_campaign()
    try:
        rates = _typed_rates()
        payment_rates.change_rates(session, current_user().username, campaign, rates, now())
    except AppError as error:
        return _rates_page(_(error.message, **error.values)), _INVALID
    return go_to(url_for("payments.show_payments"), _("Đã lưu mức chi."))


@blueprint.get("/nhap")
@access.policy(Permission.PAY)
def show_import() -> str:
    """Where a list from a workbook begins."""
    return render_template("payments/import.html", problem=None)


@blueprint.post("/nhap")
@access.policy(Permission.PAY)
def preview_import() -> str | tuple[str, int]:
    """What saving the workbook would do; nothing is saved yet."""
    from webapp.papers import plain_workbook

    upload = request.files.get("file")
    try:
        if upload is None or not upload.filename:
            raise InvalidInput("Chọn một tệp .xlsx.")
        data = upload.stream.read(plain_workbook.MAX_FILE_BYTES + 1)
        roll_back()  # nothing is written yet: nobody waits for the database while the workbook is read
        preview = _preview(plain_workbook.read_rows(data))
    except AppError as error:
        return render_template("payments/import.html", problem=_(error.message, **error.values)), _INVALID
    return _preview_page(preview)


@blueprint.post("/nhap/luu")
@access.policy(Permission.PAY)
def save_import() -> Response:
    """Save what the preview showed; its lines come back and are checked once more.

    Raises:
        InvalidInput: the lines are not those of a preview.
    """
    try:
        worksheets = json.loads(request.form.get("lines", ""))
        rows = {
            str(title): [[str(cell) for cell in row] for row in of_title]
            for title, of_title in worksheets.items()
        }
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidInput("Bản xem trước không còn nguyên. Tải tệp lên lại.") from error
    added = people.add_people(
        current_session(), current_user().username, current_campaign(), _preview(rows).people, now()
    )
    words = ngettext("Đã thêm %(num)s người.", "Đã thêm %(num)s người.", added)
    return go_to(url_for("payments.show_payments"), words)


@blueprint.get("/mau-danh-sach.xlsx")
@access.policy(Permission.PAY)
def download_blank_lists() -> Response:
    """The two lists with their headings, and a worksheet of the codes to write."""
    from webapp.papers import plain_workbook

    campaign = current_campaign()
    groups = list_groups(current_session(), campaign)
    places = [[campaign.office_name, ""], *([unit.code, unit.name] for unit in campaign.units)]
    worksheets = {
        **people_files.lines_of([], campaign),
        "Mã": [["Mã", "Tên"], *([people_files.group_code(group), group.name] for group in groups), *places],
    }
    return send_file_bytes(plain_workbook.write_rows(worksheets), "xlsx", f"mau-danh-sach-{campaign.year}")


def _preview(worksheets: dict[str, list[list[str]]]) -> people_files.ListPreview:
    return people_files.preview_lists(current_session(), current_campaign(), worksheets)


def _preview_page(preview: people_files.ListPreview) -> str:
    campaign = current_campaign()
    loaded = payments.load_payments(current_session(), campaign)
    places = {place.unit and place.unit.id: place for place in loaded.places}
    return render_template(
        "payments/import_preview.html",
        preview=preview,
        rows=[
            (upper_first(campaign.office_name if unit is None else unit.name), group, count,
             _listed(places.get(unit and unit.id), group))
            for (unit, group), count in preview.counts().items()
        ],
        lines=json.dumps(people_files.lines_of(preview.people, campaign), ensure_ascii=False),
    )  # fmt: skip


def _listed(place: payments.PlacePay | None, group: object) -> int:
    """How many stand on that list now."""
    if place is None:
        return 0
    if group is None:
        return place.enumerators_listed
    return next((row.listed for row in place.groups if row.group is group), 0)


def _rates_page(problem: str | None = None) -> str:
    session, campaign = current_session(), current_campaign()
    rates = {
        (rate.payee, rate.level, rate.group_id): rate
        for rate in payment_rates.current_rates(session, campaign)
    }
    return render_template(
        "payments/rates.html",
        levels=list(dict.fromkeys(unit.level for unit in campaign.units)),
        groups=list_groups(session, campaign),
        rates=rates,
        typed=request.form,
        Payee=Payee,
        level_name=level_name,
        problem=problem,
    )


def _typed_rates() -> list[Rate]:
    """Fields `respondent-<level>`, `enumerator-<level>`, and for groups `group-<id>` with `paid-<id>`."""
    session, campaign = current_session(), current_campaign()
    kept = {(rate.level, rate.group_id) for rate in payment_rates.current_rates(session, campaign)}
    rates = [
        Rate(payee, read_dong(request.form.get(f"{payee}-{level}", "")), level)
        for level in dict.fromkeys(unit.level for unit in campaign.units)
        for payee in Payee
    ]
    for group in list_groups(session, campaign):
        text = request.form.get(f"group-{group.id}", "")
        if text.strip() or (None, group.id) in kept:
            is_paid = request.form.get(f"paid-{group.id}") is not None
            rates.append(Rate(Payee.RESPONDENT, read_dong(text), None, group.id, is_paid))
    return rates
