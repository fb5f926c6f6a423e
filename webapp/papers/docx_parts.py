"""Pieces of Word documents that all our papers share: pages, tables, fields."""

from collections.abc import Sequence
from dataclasses import dataclass

from docx.document import Document as DocumentType
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_ROW_HEIGHT_RULE, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.section import Section
from docx.shared import Mm, Pt
from docx.table import Table as DocxTable
from docx.table import _Cell, _Row
from docx.text.paragraph import Paragraph

from webapp.papers.signed_paper import Cell, Table, written

FONT = "Times New Roman"
A4_MM = (210, 297)


@dataclass(frozen=True, slots=True)
class TableLook:
    """How a table is drawn: least height of a row, size of letters, headings in the middle or left."""

    row_mm: float
    size_pt: float
    centres_headings: bool = False


def set_paper(section: Section, *, is_wide: bool) -> None:
    """A4, upright or lying."""
    section.orientation = WD_ORIENT.LANDSCAPE if is_wide else WD_ORIENT.PORTRAIT
    width, height = reversed(A4_MM) if is_wide else A4_MM
    section.page_width, section.page_height = Mm(width), Mm(height)


def add_field(paragraph: Paragraph, code: str) -> None:
    """A number that Word works out itself: PAGE, NUMPAGES."""
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), code)
    paragraph._p.append(field)  # noqa: SLF001 - the library has no word for fields


def add_table(document: DocumentType, table: Table, width_mm: float, look: TableLook) -> None:
    """The table without its caption; its header is repeated on every page."""
    drawn = document.add_table(rows=1, cols=len(table.columns), style="Table Grid")
    drawn.alignment, drawn.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    _fill(drawn.rows[0], [column.heading for column in table.columns], table, look, bold=True)
    if look.centres_headings:
        for cell in drawn.rows[0].cells:
            cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
    _repeat(drawn.rows[0])
    for cells in table.rows:
        _fill(drawn.add_row(), cells, table, look)
    if table.total:
        _fill(drawn.add_row(), table.total, table, look, bold=True)
    _set_widths(drawn, table, width_mm)
    if table.is_small:
        for cell in (cell for row in drawn.rows[:-1] for cell in row.cells):
            cell.paragraphs[0].paragraph_format.keep_with_next = True


def _set_widths(drawn: DocxTable, table: Table, width_mm: float) -> None:
    parts = sum(column.width for column in table.columns)
    for place, column in enumerate(table.columns):
        width = Mm(width_mm * column.width / parts)
        drawn.columns[place].width = width
        for cell in drawn.columns[place].cells:
            cell.width = width


def _fill(row: _Row, cells: Sequence[Cell], table: Table, look: TableLook, *, bold: bool = False) -> None:
    row.height, row.height_rule = Mm(look.row_mm), WD_ROW_HEIGHT_RULE.AT_LEAST
    keep_whole(row)
    for cell, value, column in zip(row.cells, cells, table.columns, strict=True):
        _write_cell(cell, written(value), look, bold=bold, is_number=column.is_number)


def _write_cell(cell: _Cell, text: str, look: TableLook, *, bold: bool, is_number: bool) -> None:
    cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
    paragraph = cell.paragraphs[0]
    run = paragraph.add_run(text)
    run.bold, run.font.size = bold, Pt(look.size_pt)
    if is_number:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _repeat(row: _Row) -> None:
    """The header stands on every page."""
    properties = row._tr.get_or_add_trPr()  # noqa: SLF001 - the library has no word for it
    properties.append(OxmlElement("w:tblHeader"))


def keep_whole(row: _Row) -> None:
    """A row, with its place to sign, is never cut by the end of a page."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))  # noqa: SLF001 - the same
