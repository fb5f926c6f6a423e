"""Signing in and out, one's own account, and what strangers meet."""

import datetime as dt
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text, update
from werkzeug.test import TestResponse

from tests.clients import Browser, Office, close_office, open_office
from tests.worlds.small import PASSWORD
from webapp.persistence.accounts import User
from webapp.persistence.all_tables import Base
from webapp.persistence.campaign import Campaign
from webapp.persistence.guards import lift_guards
from webapp.services import passwords
from webapp.services.accounts import Role
from webapp.services.sign_in_brakes import ADDRESS_FAILURES_BEFORE_LOCK, FAILURES_BEFORE_LOCK

SIGN_IN = "/dang-nhap"


def sign_in(office: Office, password: str = PASSWORD, **more: str) -> tuple[Browser, TestResponse]:
    browser = office.browser()
    return browser, browser.post(SIGN_IN, {"username": "clerk", "password": password, **more})


def test_a_stranger_is_sent_to_sign_in_and_comes_back(office: Office) -> None:
    browser = office.browser()
    answer = browser.get("/ca-nhan?x=1")
    assert answer.status_code == 303
    assert answer.location == "/dang-nhap?next=/ca-nhan?x%3D1"
    page = browser.get(answer.location)
    assert 'name="next" value="/ca-nhan?x=1"' in page.text
    answer = browser.post(SIGN_IN, {"username": "CLERK ", "password": PASSWORD, "next": "/ca-nhan?x=1"})
    assert (answer.status_code, answer.location) == (303, "/ca-nhan?x=1")
    assert "Clerk" in browser.get("/ca-nhan").text


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil",
        "/\t/evil.example",
        "evil",
        "",
    ],
)
def test_sign_in_never_leads_to_another_site(office: Office, target: str) -> None:
    _, answer = sign_in(office, next=target)
    assert answer.location == "/"


def test_wrong_name_and_wrong_password_get_the_same_words(office: Office) -> None:
    _, wrong_password = sign_in(office, "khong-phai")
    browser = office.browser()
    wrong_name = browser.post(SIGN_IN, {"username": "nobody", "password": PASSWORD})
    assert wrong_password.status_code == wrong_name.status_code == 422
    sentence = "Tên đăng nhập hoặc mật khẩu chưa đúng."
    assert sentence in wrong_password.text
    assert sentence in wrong_name.text
    assert "<title>Lỗi: Đăng nhập" in wrong_name.text


def test_repeated_failures_lock_for_a_while(office: Office) -> None:
    for _ in range(FAILURES_BEFORE_LOCK):
        _, answer = sign_in(office, "khong-phai")
    assert "tạm khóa đến 09:27" in answer.text
    _, answer = sign_in(office)
    assert answer.status_code == 422, "even the right password waits"
    office.clock.now += dt.timedelta(minutes=16)
    _, answer = sign_in(office)
    assert answer.status_code == 303


def test_a_form_without_the_token_changes_nothing_and_says_so(office: Office) -> None:
    browser = office.browser("clerk")
    answer = browser.client.post("/ca-nhan/mat-khau", data={"current": PASSWORD, "new": "mot-cau-moi-2020"})
    assert answer.status_code == 400
    assert "Chưa có gì thay đổi" in answer.text
    assert sign_in(office)[1].status_code == 303


def test_the_token_is_asked_for_before_who_one_is(office: Office) -> None:
    assert office.browser().client.post("/ca-nhan/mat-khau").status_code == 400
    assert office.browser().post("/ca-nhan/mat-khau").status_code == 303


def test_sign_in_gives_a_new_token(office: Office) -> None:
    browser = office.browser()
    browser.get(SIGN_IN)
    before = browser.token()
    browser.post(SIGN_IN, {"username": "clerk", "password": PASSWORD})
    browser.get("/ca-nhan")
    assert browser.token() != before


def test_signing_out_ends_the_session(office: Office) -> None:
    browser = office.browser("clerk")
    assert browser.post("/dang-xuat").location == SIGN_IN
    assert browser.get("/ca-nhan").status_code == 303


def test_a_copy_of_the_cookie_is_worth_nothing_after_signing_out(office: Office) -> None:
    here, there = office.browser("clerk"), office.browser()
    with here.client.session_transaction() as cookie, there.client.session_transaction() as copy:
        copy.update(cookie)
    elsewhere, _ = sign_in(office)
    assert there.get("/ca-nhan").status_code == 200
    here.post("/dang-xuat")
    assert there.get("/ca-nhan").status_code == 303
    assert elsewhere.get("/ca-nhan").status_code == 200, "only this sign-in ends"


