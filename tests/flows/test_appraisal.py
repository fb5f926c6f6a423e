"""An appraiser at the browser: the list, evidence beside the criterion, reasons, two people at one cell."""

import datetime as dt
import io
import re

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests.clients import Browser, Office
from tests.worlds.documents import office_bytes, pdf_bytes
from tests.worlds.self_scored import add_schemes, send_everything
from tests.worlds.small import SmallWorld
from webapp.persistence.accounts import User
from webapp.persistence.appraisal import AppraisedScoreEntry, EvidenceFile, EvidenceLink
from webapp.persistence.campaign import Campaign, Unit
from webapp.services.evidence import Upload, add_file, cite_file
from webapp.storage import ScanStore

SENT, DRAFT = "19186", "19111"
CELL = f"/tham-dinh/{SENT}/1.1.1"  # levels 1, 0.5, 0; the unit declares 1
OWN_POINTS = re.compile(
    r'value="([\d.]+)">\s*<b class="number">[^<]*</b> <span>[^<]*<small class="soft">\(tự'
)


@pytest.fixture(autouse=True)
def sent_unit(office: Office, now: dt.datetime) -> None:
    """Xã Đại Trạch has sent everything, with a PDF of three pages and a Word file behind 1.1.1."""
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        add_schemes(session, SmallWorld(campaign, {}, {}), now)
        unit = session.scalars(select(Unit).where(Unit.code == SENT)).one()
        attach(office, session, unit, now)
        send_everything(session, unit, f"unit-{SENT}", now)
        attach(office, session, session.scalars(select(Unit).where(Unit.code == DRAFT)).one(), now)
        session.commit()


def attach(office: Office, session: object, unit: Unit, now: dt.datetime) -> None:
    store = ScanStore(office.app.extensions["chamdiem"].settings.scans_dir)
    actor = f"unit-{unit.code}"
    documents = (("KH-12.pdf", pdf_bytes(3), 2), ("so-lieu.docx", office_bytes("word/document.xml"), None))
    for name, content, page in documents:
        upload = Upload(name, io.BytesIO(content))
        file = add_file(session, store, unit, upload, actor=actor, now=now, max_evidence_mb=20)  # type: ignore[arg-type]
        cite_file(session, unit, "1.1.1", file, page_number=page, actor=actor, now=now)  # type: ignore[arg-type]


def decide(browser: Browser, choice: str, reason: str = "", seen: int = 0, other: str = "") -> TestResponse:
    fields = {"choice": choice, "reason": reason, "seen_version": str(seen), "other": other}
    return browser.post(CELL, fields)


def versions(office: Office) -> int:
    with office.session() as session:
        return session.scalar(select(func.count()).select_from(AppraisedScoreEntry)) or 0


def test_the_list_shows_every_unit_and_its_state(office: Office) -> None:
    page = office.browser("appraiser").get("/tham-dinh").text
    for words in ("Phòng Nội vụ", "Xã Đại Trạch", "Thị trấn Hoàn Lão", "Chờ thẩm định", "Chưa gửi", "0/40"):
        assert words in page


def test_a_unit_shows_maximum_self_appraised_and_difference(office: Office) -> None:
    browser = office.browser("appraiser")
    decide(browser, "0.50", "Ký chậm")
    page = browser.get(f"/tham-dinh/{SENT}").text
    row = page[page.index('<td class="code">1.1.1</td>') :].split("</tr>")[0]
    assert re.findall(r"−?\d,\d\d", row) == ["1,00", "1,00", "0,50", "−0,50"]
    assert "2 tệp" in row


def test_evidence_stands_beside_the_criterion_at_its_page(office: Office) -> None:
    browser = office.browser("appraiser")
    page = browser.get(CELL).text
    assert "Trang 2/3" in page
    assert "(trang dẫn)" in page
    assert "Ban hành kịp thời" in page
    picture = re.search(rf"/tham-dinh/{SENT}/tep/\d+/trang/2", page)
    assert picture is not None
    answer = browser.get(picture[0])
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    answer.close()
    turn = re.search(rf'hx-get="({CELL}/minh-chung/\d+\?trang=3)"', page)
    assert turn is not None
    fragment = browser.get(turn[1], htmx=True).text
    assert fragment.lstrip().startswith('<section id="viewer"')
    assert "Trang 3/3" in fragment
    assert "<html" in browser.get(turn[1]).text, "the same address is a whole page for a plain browser"


def test_office_files_are_offered_as_downloads(office: Office) -> None:
    browser = office.browser("appraiser")
    with office.session() as session:
        unit = session.scalars(select(Unit).where(Unit.code == SENT)).one()
        wanted = select(EvidenceFile).where(EvidenceFile.unit_id == unit.id, EvidenceFile.kind == "docx")
        file = session.scalars(wanted).one()
        link = session.scalars(select(EvidenceLink).where(EvidenceLink.file_id == file.id)).one()
    page = browser.get(f"{CELL}/minh-chung/{link.id}").text
    assert "không xem trước được" in page
    answer = browser.get(f"/tham-dinh/{SENT}/tep/{file.id}")
    assert answer.headers["Content-Disposition"] == "attachment; filename=so-lieu.docx"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    answer.close()


