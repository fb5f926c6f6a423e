"""A catalogue from a workbook: what would change is shown before anything is saved."""

import json
from dataclasses import dataclass

from flask import Blueprint, Response, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from webapp.blueprints.schemes import words
from webapp.errors import AppError, InvalidInput, Locked, NotFound, StaleVersion
from webapp.http import access, difference_words
from webapp.http.access import Permission
from webapp.http.context import current_session, current_user, form_library, now
from webapp.http.htmx import go_to
from webapp.http.locale import _
from webapp.http.wording import install_wording
from webapp.persistence.accounts import User
from webapp.persistence.campaign import Campaign
from webapp.persistence.schemes import newest_scheme_version
from webapp.scheme_tables.changes import differences, read_worksheets
from webapp.scheme_tables.parts import PARTS
from webapp.scheme_tables.writing import tables_of
from webapp.services import campaigns
from webapp.services.scheme_changes import (
    Catalogue,
    Proposal,
    check_tables,
    load_catalogue,
    propose,
    save_version,
)
from webapp.services.schemes import add_scheme
from webapp.typed_tables.parts import RowProblem, Tables

blueprint = Blueprint("scheme_import", __name__, url_prefix="/bo-chi-so")
install_wording(blueprint)
_INVALID = 422


@dataclass(frozen=True, slots=True)
class Place:
    """A level of a campaign; `catalogue` None: it has none yet."""

    campaign: Campaign
    level: str
    catalogue: Catalogue | None

    @property
    def fingerprint(self) -> str:
        """The same letters as long as nobody saves anything."""
        return "" if self.catalogue is None else self.catalogue.fingerprint


@blueprint.context_processor
def words_for_templates() -> dict[str, object]:
    """What the templates of this feature use besides their own values."""
    return {"words": words, "difference_words": difference_words}


def load_place(session: Session, _user: User, year: int, level: str) -> Place:
    """A level of the campaign of a year."""
    campaign = campaigns.find_campaign_of(session, year)
    if level not in {known.code for known in campaign.levels}:
        raise NotFound("Chu kỳ này không có cấp đó.")
    if newest_scheme_version(session, campaign.id, level) is None:
        return Place(campaign, level, None)
    return Place(campaign, level, load_catalogue(session, campaign, level))


@blueprint.get("/<int:year>/<level>/nhap")
@access.policy(Permission.MANAGE_CAMPAIGN, scope=load_place)
def show_import(place: Place) -> str:
    """Where a workbook is brought in."""
    return render_template("schemes/import.html", place=place, refusal=None)


@blueprint.post("/<int:year>/<level>/nhap")
@access.policy(Permission.MANAGE_CAMPAIGN, scope=load_place)
def preview(place: Place) -> Response:
    """What saving the workbook would do; nothing is saved yet."""
    from webapp.papers import plain_workbook  # openpyxl is loaded when it is needed

    upload = request.files.get("file")
    data = b"" if upload is None else upload.stream.read(plain_workbook.MAX_FILE_BYTES + 1)
    try:
        tables, missing = read_worksheets(plain_workbook.read_rows(data))
    except InvalidInput as refusal:
        page = render_template("schemes/import.html", place=place, refusal=refusal)
        return make_response(page, refusal.status)
    return _preview_page(place, tables, missing)


@blueprint.post("/<int:year>/<level>/nhap/luu")
@access.policy(Permission.MANAGE_CAMPAIGN, scope=load_place)
def save(place: Place) -> Response:
    """Save what the preview showed; its rows come back and are checked once more.

    Raises:
        InvalidInput: the rows are not those of a preview.
    """
    try:
        raw = json.loads(request.form.get("rows", ""))
        tables = {
            code: [{str(k): str(v) for k, v in row.items()} for row in raw[code]]
            for code in PARTS
            if code in raw
        }
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidInput("Bản xem trước không còn nguyên. Tải tệp lên lại.") from error
    try:
        number = _save(place, tables)
    except (InvalidInput, Locked, StaleVersion) as refusal:
        return _preview_page(place, tables, [], refusal)
    address = url_for("schemes.show", year=place.campaign.year, level=place.level)
    return go_to(address, _("Đã lưu thành bản %(number)s, dùng từ bây giờ.", number=number))


def _save(place: Place, tables: Tables) -> int:
    session, actor = current_session(), current_user().username
    reason, seen = request.form.get("reason", ""), request.form.get("fingerprint", "")
    proposal = _proposal_of(place, tables)
    if place.catalogue is not None:
        made = save_version(session, actor, place.catalogue, proposal, reason=reason, seen=seen, now=now())
        return made.version
    scheme = proposal.check.scheme
    if scheme is None or not proposal.check.is_sound:
        raise InvalidInput("Chưa lưu: còn chỗ phải sửa.")
    return add_scheme(session, actor, place.campaign, scheme, now(), reason=reason).version


def _proposal_of(place: Place, tables: Tables) -> Proposal:
    """Tables that the workbook lacks stay as they are."""
    session, forms = current_session(), form_library()
    if place.catalogue is not None:
        return propose(session, place.catalogue, {**tables_of(place.catalogue.scheme), **tables}, forms)
    check = check_tables(session, place.campaign, place.level, tables, forms)
    found = () if check.scheme is None else tuple(differences({}, tables_of(check.scheme)))
    return Proposal(check, found, None)


def _preview_page(
    place: Place, tables: Tables, missing: list[RowProblem], refusal: AppError | None = None
) -> Response:
    proposal = _proposal_of(place, tables)
    is_frozen = place.catalogue is not None and not place.catalogue.may_be_edited
    page = render_template(
        "schemes/preview.html",
        place=place,
        proposal=proposal,
        problems=[*missing, *proposal.check.problems],
        rows=json.dumps(tables, ensure_ascii=False),
        is_frozen=is_frozen,
        can_be_saved=proposal.check.is_sound and proposal.differences and not missing and not is_frozen,
        refusal=refusal,
    )
    if refusal is not None:
        return make_response(page, refusal.status)
    return make_response(page, _INVALID if missing or not proposal.check.is_sound else 200)
