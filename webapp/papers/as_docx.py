"""A signed paper as a Word document that can still be edited."""

import io
from collections.abc import Sequence

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.table import Table as DocxTable
from docx.table import _Cell, _Row
from docx.text.paragraph import Paragraph

from webapp.papers.signed_paper import Cell, SignedPaper, Table, written

_FONT = "Times New Roman"
_A4_MM = (210, 297)
_MARGINS_MM = (20, 15)  # left, right
_ROW_MM = 9
_SIGNING_LINES = 4


def write(paper: SignedPaper) -> bytes:
    """The document as bytes."""
    document = Document()
    _set_page(document, paper)
    _add_line(document, paper.frame.authority, bold=True, align=WD_ALIGN_PARAGRAPH.LEFT)
    _add_line(document, paper.title, bold=True, size_pt=15)
    if paper.subtitle:
        _add_line(document, paper.subtitle)
    for table in paper.tables:
        _add_table(document, table, _text_width_mm(paper))
    for note in paper.notes:
        _keep_with_next(_add_line(document, note, align=WD_ALIGN_PARAGRAPH.LEFT))
    _keep_with_next(
        _add_line(document, paper.frame.place_and_day, italic=True, align=WD_ALIGN_PARAGRAPH.RIGHT)
    )
    _add_signatories(document, paper)
    data = io.BytesIO()
    document.save(data)
    return data.getvalue()


def _text_width_mm(paper: SignedPaper) -> int:
    return _A4_MM[1 if paper.is_wide else 0] - sum(_MARGINS_MM)


def _set_page(document: DocumentType, paper: SignedPaper) -> None:
    style = document.styles["Normal"]
    style.font.name, style.font.size = _FONT, Pt(12)
    section = document.sections[0]
    section.page_width, section.page_height = (Mm(side) for side in _A4_MM)
    if paper.is_wide:
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = (Mm(side) for side in reversed(_A4_MM))
    section.left_margin, section.right_margin = (Mm(side) for side in _MARGINS_MM)
    section.top_margin = section.bottom_margin = Mm(15)
    core = document.core_properties
    core.title, core.author, core.language = paper.title, paper.frame.authority, paper.frame.language
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    foot.add_run(f"{paper.frame.foot} · {paper.frame.page_word} ")
    _add_field(foot, "PAGE")
    foot.add_run("/")
    _add_field(foot, "NUMPAGES")
    for run in foot.runs:
        run.font.size = Pt(9)


def _add_field(paragraph: Paragraph, code: str) -> None:
    """A number that Word works out itself."""
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), code)
    paragraph._p.append(field)  # noqa: SLF001 - the library has no word for fields


def _add_line(
    document: DocumentType,
    text: str,
    *,
    bold: bool = False,
    italic: bool = False,
    size_pt: int = 12,
    align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.CENTER,
) -> Paragraph:
    paragraph = document.add_paragraph()
    paragraph.alignment = align
    paragraph.paragraph_format.space_after = Pt(4)
    run = paragraph.add_run(text)
    run.bold, run.italic, run.font.size = bold, italic, Pt(size_pt)
    return paragraph


def _keep_with_next(paragraph: Paragraph) -> None:
    """The sum in words is never parted from those who sign for it."""
    paragraph.paragraph_format.keep_with_next = True


def _add_table(document: DocumentType, table: Table, width_mm: int) -> None:
    if table.caption:
        _add_line(document, table.caption, bold=True, align=WD_ALIGN_PARAGRAPH.LEFT)
    drawn = document.add_table(rows=1, cols=len(table.columns), style="Table Grid")
    drawn.alignment, drawn.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    _fill(drawn.rows[0], [column.heading for column in table.columns], table, bold=True)
    _repeat(drawn.rows[0])
    for cells in table.rows:
        _fill(drawn.add_row(), cells, table)
    if table.total:
        _fill(drawn.add_row(), table.total, table, bold=True)
    _set_widths(drawn, table, width_mm)
    document.add_paragraph().paragraph_format.space_after = Pt(2)


def _set_widths(drawn: DocxTable, table: Table, width_mm: int) -> None:
    parts = sum(column.width for column in table.columns)
    for place, column in enumerate(table.columns):
        drawn.columns[place].width = Mm(width_mm * column.width / parts)
        for row in drawn.rows:
            row.cells[place].width = Mm(width_mm * column.width / parts)


def _fill(row: _Row, cells: Sequence[Cell], table: Table, *, bold: bool = False) -> None:
    row.height = Mm(_ROW_MM)
    _keep_whole(row)
    for cell, value, column in zip(row.cells, cells, table.columns, strict=True):
        _write_cell(cell, written(value), bold=bold, is_number=column.is_number)


def _write_cell(cell: _Cell, text: str, *, bold: bool, is_number: bool) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.add_run(text).bold = bold
    if is_number:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _repeat(row: _Row) -> None:
    """The header stands on every page."""
    properties = row._tr.get_or_add_trPr()  # noqa: SLF001 - the library has no word for it
    properties.append(OxmlElement("w:tblHeader"))


def _keep_whole(row: _Row) -> None:
    """A row, with its place to sign, is never cut by the end of a page."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))  # noqa: SLF001 - the same


def _add_signatories(document: DocumentType, paper: SignedPaper) -> None:
    drawn = document.add_table(rows=1, cols=len(paper.frame.signatories))
    _keep_whole(drawn.rows[0])
    for cell, signatory in zip(drawn.rows[0].cells, paper.frame.signatories, strict=True):
        paragraph = cell.paragraphs[0]
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.add_run(signatory).bold = True
        hint = cell.add_paragraph(paper.frame.signing_hint + "\n" * _SIGNING_LINES)
        hint.alignment = WD_ALIGN_PARAGRAPH.CENTER
