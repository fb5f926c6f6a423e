"""From a fixed version to its official documents, with the words that people add to them."""

import datetime as dt
import io

import pytest
from docx import Document
from sqlalchemy import select

from tests.clients import Office
from tests.flows.test_results import fill
from webapp.persistence.audit import LogEntry
from webapp.persistence.campaign import Campaign
from webapp.persistence.documents import DocumentWording
from webapp.persistence.results import IndexVersion

SLUGS = ("quyet-dinh", "bao-cao", "bien-ban")
BASES = (
    "Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2015\n"
    "Theo đề nghị của Trưởng phòng Nội vụ"
)


@pytest.fixture
def fixed(office: Office, now: dt.datetime) -> Office:
    """A trial (version 1) and a fixed version (2)."""
    fill(office, now)
    head = office.browser("head")
    assert head.post("/chi-so/tinh-thu").location == "/chi-so/1"
    assert head.post("/chi-so/chot").location == "/chi-so/2"
    return office


def written(data: bytes) -> str:
    """All that stands in a Word file, its feet included."""
    document = Document(io.BytesIO(data))
    feet = [p.text for section in document.sections for p in section.footer.paragraphs]
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(p.text for p in document.paragraphs), *cells, *feet])


def test_a_fixed_version_gives_all_documents_as_drafts_and_to_be_signed(fixed: Office) -> None:
    head = fixed.browser("head")
    assert "/chi-so/2/van-ban" in head.get("/chi-so/2").text
    page = head.get("/chi-so/2/van-ban").text
    for slug in SLUGS:
        for kind, magic in (("docx", b"PK"), ("pdf", b"%PDF")):
            address = f"/chi-so/2/van-ban/{slug}.{kind}"
            assert f'href="{address}"' in page
            assert f'href="{address}?trinh-ky=1"' in page
            answer = head.get(address)
            assert answer.data.startswith(magic)
            assert answer.headers["Cache-Control"] == "no-store"
            assert f"{slug}-2020-ban-2-du-thao.{kind}" in answer.headers["Content-Disposition"]
    draft = written(head.get("/chi-so/2/van-ban/quyet-dinh.docx").data)
    signed = written(head.get("/chi-so/2/van-ban/quyet-dinh.docx?trinh-ky=1").data)
    assert "DỰ THẢO" in draft
    assert "DỰ THẢO" not in signed
    assert "Nguyễn Ngọc Tuấn" in signed


def test_a_document_bears_the_versions_hash_and_the_logs_mark(fixed: Office) -> None:
    foot = written(fixed.browser("head").get("/chi-so/2/van-ban/bao-cao.docx").data)
    with fixed.session() as session:
        version = session.scalars(select(IndexVersion).where(IndexVersion.number == 2)).one()
        entry = session.scalars(select(LogEntry).where(LogEntry.act == "paper_made")).one()
    assert f"Bản số 2, tính lúc 16/03/2021 09:12 · số liệu đầu vào (SHA-256) {version.sha256}" in foot
    assert f"Nhật ký {entry.head.mark}" in foot
    assert entry.subject == "paper/bao-cao-2020-ban-2-du-thao.docx"


def test_a_trial_gives_no_document(fixed: Office) -> None:
    head = fixed.browser("head")
    assert "/van-ban" not in head.get("/chi-so/1").text
    for path in ("", "/quyet-dinh", "/quyet-dinh.docx"):
        answer = head.get(f"/chi-so/1/van-ban{path}")
        assert answer.status_code == 404
        assert "tính thử" in answer.text
    for path in ("/chi-so/2/van-ban/cong-van", "/chi-so/2/van-ban/quyet-dinh.odt", "/chi-so/9/van-ban"):
        assert head.get(path).status_code == 404


@pytest.mark.parametrize("name", ["viewer", "unit-nv", "appraiser", "clerk", "administrator"])
def test_only_the_head_makes_documents(fixed: Office, name: str) -> None:
    browser = fixed.browser(name)
    for path in ("", "/quyet-dinh", "/quyet-dinh.docx", "/quyet-dinh.pdf"):
        assert browser.get(f"/chi-so/2/van-ban{path}").status_code == 403
    assert browser.post("/chi-so/2/van-ban/quyet-dinh", {"bases": BASES}).status_code == 403
    with fixed.session() as session:
        assert session.scalars(select(DocumentWording)).all() == []


