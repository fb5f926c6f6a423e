"""What the editor's forms send, as rows of the catalogue's tables."""

import re
from collections.abc import Mapping

from werkzeug.datastructures import MultiDict

from webapp.par_index.errors import AppraisalError
from webapp.par_index.rules import Facts, RulePoints, facts_asked, points_for, read_fact
from webapp.par_index.shapes import Rule
from webapp.scheme_tables.editing import LeafRows, shape_of
from webapp.scheme_tables.parts import BANDS, GENERAL, PARTS, TREE
from webapp.scheme_tables.reading import ROWS_OF
from webapp.typed_tables.parts import Cells, Rows

FACT = "fact-"
LEAF = "leaf-"
POINTS = ("maximum", "maximum_appraisal", "maximum_survey")
_ROW = re.compile(r"([a-z]+)-(\d{1,3})-([a-z_]+)")
_FIXED = ("code", "kind")


def typed_leaf(form: MultiDict[str, str], former: LeafRows) -> LeafRows:
    """A leaf as it was typed; what the form does not show stays as it was."""
    cells = dict(former.cells)
    for column in PARTS[TREE].columns:
        if column.code not in _FIXED and (text := form.get(LEAF + column.code)) is not None:
            cells[column.code] = _one_way(text)
    part = ROWS_OF.get(shape_of(cells))
    rows = [] if part is None else typed_rows(form, part)
    feeds = tuple(form.getlist("feeds")) if "feeds-shown" in form else former.feeds
    return LeafRows(cells, rows, feeds)


def typed_rows(form: Mapping[str, str], part: str) -> Rows:
    """The rows of a rule's table; what is empty or marked is left out."""
    found: dict[int, Cells] = {}
    for name, text in form.items():
        hit = _ROW.fullmatch(name)
        if hit is not None and hit[1] == part:
            found.setdefault(int(hit[2]), {})[hit[3]] = _one_way(text)
    kept = [
        row for _place, row in sorted(found.items()) if "remove" not in row and _says_something(part, row)
    ]
    codes = [column.code for column in PARTS[part].columns]
    return [{code: row.get(code, "") for code in codes} for row in kept]


def _says_something(part: str, row: Cells) -> bool:
    """Whether anything was typed; the two words of a band's ends stand there from the beginning."""
    shown = ("minimum", "maximum", "points") if part == BANDS else tuple(row)
    return any(row.get(code) for code in shown)


def typed_points(form: Mapping[str, str]) -> tuple[Cells, dict[str, Cells]]:
    """Titles and maxima of the whole tree: the general cells, and the nodes by code."""
    general = {code: form[f"{GENERAL}-{code}"].strip() for code in POINTS if f"{GENERAL}-{code}" in form}
    nodes: dict[str, Cells] = {}
    for name, text in form.items():
        column, _dash, code = name.partition(":")
        if column in ("title", "maximum") and code:
            nodes.setdefault(code, {})[column] = _one_way(text)
    return general, nodes


def _one_way(text: str) -> str:
    """Lines end as in the tables, whatever the browser sends."""
    return text.replace("\r\n", "\n").strip()


def typed_facts(form: Mapping[str, str]) -> dict[str, str]:
    """What was typed to try a rule with, by the code of the fact."""
    return {name.removeprefix(FACT): text for name, text in form.items() if name.startswith(FACT)}


def try_rule(rule: Rule, typed: Mapping[str, str]) -> tuple[RulePoints | None, AppraisalError | None]:
    """What the typed facts give under a rule, or what is missing; (None, None) before anything is typed."""
    asked = facts_asked(rule)
    if not any(typed.get(fact.code, "").strip() for fact in asked):
        return None, None
    facts: Facts
    try:
        facts = {fact.code: read_fact(fact, typed.get(fact.code, "")) for fact in asked}
        return points_for(rule, facts), None
    except AppraisalError as problem:
        return None, problem