def test_nothing_is_chosen_for_the_appraiser(office: Office) -> None:
    assert " checked" not in office.browser("appraiser").get(CELL).text


def test_saving_goes_on_to_the_next_component(office: Office) -> None:
    answer = decide(office.browser("appraiser"), "1.00")
    assert (answer.status_code, answer.location) == (303, f"/tham-dinh/{SENT}/1.1.2")
    assert versions(office) == 1


@pytest.mark.parametrize(
    ("choice", "other", "sentence"),
    [
        ("0.50", "", "khác điểm tự chấm: ghi lý do"),
        ("", "", "Chọn điểm thẩm định"),
        ("other", "1,5", "phải từ 0 đến 1"),
        ("other", "", "Chưa có số liệu"),
        ("other", "một", "phải là số"),
        ("other", "1.234", "1234 hoặc 1,234"),
        ("na", "", "không được ghi “không áp dụng”"),
        ("-1", "", "phải là số"),
    ],
)
def test_refusals_keep_what_was_typed(choice: str, other: str, sentence: str, office: Office) -> None:
    reason = "" if sentence.endswith("lý do") else "Lý do <i>dài</i>"
    answer = decide(office.browser("appraiser"), choice, reason, other=other)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "<title>Lỗi:" in answer.text
    assert f'name="other" value="{other}"' in answer.text
    assert reason.replace("<", "&lt;").replace(">", "&gt;") in answer.text
    assert versions(office) == 0


@pytest.mark.parametrize("typed", ["0,75", "0.75", " 0,75 "])
def test_other_points_take_comma_and_dot(typed: str, office: Office) -> None:
    browser = office.browser("appraiser")
    assert decide(browser, "other", "Giữa hai mức", other=typed).status_code == 303
    page = browser.get(CELL).text
    assert 'name="other" value="0,75"' in page
    assert 'value="other" checked' in page


def test_the_second_appraiser_sees_both_versions(office: Office) -> None:
    browser = office.browser("appraiser")
    assert decide(browser, "0.50", "Bản thứ nhất").status_code == 303
    answer = decide(browser, "0.00", "Bản thứ hai")
    assert answer.status_code == 409
    for words in ("0,50", "Bản thứ nhất", "Appraiser lưu lúc", "0,00", "Bản thứ hai"):
        assert words in answer.text
    assert versions(office) == 1
    fields = dict(re.findall(r'name="(seen_version|choice|other|reason)" value="([^"]*)"', answer.text))
    assert browser.post(CELL, fields).status_code == 303
    page = browser.get(CELL).text
    assert "Lịch sử: 2 bản" in page
    assert "Bản thứ nhất" in page, "nothing is overwritten"


def test_finishing_names_what_waits_and_then_closes(office: Office) -> None:
    browser = office.browser("appraiser")
    decide(browser, "1.00")
    answer = browser.post(f"/tham-dinh/{SENT}/xong")
    assert answer.status_code == 422
    assert "Còn 39 tiêu chí chưa thẩm định: 1.1.2" in answer.text
    address = f"/tham-dinh/{SENT}/1.1.2"
    while address != f"/tham-dinh/{SENT}":
        declared = OWN_POINTS.search(browser.get(address).text)
        assert declared is not None, address
        saved = browser.post(address, {"choice": declared[1], "seen_version": "0"})
        assert saved.status_code == 303
        address = saved.location
    assert browser.post(f"/tham-dinh/{SENT}/xong").status_code == 303
    assert "Đã thẩm định" in browser.get(f"/tham-dinh/{SENT}").text
    page = browser.get(CELL).text
    assert "Lưu và tiếp" not in page
    assert decide(browser, "0.00", "quá muộn", seen=1).status_code == 409
    reopen(office)
    page = browser.get(f"/tham-dinh/{SENT}").text
    assert "Head mở lại thẩm định lúc 16/03/2021 09:12:" in page
    assert "Đơn vị gửi bổ sung minh chứng" in page
    assert "Chờ thẩm định" in page
    assert decide(browser, "0.50", "Ký chậm", seen=1).status_code == 303
    assert "Lịch sử: 2 bản" in browser.get(CELL).text
    assert browser.post(f"/tham-dinh/{SENT}/xong").status_code == 303


def reopen(office: Office) -> None:
    """The head gives the finished unit back to the appraisers; nobody else can, and not without a reason."""
    fields = {"unit_code": SENT, "reopen_reason": "Đơn vị gửi bổ sung minh chứng"}
    for who in ("appraiser", f"unit-{SENT}", "administrator"):
        assert office.browser(who).post("/tu-cham/han/mo-lai", fields).status_code == 403
    head = office.browser("head")
    assert "Mở lại thẩm định" in head.get("/tu-cham/han").text
    for wrong, sentence in (
        ({"reopen_reason": " "}, "Ghi lý do mở lại"),
        ({"unit_code": DRAFT}, "Chọn một đơn vị"),
    ):
        answer = head.post("/tu-cham/han/mo-lai", fields | wrong)
        assert answer.status_code == 422
        assert sentence in answer.text
    assert head.post("/tu-cham/han/mo-lai", fields).status_code == 303
    assert head.post("/tu-cham/han/mo-lai", fields).status_code == 422, "open already"
    assert "reopen-unit" not in head.get("/tu-cham/han").text


