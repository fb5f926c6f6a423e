"""Chỉ số and Kết quả: the head computes, fixes and publishes; everybody else sees what is published."""

import json
from dataclasses import dataclass

from flask import Blueprint, Response, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from webapp.blueprints.results.files import (
    send_bands,
    send_open_data,
    send_open_data_schema,
    send_workbook,
)
from webapp.blueprints.results.forms import PublishForm
from webapp.blueprints.results.tables import send_table
from webapp.errors import InvalidInput, NotFound
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.audit_words import bound_words, shown_bound
from webapp.http.band_words import run_words
from webapp.http.context import current_campaign, current_session, current_user, now
from webapp.http.htmx import go_to
from webapp.http.locale import _, lazy
from webapp.http.log import log_reading
from webapp.http.wording import install_wording
from webapp.persistence.accounts import User
from webapp.persistence.campaign import Campaign
from webapp.persistence.complaints import complaints_put_right_by
from webapp.persistence.results import IndexVersion, list_index_versions, published_index_version
from webapp.persistence.version_bands import VersionBands
from webapp.services import publication
from webapp.services.accounts import find_display_names
from webapp.services.audit_reports import newest_report
from webapp.services.hand_over_lists import sum_substitutions
from webapp.services.preflight import Check
from webapp.services.rank_bands import require_bands
from webapp.services.result_pages import LevelTable, UnitPage, load_table, load_tables, load_unit_page
from webapp.services.year_on_year import published_years, require_published_of

blueprint = Blueprint("results", __name__)
install_wording(blueprint)
blueprint.context_processor(lambda: {"run_words": run_words, "shown_bound": shown_bound})
blueprint.context_processor(lambda: {"past_year": None, "years": ()})  # pages of another year say which
_INVALID = 422

# Where the work of each line is done, who may open that page, and who does it.
_PLACES = {
    Check.SELF_SCORES: ("/tu-cham/han", Permission.PUBLISH, lazy("Đơn vị")),
    Check.APPRAISAL: ("/tham-dinh", Permission.APPRAISE, lazy("Tổ thẩm định")),
    Check.SCANS: ("/quet", Permission.INTAKE, lazy("Văn thư")),
    Check.RETURNS: ("/quet", Permission.INTAKE, lazy("Văn thư")),
    Check.REVIEW: ("/ra-soat", Permission.VERIFY, lazy("Người rà soát")),
    Check.ADJUDICATION: ("/ra-soat/phan-xu", Permission.ADJUDICATE, lazy("Lãnh đạo")),
    Check.SURVEY: ("/quet", Permission.INTAKE, lazy("Văn thư")),
    Check.SCHEMES: (None, Permission.MANAGE_USERS, lazy("Quản trị")),
}


def load_version(session: Session, _user: User, number: int) -> IndexVersion:
    """Any version of the current campaign, for those who compute."""
    return publication.require_version(session, current_campaign(), number)


def load_version_unit(session: Session, user: User, number: int, code: str) -> UnitPage:
    """One unit of such a version."""
    return load_unit_page(session, load_version(session, user, number), code)


def load_version_table(session: Session, user: User, number: int, level: str) -> LevelTable:
    """One level of such a version."""
    return load_table(session, load_version(session, user, number), level)


def load_version_bands(session: Session, user: User, number: int) -> VersionBands:
    """The rank bands of such a version."""
    return require_bands(session, load_version(session, user, number))


def load_published(session: Session) -> IndexVersion:
    """What everybody may see.

    Raises:
        NotFound: nothing is published yet.
    """
    version = published_index_version(session, current_campaign().id)
    if version is None:
        raise NotFound("Kết quả chưa được công bố.")
    return version


def load_published_unit(session: Session, _user: User, code: str) -> UnitPage:
    """One unit of the published version."""
    return load_unit_page(session, load_published(session), code)


