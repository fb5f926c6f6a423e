"""Official documents keep the decree's figures, and say exactly what the index says."""

import io
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pypdfium2
import pytest
from docx import Document
from docx.document import Document as DocumentType
from docx.shared import Length, Pt

from tests.clients import FORMS_DIR
from tests.worlds.fixed_years import LOWERED, NOT_APPLICABLE, REASON, fixed_edition
from webapp.papers.official import as_docx, as_pdf, decision, minutes, report
from webapp.papers.official.document import OfficialDocument
from webapp.papers.official.figures import roman
from webapp.papers.official.office import Office, Signatory, capacity_lines
from webapp.papers.official.wording import Kind, Wording, wording_of
from webapp.par_index.exact import vietnamese

FONTS = FORMS_DIR / "_fonts"
MM = 72 / 25.4
CHAIR = Signatory("Nguyễn Ngọc Tuấn", "TM. ỦY BAN NHÂN DÂN - CHỦ TỊCH")
OFFICE = Office("UBND huyện Bố Trạch", "Bố Trạch", [CHAIR])
SMALL = ["Bản số 1", "số liệu đầu vào (SHA-256) 9f2c", "Nhật ký 128·9f3c2a7be01d4c55"]
COMPOSE = {Kind.DECISION: decision.compose, Kind.REPORT: report.compose, Kind.MINUTES: minutes.compose}
TEXTS = {
    "members": "- Bà Trần Thị B, Trưởng phòng Tư pháp;\nÔng Lê Văn C, Phó Chánh Văn phòng",
    "chair": "Ông Nguyễn Văn A, Phó Chủ tịch",
    "secretary": "Bà Lê Thị D, chuyên viên",
}


def compose(
    kind: Kind, marks: Sequence[str] = ("DỰ THẢO",), texts: dict[str, str] | None = None
) -> OfficialDocument:
    return COMPOSE[kind](
        fixed_edition(), OFFICE, wording_of(kind, texts or TEXTS, OFFICE.name, 2020), marks, SMALL
    )


