"""A signed paper as a Word document that can still be edited."""

import io

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph

from webapp.papers.docx_parts import A4_MM, FONT, TableLook, add_field, add_table, keep_whole, set_paper
from webapp.papers.signed_paper import SignedPaper, Table

_MARGINS_MM = (20, 15)  # left, right
_LOOK = TableLook(row_mm=9, size_pt=12)  # room to sign
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
    return A4_MM[1 if paper.is_wide else 0] - sum(_MARGINS_MM)


def _set_page(document: DocumentType, paper: SignedPaper) -> None:
    style = document.styles["Normal"]
    style.font.name, style.font.size = FONT, Pt(12)
    section = document.sections[0]
    set_paper(section, is_wide=paper.is_wide)
    section.left_margin, section.right_margin = (Mm(side) for side in _MARGINS_MM)
    section.top_margin = section.bottom_margin = Mm(15)
    core = document.core_properties
    core.title, core.author, core.language = paper.title, paper.frame.authority, paper.frame.language
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    foot.add_run(f"{paper.frame.foot} · {paper.frame.page_word} ")
    add_field(foot, "PAGE")
    foot.add_run("/")
    add_field(foot, "NUMPAGES")
    for run in foot.runs:
        run.font.size = Pt(9)


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
    add_table(document, table, width_mm, _LOOK)
    document.add_paragraph().paragraph_format.space_after = Pt(2)


def _add_signatories(document: DocumentType, paper: SignedPaper) -> None:
    drawn = document.add_table(rows=1, cols=len(paper.frame.signatories))
    keep_whole(drawn.rows[0])
    for cell, signatory in zip(drawn.rows[0].cells, paper.frame.signatories, strict=True):
        paragraph = cell.paragraphs[0]
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.add_run(signatory).bold = True
        hint = cell.add_paragraph(paper.frame.signing_hint + "\n" * _SIGNING_LINES)
        hint.alignment = WD_ALIGN_PARAGRAPH.CENTER
