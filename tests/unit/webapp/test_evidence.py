"""Evidence: kinds told from content, names made harmless, pages drawn, links that are never overwritten."""

import datetime as dt
import io
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.worlds.documents import HTML, SVG, huge_png, image_bytes, office_bytes, old_office_bytes, pdf_bytes
from tests.worlds.self_scored import add_schemes
from tests.worlds.small import SmallWorld, make_small_world
from webapp.errors import InvalidInput, Locked, NotFound, UploadTooLarge
from webapp.persistence.appraisal import EvidenceFile, EvidenceLink, current_links
from webapp.services import page_images
from webapp.services.evidence import (
    Upload,
    add_file,
    cite_file,
    find_citation,
    find_file,
    page_image,
    remove_citation,
)
from webapp.services.evidence_kinds import MAX_IMAGE_PIXELS, MEDIA_TYPES, clean_name, find_kind
from webapp.storage import ScanStore

VBA_TYPES = '<Types><Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/></Types>'


@pytest.fixture
def store(tmp_path: Path) -> ScanStore:
    return ScanStore(tmp_path / "scans")


@pytest.fixture
def world(session: Session, now: dt.datetime) -> SmallWorld:
    made = make_small_world(session, now)
    add_schemes(session, made, now)
    return made


def take(  # noqa: PLR0917 - a test's shorthand
    session: Session, store: ScanStore, world: SmallWorld, content: bytes, name: str, now: dt.datetime
) -> EvidenceFile:
    return add_file(
        session,
        store,
        world.units["19186"],
        Upload(name, io.BytesIO(content)),
        actor="unit-19186",
        now=now,
        max_evidence_mb=1,
    )


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (pdf_bytes(), "pdf"),
        (image_bytes("PNG"), "png"),
        (image_bytes("JPEG"), "jpeg"),
        (office_bytes("word/document.xml"), "docx"),
        (office_bytes("xl/workbook.xml"), "xlsx"),
        (old_office_bytes("WordDocument"), "doc"),
        (old_office_bytes("Workbook"), "xls"),
    ],
)
def test_the_kind_is_told_from_the_content(content: bytes, kind: str) -> None:
    stream = io.BytesIO(content)
    assert find_kind(stream, "whatever.bin") == kind
    assert kind in MEDIA_TYPES
    assert stream.tell() == 0


@pytest.mark.parametrize(
    "content",
    [
        HTML,
        SVG,
        b"MZ\x90\x00" + bytes(100),
        b" %PDF-1.7 but not at the very beginning",
        b"GIF89a" + bytes(100),
        b"\x89PNG\r\n\x1a\n" + b"not a picture after all",
        b"\xff\xd8\xff" + bytes(50),
        b"PK\x03\x04" + bytes(50),
        office_bytes("index.html"),
        old_office_bytes("Outlook"),
        b"x",
    ],
)
def test_anything_else_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"“kh\.pdf” không phải PDF"):
        find_kind(io.BytesIO(content), "kh.pdf")


@pytest.mark.parametrize(
    "content",
    [
        office_bytes("word/document.xml", "word/vbaProject.bin"),
        office_bytes("word/document.xml", "word/VBAPROJECT.BIN"),
        office_bytes("word/document.xml", "word/x.bin", content_types=VBA_TYPES),
        office_bytes(
            "xl/workbook.xml", "xl/x.bin", content_types=VBA_TYPES.encode("utf-16").decode("latin-1")
        ),
        old_office_bytes("Workbook") + "_VBA_PROJECT".encode("utf-16-le"),
        old_office_bytes("WordDocument") + "_VBA_PROJECT_CUR".encode("utf-16-le"),
        old_office_bytes("Workbook") + b"_vba_project",
    ],
)
def test_macros_are_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="macro"):
        find_kind(io.BytesIO(content), "bao-cao.docx")


def test_a_package_whose_list_of_parts_cannot_be_read_is_no_document() -> None:
    content = office_bytes("word/document.xml", content_types="x" * 2_000_000)
    with pytest.raises(InvalidInput, match="không phải PDF"):
        find_kind(io.BytesIO(content), "kh.docx")
    locked = bytearray(office_bytes("word/document.xml"))
    for place in (6, locked.index(b"PK\x01\x02") + 8):  # the flag “encrypted”, in both of the part's headers
        locked[place] |= 1
    with pytest.raises(InvalidInput, match="không phải PDF"):
        find_kind(io.BytesIO(bytes(locked)), "kh.docx")


