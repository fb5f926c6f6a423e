"""Edits of a catalogue's rows: one leaf with its rule, titles and maxima, and nodes added, moved, removed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webapp.errors import InvalidInput
from webapp.scheme_tables.parts import (
    AREA,
    COMPONENT,
    CRITERION,
    GENERAL,
    NODES,
    PARTS,
    SHAPES,
    TREE,
)
from webapp.scheme_tables.reading import ROWS_OF
from webapp.typed_tables.parts import Cells, RowProblem, Rows, Tables

_DEPTHS = {NODES[AREA]: 0, NODES[CRITERION]: 1, NODES[COMPONENT]: 2}
_RULE_PARTS = tuple(dict.fromkeys(ROWS_OF.values()))
FEEDS = "feeds"


@dataclass(frozen=True, slots=True)
class LeafRows:
    """A scored node as it is edited: its cells in the tree, the rows of its rule, the questions it takes."""

    cells: Cells
    rows: Rows
    feeds: tuple[str, ...] = ()

    @property
    def shape(self) -> str:
        """The shape of its rule as a code; "" if the cell says none that is known."""
        return shape_of(self.cells)

    @property
    def part(self) -> str | None:
        """The table that holds the rows of such a rule."""
        return ROWS_OF.get(self.shape)


def shape_of(cells: Cells) -> str:
    """The shape that a row of the tree names."""
    return next((code for code, word in SHAPES.items() if word == cells.get("rule", "")), "")


def find_leaf(tables: Mapping[str, Rows], code: str) -> LeafRows | None:
    """The scored node with this code; None if there is none."""
    cells = next((row for row in tables[TREE] if row["code"] == code and row.get("rule")), None)
    if cells is None:
        return None
    part = ROWS_OF.get(shape_of(cells))
    rows = [] if part is None else [row for row in tables.get(part, []) if row["component"] == code]
    return LeafRows(cells, rows, feeding(tables, code))


def feeding(tables: Mapping[str, Rows], code: str) -> tuple[str, ...]:
    """The questions whose answers count for a component."""
    return tuple(row["code"] for row in tables.get("questions", []) if code in _codes(row[FEEDS]))


def with_leaf(tables: Tables, code: str, leaf: LeafRows) -> Tables:
    """The tables with another state of this leaf; its code and its kind stay."""
    changed = dict(tables)
    changed[TREE] = [
        {**leaf.cells, "code": code, "kind": row["kind"]} if row["code"] == code else row
        for row in tables[TREE]
    ]
    for part in _RULE_PARTS:
        own = leaf.rows if part == leaf.part else []
        changed[part] = _with_rows(tables.get(part, []), part, code, own, _leaf_order(changed[TREE]))
    feeds = leaf.feeds if leaf.shape == "survey" else ()
    changed["questions"] = [_with_feed(row, code, feeds=row["code"] in feeds) for row in tables["questions"]]
    return changed


def _with_rows(rows: Rows, part: str, code: str, own: Rows, order: Sequence[str]) -> Rows:
    """The rows of a rule's table, those of one component replaced, in the order of the tree."""
    columns = {column.code for column in PARTS[part].columns}
    numbered = [
        {**row, "component": code, **({"number": str(place)} if "number" in columns else {})}
        for place, row in enumerate(own, 1)
    ]
    others = [row for row in rows if row["component"] != code]
    return sorted([*others, *numbered], key=lambda row: order.index(row["component"]))


def _leaf_order(tree: Rows) -> list[str]:
    return [row["code"] for row in tree]


def _with_feed(row: Cells, code: str, *, feeds: bool) -> Cells:
    codes = _codes(row[FEEDS])
    if feeds == (code in codes):
        return row
    kept = [*codes, code] if feeds else [known for known in codes if known != code]
    return {**row, FEEDS: ", ".join(kept)}


def _codes(text: str) -> list[str]:
    return [code.strip() for code in text.split(",") if code.strip()]


def with_points(tables: Tables, general: Cells, nodes: Mapping[str, Cells]) -> Tables:
    """Other titles and maxima: of the whole, and of nodes by their code; what is not named stays."""
    return {
        **tables,
        GENERAL: [{**tables[GENERAL][0], **general}],
        TREE: [{**row, **nodes.get(row["code"], {})} for row in tables[TREE]],
    }


