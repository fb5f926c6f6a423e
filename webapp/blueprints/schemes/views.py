"""Bộ chỉ số: the catalogues of all years, one of them in full with its rules to try, and its versions."""

import io
from dataclasses import dataclass

from flask import Blueprint, Response, make_response, render_template, request, send_file, url_for
from sqlalchemy.orm import Session

from webapp.blueprints.schemes import words
from webapp.blueprints.schemes.forms import FACT, try_rule, typed_facts
from webapp.errors import InvalidInput, NotFound
from webapp.http import access, difference_words, htmx
from webapp.http.access import Permission
from webapp.http.context import current_session, current_user, form_library, now
from webapp.http.htmx import go_to
from webapp.http.locale import _, ngettext
from webapp.http.wording import install_wording
from webapp.par_index.point_sums import point_sums
from webapp.par_index.rules import facts_asked
from webapp.par_index.scheme import ComponentCriterion
from webapp.persistence.accounts import User
from webapp.persistence.campaign import Campaign
from webapp.persistence.schemes import SchemeVersion, newest_scheme_versions, scheme_versions
from webapp.scheme_tables.changes import worksheets_of
from webapp.scheme_tables.writing import tables_of
from webapp.services import campaigns
from webapp.services.accounts import find_display_names
from webapp.services.scheme_changes import (
    Catalogue,
    check_tables,
    load_catalogue,
    open_revision,
    version_changes,
)
from webapp.services.scheme_effects import report_from_plain
from webapp.services.schemes import copy_schemes

blueprint = Blueprint("schemes", __name__, url_prefix="/bo-chi-so")
install_wording(blueprint)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A component of the catalogue that counts."""

    catalogue: Catalogue
    component: ComponentCriterion


@dataclass(frozen=True, slots=True)
class OldVersion:
    """One version among all of its level."""

    catalogue: Catalogue
    version: SchemeVersion
    all_versions: list[SchemeVersion]


@blueprint.context_processor
def words_for_templates() -> dict[str, object]:
    """What the templates of this feature use besides their own values."""
    return {"facts_asked": facts_asked, "FACT": FACT, "words": words, "difference_words": difference_words}


def load_campaign(session: Session, _user: User, year: int) -> Campaign:
    """The campaign of a year."""
    return campaigns.find_campaign_of(session, year)


def load(session: Session, _user: User, year: int, level: str) -> Catalogue:
    """A level's catalogue in a year."""
    return load_catalogue(session, campaigns.find_campaign_of(session, year), level)


def load_leaf(session: Session, user: User, year: int, level: str, code: str) -> Leaf:
    """A component of the catalogue that counts."""
    catalogue = load(session, user, year, level)
    component = catalogue.scheme.component(code)
    if component is None:
        raise NotFound("Không có tiêu chí nào mang mã này trong bộ chỉ số.")
    return Leaf(catalogue, component)


def load_version(session: Session, user: User, year: int, level: str, number: int) -> OldVersion:
    """One version of a level."""
    catalogue = load(session, user, year, level)
    versions = scheme_versions(session, catalogue.campaign.id, level)
    found = next((version for version in versions if version.version == number), None)
    if found is None:
        raise NotFound("Không có bản này của bộ chỉ số.")
    return OldVersion(catalogue, found, versions)


@blueprint.get("")
@access.policy(Permission.SEE_CATALOGUE)
def list_catalogues() -> str:
    """All years with their levels; what is missing, and how to get it."""
    session = current_session()
    years = campaigns.list_campaigns(session)
    versions = {campaign.year: newest_scheme_versions(session, campaign.id) for campaign in years}
    return render_template("schemes/list.html", years=years, versions=versions)


@blueprint.post("/<int:year>/chep")
@access.policy(Permission.MANAGE_CAMPAIGN, scope=load_campaign)
def copy(campaign: Campaign) -> Response:
    """Take over the catalogues of the latest year before this one that has any."""
    session = current_session()
    for former in campaigns.list_campaigns(session):
        if former.year < campaign.year and newest_scheme_versions(session, former.id):
            copied = copy_schemes(session, current_user().username, former, campaign, now())
            notice = ngettext(
                "Đã chép %(num)s bộ chỉ số từ năm %(year)s.",
                "Đã chép %(num)s bộ chỉ số từ năm %(year)s.",
                copied,
                year=former.year,
            )
            return go_to(url_for(".list_catalogues"), notice)
    raise NotFound("Không có năm nào trước đó có bộ chỉ số.")


