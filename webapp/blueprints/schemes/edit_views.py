"""The editor of a catalogue: points of the whole tree, one leaf with its rule, and saving as a version."""

from dataclasses import dataclass

from flask import Blueprint, Response, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from webapp.blueprints.schemes import words
from webapp.blueprints.schemes.forms import (
    FACT,
    LEAF,
    POINTS,
    try_rule,
    typed_facts,
    typed_leaf,
    typed_points,
)
from webapp.blueprints.schemes.views import load
from webapp.errors import AppError, InvalidInput, Locked, NotFound, StaleVersion
from webapp.http import access, difference_words, htmx
from webapp.http.access import Permission
from webapp.http.context import current_session, current_user, form_library, now
from webapp.http.htmx import go_to
from webapp.http.locale import _
from webapp.http.wording import install_wording
from webapp.par_index.rules import facts_asked
from webapp.par_index.scheme import Policy
from webapp.persistence.accounts import User
from webapp.scheme_tables.editing import (
    LeafRows,
    cell_problems,
    find_leaf,
    with_leaf,
    with_new_node,
    with_node_moved,
    with_points,
    without_node,
)
from webapp.scheme_tables.parts import (
    AREA,
    COMPONENT,
    CRITERION,
    GENERAL,
    MEASURES,
    NODES,
    PARTS,
    POLICIES,
    SHAPES,
    TREE,
)
from webapp.services.scheme_changes import (
    Catalogue,
    check_tables,
    discard_draft,
    keep_tables,
    propose,
    save_version,
)
from webapp.typed_tables.parts import Tables

blueprint = Blueprint("scheme_editor", __name__, url_prefix="/bo-chi-so")
install_wording(blueprint)


@dataclass(frozen=True, slots=True)
class DraftLeaf:
    """A scored node of the draft."""

    catalogue: Catalogue
    code: str
    rows: LeafRows


@blueprint.context_processor
def words_for_templates() -> dict[str, object]:
    """What the templates of this feature use besides their own values."""
    return {
        "facts_asked": facts_asked,
        "FACT": FACT,
        "LEAF": LEAF,
        "words": words,
        "difference_words": difference_words,
        "PARTS": PARTS,
        "SHAPES": SHAPES,
        "POLICIES": POLICIES,
        "MEASURES": MEASURES,
        "NODES": NODES,
    }


def load_leaf(session: Session, user: User, year: int, level: str, code: str) -> DraftLeaf:
    """A scored node of the draft, or of the version that counts."""
    catalogue = load(session, user, year, level)
    rows = find_leaf(catalogue.tables, code)
    if rows is None:
        raise NotFound("Không có tiêu chí nào mang mã này trong bộ chỉ số.")
    return DraftLeaf(catalogue, code, rows)


# --- the points of the whole tree --------------------------------------------------------------------------


@blueprint.get("/<int:year>/<level>/sua")
@access.policy(Permission.MANAGE_CAMPAIGN, scope=load)
def show_points(catalogue: Catalogue) -> Response:
    """Titles and maxima of everything, with the sums."""
    return _points_page(catalogue, catalogue.tables)


@blueprint.post("/<int:year>/<level>/sua/kiem")
@access.policy(Permission.MANAGE_CAMPAIGN, scope=load)
def check_points(catalogue: Catalogue) -> Response:
    """The sums of what is being typed; nothing is saved."""
    return _points_page(catalogue, _typed_points(catalogue))


@blueprint.post("/<int:year>/<level>/sua")
@access.policy(Permission.MANAGE_CAMPAIGN, scope=load)
def save_points(catalogue: Catalogue) -> Response:
    """Save the draft, and where a button says so move, remove or add a node."""
    typed = _typed_points(catalogue)
    try:
        tables = _restructured(typed)
        _keep(catalogue, tables)
    except (InvalidInput, Locked, StaleVersion) as refusal:
        return _points_page(catalogue, typed, refusal)
    return go_to(_address(catalogue, ".show_points"), _("Đã lưu bản nháp."))