def load_published_table(session: Session, _user: User, level: str) -> LevelTable:
    """One level of the published version."""
    return load_table(session, load_published(session), level)


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A table with the year that it is of."""

    year: int
    table: LevelTable


def load_year(session: Session, _user: User, year: int) -> IndexVersion:
    """What a year published; an office whose results of this year wait still shows those of the last."""
    return require_published_of(session, year)


def load_year_table(session: Session, user: User, year: int, level: str) -> PublishedTable:
    """One level of such a version."""
    return PublishedTable(year, load_table(session, load_year(session, user, year), level))


def load_year_unit(session: Session, user: User, year: int, code: str) -> UnitPage:
    """One unit of such a version."""
    return load_unit_page(session, load_year(session, user, year), code)


@blueprint.get("/chi-so")
@access.policy(Permission.COMPUTE_INDEX)
def show_desk() -> str:
    """What still blocks, and the versions so far."""
    session, campaign = current_session(), current_campaign()
    versions = list_index_versions(session, campaign.id)
    return render_template(
        "results/desk.html",
        check=publication.pre_flight(session, campaign),
        versions=versions,
        names=find_display_names(session, [version.made_by for version in versions]),
        places=_PLACES,
        audit=newest_report(session, campaign.id),
        bound_words=bound_words,
        campaign=campaign,
    )


@blueprint.post("/chi-so/tinh-thu")
@access.policy(Permission.COMPUTE_INDEX)
def compute_trial() -> Response:
    """Compute with what is there."""
    actor = current_user().username
    version = publication.compute_trial(current_session(), actor, current_campaign(), now())
    return go_to(url_for(".show_version", number=version.number))


@blueprint.post("/chi-so/chot")
@access.policy(Permission.COMPUTE_INDEX)
def freeze_version() -> Response:
    """Fix a version."""
    actor = current_user().username
    version = publication.freeze_version(current_session(), actor, current_campaign(), now())
    notice = _(
        "Đã chốt bản số %(number)s. Mọi số liệu đầu vào được giữ kèm mã kiểm tra.", number=version.number
    )
    return go_to(url_for(".show_version", number=version.number), notice)


@blueprint.get("/chi-so/<int:number>")
@access.policy(Permission.COMPUTE_INDEX, scope=load_version)
def show_version(version: IndexVersion) -> str:
    """The tables of a version, and what changed since what was published or fixed before."""
    return _version_page(version, PublishForm())


@blueprint.post("/chi-so/<int:number>/cong-bo")
@access.policy(Permission.PUBLISH, scope=load_version)
def publish_version(version: IndexVersion) -> Response | tuple[str, int]:
    """Show the version to everybody."""
    form = PublishForm(request.form)
    if not form.validate():
        return _version_page(version, form), _INVALID
    typed = form.confirmation.data or ""
    try:
        publication.publish_version(current_session(), current_user().username, version, typed, now())
    except InvalidInput as refusal:
        form.confirmation.errors = [_(refusal.message, **refusal.values)]
        return _version_page(version, form), _INVALID
    return go_to(url_for(".show_results"), _("Đã công bố. Mọi người đăng nhập đều xem được bảng này."))


@blueprint.get("/chi-so/<int:number>/so-lieu.json")
@access.policy(Permission.COMPUTE_INDEX, scope=load_version)
def download_snapshot(version: IndexVersion) -> Response:
    """All inputs with their hash, for `python -m webapp.par_index.compute`."""
    log_reading("snapshot_exported", f"index/{version.number}", sha256=version.sha256)
    response = make_response(json.dumps(version.snapshot, ensure_ascii=False, indent=1))
    response.headers["Content-Type"] = "application/json; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="chi-so-ban-{version.number}.json"'
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/chi-so/<int:number>/khoang-hang.json")
@access.policy(Permission.COMPUTE_INDEX, scope=load_version_bands)
def download_bands(kept: VersionBands) -> Response:
    """What the rank bands were computed from, for `python -m webapp.par_index.bands`."""
    log_reading("bands_exported", f"index/{kept.version.number}", sha256=kept.sha256)
    return send_bands(kept)


@blueprint.get("/chi-so/<int:number>/bang-tinh.xlsx")
@access.policy(Permission.COMPUTE_INDEX, scope=load_version)
def download_version_workbook(version: IndexVersion) -> Response:
    """Any version with its formulas and all counts of answers: for the office itself."""
    return send_workbook(current_session(), version, shows_small_cells=True)


@blueprint.get("/chi-so/<int:number>/bang/<level>.csv")
@access.policy(Permission.COMPUTE_INDEX, scope=load_version_table)
def download_version_table(table: LevelTable) -> Response:
    """A level's table of any version."""
    return send_table(table, current_campaign().year)


@blueprint.get("/chi-so/<int:number>/<code>")
@access.policy(Permission.COMPUTE_INDEX, scope=load_version_unit)
def show_version_unit(page: UnitPage) -> str:
    """One unit of any version."""
    number, code = page.version.number, page.unit.code
    return render_template(
        "results/unit.html",
        page=page,
        back=url_for(".show_version", number=number),
        answers_address=url_for("version_checks.show_version_answers", number=number, code=code),
    )


