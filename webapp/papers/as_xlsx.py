"""A signed paper as a workbook: real numbers, frozen and repeated header, A4; no cell is a formula."""

import io
from collections.abc import Sequence

from openpyxl import Workbook
from openpyxl.cell import Cell as XlsxCell
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from webapp.papers.signed_paper import Cell, Column, SignedPaper, Table, harmless

_A4 = 9
_THOUSANDS = "#,##0"
_THIN = Side(style="thin")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_ROW_PT = 24
_SIGNING_ROWS = 5
_SHEET_NAME_LENGTH = 31
_LONE_WIDTH = 80
_UNFIT_FOR_A_NAME = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


def write(paper: SignedPaper) -> bytes:
    """The workbook as bytes, one worksheet for each table; one with the heads alone where there is none."""
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.title, book.properties.creator = paper.title, paper.frame.authority
    nothing = (Table("", [Column("", _LONE_WIDTH)], []),)
    for number, table in enumerate(paper.tables or nothing, 1):
        name = f"{number} {table.caption or paper.title}".translate(_UNFIT_FOR_A_NAME)
        _fill_sheet(book.create_sheet(name[:_SHEET_NAME_LENGTH]), paper, table)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _fill_sheet(sheet: Worksheet, paper: SignedPaper, table: Table) -> None:
    columns = len(table.columns)
    heads = [paper.frame.authority, paper.title, paper.subtitle, table.caption]
    for row, text in enumerate(heads, 1):
        _write(sheet, row, 1, text, bold=row != len(heads) - 1)
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=columns)
    first = len(heads) + 1
    _write_row(sheet, first, [column.heading for column in table.columns], bold=True)
    for row, cells in enumerate(table.rows, first + 1):
        _write_row(sheet, row, cells)
    after = first + len(table.rows) + 1
    if table.total:
        _write_row(sheet, after, table.total, bold=True)
        after += 1
    _sign(sheet, paper, after + 1, columns)
    _set_page(sheet, paper, table, first)


def _write_row(sheet: Worksheet, row: int, cells: Sequence[Cell], *, bold: bool = False) -> None:
    sheet.row_dimensions[row].height = _ROW_PT
    for place, value in enumerate(cells, 1):
        _write(sheet, row, place, value, bold=bold).border = _BOX


def _write(sheet: Worksheet, row: int, place: int, value: Cell, *, bold: bool = False) -> XlsxCell:
    """A number as a number; a text never as a formula."""
    cell = sheet.cell(row, place)
    assert isinstance(cell, XlsxCell)  # noqa: S101 - for the types: merged cells are written before merging
    cell.font = Font(name="Times New Roman", size=12, bold=bold)
    cell.alignment = Alignment(vertical="center", wrap_text=True)
    if isinstance(value, int):
        cell.value, cell.number_format = value, _THOUSANDS
    else:
        cell.value, cell.data_type = harmless(value), "s"
    return cell


def _sign(sheet: Worksheet, paper: SignedPaper, row: int, columns: int) -> None:
    """Notes, day and the places to sign, spread over the width."""
    for line in (*paper.notes, paper.frame.place_and_day):
        _write(sheet, row, 1, line)
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=columns)
        row += 1
    step = max(1, columns // len(paper.frame.signatories))
    for number, signatory in enumerate(paper.frame.signatories):
        _write(sheet, row + 1, 1 + number * step, signatory, bold=True)
        _write(sheet, row + 2, 1 + number * step, paper.frame.signing_hint)
    sheet.row_dimensions[row + 2].height = _ROW_PT * _SIGNING_ROWS


def _set_page(sheet: Worksheet, paper: SignedPaper, table: Table, header_row: int) -> None:
    page = sheet.page_setup
    page.paperSize, page.fitToWidth, page.fitToHeight = _A4, 1, 0
    page.orientation = "landscape" if paper.is_wide else "portrait"
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = f"{header_row}:{header_row}"
    sheet.freeze_panes = f"A{header_row + 1}"
    sheet.oddFooter = HeaderFooterItem(
        left=_HeaderFooterPart(paper.frame.foot.replace("&", "&&")),
        right=_HeaderFooterPart(f"{paper.frame.page_word} &P/&N"),
    )
    for place, column in enumerate(table.columns, 1):
        sheet.column_dimensions[get_column_letter(place)].width = column.width
