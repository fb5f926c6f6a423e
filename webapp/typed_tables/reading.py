"""Rows into values: every cell is checked, and all that is wrong is said at once."""

from typing import Any

from webapp.errors import InvalidInput
from webapp.typed_tables.parts import Cells, Column, Part, RowProblem, Rows

Placed = list[tuple[int, Any]]
"""The values that could be read, each with the place of its row."""


def read_part(part: Part, rows: Rows, problems: list[RowProblem]) -> Placed:
    """Empty rows are passed over; a row that stands twice is refused."""
    found: Placed = []
    seen: set[str] = set()
    for place, row in enumerate(rows):
        if not any(row.values()):
            continue
        values = read_row(part, place, row, problems)
        if values is None:
            continue
        key = part.key(row)
        if key in seen:
            why = InvalidInput("“%(key)s” đã có ở trên: mỗi dòng phải khác nhau.", key=key)
            problems.append(RowProblem(part, place, part.column(part.keys[-1]), why))
            continue
        seen.add(key)
        found.append((place, part.make(**values)))
    return found


def read_single(part: Part, rows: Rows, problems: list[RowProblem]) -> dict[str, Any] | None:
    """The values of a part that has one row; None with its problems where it has not, or cells are wrong."""
    filled = [(place, row) for place, row in enumerate(rows) if any(row.values())]
    if len(filled) != 1:
        why = InvalidInput("Phần Chung phải có đúng một dòng, dưới dòng tên cột.")
        problems.append(RowProblem(part, None, None, why))
        return None
    return read_row(part, *filled[0], problems)


def read_row(part: Part, place: int, row: Cells, problems: list[RowProblem]) -> dict[str, Any] | None:
    """A row's values by column, or None and what is wrong with its cells."""
    values: dict[str, Any] = {}
    is_whole = True
    for column in part.columns:
        try:
            values[column.code] = _read_cell(column, row.get(column.code, ""))
        except InvalidInput as why:
            problems.append(RowProblem(part, place, column, why))
            is_whole = False
    return values if is_whole else None


def _read_cell(column: Column, text: str) -> object:
    if text:
        return column.read(text)
    if column.is_required:
        raise InvalidInput("Chưa điền.")
    return column.default
