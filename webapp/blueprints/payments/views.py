"""Chi trả: the sums on each basis, one place of issue with its people, and what was paid."""

import json

from flask import Blueprint, Response, render_template, request, url_for
from sqlalchemy.orm import Session

from webapp.blueprints.payments import papers
from webapp.blueprints.payments.forms import EnumeratorForm, RespondentsForm
from webapp.errors import AppError, InvalidInput, NotFound
from webapp.http import access, htmx
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, current_user, now
from webapp.http.htmx import go_to
from webapp.http.locale import _, ngettext
from webapp.http.log import log_reading
from webapp.http.papers import send_file_bytes
from webapp.http.wording import install_wording
from webapp.payments.sums import Basis
from webapp.persistence.accounts import User
from webapp.services import payment_rates, payments, people
from webapp.services.accounts import find_display_names
from webapp.services.payments import PlacePay

blueprint = Blueprint("payments", __name__, url_prefix="/chi-tra")
install_wording(blueprint)
_INVALID = 422


def load_place(session: Session, _user: User, code: str) -> PlacePay:
    """A place of issue of the current campaign, on the campaign's own basis."""
    return payments.find_place(payments.load_payments(session, current_campaign()), code)


def load_person(session: Session, _user: User, kind: str, person_id: int) -> people.Person:
    """A listed person of the current campaign."""
    return people.find_person(session, current_campaign(), kind, person_id)


@blueprint.get("")
@access.policy(Permission.PAY)
def show_payments() -> Response:
    """The sums, every choice side by side, and each place of issue."""
    return _overview()


@blueprint.post("/co-so")
@access.policy(Permission.PAY)
def choose_basis() -> Response:
    """Pay the forms that came back, or those that count."""
    wanted = request.form.get("basis", "")
    if wanted not in set(Basis):
        raise InvalidInput("Chọn trả theo phiếu thu về hoặc theo phiếu hợp lệ.")
    payment_rates.choose_basis(
        current_session(), current_user().username, current_campaign(), Basis(wanted), now()
    )
    return _changed()


@blueprint.post("/noi-phat/<code>/da-chi")
@access.policy(Permission.PAY, scope=load_place)
def record_paid(place: PlacePay) -> Response:
    """The money of a place was handed out: the sum that was on the screen."""
    seen = request.form.get("dong", type=int)
    if seen is None:
        raise InvalidInput("Thiếu số tiền đã chi. Tải lại trang rồi ghi lại.")
    session, actor = current_session(), current_user().username
    payments.record_paid(session, actor, current_campaign(), place.code, seen_dong=seen, now=now())
    return _changed()


@blueprint.post("/noi-phat/<code>/hoan-tac")
@access.policy(Permission.PAY, scope=load_place)
def undo_paid(place: PlacePay) -> Response:
    """Take the entry back."""
    payments.undo_paid(current_session(), current_user().username, current_campaign(), place.code, now())
    return _changed()


@blueprint.get("/noi-phat/<code>")
@access.policy(Permission.PAY, scope=load_place)
def show_place(place: PlacePay) -> str:
    """One place: its groups with their people, its enumerators, its papers and its entries."""
    return _place_page(place, RespondentsForm(), EnumeratorForm())


@blueprint.post("/noi-phat/<code>/nguoi-tra-loi")
@access.policy(Permission.PAY, scope=load_place)
def add_respondents(place: PlacePay) -> Response | tuple[str, int]:
    """People of one group at this place."""
    form = RespondentsForm(request.form)
    group_id = request.form.get("group", type=int)
    group = next((row.group for row in place.groups if row.group.id == group_id), None)
    if group is None:
        raise NotFound("Nhóm này không trả lời ở nơi phát này.")
    if form.validate():
        added = [people.NewPerson(name, place.unit, group, post) for name, post in form.lines()]
        try:
            return _added(place, added)
        except AppError as error:
            form.names.errors = [_(error.message, **error.values)]
    return _place_page(place, form, EnumeratorForm(), group_id), _INVALID