def pages_of(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    texts = [page.get_textpage().get_text_range() for page in document]
    document.close()
    return texts


def inked_mm(pdf: bytes) -> list[tuple[float, float, float, float]]:
    """Of each page: width, and from where to where its letters reach (left, right), with its height."""
    document = pypdfium2.PdfDocument(pdf)
    found = []
    for page in document:
        text = page.get_textpage()
        boxes = [text.get_charbox(n) for n in range(text.count_chars())]
        boxes = [box for box in boxes if box[3] - box[1] > 0.5]  # a space has no height
        width, height = page.get_size()
        found.append((width / MM, height / MM, min(b[0] for b in boxes) / MM, max(b[2] for b in boxes) / MM))
    document.close()
    return found


def opened(document: OfficialDocument) -> DocumentType:
    return Document(io.BytesIO(as_docx.write(document)))


def all_text(document: DocumentType) -> str:
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


@pytest.mark.parametrize("kind", list(Kind))
def test_pages_are_numbered_from_the_second_on_and_appendices_apart(kind: Kind) -> None:
    document = compose(kind)
    numbers: list[int] = []
    for text in pages_of(as_pdf.write(document, FONTS)):
        begins_appendix = "Phụ lục" in text.splitlines()[0]
        found = re.match(r"(\d+)\s", text)
        if not numbers or begins_appendix:
            numbers.append(1)
            assert found is None, "the first page bears no number"
        else:
            numbers.append(numbers[-1] + 1)
            assert found is not None
            assert int(found[1]) == numbers[-1]
    assert numbers.count(1) == 1 + len(document.appendices)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_page_is_a4_within_the_margins_and_says_what_it_was_made_of(kind: Kind) -> None:
    pdf = as_pdf.write(compose(kind), FONTS)
    for text, (width, height, left, right) in zip(pages_of(pdf), inked_mm(pdf), strict=True):
        assert {round(width), round(height)} == {210, 297}
        assert left >= 30 - 0.5
        assert right <= width - 15 + 0.5
        assert " · ".join(["DỰ THẢO", *SMALL]) in text.replace("\r\n", " ")


def mm(length: Length | None) -> float:
    assert length is not None
    return float(length.mm)


def test_the_word_file_keeps_the_decrees_figures() -> None:
    document = opened(compose(Kind.DECISION))
    assert document.styles["Normal"].font.name == "Times New Roman"
    assert document.styles["Normal"].font.size == Pt(14)
    for section in document.sections:
        assert {round(mm(section.page_width)), round(mm(section.page_height))} == {210, 297}
        assert 20 <= mm(section.top_margin) <= 25
        assert 20 <= mm(section.bottom_margin) <= 25
        assert 30 <= mm(section.left_margin) <= 35
        assert 15 - 0.01 <= mm(section.right_margin) <= 20
        assert section.different_first_page_header_footer
        assert section._sectPr.xpath("./w:pgNumType/@w:start") == ["1"]
        order = [child.tag.rpartition("}")[2] for child in section._sectPr]
        assert order.index("pgMar") < order.index("pgNumType") < order.index("cols") < order.index("titlePg")
        assert "PAGE" in section.header._element.xml
        assert "PAGE" not in section.first_page_header._element.xml
        for footer in (section.footer, section.first_page_footer):
            assert SMALL[2] in footer.paragraphs[0].text
    assert [mm(section.page_width) > mm(section.page_height) for section in document.sections] == [
        False,
        False,
        True,
    ]


def test_the_head_names_issuer_nation_number_and_day() -> None:
    head = opened(compose(Kind.DECISION)).tables[0]
    left, right = head.rows[0].cells
    assert [p.text for p in left.paragraphs if p.text] == ["ỦY BAN NHÂN DÂN", "HUYỆN BỐ TRẠCH"]
    assert [p.text for p in right.paragraphs if p.text] == [
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc",
    ]  # fmt: skip
    number, day = head.rows[1].cells
    assert number.text.split() == ["Số:", "/QĐ-UBND", "DỰ", "THẢO"]
    assert day.text.split() == ["Bố", "Trạch,", "ngày", "tháng", "năm", "2021"]
    sizes = {run.font.size for p in right.paragraphs for run in p.runs}
    assert sizes <= {Pt(12), Pt(13), Pt(14)}


def test_a_document_to_be_signed_bears_no_mark() -> None:
    for written in (
        all_text(opened(compose(Kind.DECISION, marks=()))),
        "".join(pages_of(as_pdf.write(compose(Kind.DECISION, marks=()), FONTS))),
    ):
        assert "DỰ THẢO" not in written


def test_the_ranking_says_what_the_index_says() -> None:
    edition = fixed_edition()
    [ranking] = [t for t in opened(compose(Kind.DECISION)).tables if t.rows[0].cells[-1].text == "Xếp loại"]
    rows = [[cell.text for cell in row.cells] for row in ranking.rows[1:-1]]
    assert len(rows) == 13
    for row, unit in zip(rows, edition.result.levels[0].units, strict=True):
        numbers = [unit.appraised_points, unit.survey_points, unit.total, unit.applicable, unit.index_percent]
        assert row[1:7] == [unit.name, *(vietnamese(number or 0, 2) for number in numbers)]
        assert row[7:] == [str(unit.rank), unit.class_label]
        assert re.fullmatch(r"\d+,\d\d", row[4])
    assert ranking.rows[-1].cells[6].text == vietnamese(edition.result.levels[0].mean_percent or 0, 2)


def test_component_tables_add_up_to_the_areas_and_explain_their_signs() -> None:
    edition = fixed_edition()
    document = opened(compose(Kind.DECISION))
    areas = edition.snapshot.schemes[0].areas
    tables = [t for t in document.tables if t.rows[0].cells[-1].text.startswith("Cộng (")]
    assert len(tables) == len(areas)
    for table, area in zip(tables, areas, strict=True):
        for row, unit in zip(table.rows[1:], edition.result.levels[0].units, strict=True):
            cells = [cell.text for cell in row.cells]
            sum_of_cells = sum(int(c.rstrip("*").replace(",", "")) for c in cells[2:-1] if c != "KAD")
            assert sum_of_cells == int(cells[-1].replace(",", "")), (area.code, unit.name)
    notes = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "KAD: không áp dụng" in notes
    assert all(f"{leaf.code}: {leaf.title}" in notes for area in areas for leaf in area.scored)


def test_the_report_counts_what_the_appraisal_changed_and_the_sheets() -> None:
    written = all_text(opened(compose(Kind.REPORT)))
    assert "12 điểm thành phần giảm, 0 điểm thành phần tăng" in written
    assert "chênh lệch −9,00" in written
    assert "Phiếu điều tra về Cấp division" in written
    assert "Trên đây là báo cáo" in written
    assert "Ủy ban nhân dân huyện Bố Trạch./." in written


def test_the_minutes_give_a_reason_for_every_change() -> None:
    document = opened(compose(Kind.MINUTES))
    details = [t for t in document.tables if t.rows[0].cells[-1].text == "Lý do"]
    assert len(details) == 13, "each unit has something that was changed or set aside"
    rows = [[cell.text for cell in row.cells] for table in details for row in table.rows[1:]]
    changed = [row for row in rows if row[0] == LOWERED]
    assert [(row[2], row[3], row[4]) for row in changed] == [("1,50", "0,75 (−0,75)", REASON)] * 12
    assert {row[4] for row in rows} == {REASON, NOT_APPLICABLE}
    assert all(row[3] in ("không áp dụng", "tính đủ") for row in rows if row[4] == NOT_APPLICABLE)
    written = all_text(document)
    assert "Số:         /BB-TTĐ" in written
    assert "Bà Trần Thị B, Trưởng phòng Tư pháp; Ông Lê Văn C, Phó Chánh Văn phòng" in written
    signing = [cell.text for cell in document.tables[-1].rows[0].cells]
    assert signing == ["THƯ KÝ\nLê Thị D", "CHỦ TRÌ\nNguyễn Văn A"]


def test_people_write_lists_as_they_like_and_get_the_same_stops() -> None:
    texts = {
        "bases": "- Căn cứ Luật A;\n\n  Căn cứ Kế hoạch B.\nTheo đề nghị của …",
        "recipients": "Như Điều 4;\nLưu: VT.",
    }
    document = compose(Kind.DECISION, texts=texts)
    written = all_text(opened(document))
    for line in ("Căn cứ Luật A;", "Căn cứ Kế hoạch B;", "- Như Điều 4;", "- Lưu: VT."):
        assert line in written
    assert "của ….\n" not in written
    assert Wording({"a": "… và …", "b": "x"}).blank_count == 2


def test_offices_name_themselves() -> None:
    assert OFFICE.full_name == "Ủy ban nhân dân huyện Bố Trạch"
    agency = Office("Sở Nội vụ", "Đồng Hới", [])
    assert (agency.issuer, agency.symbol) == (("SỞ NỘI VỤ",), "SNV")
    assert agency.signature("").name == ""
    assert Office("UBND xã Đại Trạch", "Đại Trạch", []).signature("").capacity == (
        "TM. ỦY BAN NHÂN DÂN",
        "CHỦ TỊCH",
    )
    other = Signatory("Lê Văn C", "KT. CHỦ TỊCH - PHÓ CHỦ TỊCH")
    both = Office(OFFICE.name, OFFICE.place, [CHAIR, other])
    assert both.signature("").name == CHAIR.name
    assert both.signature("Lê Văn C").capacity == ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")
    assert capacity_lines("Trưởng phòng Tài chính - Kế hoạch") == ("TRƯỞNG PHÒNG TÀI CHÍNH - KẾ HOẠCH",)
    assert [roman(n) for n in (1, 4, 9, 14)] == ["I", "IV", "IX", "XIV"]


def times_for_libreoffice(folder: Path) -> Path:
    """Fonts as an office has them: something as wide as Times New Roman, here the one that we ship."""
    path = folder / "fonts.conf"
    path.write_text(
        f"<fontconfig><dir>{FONTS}</dir><cachedir>{folder}/fonts</cachedir>"
        "<alias binding='same'><family>Times New Roman</family>"
        "<prefer><family>Liberation Serif</family></prefer></alias></fontconfig>"
    )
    return path


@pytest.mark.slow
def test_libreoffice_opens_every_document_and_sets_the_same_pages(tmp_path: Path) -> None:
    assert shutil.which("soffice"), "run make setup"
    documents = {kind: compose(kind) for kind in Kind}
    for kind, document in documents.items():
        (tmp_path / f"{kind}.docx").write_bytes(as_docx.write(document))
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path)]
    files = [str(tmp_path / f"{kind}.docx") for kind in documents]
    fonts = {**os.environ, "FONTCONFIG_FILE": str(times_for_libreoffice(tmp_path))}
    subprocess.run([*command, *files], check=True, capture_output=True, timeout=300, env=fonts)
    for kind, document in documents.items():
        pdf = (tmp_path / f"{kind}.pdf").read_bytes()
        pages = pages_of(pdf)
        assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in pages[0]
        assert all(SMALL[2] in page for page in pages)
        appendices = [page for page in pages if "Kèm theo" in page]
        assert len(appendices) == len(document.appendices)
        assert not any(re.match(r"\d+\s", page) for page in [pages[0], *appendices]), (
            "no number on first pages"
        )
        assert re.match(r"2\s", pages[1]) or kind == Kind.DECISION
        for width, height, left, _right in inked_mm(pdf):
            assert {round(width), round(height)} == {210, 297}
            assert left >= 30 - 0.5
