"""Tables as worksheets: one for each part, named by its title, columns by their headings."""

from collections.abc import Iterable, Mapping, Sequence

from webapp.errors import InvalidInput
from webapp.typed_tables.parts import Part, RowProblem, Rows, Tables

Worksheets = Mapping[str, Sequence[Sequence[str]]]


def worksheets_of(parts: Iterable[Part], tables: Mapping[str, Rows]) -> dict[str, list[list[str]]]:
    """The rows under their headings; a part without rows is an empty table to fill."""
    return {
        str(part.title): [
            [str(column.title) for column in part.columns],
            *([row[column.code] for column in part.columns] for row in tables.get(part.code, [])),
        ]
        for part in parts
    }


def read_worksheets(parts: Sequence[Part], worksheets: Worksheets) -> tuple[Tables, list[RowProblem]]:
    """The rows of every part that has a worksheet, and headings that are missing."""
    by_title = {_plain(title): sheet for title, sheet in worksheets.items()}
    found: Tables = {}
    problems: list[RowProblem] = []
    for part in parts:
        sheet = by_title.get(_plain(str(part.title)))
        if sheet is not None:
            found[part.code] = _rows(part, sheet, problems)
    return found, problems


def _rows(part: Part, sheet: Sequence[Sequence[str]], problems: list[RowProblem]) -> Rows:
    headings = [_plain(heading) for heading in sheet[0]] if sheet else []
    places = {
        column.code: headings.index(_plain(str(column.title)))
        for column in part.columns
        if _plain(str(column.title)) in headings
    }
    problems += [
        RowProblem(part, None, column, InvalidInput("Thiếu cột này ở dòng đầu của trang tính."))
        for column in part.columns
        if column.code not in places
    ]
    return [
        {code: _text(row[place]) if place < len(row) else "" for code, place in places.items()}
        for row in sheet[1:]
    ]


def _plain(text: str) -> str:
    return " ".join(text.split()).lower()


def _text(cell: str) -> str:
    """Without the sign by which a spreadsheet is told that “-5” is a text."""
    return cell.strip().removeprefix("'")