def test_what_people_write_stands_in_the_document_and_nothing_is_lost(fixed: Office) -> None:
    head, address = fixed.browser("head"), "/chi-so/2/van-ban/quyet-dinh"
    assert "chỗ trống (…)" in head.get("/chi-so/2/van-ban").text
    fields = {
        "bases": BASES,
        "duties": "",
        "doers": "Mọi đơn vị thi hành",
        "recipients": "Như Điều 4\nLưu: VT",
    }
    answer = head.post(address, {**fields, "seen_revision": "0"})
    assert (answer.status_code, answer.location) == (303, "/chi-so/2/van-ban")
    text = written(head.get(f"{address}.docx").data)
    assert "địa phương ngày 19 tháng 6 năm 2015;" in text
    assert "Theo đề nghị của Trưởng phòng Nội vụ." in text
    assert "Điều 4. Mọi đơn vị thi hành./." in text
    assert "kế hoạch khắc phục" in text, "an empty field takes the usual words"
    late = head.post(address, {**fields, "doers": "Ai cũng thi hành", "seen_revision": "0"})
    assert late.status_code == 409
    assert "Ai cũng thi hành" in late.text
    assert 'name="seen_revision" value="1"' in late.text
    assert (
        head.post(address, {**fields, "doers": "Ai cũng thi hành", "seen_revision": "1"}).status_code == 303
    )
    with fixed.session() as session:
        kept = session.scalars(select(DocumentWording).order_by(DocumentWording.revision)).all()
        assert [row.texts["doers"] for row in kept] == ["Mọi đơn vị thi hành", "Ai cũng thi hành"]
        acts = list(session.scalars(select(LogEntry.subject).where(LogEntry.act == "document_worded")))
        assert acts == ["document/decision"] * 2


def test_what_cannot_be_kept_stays_on_the_screen(fixed: Office) -> None:
    head, address = fixed.browser("head"), "/chi-so/2/van-ban/quyet-dinh"
    for fields, sentence in (
        ({"bases": "x" * 5001}, "dài nhất 5000 ký tự"),
        ({"signatory": "Người lạ", "bases": BASES}, "danh sách người ký"),
    ):
        refused = head.post(address, {**fields, "seen_revision": "0"})
        assert refused.status_code == 422
        assert sentence in refused.text
        assert fields["bases"] in refused.text


def test_an_office_without_signatories_gets_an_empty_place_and_is_told(fixed: Office) -> None:
    with fixed.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        for person in campaign.signatories:
            session.delete(person)
        session.commit()
    head = fixed.browser("head")
    assert "chưa có người ký" in head.get("/chi-so/2/van-ban").text
    assert "TM. ỦY BAN NHÂN DÂN\nCHỦ TỊCH" in written(head.get("/chi-so/2/van-ban/quyet-dinh.docx").data)


def test_a_version_that_was_replaced_says_so_on_its_documents(fixed: Office) -> None:
    head = fixed.browser("head")
    assert head.post("/chi-so/chot").location == "/chi-so/3"
    assert head.post("/chi-so/3/cong-bo", {"confirmation": "công bố 2020"}).status_code == 303
    old, new = (written(head.get(f"/chi-so/{n}/van-ban/bien-ban.docx?trinh-ky=1").data) for n in (2, 3))
    assert "ĐÃ CÓ BẢN SỐ 3 THAY" in old
    assert "ĐÃ CÓ BẢN" not in new


def test_an_older_number_that_was_published_later_replaces_a_newer_one(fixed: Office) -> None:
    head, words = fixed.browser("head"), {"confirmation": "công bố 2020"}
    set_office_name(fixed, "UBND thành phố Bố Trạch")
    assert head.post("/chi-so/chot").location == "/chi-so/3"
    fixed.clock.now += dt.timedelta(hours=1)
    assert head.post("/chi-so/3/cong-bo", words).status_code == 303
    set_office_name(fixed, "UBND huyện Bố Trạch")
    fixed.clock.now += dt.timedelta(hours=1)
    assert head.post("/chi-so/2/cong-bo", words).status_code == 303
    old, new = (written(head.get(f"/chi-so/{n}/van-ban/bien-ban.docx?trinh-ky=1").data) for n in (3, 2))
    assert "ĐÃ CÓ BẢN SỐ 2 THAY" in old
    assert "ĐÃ CÓ BẢN" not in new
    fixed.clock.now += dt.timedelta(hours=1)
    assert head.post("/chi-so/chot").location == "/chi-so/4"
    waiting = written(head.get("/chi-so/4/van-ban/bien-ban.docx?trinh-ky=1").data)
    assert "ĐÃ CÓ BẢN" not in waiting, "what is fixed after the published one waits to replace it"


def set_office_name(office: Office, name: str) -> None:
    """An input of the index that is put back as it was."""
    with office.session() as session:
        session.scalars(select(Campaign)).one().office_name = name
        session.commit()
