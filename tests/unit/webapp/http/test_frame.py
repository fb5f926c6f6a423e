"""Access, transactions, fragments and errors, on a blueprint made for the purpose."""

import datetime as dt
import io
import logging
import unicodedata
from typing import TYPE_CHECKING

import pytest
from docx import Document
from flask import request, session
from sqlalchemy import select

from tests.clients import Office
from tests.unit.webapp.http.conftest import MakeOffice
from tests.unit.webapp.http.probe import blueprint
from webapp.http import sign_in
from webapp.http.context import EXTENSION
from webapp.http.security import limit_body
from webapp.papers.plain_workbook import write_rows
from webapp.persistence.accounts import User
from webapp.persistence.audit import LogEntry
from webapp.settings import Settings

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


@pytest.fixture
def office(make_office: MakeOffice) -> Office:
    return make_office(blueprint)


def written(office: Office) -> list[str]:
    """What the probe wrote and what was kept."""
    with office.session() as session:
        return list(session.scalars(select(LogEntry.subject).where(LogEntry.act == "probe")))


def test_a_unit_opens_its_own_page_and_no_other(office: Office) -> None:
    browser = office.browser("unit-19186")
    assert browser.get("/probe/unit/19186").text == "xã Đại Trạch"
    foreign, nowhere = browser.get("/probe/unit/NV"), browser.get("/probe/unit/khong-co")
    assert foreign.status_code == nowhere.status_code == 404
    assert foreign.text.replace("NV", "") == nowhere.text.replace("khong-co", "")


def test_other_roles_do_not_get_in(office: Office) -> None:
    assert office.browser("clerk").get("/probe/unit/19186").status_code == 403
    assert office.browser().get("/probe/unit/19186").status_code == 303


def test_an_account_that_was_switched_off_is_out_at_once(office: Office) -> None:
    browser = office.browser("unit-19186")
    with office.session() as session:
        session.scalars(select(User).where(User.username == "unit-19186")).one().is_active = False
        session.commit()
    assert browser.get("/probe/unit/19186").status_code == 303


def test_only_what_succeeded_is_kept(office: Office) -> None:
    browser = office.browser("clerk")
    office.app.testing = False
    for outcome, status in (("ok", 200), ("refused", 422), ("raises", 422), ("bug", 500), ("keeps", 422)):
        assert browser.post(f"/probe/write/{outcome}").status_code == status
    assert written(office) == ["ok", "keeps"]


def test_reading_never_writes(office: Office) -> None:
    assert office.browser("clerk").get("/probe/write-on-get").status_code == 200
    assert written(office) == []


