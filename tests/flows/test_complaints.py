"""A unit complains about its published result; the head answers, and a new version puts it right."""

import datetime as dt
import io

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError

from tests.clients import Office
from tests.flows.test_documents import set_office_name
from tests.flows.test_results import WORDS, fill
from webapp.persistence.audit import LogEntry
from webapp.persistence.complaints import Complaint, ComplaintAnswer
from webapp.services.complaints import Outcome

SAID = "Kế hoạch ký ngày 28/01, không chậm. Đề nghị xem lại."
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n%%EOF\n"


@pytest.fixture
def published(office: Office, now: dt.datetime) -> Office:
    """Version 1 is published."""
    fill(office, now)
    head = office.browser("head")
    head.post("/chi-so/chot")
    assert head.post("/chi-so/1/cong-bo", WORDS).status_code == 303
    return office


def complain(office: Office, username: str = "unit-nv", **fields: object) -> None:
    answer = office.browser(username).post("/kien-nghi", {"component": "1.1.1", "words": SAID, **fields})
    assert answer.status_code == 303, answer.text


def complaints_of(office: Office) -> list[Complaint]:
    with office.session() as session:
        return list(session.scalars(select(Complaint).order_by(Complaint.number)))


def test_nobody_complains_before_publication(office: Office, now: dt.datetime) -> None:
    fill(office, now)
    unit = office.browser("unit-nv")
    assert "sau khi kết quả được công bố" in unit.get("/kien-nghi").text
    assert unit.post("/kien-nghi", {"words": SAID}).status_code == 404
    assert complaints_of(office) == []


def test_a_unit_complains_about_itself_alone_and_with_a_file(published: Office) -> None:
    complain(published, unit="19186", petitioner="", file=(io.BytesIO(PDF), "minh chứng.pdf"))
    [complaint] = complaints_of(published)
    assert (complaint.number, complaint.component_code, complaint.words) == (1, "1.1.1", SAID)
    assert (complaint.petitioner, complaint.recorded_by) == ("Phòng Nội vụ", "unit-nv")
    unit = published.browser("unit-nv")
    page = unit.get("/kien-nghi/1").text
    for shown in (SAID, "1.1.1", "bản số 1", "minh chứng.pdf", "chờ trả lời"):
        assert shown in page
    for browser in (unit, published.browser("head")):
        answer = browser.get("/kien-nghi/1/tep")
        assert answer.data == PDF
        assert answer.headers["Content-Disposition"].startswith("attachment")
        answer.close()


def test_another_unit_gets_the_same_404_as_for_nothing(published: Office) -> None:
    complain(published, file=(io.BytesIO(PDF), "a.pdf"))
    other = published.browser("unit-19186")
    for path in ("/kien-nghi/{}", "/kien-nghi/{}/tep"):
        foreign, absent = (other.get(path.format(number)) for number in (1, 77))
        assert (foreign.status_code, absent.status_code) == (404, 404)
        assert foreign.text.replace(path.format(1), "") == absent.text.replace(path.format(77), "")
    assert SAID not in other.get("/kien-nghi").text
    assert "kien-nghi/1" not in other.get("/kien-nghi").text
    assert other.post("/kien-nghi/1/tra-loi", {"outcome": "upheld", "reason": "x"}).status_code == 403


@pytest.mark.parametrize("name", ["viewer", "appraiser", "clerk", "reviewer", "auditor", "administrator"])
def test_others_do_not_see_complaints(published: Office, name: str) -> None:
    complain(published)
    browser = published.browser(name)
    for path in ("/kien-nghi", "/kien-nghi/1", "/kien-nghi/1/tep"):
        assert browser.get(path).status_code == 403
    assert browser.post("/kien-nghi", {"words": SAID}).status_code == 403
    assert "/kien-nghi" not in browser.get("/").text


def test_a_unit_does_not_answer_itself(published: Office) -> None:
    complain(published)
    unit = published.browser("unit-nv")
    assert "Lưu câu trả lời" not in unit.get("/kien-nghi/1").text
    answer = {"outcome": "upheld", "reason": "Đúng", "seen": "0"}
    assert unit.post("/kien-nghi/1/tra-loi", answer).status_code == 403


def test_the_head_records_a_letter_and_names_its_sender(published: Office) -> None:
    head = published.browser("head")
    refused = head.post("/kien-nghi", {"words": SAID, "petitioner": "UBND xã"})
    assert refused.status_code == 422
    assert "Chọn đơn vị" in refused.text
    assert SAID in refused.text
    letter = {"unit": "19186", "petitioner": "UBND xã Đại Trạch, Công văn số 12", "words": SAID}
    assert head.post("/kien-nghi", letter).location == "/kien-nghi/1"
    assert "UBND xã Đại Trạch, Công văn số 12" in published.browser("unit-19186").get("/kien-nghi/1").text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"words": "  "}, "Ghi nội dung kiến nghị"),
        ({"words": "x" * 5001}, "dài nhất 5000 ký tự"),
        ({"words": SAID, "component": "9.9.9"}, "Chọn tiêu chí"),
        ({"words": SAID, "file": b"MZ\x90"}, "không phải PDF"),
    ],
)
def test_what_cannot_be_recorded_says_why(
    published: Office, fields: dict[str, str | bytes], sentence: str
) -> None:
    sent = {n: said if isinstance(said, str) else (io.BytesIO(said), "a.exe") for n, said in fields.items()}
    refused = published.browser("unit-nv").post("/kien-nghi", sent)
    assert refused.status_code == 422
    assert sentence in refused.text
    assert complaints_of(published) == []