@blueprint.post("/noi-phat/<code>/nguoi-dieu-tra")
@access.policy(Permission.PAY, scope=load_place)
def add_enumerator(place: PlacePay) -> Response | tuple[str, int]:
    """One enumerator of this unit."""
    form = EnumeratorForm(request.form)
    if form.validate():
        person = people.NewPerson(
            form.name.data or "", place.unit, None, form.post.data or "", form.phone.data or ""
        )
        try:
            return _added(place, [person])
        except AppError as error:
            form.name.errors = [_(error.message, **error.values)]
    return _place_page(place, RespondentsForm(), form), _INVALID


@blueprint.get("/nguoi/<kind>/<int:person_id>/du-lieu.json")
@access.policy(Permission.PAY, scope=load_person)
def export_person(person: people.Person) -> Response:
    """A copy of all that is held about a listed person, for them."""
    data = people.person_data(current_session(), person)
    log_reading("personal_data_exported", f"{person.__tablename__}/{person.id}")
    written = json.dumps(data, ensure_ascii=False, indent=1).encode()
    return send_file_bytes(written, "json", f"du-lieu-{person.__tablename__}-{person.id}")


@blueprint.post("/nguoi/<kind>/<int:person_id>/xoa-ten")
@access.policy(Permission.PAY, scope=load_person)
def erase_person(person: people.Person) -> Response:
    """Erase a person's name at their wish; the count stays."""
    people.erase_person(current_session(), current_user().username, person, now())
    return _back_to_place(person.place_unit_id, _("Đã xóa tên. Số người trong danh sách giữ nguyên."))


@blueprint.post("/nguoi/<kind>/<int:person_id>/bo")
@access.policy(Permission.PAY, scope=load_person)
def remove_person(person: people.Person) -> Response:
    """Take a slip off the list."""
    place_unit_id = person.place_unit_id
    people.remove_person(current_session(), current_user().username, person, now())
    return _back_to_place(place_unit_id, _("Đã bỏ một người khỏi danh sách."))


def _overview() -> Response:
    session, campaign = current_session(), current_campaign()
    loaded = payments.load_payments(session, campaign)
    payers = [place.event.by for place in loaded.places if place.event is not None]
    return htmx.render(
        "payments/payments.html",
        "payments/_payments.html",
        payments=loaded,
        campaign=campaign,
        names=find_display_names(session, payers),
        place_name=papers.place_name,
        basis_words=papers.basis_words,
        Basis=Basis,
        bases=payment_rates.CHOSEN_BASES,
    )


def _changed() -> Response:
    """The renewed panel, or the page again."""
    return _overview() if htmx.wants_fragment() else go_to(url_for("payments.show_payments"))


def _added(place: PlacePay, added: list[people.NewPerson]) -> Response:
    count = people.add_people(current_session(), current_user().username, current_campaign(), added, now())
    words = ngettext("Đã thêm %(num)s người.", "Đã thêm %(num)s người.", count)
    return go_to(url_for("payments.show_place", code=place.code), words)


def _place_page(
    place: PlacePay, respondents: RespondentsForm, enumerator: EnumeratorForm, open_group: int | None = None
) -> str:
    session, campaign = current_session(), current_campaign()
    history = payments.place_history(session, campaign, place.unit)
    return render_template(
        "payments/place.html",
        place=place,
        campaign=campaign,
        respondents=sorted(people.list_respondents(session, campaign, place.unit), key=papers.given_name_key),
        enumerators=sorted(people.list_enumerators(session, campaign, place.unit), key=papers.given_name_key),
        respondents_form=respondents,
        enumerator_form=enumerator,
        open_group=open_group,
        history=history,
        names=find_display_names(session, [event.by for event in history]),
        place_name=papers.place_name,
        shown_name=papers.shown_name,
    )


def _back_to_place(unit_id: int | None, words: str) -> Response:
    units = {unit.id: unit.code for unit in current_campaign().units}
    code = payments.OFFICE_CODE if unit_id is None else units[unit_id]
    return go_to(url_for("payments.show_place", code=code), words)