def _typed_points(catalogue: Catalogue) -> Tables:
    general, nodes = typed_points(request.form)
    return with_points(catalogue.tables, general, nodes)


def _restructured(tables: Tables) -> Tables:
    """What the pressed button asks for besides saving."""
    act, _colon, code = request.form.get("act", "").partition(":")
    match act:
        case "up" | "down":
            return with_node_moved(tables, code, up=act == "up")
        case "remove":
            return without_node(tables, code)
        case "add":
            return _with_added(tables)
        case _:
            return tables


def _with_added(tables: Tables) -> Tables:
    form = {
        name: request.form.get(f"new-{name}", "").strip() for name in ("code", "title", "maximum", "below")
    }
    parent = next((row["kind"] for row in tables[TREE] if row["code"] == form["below"]), "")
    kind = {"": AREA, NODES[AREA]: CRITERION}.get(parent, COMPONENT)
    is_scored = kind == COMPONENT or (kind == CRITERION and "new-scored" in request.form)
    cells = {"code": form["code"], "kind": NODES[kind], "title": form["title"], "maximum": form["maximum"]}
    if is_scored:
        cells |= {"rule": SHAPES["levels"], "policy": POLICIES[Policy.NOT_ALLOWED]}
    return with_new_node(tables, cells, form["below"])


def _points_page(catalogue: Catalogue, tables: Tables, refusal: AppError | None = None) -> Response:
    check = check_tables(current_session(), catalogue.campaign, catalogue.level, tables, form_library())
    problems = {
        (tables[TREE][problem.row]["code"], problem.column.code): problem.why
        for problem in check.problems
        if problem.part.code == TREE and problem.row is not None and problem.column is not None
    }
    return htmx.render(
        "schemes/points.html",
        "schemes/_check.html",
        200 if refusal is None else refusal.status,
        catalogue=catalogue,
        tables=tables,
        general=tables[GENERAL][0],
        POINTS=POINTS,
        check=check,
        cell_problems=problems,
        refusal=refusal,
    )


# --- one leaf ----------------------------------------------------------------------------------------------


@blueprint.get("/<int:year>/<level>/sua/<code>")
@access.policy(Permission.MANAGE_CAMPAIGN, scope=load_leaf)
def show_leaf(leaf: DraftLeaf) -> Response:
    """One leaf: its words, its rule in the form of its shape, and the rule at work beside it."""
    return _leaf_page(leaf, leaf.rows)


@blueprint.post("/<int:year>/<level>/sua/<code>/kiem")
@access.policy(Permission.MANAGE_CAMPAIGN, scope=load_leaf)
def check_leaf(leaf: DraftLeaf) -> Response:
    """What is being typed: sums, faults, the rule in words and at work; nothing is saved."""
    return _leaf_page(leaf, typed_leaf(request.form, leaf.rows), fragment="schemes/_beside.html")


@blueprint.post("/<int:year>/<level>/sua/<code>/dang")
@access.policy(Permission.MANAGE_CAMPAIGN, scope=load_leaf)
def change_shape(leaf: DraftLeaf) -> Response:
    """The form of another shape of rule; nothing is saved."""
    return _leaf_page(leaf, typed_leaf(request.form, leaf.rows), fragment="schemes/_shape_answer.html")


@blueprint.post("/<int:year>/<level>/sua/<code>")
@access.policy(Permission.MANAGE_CAMPAIGN, scope=load_leaf)
def save_leaf(leaf: DraftLeaf) -> Response:
    """Save the draft; what cannot be read comes back with its faults, and is not saved."""
    typed = typed_leaf(request.form, leaf.rows)
    tables = with_leaf(leaf.catalogue.tables, leaf.code, typed)
    check = check_tables(
        current_session(), leaf.catalogue.campaign, leaf.catalogue.level, tables, form_library()
    )
    try:
        if cell_problems(tables, check.problems, leaf.code):
            raise InvalidInput("Chưa lưu: còn chỗ phải sửa.")  # noqa: TRY301 - one way out for every refusal
        _keep(leaf.catalogue, tables)
    except (InvalidInput, Locked, StaleVersion) as refusal:
        return _leaf_page(leaf, typed, refusal=refusal)
    return go_to(
        url_for(".show_leaf", year=leaf.catalogue.campaign.year, level=leaf.catalogue.level, code=leaf.code),
        _("Đã lưu bản nháp."),
    )


