"""An official document as a Word file that can still be edited."""

import io
from collections.abc import Sequence

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.section import WD_SECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.section import Section
from docx.shared import Mm, Pt
from docx.table import Table as DocxTable
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from webapp.papers.docx_parts import FONT, TableLook, add_field, add_table, keep_whole, set_paper
from webapp.papers.official import decree
from webapp.papers.official.document import Appendix, Block, OfficialDocument, Signature, Style, Text
from webapp.papers.signed_paper import Table

_CENTRE, _JUSTIFY = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.JUSTIFY
_ROW_MM, _SIGNED_ROW_MM = 5.8, 9.5
# How wide a bold letter is on the average, in mm for each pt: of capitals, and of the motto (measured).
_CAPITAL_MM, _MOTTO_MM = 0.222, 0.16
_SIGNING_PT = 74  # room for the signature and the seal


def write(document: OfficialDocument) -> bytes:
    """The document as bytes."""
    drawn = Document()
    drawn.styles["Normal"].font.name, drawn.styles["Normal"].font.size = FONT, Pt(decree.BODY_PT)
    core = drawn.core_properties
    core.title, core.author = f"{document.title} {document.subject}", " ".join(document.letterhead.issuer)
    core.language = "vi"
    _set_page(drawn.sections[0], document.foot, is_wide=False)
    _add_head(drawn, document)
    _add_title(drawn, document)
    for block in document.blocks:
        _add_block(drawn, block, is_wide=False)
    drawn.paragraphs[-1].paragraph_format.keep_with_next = True  # who signs never stands on a page alone
    _add_closing(drawn, document)
    for appendix in document.appendices:
        _add_appendix(drawn, appendix, document.foot)
    data = io.BytesIO()
    drawn.save(data)
    return data.getvalue()


def _set_page(section: Section, foot: str, *, is_wide: bool) -> None:
    """Margins, the number in the middle of the top margin from page two on, small print at every foot."""
    set_paper(section, is_wide=is_wide)
    section.top_margin, section.bottom_margin = Mm(decree.TOP_MM), Mm(decree.BOTTOM_MM)
    section.left_margin, section.right_margin = Mm(decree.LEFT_MM), Mm(decree.RIGHT_MM)
    section.header_distance = Mm(decree.NUMBER_FROM_EDGE_MM)
    section.footer_distance = Mm(decree.FOOT_FROM_EDGE_MM)
    section.different_first_page_header_footer = True
    _number_from_one(section)
    for part in (section.header, section.first_page_header, section.footer, section.first_page_footer):
        part.is_linked_to_previous = False
    number = section.header.paragraphs[0]
    number.alignment = _CENTRE
    add_field(number, "PAGE")
    number.style.font.size = Pt(decree.PAGE_NUMBER_PT)
    for footer in (section.footer, section.first_page_footer):
        line = footer.paragraphs[0]
        line.alignment = _CENTRE
        line.add_run(foot).font.size = Pt(decree.FOOT_PT)


def _number_from_one(section: Section) -> None:
    """Pages count from 1; a section that was copied from the one before says so already."""
    properties = section._sectPr  # noqa: SLF001 - the library has no word for numbers that begin anew
    if properties.find(qn("w:pgNumType")) is None:
        numbers = OxmlElement("w:pgNumType")
        numbers.set(qn("w:start"), "1")
        properties.insert_element_before(numbers, "w:cols", "w:titlePg", "w:docGrid")


