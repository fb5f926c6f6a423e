"""A worksheet written cell by cell: text is never a formula, formulas are only those that we write."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from openpyxl.cell import Cell as XlsxCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from webapp.papers.signed_paper import harmless

TWO_PLACES: Final = "#,##0.00"
WHOLE: Final = "#,##0"
FOUR_PLACES: Final = "0.0000"
SHORTEST: Final = "0.####"
_A4 = 9
_LINE_PT = 15
_THIN = Side(style="thin", color="999999")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_HEAD = PatternFill("solid", fgColor="E8EDE3")
_LIVE = PatternFill("solid", fgColor="FFF8E1")
_PLAIN, _BOLD = (Font(name="Times New Roman", size=11, bold=bold) for bold in (False, True))
_WRAPPED = Alignment(vertical="top", wrap_text=True)


@dataclass(frozen=True, slots=True)
class Live:
    """A formula, without its equals sign; `form` is how its number is shown."""

    formula: str
    form: str = TWO_PLACES


Value = str | int | Decimal | Fraction | Live | None


@dataclass(frozen=True, slots=True)
class Heading:
    """A column: its heading and its width in characters."""

    text: str
    width: int


class Grid:
    """One worksheet with a title, a header that is frozen and repeated, and rows; A4 landscape."""

    def __init__(
        self, sheet: Worksheet, title: str, note: str, headings: Sequence[Heading], foot: str
    ) -> None:
        self.sheet = sheet
        self.name = sheet.title
        self._styles: dict[tuple[str, bool, bool], StyleArray] = {}
        self._put(1, 1, title, bold=True)
        self._put(2, 1, note)
        for row in (1, 2):
            sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(headings))
        sheet.row_dimensions[2].height = _LINE_PT * (1 + len(note) // max(1, sum(h.width for h in headings)))
        for place, heading in enumerate(headings, 1):
            self._put(3, place, heading.text, bold=True).fill = _HEAD
            sheet.column_dimensions[get_column_letter(place)].width = heading.width
        self._widths = [heading.width for heading in headings]
        self._fit_row(3, [heading.text for heading in headings])
        self.row = 3  # the last one written
        _set_page(sheet, foot)

    def add(self, values: Sequence[Value], *, bold: bool = False) -> int:
        """Write a row; its number."""
        self.row += 1
        for place, value in enumerate(values, 1):
            self._put(self.row, place, value, bold=bold)
        self._fit_row(self.row, values)
        return self.row

    def _fit_row(self, row: int, values: Sequence[Value]) -> None:
        """High enough for its longest text: spreadsheets do not work it out when they open a file."""
        texts = zip(values, self._widths, strict=False)
        lines = max((1 + len(v) // max(1, width - 2) for v, width in texts if isinstance(v, str)), default=1)
        self.sheet.row_dimensions[row].height = _LINE_PT * lines

    def at(self, column: str, row: int, last: int | None = None) -> str:
        """A cell or a range of one column as other worksheets call it: 'Chi tiết'!$E$4:$E$41."""
        end = "" if last is None else f":${column}${last}"
        return f"'{self.name}'!${column}${row}{end}"

    def _put(self, row: int, place: int, value: Value, *, bold: bool = False) -> XlsxCell:
        cell = self.sheet.cell(row, place)
        assert isinstance(cell, XlsxCell)  # noqa: S101 - for the types: written before anything is merged
        form = _form(value)
        style = self._styles.get((form, bold, isinstance(value, Live)))
        if style is None:
            cell.font, cell.alignment, cell.border = _BOLD if bold else _PLAIN, _WRAPPED, _BOX
            cell.number_format = form
            if isinstance(value, Live):
                cell.fill = _LIVE
            self._styles[form, bold, isinstance(value, Live)] = copy(cell._style)  # type: ignore[attr-defined]  # noqa: SLF001 - five times faster
        else:
            cell._style = copy(style)  # type: ignore[attr-defined]  # noqa: SLF001 - the same
        _set_value(cell, value)
        return cell


def _form(value: Value) -> str:
    """How a value's number is shown."""
    if isinstance(value, Live):
        return value.form
    if isinstance(value, Decimal):
        return TWO_PLACES
    if isinstance(value, Fraction):
        return SHORTEST
    return WHOLE if isinstance(value, int) else "@" if isinstance(value, str) else "General"


def _set_value(cell: XlsxCell, value: Value) -> None:
    """A fraction stays one: 1/3 is the formula =1/3, so that nothing is rounded on the way."""
    if isinstance(value, Live):
        cell.value = f"={value.formula}"
    elif isinstance(value, Fraction):
        cell.value = f"={value.numerator}/{value.denominator}"
    elif isinstance(value, str):
        cell.value, cell.data_type = harmless(value), "s"
    else:
        cell.value = value


def _set_page(sheet: Worksheet, foot: str) -> None:
    page = sheet.page_setup
    page.paperSize, page.orientation, page.fitToWidth, page.fitToHeight = _A4, "landscape", 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "3:3"
    sheet.freeze_panes = "A4"
    sheet.oddFooter = HeaderFooterItem(
        left=_HeaderFooterPart(foot.replace("&", "&&")), right=_HeaderFooterPart("Trang &P/&N")
    )
