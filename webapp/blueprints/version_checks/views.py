"""Each look at a version is a page of its own, and changes nothing."""

from flask import Blueprint, Response, render_template, url_for
from sqlalchemy.orm import Session

from ocr.sheet_code import serial_text
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session
from webapp.http.htmx import render
from webapp.http.wording import install_wording
from webapp.par_index.patterns import LEAST_COPIES
from webapp.persistence.accounts import User
from webapp.persistence.campaign import Campaign
from webapp.persistence.results import IndexVersion
from webapp.services.answer_pages import AnswerPage, load_answer_page
from webapp.services.answer_patterns import report_patterns
from webapp.services.publication import require_version
from webapp.services.version_drift import drift_of
from webapp.services.year_on_year import require_published_of

blueprint = Blueprint("version_checks", __name__)
install_wording(blueprint)


def load_version(session: Session, _user: User, number: int) -> IndexVersion:
    """Any version of the current campaign, for those who compute."""
    return require_version(session, current_campaign(), number)


def load_answers(session: Session, user: User, number: int, code: str) -> AnswerPage:
    """The answers about one unit of such a version."""
    return load_answer_page(session, load_version(session, user, number), code)


def load_published_answers(session: Session, _user: User, code: str) -> AnswerPage:
    """The answers about one unit of the published version."""
    return load_answer_page(session, require_published_of(session, current_campaign().year), code)


def load_year_answers(session: Session, _user: User, year: int, code: str) -> AnswerPage:
    """The answers about one unit of what another year published."""
    return load_answer_page(session, require_published_of(session, year), code)


@blueprint.get("/chi-so/<int:number>/khac-gi")
@access.policy(Permission.COMPUTE_INDEX, scope=load_version)
def show_drift(version: IndexVersion) -> Response:
    """What would differ if the version were computed again now."""
    return render(
        "version_checks/drift.html",
        "version_checks/_drift.html",
        version=version,
        drift=drift_of(current_session(), current_campaign(), version),
    )


@blueprint.get("/chi-so/<int:number>/kieu-tra-loi")
@access.policy(Permission.COMPUTE_INDEX, scope=load_version)
def show_patterns(version: IndexVersion) -> Response:
    """Packs that look as if nobody had read the questions."""
    text = render_template(
        "version_checks/patterns.html",
        version=version,
        report=report_patterns(current_session(), version),
        serial_text=serial_text,
        least_copies=LEAST_COPIES,
    )
    return Response(text, headers={"Cache-Control": "no-store"})


@blueprint.get("/chi-so/<int:number>/<code>/phan-bo")
@access.policy(Permission.COMPUTE_INDEX, scope=load_answers)
def show_version_answers(page: AnswerPage) -> str:
    """How was answered about one unit of any version."""
    back = url_for("results.show_version_unit", number=page.version.number, code=page.unit.code)
    return render_template("version_checks/answers.html", page=page, back=back)


@blueprint.get("/ket-qua/<code>/phan-bo")
@access.policy(Permission.VIEW_RESULTS, scope=load_published_answers)
def show_answers(page: AnswerPage) -> str:
    """How was answered about one unit, as published."""
    back = url_for("results.show_unit", code=page.unit.code)
    return render_template("version_checks/answers.html", page=page, back=back)


@blueprint.get("/ket-qua/nam/<int:year>/<code>/phan-bo")
@access.policy(Permission.VIEW_RESULTS, scope=load_year_answers)
def show_year_answers(page: AnswerPage) -> str:
    """How was answered about one unit, as another year published it."""
    year = current_session().get_one(Campaign, page.version.campaign_id).year
    back = url_for("results.show_year_unit", year=year, code=page.unit.code)
    return render_template("version_checks/answers.html", page=page, back=back)