def test_an_unknown_name_is_answered_like_a_known_one(office: Office) -> None:
    answers = []
    for name in ("clerk", "nobody"):
        for attempt in range(FAILURES_BEFORE_LOCK):
            answer = office.browser().post(SIGN_IN, {"username": name, "password": f"khong-phai-{attempt}"})
            answers.append(re.sub(r'name="csrf_token" value="[^"]+"|X-CSRF-Token[^}]+', "", answer.text))
    known, unknown = answers[:FAILURES_BEFORE_LOCK], answers[FAILURES_BEFORE_LOCK:]
    assert "tạm khóa đến 09:27" in unknown[-1]
    assert [text.replace('value="clerk"', "") for text in known] == [
        text.replace('value="nobody"', "") for text in unknown
    ]


def test_an_address_that_tries_many_names_has_to_wait(office: Office) -> None:
    for number in range(ADDRESS_FAILURES_BEFORE_LOCK):
        answer = office.browser().post(SIGN_IN, {"username": f"n{number}", "password": "khong-phai"})
        assert "Từ máy này" not in answer.text
    answer = sign_in(office)[1]
    assert (answer.status_code, "Từ máy này" in answer.text) == (422, True)
    known = {"username": "clerk", "password": PASSWORD}
    other = office.browser().post(SIGN_IN, known, environ_base={"REMOTE_ADDR": "10.0.0.5"})
    assert other.status_code == 303
    office.clock.now += dt.timedelta(minutes=16)
    assert sign_in(office)[1].status_code == 303


def test_nobody_waits_for_the_hashing_of_a_password(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    compare, written = passwords.is_password, []

    def compare_beside_a_writer(password_hash: str, password: str) -> bool:
        with office.session() as session:
            wait = (
                "PRAGMA busy_timeout=100"
                if session.get_bind().dialect.name == "sqlite"
                else "SET LOCAL lock_timeout = 100"
            )
            session.execute(text(wait))
            session.execute(update(User).where(User.username == "head").values(locale="en"))
            session.commit()
        written.append(True)
        return compare(password_hash, password)

    monkeypatch.setattr(passwords, "is_password", compare_beside_a_writer)
    assert sign_in(office)[1].status_code == 303
    assert written == [True]


def test_without_a_cycle_the_tabs_say_so(office: Office) -> None:
    with office.session() as session:
        session.execute(update(User).values(unit_id=None))
        lift_guards(session.connection())
        for table in reversed(Base.metadata.sorted_tables):
            if table.name != User.__tablename__:
                session.execute(delete(table))
        session.commit()
    page = office.browser("clerk").get("/in")
    assert page.status_code == 404
    assert "Chưa có chu kỳ đánh giá nào" in page.text
    assert "không thuộc đơn vị" not in page.text


def test_sessions_end_when_idle_and_after_a_day_s_work(office: Office) -> None:
    browser = office.browser("clerk")
    for _ in range(7):
        office.clock.now += dt.timedelta(minutes=100)
        assert browser.get("/ca-nhan").status_code == 200
    office.clock.now += dt.timedelta(minutes=100)
    assert browser.get("/ca-nhan").status_code == 303, "twelve hours after its start"
    idle = office.browser("reviewer")
    office.clock.now += dt.timedelta(minutes=121)
    assert idle.get("/ca-nhan").status_code == 303, "two hours without a step"


def test_a_panel_that_refreshes_itself_does_not_keep_the_session(office: Office) -> None:
    browser = office.browser("clerk")
    for _ in range(3):
        office.clock.now += dt.timedelta(minutes=50)
        answer = browser.get("/ca-nhan", htmx=True)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == SIGN_IN


def test_changing_the_password_ends_the_other_sessions(office: Office) -> None:
    here = office.browser("clerk")
    there, _ = sign_in(office)
    assert there.get("/ca-nhan").status_code == 200
    answer = here.post("/ca-nhan/mat-khau", {"current": PASSWORD, "new": "mot-cau-moi-2020"})
    assert answer.status_code == 303
    assert "Đã đổi mật khẩu" in here.get("/ca-nhan").text
    assert there.get("/ca-nhan").status_code == 303
    assert sign_in(office)[1].status_code == 422
    assert sign_in(office, "mot-cau-moi-2020")[1].status_code == 303


def test_a_wrong_or_short_password_changes_nothing(office: Office) -> None:
    browser = office.browser("clerk")
    wrong = browser.post("/ca-nhan/mat-khau", {"current": "khac", "new": "mot-cau-moi-2020"})
    assert (wrong.status_code, "Mật khẩu hiện tại chưa đúng" in wrong.text) == (422, True)
    short = browser.post("/ca-nhan/mat-khau", {"current": PASSWORD, "new": "ngan"})
    assert (short.status_code, "ít nhất 10 ký tự" in short.text) == (422, True)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/ca-nhan/mat-khau", "current"),
        ("/ca-nhan/hai-buoc", "password"),
        ("/ca-nhan/hai-buoc/tat", "password"),
    ],
)
def test_who_sits_at_an_open_session_cannot_guess_its_password(office: Office, path: str, field: str) -> None:
    """Asked for once more, it is braked as at the door: after five wrong ones the right one waits, too."""
    head = office.browser("head")
    for guess in range(5):
        answer = head.post(path, {field: f"doan thu {guess}", "new": "mot-cau-moi-2020"})
        assert answer.status_code == 422
    assert "tạm khóa" in answer.text
    right = head.post(path, {field: PASSWORD, "new": "mot-cau-moi-2020"})
    assert (right.status_code, "tạm khóa" in right.text) == (422, True)
    assert "tạm khóa" in sign_in(office, username="head")[1].text
    office.clock.now += dt.timedelta(minutes=16)
    assert head.post(path, {field: PASSWORD, "new": "mot-cau-moi-2020"}).status_code == 303


