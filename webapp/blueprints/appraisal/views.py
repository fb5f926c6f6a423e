"""Thẩm định: the appraiser sees what a unit declared beside its evidence, and fixes the points."""

from dataclasses import dataclass

from flask import Blueprint, Response, make_response, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.blueprints.appraisal.forms import NOT_APPLICABLE, OTHER, TypedDecision, read_decision, read_typed
from webapp.errors import InvalidInput, NotFound, StaleVersion
from webapp.http import access, htmx
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, current_user, now
from webapp.http.documents import send_original, send_picture
from webapp.http.wording import install_wording
from webapp.par_index.rules import facts_asked
from webapp.par_index.workflow import State
from webapp.persistence.accounts import User
from webapp.persistence.appraisal import EvidenceFile, EvidenceLink, appraised_versions
from webapp.persistence.campaign import Unit
from webapp.services.accounts import find_display_names
from webapp.services.appraisal import (
    appraise_component,
    finish_appraisal,
    is_own_unit,
    list_units,
    may_set_aside,
    points_options,
)
from webapp.services.evidence import find_citation, find_file, page_image
from webapp.services.evidence_kinds import MEDIA_TYPES
from webapp.services.reopening import reopenings
from webapp.services.self_scores import declare_points, draft_of
from webapp.services.unit_scores import ComponentScores, UnitScores, load_unit_scores

blueprint = Blueprint("appraisal", __name__, url_prefix="/tham-dinh")
install_wording(blueprint)


@dataclass(frozen=True, slots=True)
class AppraisedUnit:
    """A unit as this appraiser may see it; `may_decide` is false for the own unit and once it is finished."""

    scores: UnitScores
    may_decide: bool
    is_own: bool


@dataclass(frozen=True, slots=True)
class AppraisedComponent:
    """A component of a unit that has sent its self-score, and the evidence that is open beside it."""

    owner: AppraisedUnit
    here: ComponentScores
    open_link: EvidenceLink | None

    @property
    def code(self) -> str:
        """The component's code."""
        return self.here.component.code

    @property
    def unit(self) -> Unit:
        """The unit under appraisal."""
        return self.owner.scores.unit


def load_unit(session: Session, user: User, unit_code: str) -> AppraisedUnit:
    """A unit of the current campaign."""
    campaign = current_campaign()
    wanted = select(Unit).where(Unit.campaign_id == campaign.id, Unit.code == unit_code)
    unit = session.scalars(wanted).first() if unit_code.isprintable() else None
    if unit is None:
        raise NotFound("Chu kỳ này không có đơn vị mang mã đó.")
    scores = load_unit_scores(session, unit, now())
    is_own = is_own_unit(user, unit)
    return AppraisedUnit(scores, scores.state is State.SUBMITTED and not is_own, is_own)


def load_sent_unit(session: Session, user: User, unit_code: str) -> AppraisedUnit:
    """A unit that has sent its self-score: drafts are nobody's business but the unit's."""
    owner = load_unit(session, user, unit_code)
    if owner.scores.submission is None or owner.scores.submission.submitted_at is None:
        raise NotFound("Đơn vị chưa gửi bản tự chấm nên chưa có gì để xem.")
    return owner


def load_component(session: Session, user: User, unit_code: str, code: str) -> AppraisedComponent:
    """A component of a sent self-score, with its first piece of evidence open."""
    owner = load_sent_unit(session, user, unit_code)
    here = owner.scores.own_component(code)
    return AppraisedComponent(owner, here, here.links[0] if here.links else None)


def load_citation(
    session: Session, user: User, unit_code: str, code: str, link_id: int
) -> AppraisedComponent:
    """A component with one named piece of its evidence open."""
    shown = load_component(session, user, unit_code, code)
    link = find_citation(session, shown.unit.id, code, link_id)
    return AppraisedComponent(shown.owner, shown.here, link)


def load_file(session: Session, user: User, unit_code: str, file_id: int) -> EvidenceFile:
    """A file of the unit in the address, once its self-score is sent."""
    return find_file(session, load_sent_unit(session, user, unit_code).scores.unit.id, file_id)


def load_page(
    session: Session, user: User, unit_code: str, file_id: int, page_number: int
) -> tuple[str, str]:
    """The picture of a page of such a file."""
    return page_image(load_file(session, user, unit_code, file_id), page_number)


@blueprint.get("")
@access.policy(Permission.APPRAISE)
def show_units() -> str:
    """All units with how far each has come."""
    campaign = current_campaign()
    return render_template(
        "appraisal/units.html",
        campaign=campaign,
        units=list_units(current_session(), current_user(), campaign),
    )


@blueprint.get("/<unit_code>")
@access.policy(Permission.APPRAISE, scope=load_unit)
def show_unit(owner: AppraisedUnit) -> str:
    """The components of one unit: maximum, self-score, appraised score, difference."""
    return unit_page(owner, None)


@blueprint.post("/<unit_code>/xong")
@access.policy(Permission.APPRAISE, scope=load_unit)
def finish_unit(owner: AppraisedUnit) -> Response:
    """Close the unit's appraisal, or name the components that still wait."""
    try:
        finish_appraisal(current_session(), current_user(), owner.scores.unit, now())
    except InvalidInput as refusal:
        return make_response(unit_page(owner, refusal), refusal.status)
    return htmx.go_to(url_for(".show_unit", unit_code=owner.scores.unit.code))


