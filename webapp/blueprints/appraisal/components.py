"""One component of a unit: its evidence, what was declared, and the points that the appraiser fixes."""

from dataclasses import dataclass

from flask import Response, make_response, render_template, request, url_for

from webapp.blueprints.appraisal.forms import NOT_APPLICABLE, OTHER, TypedDecision, read_decision, read_typed
from webapp.blueprints.appraisal.loading import AppraisedComponent, load_citation, load_component
from webapp.errors import InvalidInput, StaleVersion
from webapp.http import access, htmx
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, current_user, now
from webapp.http.wording import upper_first
from webapp.par_index.rules import facts_asked
from webapp.persistence.appraisal import appraised_versions
from webapp.persistence.campaign import Unit
from webapp.services.accounts import find_display_names
from webapp.services.appraisal import (
    appraise_component,
    asked_components,
    is_own_unit,
    may_set_aside,
    points_options,
)
from webapp.services.appraisal_matrix import load_matrix
from webapp.services.declarations import declare_points, draft_of
from webapp.services.unit_scores import ComponentScores

BY_COMPONENT = "tieu-chi"


@dataclass(frozen=True, slots=True)
class Step:
    """A neighbour in the order of work: its address, and what to call it."""

    address: str
    label: str


@dataclass(frozen=True, slots=True)
class Way:
    """The order in which somebody works: along a unit's components, or along the units of a component."""

    order: str
    before: Step | None
    after: Step | None
    position: int
    count: int


@access.policy(Permission.APPRAISE, scope=load_component)
def show_component(shown: AppraisedComponent) -> Response:
    """One component: evidence on the left, declaration and points on the right."""
    return component_page(shown)


@access.policy(Permission.APPRAISE, scope=load_citation)
def show_evidence(shown: AppraisedComponent) -> Response:
    """The same with another piece of evidence open, or the viewer alone."""
    return component_page(shown)


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


def next_address(shown: AppraisedComponent) -> str:
    """The next cell in the order of work, or the table behind the last."""
    way = find_way(shown)
    if way.after is not None:
        return way.after.address
    if way.order == BY_COMPONENT:
        return url_for(".show_column", level=shown.unit.level, code=shown.code)
    return url_for(".show_unit", unit_code=shown.unit.code)


def find_way(shown: AppraisedComponent) -> Way:
    """The neighbours of this cell: `?theo=tieu-chi` goes from unit to unit within the component."""
    if request.args.get("theo") != BY_COMPONENT:
        codes = [scores.component.code for scores in shown.owner.scores.own]
        steps = [
            Step(url_for(".show_component", unit_code=shown.unit.code, code=code), code) for code in codes
        ]
        return _way("", steps, codes.index(shown.code))
    units = units_to_see(shown)
    steps = [
        Step(
            url_for(".show_component", unit_code=u.code, code=shown.code, theo=BY_COMPONENT),
            upper_first(u.name),
        )
        for u in units
    ]
    return _way(BY_COMPONENT, steps, [unit.code for unit in units].index(shown.unit.code))


def units_to_see(shown: AppraisedComponent) -> list[Unit]:
    """Units whose component is open to this person for appraisal, and the one on the screen."""
    matrix = load_matrix(current_session(), current_campaign(), shown.unit.level)
    return [
        unit
        for unit in matrix.units
        if unit.code == shown.unit.code
        or (matrix.cells[unit.code, shown.code].can_be_opened and not is_own_unit(current_user(), unit))
    ]


def _way(order: str, steps: list[Step], here: int) -> Way:
    before = steps[here - 1] if here > 0 else None
    after = steps[here + 1] if here + 1 < len(steps) else None
    return Way(order, before, after, here + 1, len(steps))


def component_page(
    shown: AppraisedComponent, *, typed: TypedDecision | None = None, refusal: InvalidInput | None = None
) -> Response:
    """The appraiser's page of a component, or its viewer alone."""
    here, scores = shown.here, shown.owner.scores
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
        declared=declare_points(here.as_declared, draft),
        now_gives=declare_points(here.component, draft),
        facts=facts_asked(here.as_declared.rule),
        options=points_options(here),
        may_set_aside=may_set_aside(here),
        typed=typed or typed_from(here),
        refusal=refusal,
        way=find_way(shown),
        asked=asked_components(current_session(), shown.unit.id).get(shown.code),
        page_number=shown_page_number(shown),
        versions=versions,
        names=find_display_names(current_session(), [version.appraised_by for version in versions]),
    )


def typed_from(here: ComponentScores) -> TypedDecision:
    """The form as the newest version left it; empty before the first: the self-score is never copied."""
    entry = here.appraised
    if entry is None:
        return TypedDecision()
    typed = f"{entry.points:.2f}"
    is_offered = entry.points in {option.points for option in points_options(here)}
    return TypedDecision(
        choice=NOT_APPLICABLE if entry.not_applicable else typed if is_offered else OTHER,
        other="" if entry.not_applicable or is_offered else typed.replace(".", ","),
        reason=entry.reason,
        seen_version=str(entry.version),
        question=entry.question,
        awaits_meeting=entry.awaits_meeting,
    )


def shown_page_number(shown: AppraisedComponent) -> int:
    """The page asked for, else the cited one, within the pages that have a picture."""
    link = shown.open_link
    if link is None:
        return 1
    asked = request.args.get("trang", link.page_number or 1, type=int)
    return max(1, min(asked, len(link.file.page_images)))


def conflict_page(
    shown: AppraisedComponent,
    typed: TypedDecision,
    conflict: StaleVersion,
    *,
    save_address: str = "",
    keep_address: str = "",
) -> Response:
    """Somebody else was faster: theirs and mine side by side, nothing overwritten.

    `save_address`, `keep_address`: where mine is saved, and where one goes with theirs; else this component.
    """
    order = request.args.get("theo")
    own = url_for(".show_component", unit_code=shown.unit.code, code=shown.code, theo=order)
    theirs = shown.here.appraised
    page = render_template(
        "appraisal/conflict.html",
        shown=shown,
        here=shown.here,
        typed=typed,
        conflict=conflict,
        save_address=save_address or own,
        keep_address=keep_address or own,
        names=find_display_names(current_session(), [theirs.appraised_by] if theirs is not None else []),
    )
    return make_response(page, conflict.status)
