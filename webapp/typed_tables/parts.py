"""A table that people type in: what its columns are called, and which value stands in each.

One description serves the screens, the workbook, the checks and the preview of differences.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from webapp.errors import InvalidInput
from webapp.par_index.exact import Words

Cells = dict[str, str]
"""One row: column code → what is written there."""
Rows = list[Cells]
Tables = dict[str, Rows]
"""Part code → its rows."""
Read = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Column:
    """One column; its code is the name of the value in what the row makes."""

    code: str
    title: Words
    read: Read
    write: Callable[[object], str]
    is_required: bool = True
    default: object = None  # what an empty cell means


@dataclass(frozen=True, slots=True)
class Part:
    """One table. `make` builds a row's value; `keys` are the columns by which a row is known again."""

    code: str
    title: Words
    make: Callable[..., Any]
    columns: tuple[Column, ...]
    keys: tuple[str, ...]

    def row(self, value: object) -> Cells:
        """A value as it is written."""
        return {column.code: column.write(getattr(value, column.code)) for column in self.columns}

    def column(self, code: str) -> Column:
        """The column with this code."""
        return next(column for column in self.columns if column.code == code)

    def key(self, row: Cells) -> str:
        """By what the row is known: “CX1.DB”."""
        return ".".join(row.get(code, "") for code in self.keys)


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a cell cannot be taken. `row` counts the part's rows from 0; None where the whole part is meant."""

    part: Part
    row: int | None
    column: Column | None
    why: InvalidInput