@blueprint.get("/<int:year>/<level>")
@access.policy(Permission.SEE_CATALOGUE, scope=load)
def show(catalogue: Catalogue) -> str:
    """The whole tree of the version that counts, and where its editing stands."""
    return _page(catalogue, None)


@blueprint.post("/<int:year>/<level>/mo")
@access.policy(Permission.MANAGE_CAMPAIGN, scope=load)
def begin_revision(catalogue: Catalogue) -> Response:
    """Open a change in mid-round, with its reason."""
    try:
        reason = request.form.get("reason", "")
        open_revision(current_session(), current_user().username, catalogue, reason, now())
    except InvalidInput as refusal:
        return make_response(_page(catalogue, refusal), refusal.status)
    address = url_for(
        "scheme_editor.show_points", year=catalogue.campaign.year, level=catalogue.version.level
    )
    return go_to(address, _("Đã mở bản sửa đổi. Bộ chỉ số đang dùng chưa đổi cho đến khi lưu thành bản mới."))


def _page(catalogue: Catalogue, refusal: InvalidInput | None) -> str:
    session, scheme = current_session(), catalogue.scheme
    versions = scheme_versions(session, catalogue.campaign.id, catalogue.level)
    people = {version.loaded_by for version in versions}
    if catalogue.draft is not None:
        people.add(catalogue.draft.made_by)
    feeds: dict[str, list[str]] = {}
    for question in scheme.questions:
        for code in question.feeds:
            feeds.setdefault(code, []).append(question.code)
    check = check_tables(session, catalogue.campaign, catalogue.level, tables_of(scheme), form_library())
    return render_template(
        "schemes/show.html",
        catalogue=catalogue,
        scheme=scheme,
        sums=point_sums(scheme),
        contradictions=check.contradictions,
        feeds=feeds,
        verifiers={unit.code: unit.name for unit in catalogue.campaign.all_units},
        versions=versions,
        names=find_display_names(session, sorted(people)),
        refusal=refusal,
    )


@blueprint.get("/<int:year>/<level>.xlsx")
@access.policy(Permission.SEE_CATALOGUE, scope=load)
def download(catalogue: Catalogue) -> Response:
    """The version that counts as a workbook, to be changed and brought back."""
    from webapp.papers import plain_workbook  # openpyxl is loaded when it is needed

    data = plain_workbook.write_rows(worksheets_of(tables_of(catalogue.scheme)))
    name = f"bo-chi-so-{catalogue.campaign.year}-{catalogue.level}-ban-{catalogue.version.version}.xlsx"
    return send_file(io.BytesIO(data), mimetype=XLSX, as_attachment=True, download_name=name)


@blueprint.get("/<int:year>/<level>/ban/<int:number>")
@access.policy(Permission.SEE_CATALOGUE, scope=load_version)
def show_version(old: OldVersion) -> str:
    """Who made a version, when and why; what it changed, and what that did to points."""
    version = old.version
    return render_template(
        "schemes/version.html",
        old=old,
        differences=version_changes(old.all_versions, version.version),
        report=None if version.report is None else report_from_plain(version.report),
        name=find_display_names(current_session(), [version.loaded_by])[version.loaded_by],
    )


@blueprint.route("/<int:year>/<level>/thu/<code>", methods=["GET", "POST"])
@access.policy(Permission.SEE_CATALOGUE, scope=load_leaf)
def try_component(leaf: Leaf) -> Response:
    """The rule at work: what these facts give, beside the rule's words. Nothing is kept."""
    rule = leaf.component.rule
    typed = typed_facts(request.form)
    points, problem = try_rule(rule, typed)
    return htmx.render(
        "schemes/trial.html",
        "schemes/_trial.html",
        leaf=leaf,
        component=leaf.component,
        rule=rule,
        typed=typed,
        points=points,
        problem=problem,
    )