@blueprint.get("/ket-qua")
@access.policy(Permission.VIEW_RESULTS)
def show_results() -> str:
    """The published tables, or the sentence that there are none yet."""
    campaign = current_campaign()
    version = published_index_version(current_session(), campaign.id)
    tables = load_tables(current_session(), version) if version is not None else []
    return render_template(
        "results/ranking.html",
        version=version,
        tables=tables,
        campaign=campaign,
        substituted=sum_substitutions(current_session(), campaign),
        years=published_years(current_session(), campaign),
    )


@blueprint.get("/ket-qua/nam/<int:year>")
@access.policy(Permission.VIEW_RESULTS, scope=load_year)
def show_year(version: IndexVersion) -> str:
    """The published tables of another year."""
    session = current_session()
    campaign = session.get_one(Campaign, version.campaign_id)
    return render_template(
        "results/ranking.html",
        version=version,
        tables=load_tables(session, version),
        campaign=campaign,
        substituted=sum_substitutions(session, campaign),
        past_year=campaign.year,
    )


@blueprint.get("/ket-qua/nam/<int:year>/bang/<level>.csv")
@access.policy(Permission.VIEW_RESULTS, scope=load_year_table)
def download_year_table(table: PublishedTable) -> Response:
    """A level's published table of another year."""
    return send_table(table.table, table.year)


@blueprint.get("/ket-qua/nam/<int:year>/bang-tinh.xlsx")
@access.policy(Permission.VIEW_RESULTS, scope=load_year)
def download_year_workbook(version: IndexVersion) -> Response:
    """Another year's published index with its formulas."""
    return send_workbook(current_session(), version, shows_small_cells=False)


@blueprint.get("/ket-qua/nam/<int:year>/du-lieu-mo.json")
@access.policy(Permission.VIEW_RESULTS, scope=load_year)
def download_year_open_data(version: IndexVersion) -> Response:
    """Another year's published index for other programs."""
    return send_open_data(current_session(), version)


@blueprint.get("/ket-qua/nam/<int:year>/<code>")
@access.policy(Permission.VIEW_RESULTS, scope=load_year_unit)
def show_year_unit(page: UnitPage) -> str:
    """One unit's published profile of another year."""
    year = current_session().get_one(Campaign, page.version.campaign_id).year
    return render_template(
        "results/unit.html",
        page=page,
        back=url_for(".show_year", year=year),
        answers_address=url_for("version_checks.show_year_answers", year=year, code=page.unit.code),
        past_year=year,
    )


@blueprint.get("/ket-qua/bang/<level>.csv")
@access.policy(Permission.VIEW_RESULTS, scope=load_published_table)
def download_table(table: LevelTable) -> Response:
    """A level's published table."""
    return send_table(table, current_campaign().year)


@blueprint.get("/ket-qua/bang-tinh.xlsx")
@access.policy(Permission.VIEW_RESULTS)
def download_workbook() -> Response:
    """The published index with its formulas; what few people answered is hidden."""
    return send_workbook(current_session(), load_published(current_session()), shows_small_cells=False)


@blueprint.get("/ket-qua/du-lieu-mo.json")
@access.policy(Permission.VIEW_RESULTS)
def download_open_data() -> Response:
    """The published index for other programs."""
    return send_open_data(current_session(), load_published(current_session()))


@blueprint.get("/ket-qua/du-lieu-mo.schema.json")
@access.policy(Permission.VIEW_RESULTS)
def download_open_data_schema() -> Response:
    """What stands in the open data."""
    return send_open_data_schema()


@blueprint.get("/ket-qua/<code>")
@access.policy(Permission.VIEW_RESULTS, scope=load_published_unit)
def show_unit(page: UnitPage) -> str:
    """One unit's published profile."""
    return render_template(
        "results/unit.html",
        page=page,
        back=url_for(".show_results"),
        answers_address=url_for("version_checks.show_answers", code=page.unit.code),
    )


def _version_page(version: IndexVersion, form: PublishForm) -> str:
    session = current_session()
    former = publication.former_version(session, version)
    return render_template(
        "results/version.html",
        version=version,
        former=former,
        maker=find_display_names(session, [version.made_by])[version.made_by],
        tables=load_tables(session, version),
        changes=publication.changed_units(session, version, former),
        form=form,
        put_right=complaints_put_right_by(session, version.id),
        wanted=publication.confirmation_words(current_campaign()),
        substituted=sum_substitutions(session, current_campaign()),
    )