def test_drafts_are_nobodys_business(office: Office) -> None:
    browser = office.browser("appraiser")
    page = browser.get(f"/tham-dinh/{DRAFT}")
    assert page.status_code == 200
    assert "chưa gửi bản tự chấm" in page.text
    assert "KH-12.pdf" not in page.text
    with office.session() as session:
        unit = session.scalars(select(Unit).where(Unit.code == DRAFT)).one()
        files = session.scalars(select(EvidenceFile.id).where(EvidenceFile.unit_id == unit.id)).all()
        links = session.scalars(select(EvidenceLink.id).where(EvidenceLink.unit_id == unit.id)).all()
    closed = [f"/tham-dinh/{DRAFT}/1.1.1", f"/tham-dinh/{DRAFT}/1.1.1/minh-chung/{links[0]}"]
    for unit_code in (DRAFT, SENT):  # a draft's file is not found under a sent unit's address either
        closed += [f"/tham-dinh/{unit_code}/tep/{file}{page}" for file in files for page in ("", "/trang/1")]
    closed += [f"{CELL}/minh-chung/{links[0]}"]
    for path in closed:
        assert browser.get(path).status_code == 404, path


def test_an_odd_version_is_a_conflict_or_none_but_never_a_fault(office: Office) -> None:
    browser = office.browser("appraiser")
    assert decide(browser, "1.00").status_code == 303
    for seen in ("9" * 5000, "-1", "", "٣", "1e3"):
        answer = browser.post(CELL, {"choice": "1.00", "reason": "", "seen_version": seen})
        assert answer.status_code == 409
    assert browser.get("/tham-dinh/%00/1.1.1").status_code == 404
    assert versions(office) == 1


@pytest.mark.parametrize("path", ["/XX", "/19186/9.9.9", "/19186/1.7.1", "/19186/xong", "/19186/tep/999"])
def test_what_does_not_exist_is_not_found(path: str, office: Office) -> None:
    assert office.browser("appraiser").get(f"/tham-dinh{path}").status_code in (404, 405)


def test_an_appraiser_of_the_own_unit_only_looks(office: Office) -> None:
    with office.session() as session:
        judge = session.scalars(select(User).where(User.username == "appraiser")).one()
        judge.unit_id = session.scalars(select(Unit.id).where(Unit.code == SENT)).one()
        session.commit()
    browser = office.browser("appraiser")
    page = browser.get(CELL).text
    assert "người khác trong tổ sẽ thẩm định" in page
    assert 'id="decide"' not in page
    assert decide(browser, "1.00").status_code == 403
    assert browser.post(f"/tham-dinh/{SENT}/xong").status_code == 403
    assert versions(office) == 0


OTHERS = ["unit-19186", "unit-19111", "clerk", "reviewer", "head", "viewer", "administrator"]


@pytest.mark.parametrize("who", OTHERS)
def test_only_appraisers_open_any_of_it(who: str, office: Office) -> None:
    with office.session() as session:
        file = session.scalars(select(EvidenceFile).order_by(EvidenceFile.id)).first()
        link = session.scalars(select(EvidenceLink).order_by(EvidenceLink.id)).first()
    assert file is not None
    assert link is not None
    parts = {"<unit_code>": SENT, "<code>": "1.1.1", "<int:page_number>": "1"}
    parts |= {"<int:file_id>": str(file.id), "<int:link_id>": str(link.id)}
    browser = office.browser(who)
    rules = [rule for rule in office.app.url_map.iter_rules() if rule.rule.startswith("/tham-dinh")]
    assert len(rules) >= 8
    for rule in rules:
        path = rule.rule
        for name, value in parts.items():
            path = path.replace(name, value)
        for method in (rule.methods or set()) & {"GET", "POST"}:
            answer = browser.get(path) if method == "GET" else browser.post(path)
            assert answer.status_code == 403, (method, path)
    assert versions(office) == 0


def test_reading_writes_nothing(office: Office) -> None:
    for path in ("/tham-dinh", f"/tham-dinh/{SENT}", CELL):
        assert office.browser("appraiser").get(path).status_code == 200
    assert versions(office) == 0


def test_the_pages_speak_english_too(office: Office) -> None:
    browser = office.browser("appraiser")
    with office.session() as session:
        session.scalars(select(User).where(User.username == "appraiser")).one().locale = "en"
        session.commit()
    page = browser.get(f"/tham-dinh/{SENT}").text
    assert "Self-score" in page
    assert "Tự chấm" not in page