def test_a_bug_shows_a_number_and_logs_the_trace_under_it(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.app.testing = False
    with caplog.at_level(logging.ERROR, logger="chamdiem"):
        page = office.browser("clerk").post("/probe/write/bug")
    (record,) = [entry for entry in caplog.records if entry.name == "chamdiem"]
    number = record.getMessage().split()[1].rstrip(":")
    assert f"{number[:4]} {number[4:]}" in page.text
    assert record.exc_info is not None
    assert "ZeroDivisionError" not in page.text


def test_an_error_s_own_words_are_filled_translated_and_escaped(office: Office) -> None:
    page = office.browser("clerk").post("/probe/write/raises")
    assert "Số &lt;5&gt; không hợp lệ." in page.text
    assert "Nội dung nhập chưa hợp lệ" in page.text


def test_a_raised_error_leaves_the_form_on_the_screen(office: Office) -> None:
    answer = office.browser("clerk").post("/probe/write/raises", htmx=True)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (422, "#messages")
    assert "<html" not in answer.text


def test_texts_of_library_errors_stay_in_the_log(office: Office) -> None:
    page = office.browser("clerk").get("/probe/scan")
    assert page.status_code == 422
    assert "Không mở được tệp quét" in page.text
    assert "/var/secret" not in page.text


def test_one_address_gives_the_page_or_its_part(office: Office) -> None:
    browser = office.browser("clerk")
    page, part = browser.get("/probe/part"), browser.get("/probe/part", htmx=True)
    assert "<html" in page.text
    assert "<html" not in part.text
    assert {"HX-Request", "HX-Boosted"} <= set(page.vary) & set(part.vary)
    boosted = {"HX-Request": "true", "HX-Boosted": "true"}
    assert "<html" in browser.client.get("/probe/part", headers=boosted).text
    restored = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in browser.client.get("/probe/part", headers=restored).text
    assert part.headers["HX-Trigger"] == '{"saved": "\\u0111\\u00e3 l\\u01b0u"}', "headers are ASCII"


def test_leaving_a_page_works_with_and_without_htmx(office: Office) -> None:
    browser = office.browser("clerk")
    plain, swap = browser.post("/probe/away"), browser.post("/probe/away", htmx=True)
    assert (plain.status_code, plain.location) == (303, "/ca-nhan")
    assert (swap.status_code, swap.headers["HX-Redirect"]) == (204, "/ca-nhan")
    assert browser.get("/ca-nhan").text.count("Đã xong.") == 2


def test_all_typed_text_arrives_composed(office: Office) -> None:
    apart = unicodedata.normalize("NFD", "Đại Trạch")
    fields = {"word": apart, "file": (io.BytesIO(b"x"), apart + ".pdf")}
    answer = office.browser("clerk").post("/probe/echo", fields, query_string={"q": apart})
    assert answer.json == {"form": "Đại Trạch", "query": "Đại Trạch", "file": "Đại Trạch.pdf"}


def test_no_typed_sign_keeps_a_paper_from_being_made(office: Office) -> None:
    """What a unit pastes out of a PDF stands later in the office's minutes: Word and Excel files are XML."""
    odd = "Đại\x0b \x01Trạch\ufffe\x00\uffff\x1f 💣"
    fields = {"word": odd, "file": (io.BytesIO(b"x"), odd + ".pdf")}
    answer = office.browser("clerk").post("/probe/echo", fields, query_string={"q": odd})
    assert answer.json is not None
    for text in answer.json.values():
        assert text.removesuffix(".pdf") == "Đại Trạch 💣"
        Document().add_paragraph(text)
        assert write_rows({"a": [["b"], [text]]})


def test_a_misspelt_name_in_a_template_is_an_error(office: Office) -> None:
    with pytest.raises(Exception, match="missing_name"):
        office.browser("clerk").get("/probe/text")


def test_strangers_cannot_send_large_bodies(office: Office) -> None:
    body = {"username": "x", "password": "y", "next": "z" * 2_000_000}
    assert office.browser().client.post("/dang-nhap", data=body).status_code == 413


def test_no_form_may_be_large(office: Office) -> None:
    large = {"word": "z" * 5_000_000}
    assert office.browser("clerk").post("/ca-nhan/mat-khau", large).status_code == 413
    assert office.browser("clerk").post("/quet", large).status_code == 413, "a form, not files"


@pytest.mark.parametrize(
    ("path", "who", "limit_mib"),
    [
        ("/quet", "clerk", 600),
        ("/chup", "clerk", 600),
        ("/in/phieu-thu", "clerk", 600),
        ("/tu-cham/1.1.1/tep", "unit-19186", 200),
        ("/phan-hoi", "unit-19186", 200),
        ("/phan-hoi/gui", "unit-19186", 200),
        ("/kien-nghi", "unit-19186", 21),
        ("/bo-chi-so/2020/commune/nhap", "administrator", 6),
        ("/ca-nhan/mat-khau", "clerk", 4),
    ],
)
def test_files_may_be_large_where_files_are_sent(office: Office, path: str, who: str, limit_mib: int) -> None:
    settings: Settings = office.app.extensions[EXTENSION].settings
    with office.session() as opened:
        user = opened.scalars(select(User).where(User.username == who)).one()
        claim = sign_in.Claim(user.id, user.session_epoch)
    sent = {"method": "POST", "content_type": "multipart/form-data; boundary=x"}
    with office.app.test_request_context(path, **sent):
        sign_in.begin_session(session, claim, office.clock())
        limit_body(settings)
        assert request.max_content_length == limit_mib * 1024 * 1024


@pytest.mark.parametrize("path", ["/quet", "/chup", "/in/phieu-thu"])
def test_nobody_sends_a_large_body_to_be_refused_when_all_of_it_is_there(office: Office, path: str) -> None:
    """Neither a role without the page nor a cookie that was signed out: each could fill the disk."""
    unit = office.browser("unit-19186")
    token, sent = {"X-CSRF-Token": unit.token()}, {"content_type": "multipart/form-data; boundary=x"}
    body = Unread(b"x" * (5 << 20))
    refused = unit.client.post(path, input_stream=body, headers=token, **sent)
    assert (refused.status_code, body.is_read) == (403, False)
    copy = unit.client.get_cookie("chamdiem")
    unit.post("/dang-xuat")
    assert copy is not None
    unit.client.set_cookie("chamdiem", copy.value)
    refused = unit.client.post(path, input_stream=body, headers=token, **sent)
    assert (refused.status_code, refused.location, body.is_read) == (303, "/dang-nhap", False)


class Unread(io.BytesIO):
    """A body that notes whether anybody began to read it."""

    is_read = False

    def readinto(self, _buffer: "WriteableBuffer", /) -> int:
        self.is_read = True
        return 0


def test_each_reader_sees_figures_in_their_language(office: Office) -> None:
    browser = office.browser("clerk")
    browser.post("/ngon-ngu", {"locale": "en"})
    assert browser.get("/probe/figures").text == "0.00 50.0\u00a0% Clerk 3,108 sheets 1 <&lt;i&gt;>"
    browser.post("/ngon-ngu", {"locale": "vi"})
    assert browser.get("/probe/figures").text == "0,00 50,0\u00a0% Văn thư 3.108 phiếu 1 <&lt;i&gt;>"


@pytest.mark.parametrize("number", ["2147483648", "9" * 19, "9" * 30, "9" * 3000])
def test_a_number_that_no_row_has_is_not_found(office: Office, number: str) -> None:
    assert office.browser("administrator").post(f"/nguoi-dung/{number}/khoa").status_code == 404
    assert office.browser("clerk").get(f"/quet/{number}").status_code == 404


@pytest.mark.parametrize(
    ("referrer", "place"),
    [
        ("http://localhost/ca-nhan?x=1", "/ca-nhan?x=1"),
        ("http://localhost/ca-nhan/mat-khau", "/"),
        ("http://localhost//evil.example", "/"),
        ("http://evil.example/ca-nhan", "/"),
        ("http://[", "/"),
        ("", "/"),
    ],
)
def test_a_refused_form_leads_back_to_the_page_it_stood_on(office: Office, referrer: str, place: str) -> None:
    browser = office.browser("clerk")
    headers = {"Referer": referrer, "X-CSRF-Token": browser.token()}
    page = browser.client.post("/ca-nhan/mat-khau", headers=headers)
    assert page.status_code == 422
    assert f'name="next" value="{place}"' in page.text


def test_an_ended_session_keeps_the_place(office: Office) -> None:
    at = {"HX-Request": "true", "HX-Current-URL": "http://localhost/ca-nhan?x=1"}
    answer = office.browser().client.get("/tien-do", headers=at)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/dang-nhap?next=/ca-nhan?x%3D1"
    elsewhere = {"HX-Request": "true", "HX-Current-URL": "http://evil.example/ca-nhan"}
    answer = office.browser().client.get("/tien-do", headers=elsewhere)
    assert answer.headers["HX-Redirect"] == "/dang-nhap"


def test_a_page_that_is_not_there(office: Office) -> None:
    answer = office.browser("clerk").get("/khong-co")
    assert answer.status_code == 404
    assert "Bảng việc" in answer.text
    assert office.browser("clerk").client.get("/dang-xuat").status_code == 405


def test_the_moment_stands_still_within_a_request(office: Office) -> None:
    office.clock.now = dt.datetime(2021, 3, 16, 3, 0, tzinfo=dt.UTC)
    office.browser("clerk").post("/probe/write/ok")
    with office.session() as session:
        entry = session.scalars(select(LogEntry).where(LogEntry.act == "probe")).one()
    assert entry.at == office.clock.now
