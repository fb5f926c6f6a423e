"""A campaign as worksheets: one for each part, named by its title, columns by their headings."""

from collections.abc import Mapping, Sequence

from webapp.campaign_plan.parts import PARTS, Part, Rows, plan_rows
from webapp.campaign_plan.plan import CampaignPlan
from webapp.campaign_plan.reading import RowProblem
from webapp.errors import InvalidInput

Worksheets = Mapping[str, Sequence[Sequence[str]]]


def worksheets_of(plan: CampaignPlan | None) -> dict[str, list[list[str]]]:
    """The campaign, or the empty tables to fill."""
    rows = {} if plan is None else plan_rows(plan)
    return {
        str(part.title): [
            [str(column.title) for column in part.columns],
            *([row[column.code] for column in part.columns] for row in rows.get(part.code, [])),
        ]
        for part in PARTS.values()
    }


def read_worksheets(worksheets: Worksheets) -> tuple[dict[str, Rows], list[RowProblem]]:
    """The rows of every part that has a worksheet, and headings that are missing.

    Raises:
        InvalidInput: no worksheet bears the title of a part.
    """
    by_title = {_plain(title): sheet for title, sheet in worksheets.items()}
    found: dict[str, Rows] = {}
    problems: list[RowProblem] = []
    for part in PARTS.values():
        sheet = by_title.get(_plain(str(part.title)))
        if sheet is not None:
            found[part.code] = _rows(part, sheet, problems)
    if not found:
        titles = ", ".join(str(part.title) for part in PARTS.values())
        raise InvalidInput(
            "Tệp không có trang tính nào của chu kỳ (%(titles)s). Tải tệp mẫu để điền.", titles=titles
        )
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
