"""Word and Excel become pages through the real LibreOffice; whatever it does, nothing of it stays behind."""

import datetime as dt
import io
import os
import subprocess
import time
from pathlib import Path

import docx
import openpyxl
import pytest
from docx.enum.text import WD_BREAK
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn
from PIL import Image
from sqlalchemy.orm import Session

from tests.worlds.documents import office_bytes
from tests.worlds.self_scored import add_schemes
from tests.worlds.small import make_small_world
from webapp.errors import InvalidInput
from webapp.services import office_pages
from webapp.services.evidence import Upload, add_file, cite_file, page_image
from webapp.services.office_pages import pdf_of_office
from webapp.services.page_images import count_pages
from webapp.storage import ScanStore

PLAN = "Kế hoạch cải cách hành chính"


def word(pages: int) -> bytes:
    document = docx.Document()
    for number in range(1, pages + 1):
        document.add_paragraph(f"{PLAN}, trang {number}")
        if number < pages:
            document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_a_word_document_is_cited_at_a_page_that_can_be_seen(
    session: Session, now: dt.datetime, tmp_path: Path
) -> None:
    world, store = make_small_world(session, now), ScanStore(tmp_path / "scans")
    add_schemes(session, world, now)
    unit, upload = world.units["19186"], Upload("KH 12.docx", io.BytesIO(word(2)))
    file = add_file(session, store, unit, upload, actor="unit-19186", now=now, max_evidence_mb=1)
    assert (file.kind, file.page_count, len(file.page_images)) == ("docx", 2, 2)
    name, media_type = page_image(file, 2)
    with Image.open(store.path(name)) as picture:
        assert (picture.format, media_type) == ("JPEG", "image/jpeg")
        assert max(picture.size) > 1500, "small print stays readable"
    cite_file(session, unit, "1.1.3", file, page_number=2, actor="unit-19186", now=now)
    with pytest.raises(InvalidInput, match="không có trang 3"):
        cite_file(session, unit, "1.1.3", file, page_number=3, actor="unit-19186", now=now)


def test_a_workbook_becomes_pages_too(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.create_sheet("Số liệu", 0).append(["Số hồ sơ", 2033])
    book.save(tmp_path / "so-lieu")
    with pdf_of_office(tmp_path / "so-lieu", "xlsx") as pdf:
        assert pdf is not None
        assert count_pages(pdf, "so-lieu.xlsx") == 1
    assert not pdf.exists()


def test_a_package_that_is_no_document_has_no_pages_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(office_bytes("word/document.xml"))
    with pdf_of_office(tmp_path / "x", "docx") as pdf:
        assert pdf is None


def test_no_document_draws_a_file_of_this_machine(tmp_path: Path) -> None:
    """A picture within it is drawn, one that it only names is not: the unit would read it off the page."""
    Image.new("RGB", (80, 80), "red").save(tmp_path / "secret.png")
    document = docx.Document()
    for _ in range(2):
        document.add_picture(str(tmp_path / "secret.png"))
    named = document.inline_shapes[1]._inline.graphic.graphicData.pic.blipFill.blip
    named.attrib.pop(qn("r:embed"))
    address = (tmp_path / "secret.png").as_uri()
    named.set(qn("r:link"), document.part.relate_to(address, RELATIONSHIP_TYPE.IMAGE, is_external=True))
    document.save(str(tmp_path / "x"))
    with pdf_of_office(tmp_path / "x", "docx") as pdf:
        assert pdf is not None
        listed = subprocess.run(["pdfimages", "-list", pdf], capture_output=True, text=True, check=True)
    assert len(listed.stdout.splitlines()) == 2 + 1, "two lines of heading, one picture"


def test_what_takes_too_long_ends_with_everything_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "soffice"
    program.write_text(f"#!/bin/sh\nsleep 300 & echo $! > {tmp_path}/child\nwait\n")
    program.chmod(0o700)
    monkeypatch.setattr(office_pages, "_PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(office_pages, "TIME_LIMIT_S", 3)
    (tmp_path / "x").write_bytes(word(1))
    with pdf_of_office(tmp_path / "x", "docx") as pdf:
        assert pdf is None
    assert _is_gone(int((tmp_path / "child").read_text()))


def _is_gone(process: int) -> bool:
    """Ended; one whose parent has not looked yet counts as ended too."""
    for _ in range(100):
        try:
            os.kill(process, 0)
            state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return False