def test_a_picture_with_too_many_pixels_is_refused_without_being_unpacked() -> None:
    for width, height in ((30_000, 20_000), (10_000, 10_000)):  # beyond Pillow's own limits, and between them
        with pytest.raises(InvalidInput, match="quá lớn"):
            find_kind(io.BytesIO(huge_png(width, height)), "anh.png")
    assert find_kind(io.BytesIO(huge_png(MAX_IMAGE_PIXELS // 8000, 8000)), "anh.png") == "png"


@pytest.mark.parametrize(
    ("given", "kind", "kept"),
    [
        ("../../etc/passwd", "pdf", "passwd.pdf"),
        ("C:\\Users\\An\\KH 12.pdf", "pdf", "KH 12.pdf"),
        ("ke-hoach.html", "pdf", "ke-hoach.html.pdf"),
        ("anh\u202egpj.exe", "png", "anhgpj.exe.png"),
        ('x"\r\nSet-Cookie: a=b.pdf', "pdf", "x Set-Cookie a=b.pdf"),
        ("...", "jpeg", "tai-lieu.jpg"),
        ("CON.pdf", "pdf", "_CON.pdf"),
        ("nul", "pdf", "_nul.pdf"),
        ("a\x01b\x7fc.pdf", "pdf", "abc.pdf"),
        ("", "docx", "tai-lieu.docx"),
        ("Bản tự chấm.JPEG", "jpeg", "Bản tự chấm.JPEG"),
        ("Ke\u0302\u0301 hoạch.pdf", "pdf", "Kế hoạch.pdf"),
    ],
)
def test_names_are_made_harmless(given: str, kind: str, kept: str) -> None:
    assert clean_name(given, kind) == kept


def test_long_names_are_cut() -> None:
    assert len(clean_name("a" * 5000 + ".pdf", "pdf")) <= 130


def test_a_pdf_is_kept_with_a_picture_of_each_page(
    session: Session, store: ScanStore, world: SmallWorld, now: dt.datetime
) -> None:
    file = take(session, store, world, pdf_bytes(3), "KH-12.pdf", now)
    assert (file.kind, file.page_count, len(file.page_images)) == ("pdf", 3, 3)
    sha256, media_type = page_image(file, 3)
    assert media_type == "image/jpeg"
    assert store.path(sha256).read_bytes().startswith(b"\xff\xd8\xff")
    for page in (0, 4, -1):
        with pytest.raises(NotFound):
            page_image(file, page)


def test_the_same_bytes_again_are_the_same_file(
    session: Session, store: ScanStore, world: SmallWorld, now: dt.datetime
) -> None:
    first = take(session, store, world, pdf_bytes(), "a.pdf", now)
    assert take(session, store, world, pdf_bytes(), "b.pdf", now).id == first.id
    other = add_file(
        session,
        store,
        world.units["19111"],
        Upload("a.pdf", io.BytesIO(pdf_bytes())),
        actor="unit-19111",
        now=now,
        max_evidence_mb=1,
    )
    assert other.id != first.id, "another unit must not learn that somebody has this document"


def test_a_picture_is_its_own_page_and_office_files_have_none(
    session: Session, store: ScanStore, world: SmallWorld, now: dt.datetime
) -> None:
    picture = take(session, store, world, image_bytes(), "anh.png", now)
    assert page_image(picture, 1) == (picture.sha256, "image/png")
    office = take(session, store, world, office_bytes("word/document.xml"), "a.docx", now)
    assert (office.page_count, office.page_images) == (None, [])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "rỗng"),
        (HTML, "không phải PDF"),
        (pdf_bytes(password="bi-mat"), "có mật khẩu"),
        (b"%PDF-1.7\n" + b"garbage" * 50, "bị hỏng"),
    ],
)
def test_bad_files_are_refused_and_leave_no_row(  # noqa: PLR0917 - fixtures
    content: bytes, sentence: str, session: Session, store: ScanStore, world: SmallWorld, now: dt.datetime
) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        take(session, store, world, content, "KH-12.pdf", now)
    assert session.scalars(select(EvidenceFile)).all() == []