def _add_head(document: DocumentType, official: OfficialDocument) -> None:
    """Issuer and number at the left; nation, motto, place and day at the right."""
    head, width = official.letterhead, decree.text_width_mm(is_wide=False)
    left, right = width * decree.LEFT_HEAD_SHARE, width * (1 - decree.LEFT_HEAD_SHARE)
    table = document.add_table(rows=2, cols=2)
    table.autofit = False
    _bare(table)
    for place, width_mm in enumerate((left, right)):
        table.columns[place].width = Mm(width_mm)
        for cell in table.columns[place].cells:
            cell.width = Mm(width_mm)
    issuer, nation = table.rows[0].cells
    for line in head.superior:
        _add_line(issuer, line, decree.ISSUER_PT)
    for line in head.issuer:
        _add_line(issuer, line, decree.ISSUER_PT, bold=True)
    last = len(head.issuer[-1]) * _CAPITAL_MM * decree.ISSUER_PT
    _add_rule(issuer, left, last * 0.42)
    _add_line(nation, decree.NATION, decree.NATION_PT, bold=True)
    _add_line(nation, decree.MOTTO, decree.MOTTO_PT, bold=True)
    _add_rule(nation, right, len(decree.MOTTO) * _MOTTO_MM * decree.MOTTO_PT)
    number, day = table.rows[1].cells
    _add_line(number, head.number, decree.NUMBER_PT)
    if official.marks:
        _add_line(number, " · ".join(official.marks), decree.NUMBER_PT, bold=True)
    _add_line(day, head.place_and_day, decree.DAY_PT, italic=True)


def _bare(table: DocxTable) -> None:
    """No room at the sides of the cells: the nation's name needs all of it."""
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        none = OxmlElement(f"w:{side}")
        none.set(qn("w:w"), "0")
        none.set(qn("w:type"), "dxa")
        margins.append(none)
    properties = table._tbl.tblPr  # noqa: SLF001 - the library has no word for the room around a cell's words
    properties.insert_element_before(margins, "w:tblLook", "w:tblCaption", "w:tblDescription")


def _add_line(
    cell: _Cell, text: str, size_pt: float, *, bold: bool = False, italic: bool = False
) -> Paragraph:
    """A centred line; the first one takes the paragraph that every cell begins with."""
    first = cell.paragraphs[0]
    paragraph: Paragraph = first if not first.runs and len(cell.paragraphs) == 1 else cell.add_paragraph()
    paragraph.alignment = _CENTRE
    paragraph.paragraph_format.space_after = Pt(0)
    run = paragraph.add_run(text)
    run.bold, run.italic, run.font.size = bold, italic, Pt(size_pt)
    return paragraph


