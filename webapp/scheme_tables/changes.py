"""Catalogues as workbooks, and what differs between two of them."""

from collections.abc import Mapping

from webapp.errors import InvalidInput
from webapp.scheme_tables.parts import PARTS
from webapp.typed_tables import worksheets
from webapp.typed_tables.differences import Difference, differences_of
from webapp.typed_tables.parts import RowProblem, Rows, Tables
from webapp.typed_tables.worksheets import Worksheets


def worksheets_of(tables: Mapping[str, Rows]) -> dict[str, list[list[str]]]:
    """The tables of a catalogue as worksheets."""
    return worksheets.worksheets_of(PARTS.values(), tables)


def read_worksheets(found: Worksheets) -> tuple[Tables, list[RowProblem]]:
    """The rows of every table that has a worksheet, and headings that are missing.

    Raises:
        InvalidInput: no worksheet bears the title of a table.
    """
    tables, problems = worksheets.read_worksheets(tuple(PARTS.values()), found)
    if not tables:
        titles = ", ".join(str(part.title) for part in PARTS.values())
        raise InvalidInput(
            "Tệp không có trang tính nào của bộ chỉ số (%(titles)s). Tải Excel của bộ chỉ số về sửa.",
            titles=titles,
        )
    return tables, problems


def differences(before: Mapping[str, Rows], after: Mapping[str, Rows]) -> list[Difference]:
    """All rows that differ, table by table; without rows before, every row is added."""
    return differences_of(PARTS.values(), before, after)