def test_a_large_file_is_told_its_size_and_the_limit(
    session: Session, store: ScanStore, world: SmallWorld, now: dt.datetime
) -> None:
    with pytest.raises(UploadTooLarge, match=r"2 MB, giới hạn 1 MB\. Chia làm hai"):
        take(session, store, world, b"%PDF-" + bytes(1_200_000), "to.pdf", now)


def test_a_drawer_that_hangs_costs_only_the_pictures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_bytes(2))
    monkeypatch.setattr(page_images, "TIME_LIMIT_S", 0.0)
    assert page_images.draw_pages(path, 2) == []


def test_only_so_many_pdfs_are_drawn_at_once_and_the_next_gets_a_sentence(
    session: Session,
    store: ScanStore,
    world: SmallWorld,
    now: dt.datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page_images, "WAIT_LIMIT_S", 0.01)
    with page_images.drawing_place("a.pdf"), page_images.drawing_place("b.pdf"):
        with pytest.raises(InvalidInput, match=r"chưa nhận “KH-12\.pdf”"):
            take(session, store, world, pdf_bytes(), "KH-12.pdf", now)
        assert take(session, store, world, image_bytes(), "anh.png", now).kind == "png", (
            "pictures do not wait"
        )
    assert take(session, store, world, pdf_bytes(), "KH-12.pdf", now).page_count == 1


def test_a_place_is_given_back_after_a_broken_document() -> None:
    for _ in range(page_images.MAX_AT_ONCE + 1):
        with pytest.raises(ValueError, match="broken"), page_images.drawing_place("a.pdf"):
            raise ValueError("broken")


def test_a_citation_can_be_made_moved_and_removed_and_all_of_it_stays_on_record(
    session: Session, store: ScanStore, world: SmallWorld, now: dt.datetime
) -> None:
    unit = world.units["19186"]
    file = take(session, store, world, pdf_bytes(3), "KH-12.pdf", now)
    for page in (2, 2, None):
        cite_file(session, unit, "1.1.1", file, page_number=page, actor="unit-19186", now=now)
    links = current_links(session, unit.id)["1.1.1"]
    assert [link.page_number for link in links] == [2, None]
    remove_citation(session, unit, links[0], "unit-19186", now)
    assert [link.page_number for link in current_links(session, unit.id)["1.1.1"]] == [None]
    with pytest.raises(NotFound):
        find_citation(session, unit.id, "1.1.1", links[0].id)
    cite_file(session, unit, "1.1.1", file, page_number=2, actor="unit-19186", now=now)
    assert [link.page_number for link in current_links(session, unit.id)["1.1.1"]] == [None, 2]
    assert len(session.scalars(select(EvidenceLink)).all()) == 4


@pytest.mark.parametrize("page", [0, 4, -1, 10**6])
def test_only_pages_that_exist_can_be_cited(
    page: int, session: Session, store: ScanStore, world: SmallWorld, now: dt.datetime
) -> None:
    file = take(session, store, world, pdf_bytes(3), "KH-12.pdf", now)
    with pytest.raises(InvalidInput, match="có 3 trang, không có trang"):
        cite_file(session, world.units["19186"], "1.1.1", file, page_number=page, actor="unit-19186", now=now)


def test_another_units_file_is_as_absent_as_none(
    session: Session, store: ScanStore, world: SmallWorld, now: dt.datetime
) -> None:
    file = take(session, store, world, pdf_bytes(), "KH-12.pdf", now)
    messages = set()
    for file_id in (file.id, file.id + 1000):
        with pytest.raises(NotFound) as absent:
            find_file(session, world.units["19111"].id, file_id)
        messages.add(str(absent.value))
    assert len(messages) == 1


def test_after_the_deadline_no_evidence_is_taken(
    session: Session, store: ScanStore, world: SmallWorld
) -> None:
    late = world.campaign.self_score_due_at + dt.timedelta(seconds=1)
    with pytest.raises(Locked, match="đã qua"):
        take(session, store, world, pdf_bytes(), "KH-12.pdf", late)
    assert take(session, store, world, pdf_bytes(), "KH-12.pdf", world.campaign.self_score_due_at).id


def test_an_archive_of_very_many_entries_is_no_document() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w/>")
        for number in range(5_000):
            archive.writestr(f"{number}", "")
    with pytest.raises(InvalidInput, match="không phải"):
        find_kind(out, "a.docx")