def _add_rule(place: _Cell | DocumentType, width_mm: float, length_mm: float) -> None:
    """A line of this length in the middle: the upper edge of a very low paragraph with that much room."""
    paragraph = place.add_paragraph()
    form = paragraph.paragraph_format
    form.left_indent = form.right_indent = Mm((width_mm - length_mm) / 2)
    form.space_before, form.space_after, form.line_spacing = Pt(1), Pt(0), Pt(6)
    borders, top = OxmlElement("w:pBdr"), OxmlElement("w:top")
    for name, value in (("val", "single"), ("sz", "6"), ("space", "1"), ("color", "auto")):
        top.set(qn(f"w:{name}"), value)
    borders.append(top)
    properties = paragraph._p.get_or_add_pPr()  # noqa: SLF001 - the library has no word for edges
    properties.insert_element_before(borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr")


def _add_title(document: DocumentType, official: OfficialDocument) -> None:
    title = _add_text(document, official.title, _CENTRE, bold=True)
    title.paragraph_format.space_before, title.paragraph_format.space_after = Pt(14), Pt(2)
    _add_text(document, official.subject, _CENTRE, bold=True).paragraph_format.space_after = Pt(2)
    width = decree.text_width_mm(is_wide=False)
    _add_rule(document, width, width / 4)


def _add_text(
    document: DocumentType,
    text: str,
    align: WD_ALIGN_PARAGRAPH,
    *,
    bold: bool = False,
    italic: bool = False,
    size_pt: float = decree.BODY_PT,
) -> Paragraph:
    paragraph = document.add_paragraph()
    paragraph.alignment = align
    paragraph.paragraph_format.space_after = Pt(decree.SPACE_AFTER_PT)
    run = paragraph.add_run(text)
    run.bold, run.italic, run.font.size = bold, italic, Pt(size_pt)
    return paragraph


def _add_block(document: DocumentType, block: Block, *, is_wide: bool) -> None:
    if isinstance(block, Table):
        if block.caption:
            caption = _add_text(document, block.caption, WD_ALIGN_PARAGRAPH.LEFT, bold=True)
            caption.paragraph_format.keep_with_next = True
        size_pt = decree.WIDE_TABLE_PT if is_wide else decree.TABLE_PT
        look = TableLook(_SIGNED_ROW_MM if block.is_signed else _ROW_MM, size_pt, centres_headings=True)
        add_table(document, block, decree.text_width_mm(is_wide=is_wide), look)
        document.add_paragraph().paragraph_format.space_after = Pt(0)
    else:
        _add_words(document, block)


def _add_words(document: DocumentType, text: Text) -> None:
    if text.style == Style.CENTRED:
        _add_text(document, text.words, _CENTRE, bold=True)
    elif text.style == Style.NOTE:
        _add_text(document, text.words, _JUSTIFY, italic=True, size_pt=decree.NOTE_PT)
    else:
        is_heading = text.style == Style.HEADING
        paragraph = _add_text(document, "", _JUSTIFY, bold=is_heading, italic=text.style == Style.BASIS)
        paragraph.paragraph_format.first_line_indent = Mm(decree.INDENT_MM)
        paragraph.paragraph_format.keep_with_next = is_heading
        if text.lead:
            paragraph.add_run(f"{text.lead} ").bold = True
        words = paragraph.add_run(text.words)
        words.bold, words.italic = is_heading, text.style == Style.BASIS


def _add_closing(document: DocumentType, official: OfficialDocument) -> None:
    closing = official.closing
    table = document.add_table(rows=1, cols=2)
    keep_whole(table.rows[0])
    left, right = table.rows[0].cells
    _sign(right, closing.right)
    if closing.left is None:
        _send_to(left, closing.recipients)
    else:
        _sign(left, closing.left)
        _send_to(document, closing.recipients)


def _sign(cell: _Cell, signature: Signature) -> None:
    for line in signature.capacity:
        last = _add_line(cell, line, decree.BODY_PT, bold=True)
        last.paragraph_format.keep_with_next = True
    last.paragraph_format.space_after = Pt(_SIGNING_PT)
    _add_line(cell, signature.name, decree.BODY_PT, bold=True)


def _send_to(place: _Cell | DocumentType, recipients: Sequence[str]) -> None:
    """“Nơi nhận:” with its lines; the last one ends with a stop."""
    heading = place.paragraphs[0] if isinstance(place, _Cell) else place.add_paragraph()
    heading.paragraph_format.space_after = Pt(0)
    word = heading.add_run("Nơi nhận:")
    word.bold = word.italic = True
    word.font.size = Pt(decree.RECIPIENTS_PT)
    for number, recipient in enumerate(recipients, 1):
        paragraph = place.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(0)
        stop = "." if number == len(recipients) else ";"
        paragraph.add_run(f"- {recipient}{stop}").font.size = Pt(decree.RECIPIENT_PT)


def _add_appendix(document: DocumentType, appendix: Appendix, foot: str) -> None:
    _set_page(document.add_section(WD_SECTION.NEW_PAGE), foot, is_wide=appendix.is_wide)
    for words in (f"Phụ lục {appendix.number}", appendix.title):
        _add_text(document, words, _CENTRE, bold=True).paragraph_format.space_after = Pt(2)
    _add_text(document, appendix.attached, _CENTRE, italic=True).paragraph_format.space_after = Pt(2)
    width = decree.text_width_mm(is_wide=appendix.is_wide)
    _add_rule(document, width, width / 4)
    for block in appendix.blocks:
        _add_block(document, block, is_wide=appendix.is_wide)