def without_node(tables: Tables, code: str) -> Tables:
    """Without a node and all below it, their rules and their questions' feeds.

    Raises:
        InvalidInput: there is no such node.
    """
    start, end = _block(tables[TREE], code)
    gone = {row["code"] for row in tables[TREE][start:end]}
    changed = {**tables, TREE: tables[TREE][:start] + tables[TREE][end:]}
    for part in _RULE_PARTS:
        changed[part] = [row for row in tables.get(part, []) if row["component"] not in gone]
    for leaf in gone:
        changed["questions"] = [_with_feed(row, leaf, feeds=False) for row in changed["questions"]]
    return changed


def with_node_moved(tables: Tables, code: str, *, up: bool) -> Tables:
    """With a node and all below it one place further up or down among its siblings; at the end it stays.

    Raises:
        InvalidInput: there is no such node.
    """
    tree = tables[TREE]
    start, end = _block(tree, code)
    if up:
        before = _sibling_before(tree, start)
        if before is None:
            return tables
        moved = tree[:before] + tree[start:end] + tree[before:start] + tree[end:]
    else:
        if end == len(tree) or _depth(tree[end]) != _depth(tree[start]):
            return tables
        _start, after = _block(tree, tree[end]["code"])
        moved = tree[:start] + tree[end:after] + tree[start:end] + tree[after:]
    order = _leaf_order(moved)
    rules = {
        part: sorted(tables.get(part, []), key=lambda row: order.index(row["component"]))
        for part in _RULE_PARTS
    }
    return {**tables, TREE: moved, **rules}


def with_new_node(tables: Tables, cells: Cells, below: str) -> Tables:
    """With one more node at the end of `below` ("": a new area).

    A scored one begins as “Đạt” with all points, “Không đạt” with none: a sound rule to go on from.

    Raises:
        InvalidInput: the code is empty or taken, or nothing of the kind can stand there.
    """
    code, tree = cells.get("code", ""), tables[TREE]
    if not code or any(row["code"] == code for row in tree):
        raise InvalidInput("Mã mới còn trống hoặc đã có: “%(code)s”.", code=code)
    place, depth = len(tree), 0
    if below:
        start, place = _block(tree, below)
        depth = _depth(tree[start]) + 1
    if depth != _DEPTHS.get(cells.get("kind", ""), -1) or (below and tree[start].get("rule")):
        raise InvalidInput("Lĩnh vực ở ngoài cùng, tiêu chí ở trong lĩnh vực, thành phần ở trong tiêu chí.")
    row = {column.code: "" for column in PARTS[TREE].columns} | cells
    changed = {**tables, TREE: [*tree[:place], row, *tree[place:]]}
    if not row["rule"]:
        return changed
    rows = [
        {"label": "Đạt", "points": row["maximum"]},
        {"label": "Không đạt", "points": "0"},
    ]
    return with_leaf(changed, code, LeafRows(row, rows))


def _depth(row: Cells) -> int:
    return _DEPTHS.get(row["kind"], 0)


def _block(tree: Rows, code: str) -> tuple[int, int]:
    """Where a node stands, and where the first row stands that is no longer below it."""
    start = next((place for place, row in enumerate(tree) if row["code"] == code), None)
    if start is None:
        raise InvalidInput("Không có mã %(code)s trong bộ chỉ số.", code=code)
    ends = (place for place in range(start + 1, len(tree)) if _depth(tree[place]) <= _depth(tree[start]))
    return start, next(ends, len(tree))


def _sibling_before(tree: Rows, start: int) -> int | None:
    for place in range(start - 1, -1, -1):
        if _depth(tree[place]) == _depth(tree[start]):
            return place
        if _depth(tree[place]) < _depth(tree[start]):
            return None
    return None


def cell_problems(
    tables: Mapping[str, Rows], problems: Sequence[RowProblem], code: str
) -> dict[str, InvalidInput]:
    """What is wrong with the cells of one leaf, by the name of the field: leaf-title, choices-1-points."""
    found: dict[str, InvalidInput] = {}
    for problem in problems:
        if problem.row is None or problem.column is None:
            continue
        rows = tables[problem.part.code]
        if problem.part.code == TREE and rows[problem.row]["code"] == code:
            found[f"leaf-{problem.column.code}"] = problem.why
        elif rows[problem.row].get("component") == code:
            before = sum(row["component"] == code for row in rows[: problem.row])
            found[f"{problem.part.code}-{before}-{problem.column.code}"] = problem.why
    return found