def _leaf_page(
    leaf: DraftLeaf,
    rows: LeafRows,
    *,
    fragment: str = "schemes/_beside.html",
    refusal: AppError | None = None,
) -> Response:
    catalogue = leaf.catalogue
    tables = with_leaf(catalogue.tables, leaf.code, rows)
    check = check_tables(current_session(), catalogue.campaign, catalogue.level, tables, form_library())
    component = None if check.scheme is None else check.scheme.component(leaf.code)
    facts = typed_facts(request.form)
    points, problem = (None, None) if component is None else try_rule(component.rule, facts)
    return htmx.render(
        "schemes/leaf.html",
        fragment,
        200 if refusal is None else refusal.status,
        catalogue=catalogue,
        code=leaf.code,
        leaf=rows,
        tables=tables,
        check=check,
        cell_problems=cell_problems(tables, check.problems, leaf.code),
        component=component,
        rule=None if component is None else component.rule,
        typed=facts,
        points=points,
        problem=problem,
        verifiers={unit.code: unit.name for unit in catalogue.campaign.all_units},
        refusal=refusal,
    )


# --- a version ---------------------------------------------------------------------------------------------


@blueprint.get("/<int:year>/<level>/luu")
@access.policy(Permission.MANAGE_CAMPAIGN, scope=load)
def show_proposal(catalogue: Catalogue) -> Response:
    """What the draft changes, what that does to points, and whether it is sound."""
    return _proposal_page(catalogue)


@blueprint.post("/<int:year>/<level>/luu")
@access.policy(Permission.MANAGE_CAMPAIGN, scope=load)
def save(catalogue: Catalogue) -> Response:
    """Make the draft the version that counts."""
    session = current_session()
    proposal = propose(session, catalogue, catalogue.tables, form_library())
    seen, reason = request.form.get("seen", ""), request.form.get("reason", "")
    try:
        version = save_version(
            session, current_user().username, catalogue, proposal, reason=reason, seen=seen, now=now()
        )
    except (InvalidInput, Locked, StaleVersion) as refusal:
        return _proposal_page(catalogue, refusal)
    notice = _("Đã lưu thành bản %(number)s, dùng từ bây giờ.", number=version.version)
    return go_to(_address(catalogue, "schemes.show"), notice)


@blueprint.post("/<int:year>/<level>/bo")
@access.policy(Permission.MANAGE_CAMPAIGN, scope=load)
def discard(catalogue: Catalogue) -> Response:
    """Go back to the version that counts."""
    seen = request.form.get("seen", "")
    discard_draft(current_session(), current_user().username, catalogue, seen=seen, now=now())
    return go_to(_address(catalogue, "schemes.show"), _("Đã bỏ bản nháp."))


def _proposal_page(catalogue: Catalogue, refusal: AppError | None = None) -> Response:
    page = render_template(
        "schemes/save.html",
        catalogue=catalogue,
        proposal=propose(current_session(), catalogue, catalogue.tables, form_library()),
        refusal=refusal,
    )
    return make_response(page, 200 if refusal is None else refusal.status)


def _keep(catalogue: Catalogue, tables: Tables) -> None:
    seen = request.form.get("seen", "")
    keep_tables(current_session(), current_user().username, catalogue, tables, seen=seen, now=now())


def _address(catalogue: Catalogue, endpoint: str) -> str:
    return url_for(endpoint, year=catalogue.campaign.year, level=catalogue.level)