def test_the_language_is_kept_with_the_account(office: Office) -> None:
    browser = office.browser("clerk")
    assert browser.post("/ngon-ngu", {"locale": "en", "next": "/ca-nhan"}).location == "/ca-nhan"
    assert '<html lang="en">' in browser.get("/ca-nhan").text
    other, _ = sign_in(office)
    assert '<html lang="en">' in other.get("/ca-nhan").text
    assert browser.post("/ngon-ngu", {"locale": "fr"}).status_code == 422


def test_a_stranger_chooses_a_language_too(office: Office) -> None:
    browser = office.browser()
    browser.post("/ngon-ngu", {"locale": "en", "next": SIGN_IN})
    assert re.search(r"<h1[^>]*>Sign in</h1>", browser.get(SIGN_IN).text)


def test_one_click_roles_exist_only_in_the_demo(office: Office) -> None:
    browser = office.browser()
    assert "Bản chạy thử" not in browser.get(SIGN_IN).text
    assert browser.post("/dang-nhap/mau", {"user": "1"}).status_code == 404


@pytest.fixture
def demo_office(sqlite_template: Path, tmp_path: Path, now: dt.datetime) -> Iterator[Office]:
    """The same as a demo."""
    shutil.copy(sqlite_template, tmp_path / "demo.sqlite3")
    opened = open_office(f"sqlite:///{tmp_path / 'demo.sqlite3'}", tmp_path, now, demo=True)
    yield opened
    close_office(opened)


def test_the_demo_offers_one_person_of_each_role_and_says_that_it_is_one(demo_office: Office) -> None:
    browser = demo_office.browser()
    page = browser.get(SIGN_IN).text
    assert "Bản chạy thử" in page
    assert "DỮ LIỆU MẪU" in page
    people = re.findall(r'name="user" value="(\d+)"', page)
    assert len(people) == len(set(people)) == len(Role)
    assert browser.post("/dang-nhap/mau", {"user": people[0]}).location == "/"
    assert "Clerk" in browser.get("/ca-nhan").text
    assert browser.post("/dang-nhap/mau", {"user": "999"}).status_code == 404


def test_the_demo_s_logins_end_where_a_real_campaign_begins(demo_office: Office) -> None:
    browser = demo_office.browser()
    with demo_office.session() as session:
        (second,) = session.scalars(select(User.id).where(User.username == "reviewer2"))
        first = session.scalars(select(User.id).where(User.username == "reviewer")).one()
    assert browser.post("/dang-nhap/mau", {"user": str(second)}).status_code == 404, "not offered"
    assert browser.post("/dang-nhap/mau", {"user": "9" * 30}).status_code == 404
    with demo_office.session() as session:
        session.scalars(select(Campaign)).one().is_sample = False
        session.commit()
    assert "Bản chạy thử" not in browser.get(SIGN_IN).text
    assert browser.post("/dang-nhap/mau", {"user": str(first)}).status_code == 404


def test_who_is_signed_in_has_nothing_to_do_on_the_sign_in_page(office: Office) -> None:
    assert office.browser("clerk").get("/dang-nhap?next=/ca-nhan").location == "/ca-nhan"