def test_answers_add_up_and_lead_to_the_version_that_put_it_right(published: Office) -> None:
    complain(published)
    head, address = published.browser("head"), "/kien-nghi/1/tra-loi"
    assert "kiến nghị chờ trả lời" in head.get("/").text
    first = {"outcome": Outcome.PARTLY, "reason": "Đang kiểm tra lại kế hoạch.", "seen": "0"}
    assert head.post(address, first).location == "/kien-nghi/1"
    assert "kiến nghị chờ trả lời" not in head.get("/").text
    late = head.post(address, {**first, "reason": "Trả lời khác"})
    assert late.status_code == 409
    assert "Trả lời khác" in late.text, "what was typed stays"
    assert "Đang kiểm tra lại" in late.text, "and so does what the other one said"
    assert head.post("/chi-so/chot").location == "/chi-so/2"
    second = {"outcome": Outcome.UPHELD, "reason": "Đã chấm lại.", "seen": "1", "version": "2"}
    assert head.post(address, second).status_code == 303
    page = published.browser("unit-nv").get("/kien-nghi/1").text
    assert page.index("Đang kiểm tra lại") < page.index("Đã chấm lại.")
    assert "Đã sửa ở bản số 2" in page
    assert "/kien-nghi/1" in head.get("/chi-so/2").text
    assert "/kien-nghi/1" not in head.get("/chi-so/1").text
    with published.session() as session:
        acts = [(e.act, e.actor) for e in session.scalars(select(LogEntry).order_by(LogEntry.seq))]
    told = [act for act in acts if act[0].startswith("complaint_")]
    assert told == [
        ("complaint_recorded", "unit-nv"), ("complaint_answered", "head"), ("complaint_answered", "head"),
    ]  # fmt: skip


def test_an_answer_may_name_an_older_number_that_was_published_after(
    office: Office, now: dt.datetime
) -> None:
    fill(office, now)
    head = office.browser("head")
    head.post("/chi-so/chot")
    set_office_name(office, "UBND thành phố Bố Trạch")
    head.post("/chi-so/chot")
    office.clock.now += dt.timedelta(hours=1)
    assert head.post("/chi-so/2/cong-bo", WORDS).status_code == 303
    complain(office)
    said = {"outcome": Outcome.UPHELD, "reason": "Đã trả lại bản trước.", "seen": "0", "version": "1"}
    assert head.post("/kien-nghi/1/tra-loi", said).status_code == 422, (
        "version 1 is older than what is said wrong"
    )
    set_office_name(office, "UBND huyện Bố Trạch")
    office.clock.now += dt.timedelta(hours=1)
    assert head.post("/chi-so/1/cong-bo", WORDS).status_code == 303
    assert head.post("/kien-nghi/1/tra-loi", said).status_code == 303
    assert "Đã sửa ở bản số 1" in office.browser("unit-nv").get("/kien-nghi/1").text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"outcome": "", "reason": "Vì"}, "Chọn kết luận"),
        ({"outcome": "upheld", "reason": " "}, "Ghi lý do"),
        (
            {"outcome": "upheld", "reason": "Vì", "version": "1"},
            "được chốt hoặc công bố sau bản bị kiến nghị",
        ),
        (
            {"outcome": "upheld", "reason": "Vì", "version": "2"},
            "được chốt hoặc công bố sau bản bị kiến nghị",
        ),
        ({"outcome": "refused", "reason": "Vì", "version": "3"}, "không gắn với bản mới"),
    ],
)
def test_what_is_no_answer_says_why(published: Office, fields: dict[str, str], sentence: str) -> None:
    complain(published)
    head = published.browser("head")
    assert head.post("/chi-so/tinh-thu").location == "/chi-so/1", "nothing new: the same version"
    refused = head.post("/kien-nghi/1/tra-loi", {**fields, "seen": "0"})
    assert refused.status_code == 422
    assert sentence in refused.text
    with published.session() as session:
        assert session.scalars(select(ComplaintAnswer)).all() == []


def test_the_database_itself_keeps_complaints_and_answers(published: Office) -> None:
    complain(published)
    head = published.browser("head")
    head.post("/kien-nghi/1/tra-loi", {"outcome": "refused", "reason": "Kế hoạch đến muộn.", "seen": "0"})
    for table in (Complaint, ComplaintAnswer):
        with published.session() as session:
            session.delete(session.scalars(select(table)).one())
            with pytest.raises(DatabaseError, match="append-only"):
                session.flush()
