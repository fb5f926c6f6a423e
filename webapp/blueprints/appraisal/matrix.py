"""Bảng thẩm định: units × components at a glance, and the units of one component side by side."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import render_template, request
from sqlalchemy.orm import Session

from webapp.errors import NotFound
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, current_user
from webapp.par_index.scheme import ComponentCriterion
from webapp.persistence.accounts import User
from webapp.services.appraisal import is_own_unit
from webapp.services.appraisal_matrix import Cell, CellState, Matrix, load_matrix

# `?loc=…`: which cells are shown; everything else only keeps its place.
FILTERS: Mapping[str, Callable[[Cell], bool]] = {
    "": lambda _cell: True,
    "cho": lambda cell: cell.state is CellState.WAITING,
    "khac": lambda cell: cell.is_changed,
    "hoi": lambda cell: cell.state is CellState.ASKED,
    "hop": lambda cell: cell.state is CellState.MEETING,
}


@dataclass(frozen=True, slots=True)
class Column:
    """A component across all units of its level."""

    matrix: Matrix
    component: ComponentCriterion


def load_column(session: Session, _user: User, level: str, code: str) -> Column:
    """A component of the current campaign that is scored by hand."""
    matrix = load_matrix(session, current_campaign(), level)
    return Column(matrix, matrix.component(code))


@access.policy(Permission.APPRAISE)
def show_matrix() -> str:
    """All cells of a level; level, filter and direction stand in the address."""
    campaign = current_campaign()
    levels = [level for level in campaign.levels if any(unit.level == level.code for unit in campaign.units)]
    if not levels:
        raise NotFound("Chu kỳ chưa có đơn vị nào để thẩm định.")
    asked = request.args.get("cap", levels[0].code)
    level = next((level for level in levels if level.code == asked), levels[0])
    whole = load_matrix(current_session(), campaign, level.code)
    chosen = request.args.get("loc", "")
    chosen = chosen if chosen in FILTERS else ""
    return render_template(
        "appraisal/matrix.html",
        levels=levels,
        level=level,
        whole=whole,
        matrix=whole.only(FILTERS[chosen]),
        counts={code: whole.count(is_wanted) for code, is_wanted in FILTERS.items()},
        chosen=chosen,
        is_wanted=FILTERS[chosen],
        by_component=request.args.get("theo") == "tieu-chi",
        own=own_unit_codes(whole),
    )


@access.policy(Permission.APPRAISE, scope=load_column)
def show_column(column: Column) -> str:
    """One component: what every unit declared, what was fixed, and why."""
    campaign = current_campaign()
    components = list(column.matrix.components)
    here = components.index(column.component)
    return render_template(
        "appraisal/column.html",
        level=next(level for level in campaign.levels if level.code == column.matrix.level),
        component=column.component,
        cells=column.matrix.column(column.component),
        before=components[here - 1] if here > 0 else None,
        after=components[here + 1] if here + 1 < len(components) else None,
        own=own_unit_codes(column.matrix),
    )


def own_unit_codes(matrix: Matrix) -> set[str]:
    """Units that this person may look at and not appraise."""
    return {unit.code for unit in matrix.units if is_own_unit(current_user(), unit)}
