"""The same paper as docx, xlsx and PDF: words, sums, places to sign, repeated headers, nothing that runs."""

import io
import re
import sys
import zipfile
from dataclasses import replace

import pypdfium2
import pytest
from docx import Document
from openpyxl import load_workbook

from tests.clients import FORMS_DIR
from webapp.errors import InvalidInput
from webapp.papers import as_docx, as_pdf, as_xlsx, plain_workbook
from webapp.papers.signed_paper import Cell, Column, PaperFrame, SignedPaper, Table

WORDS = "Bằng chữ: Hai mươi tám triệu ba trăm sáu mươi nghìn đồng."
COLUMNS = [
    Column("STT", 5, is_number=True),
    Column("Họ và tên", 30),
    Column("Số tiền (đ)", 14, is_number=True),
    Column("Ký nhận", 20),
]
FRAME = PaperFrame(
    authority="UBND huyện Bố Trạch", place_and_day="Bố Trạch, ngày … tháng … năm 2021",
    signatories=["Người lập", "Thủ quỹ", "Kế toán", "Thủ trưởng đơn vị"], signing_hint="(ký, ghi rõ họ tên)",
    page_word="Trang", foot="In lúc 16/03/2021 09:12",
)  # fmt: skip


def paper(people: int = 60, name: str = "Nguyễn Thị Ưởng") -> SignedPaper:
    """A list long enough for several pages."""
    rows: list[list[Cell]] = [[number, f"{name} {number}", 10_000, ""] for number in range(1, people + 1)]
    table = Table("CX4: 60 phiếu × 10.000 đ", COLUMNS, rows, ["", "Cộng", 28_360_000, ""])
    return SignedPaper("DANH SÁCH KÝ NHẬN", "Xã Đại Trạch", [table], [WORDS], FRAME)


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page."""
    document = pypdfium2.PdfDocument(pdf)
    texts = [page.get_textpage().get_text_range() for page in document]
    document.close()
    return texts


@pytest.mark.parametrize("is_wide", [False, True])
def test_pdf_repeats_its_header_and_numbers_its_pages(*, is_wide: bool) -> None:
    pages = pages_of(as_pdf.write(replace(paper(), is_wide=is_wide), FORMS_DIR / "_fonts"))
    assert len(pages) > 1
    for number, text in enumerate(pages, 1):
        assert f"Trang {number}/{len(pages)}" in text
    with_rows = [text for text in pages if "Nguyễn Thị Ưởng" in text]
    assert all("Ký nhận" in text for text in with_rows)
    assert "28.360.000" in "".join(pages)
    assert WORDS in pages[-1]
    assert all(signatory in pages[-1] for signatory in FRAME.signatories)


def test_pdf_is_the_same_bytes_each_time() -> None:
    assert as_pdf.write(paper(3), FORMS_DIR / "_fonts") == as_pdf.write(paper(3), FORMS_DIR / "_fonts")


def test_what_looks_like_markup_is_printed_as_it_stands() -> None:
    (page,) = pages_of(as_pdf.write(paper(1, name="#panic() $x$ *An* <b>"), FORMS_DIR / "_fonts"))
    assert "#panic() $x$ *An* <b> 1" in page


def test_docx_can_be_edited_and_signed() -> None:
    document = Document(io.BytesIO(as_docx.write(paper())))
    people, signatures = document.tables
    assert [cell.text for cell in people.rows[0].cells] == [column.heading for column in COLUMNS]
    assert [cell.text for cell in people.rows[1].cells] == ["1", "Nguyễn Thị Ưởng 1", "10.000", ""]
    assert [cell.text for cell in people.rows[-1].cells] == ["", "Cộng", "28.360.000", ""]
    assert [cell.paragraphs[0].text for cell in signatures.rows[0].cells] == list(FRAME.signatories)
    assert WORDS in [paragraph.text for paragraph in document.paragraphs]
    xml = document.element.xml
    assert xml.count("<w:tblHeader/>") == 1
    foot = document.sections[0].footer._element.xml
    assert re.findall(r'w:instr="(\w+)"', foot) == ["PAGE", "NUMPAGES"]


def test_xlsx_holds_numbers_and_repeats_its_header() -> None:
    sheet = load_workbook(io.BytesIO(as_xlsx.write(paper()))).worksheets[0]
    header = next(row for row in sheet.iter_rows() if row[0].value == "STT")
    at = header[0].row or 0
    assert sheet.print_title_rows == f"${at}:${at}"
    assert sheet.freeze_panes == f"A{at + 1}"
    assert (sheet.cell(at + 1, 3).value, sheet.cell(at + 1, 3).number_format) == (10_000, "#,##0")
    assert sheet.cell(at + 61, 3).value == 28_360_000
    assert sheet.oddFooter is not None
    assert sheet.oddFooter.right.text == "Trang &P/&N"
    assert any(row[0].value == WORDS for row in sheet.iter_rows())


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_no_name_becomes_a_formula(start: str) -> None:
    data = as_xlsx.write(paper(1, name=f"{start}HYPERLINK(1)"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert "<f>" not in archive.read("xl/worksheets/sheet1.xml").decode()
    cell = load_workbook(io.BytesIO(data)).worksheets[0].cell(6, 2)
    assert (cell.data_type, cell.value) == ("s", f"'{start}HYPERLINK(1) 1")


def test_a_paper_with_nothing_to_list_is_still_a_workbook() -> None:
    book = load_workbook(io.BytesIO(as_xlsx.write(replace(paper(1), tables=[]))))
    assert [sheet.cell(2, 1).value for sheet in book.worksheets] == [paper(1).title]


def test_rows_go_into_a_workbook_and_come_back() -> None:
    rows = {"Một": [["Họ tên", "Số"], ["Đỗ Ánh", "7"]], "Hai": [["a"]]}
    assert plain_workbook.read_rows(plain_workbook.write_rows(rows)) == rows


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_workbook, "MAX_UNPACKED_BYTES", 100)
    with pytest.raises(InvalidInput, match="Không mở được"):
        plain_workbook.read_rows(plain_workbook.write_rows({"Một": [["a"]]}))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 broken", b"<html>"])
def test_what_is_no_workbook_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="Không mở được"):
        plain_workbook.read_rows(data)


def test_a_workbook_that_takes_too_much_ends_in_a_sentence_and_not_in_the_web_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Within the archive's limit, and still more than a list holds; then limits that any file exceeds."""
    with pytest.raises(InvalidInput, match="máy dừng đọc"):
        plain_workbook.read_rows(plain_workbook.write_rows({"Một": [["a" * 25_000] * 1_000]}))
    for limited in (("--as=40000000",), ("--as=1000000000", "--cpu=0")):
        command = ("prlimit", *limited, sys.executable, "-m", "webapp.papers.workbook_child")
        monkeypatch.setattr(plain_workbook, "_CHILD", command)
        with pytest.raises(InvalidInput, match="máy dừng đọc"):
            plain_workbook.read_rows(plain_workbook.write_rows({"Một": [["a"]]}))
    monkeypatch.setattr(plain_workbook, "_CHILD", ("sleep", "5"))
    monkeypatch.setattr(plain_workbook, "TIME_LIMIT_S", 0.1)
    with pytest.raises(InvalidInput, match="máy dừng đọc"):
        plain_workbook.read_rows(plain_workbook.write_rows({"Một": [["a"]]}))
