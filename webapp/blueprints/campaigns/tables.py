"""The parts of a campaign as tables to type in: form fields `<part>-<row>-<column>`, and back to rows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from webapp.campaign_plan.parts import PARTS
from webapp.typed_tables.parts import Cells, Part, RowProblem, Rows

_FIELD = re.compile(r"([a-z_]+)-(\d{1,4})-([a-z_]+)")
_BLANK_ROWS = 3
_ONE_ROW = "general"


@dataclass(frozen=True, slots=True)
class Table:
    """One part as it is shown: its rows, blank ones to fill, and what is wrong with which cell."""

    part: Part
    rows: Rows
    problems: Mapping[tuple[int, str], RowProblem] = field(default_factory=dict)

    @property
    def shown_rows(self) -> Rows:
        """With blank rows at the end, where there may be more."""
        if self.part.code == _ONE_ROW:
            return self.rows or [{}]
        return [*self.rows, *({} for _ in range(_BLANK_ROWS))]

    def problem(self, row: int, column: str) -> RowProblem | None:
        """What is wrong with a cell."""
        return self.problems.get((row, column))


def make_table(part_code: str, rows: Rows, problems: Sequence[RowProblem] = ()) -> Table:
    """The table of a part with the problems of its cells."""
    part = PARTS[part_code]
    marked = {
        (problem.row, problem.column.code): problem
        for problem in problems
        if problem.part is part and problem.row is not None and problem.column is not None
    }
    return Table(part, rows, marked)


def typed_rows(form: Mapping[str, str], parts: Sequence[str]) -> dict[str, Rows]:
    """What was typed into these parts; rows that are marked for removal or empty are left out."""
    cells: dict[str, dict[int, Cells]] = {code: {} for code in parts}
    for name, text in form.items():
        hit = _FIELD.fullmatch(name)
        if hit is not None and hit[1] in cells:
            cells[hit[1]].setdefault(int(hit[2]), {})[hit[3]] = text.strip()
    found: dict[str, Rows] = {}
    for code, rows in cells.items():
        kept = [rows[number] for number in sorted(rows)]
        found[code] = [
            {column.code: row.get(column.code, "") for column in PARTS[code].columns}
            for row in kept
            if "remove" not in row and any(row.values())
        ]
    return found