@blueprint.get("/<unit_code>/<code>")
@access.policy(Permission.APPRAISE, scope=load_component)
def show_component(shown: AppraisedComponent) -> Response:
    """One component: evidence on the left, declaration and points on the right."""
    return component_page(shown)


@blueprint.get("/<unit_code>/<code>/minh-chung/<int:link_id>")
@access.policy(Permission.APPRAISE, scope=load_citation)
def show_evidence(shown: AppraisedComponent) -> Response:
    """The same with another piece of evidence open, or the viewer alone."""
    return component_page(shown)


@blueprint.post("/<unit_code>/<code>")
@access.policy(Permission.APPRAISE, scope=load_component)
def save_score(shown: AppraisedComponent) -> Response:
    """Fix the points and go on; a refusal keeps what was typed, and a conflict shows both versions."""
    typed = read_typed(request.form)
    try:
        decision = read_decision(typed, shown.code)
        appraise_component(
            current_session(), current_user(), shown.unit, shown.code, decision=decision, now=now()
        )
    except StaleVersion as conflict:
        return conflict_page(shown, typed, conflict)
    except InvalidInput as refusal:
        return component_page(shown, typed=typed, refusal=refusal)
    return htmx.go_to(next_address(shown))


@blueprint.get("/<unit_code>/tep/<int:file_id>")
@access.policy(Permission.APPRAISE, scope=load_file)
def download_file(file: EvidenceFile) -> Response:
    """The unit's document, as it was uploaded."""
    return send_original(file.sha256, MEDIA_TYPES[file.kind], file.name)


@blueprint.get("/<unit_code>/tep/<int:file_id>/trang/<int:page_number>")
@access.policy(Permission.APPRAISE, scope=load_page)
def show_page(picture: tuple[str, str]) -> Response:
    """A page of the unit's document."""
    return send_picture(*picture)


def unit_page(owner: AppraisedUnit, refusal: InvalidInput | None) -> str:
    """The unit's table, with why its appraisal was opened again if it was."""
    session, submission = current_session(), owner.scores.submission
    opened = reopenings(session, owner.scores.unit, submission) if submission is not None else []
    return render_template(
        "appraisal/unit.html",
        owner=owner,
        scores=owner.scores,
        refusal=refusal,
        reopenings=opened,
        names=find_display_names(session, [entry.actor for entry in opened]),
    )


def next_address(shown: AppraisedComponent) -> str:
    """The next component, or the unit's table after the last."""
    _before, after = shown.owner.scores.neighbours(shown.code)
    if after is None:
        return url_for(".show_unit", unit_code=shown.unit.code)
    return url_for(".show_component", unit_code=shown.unit.code, code=after)


def component_page(
    shown: AppraisedComponent, *, typed: TypedDecision | None = None, refusal: InvalidInput | None = None
) -> Response:
    """The appraiser's page of a component, or its viewer alone."""
    here, scores = shown.here, shown.owner.scores
    before, after = scores.neighbours(shown.code)
    draft = draft_of(here.entry)
    versions = appraised_versions(current_session(), shown.unit.id, shown.code)
    return htmx.render(
        "appraisal/component.html",
        "appraisal/_viewer.html",
        status=200 if refusal is None else refusal.status,
        shown=shown,
        scores=scores,
        here=here,
        draft=draft,
        declared=declare_points(here.component, draft),
        facts=facts_asked(here.component.rule),
        options=points_options(here),
        may_set_aside=may_set_aside(here),
        typed=typed or typed_from(here),
        refusal=refusal,
        before=before,
        after=after,
        position=[scores.component.code for scores in scores.own].index(shown.code) + 1,
        page_number=shown_page_number(shown),
        versions=versions,
        names=find_display_names(current_session(), [version.appraised_by for version in versions]),
    )


def typed_from(here: ComponentScores) -> TypedDecision:
    """The form as the newest version left it; empty before the first: the self-score is never copied."""
    entry = here.appraised
    if entry is None:
        return TypedDecision()
    version = str(entry.version)
    if entry.not_applicable:
        return TypedDecision(NOT_APPLICABLE, "", entry.reason, version)
    if entry.points in {option.points for option in points_options(here)}:
        return TypedDecision(f"{entry.points:.2f}", "", entry.reason, version)
    return TypedDecision(OTHER, f"{entry.points:.2f}".replace(".", ","), entry.reason, version)


def shown_page_number(shown: AppraisedComponent) -> int:
    """The page asked for, else the cited one, within the pages that have a picture."""
    link = shown.open_link
    if link is None:
        return 1
    asked = request.args.get("trang", link.page_number or 1, type=int)
    return max(1, min(asked, len(link.file.page_images)))


def conflict_page(shown: AppraisedComponent, typed: TypedDecision, conflict: StaleVersion) -> Response:
    """Somebody else was faster: theirs and mine side by side, nothing overwritten."""
    theirs = shown.here.appraised
    page = render_template(
        "appraisal/conflict.html",
        shown=shown,
        here=shown.here,
        typed=typed,
        conflict=conflict,
        names=find_display_names(current_session(), [theirs.appraised_by] if theirs is not None else []),
    )
    return make_response(page, conflict.status)
