"""First passwords, open sign-ins, the second step, what a browser keeps, and the names of people."""

import datetime as dt
import io
import json
import re
import subprocess
from dataclasses import replace

import pyotp
import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.clients import Browser, Office, close_office
from tests.worlds.small import PASSWORD
from webapp.app import create_app
from webapp.cli import main
from webapp.http import csrf
from webapp.http.context import EXTENSION, AppContext
from webapp.persistence.accounts import RecoveryCode, SecondFactor, SignInRecord, User
from webapp.persistence.audit import LogEntry
from webapp.persistence.campaign import Campaign
from webapp.persistence.people import Enumerator
from webapp.services import accounts, people, personal_data
from webapp.services.people import NewPerson

PAGE = "/nguoi-dung"
SIGN_IN = "/dang-nhap"
NEW = "mot-cau-cua-rieng-toi"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/109.0 Safari/537.36"


def account(session: Session, username: str) -> User:
    return session.scalars(select(User).where(User.username == username)).one()


def account_id(office: Office, username: str) -> int:
    with office.session() as session:
        return account(session, username).id


def come_in(office: Office, username: str = "clerk", password: str = PASSWORD) -> Browser:
    browser = office.browser()
    sent = {"username": username, "password": password}
    answer = browser.post(SIGN_IN, sent, environ_overrides={"HTTP_USER_AGENT": CHROME})
    assert answer.status_code == 303, answer.text
    return browser


def text_of(pdf: bytes) -> str:
    done = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


def acts(office: Office) -> list[str]:
    with office.session() as session:
        return list(session.scalars(select(LogEntry.act).order_by(LogEntry.seq)))


def test_nothing_opens_before_it_was_changed(office: Office) -> None:
    slip = office.browser("administrator").post(f"{PAGE}/{account_id(office, 'clerk')}/mat-khau")
    first = re.search(r"slip-password[^>]*>([^<]+)<", slip.text)
    assert first is not None
    clerk = come_in(office, "clerk", first[1])
    for path in ("/", "/in", "/quet", "/ket-qua"):
        assert clerk.get(path).location == "/ca-nhan"
    asked = clerk.get("/", htmx=True)
    assert (asked.status_code, asked.headers["HX-Redirect"]) == (401, "/ca-nhan")
    page = clerk.get("/ca-nhan").text
    assert "Đặt mật khẩu của riêng bạn" in page
    assert ('href="/in"' in page, "Các máy đang" in page) == (False, False)
    same = clerk.post("/ca-nhan/mat-khau", {"current": first[1], "new": first[1]})
    assert "phải khác mật khẩu hiện tại" in same.text
    changed = clerk.post("/ca-nhan/mat-khau", {"current": first[1], "new": NEW})
    assert changed.location == "/"
    assert clerk.get("/in").status_code == 200


def test_slips_for_all_who_wait_come_as_one_pdf_and_never_again(office: Office) -> None:
    administrator = office.browser("administrator")
    assert administrator.post(f"{PAGE}/phieu-dang-nhap.pdf").status_code == 422
    for name in ("moi-mot", "moi-hai"):
        fields = {"display_name": f"Người {name}", "username": name, "role": "reviewer", "unit": ""}
        assert administrator.post(PAGE, fields).status_code == 200
    assert "2 tài khoản chưa đăng nhập lần đầu" in administrator.get(PAGE).text
    sent = administrator.post(f"{PAGE}/phieu-dang-nhap.pdf")
    assert (sent.mimetype, sent.headers["Cache-Control"]) == ("application/pdf", "no-store")
    printed = text_of(sent.data)
    passwords = re.findall(r"\b[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}\b", printed)
    assert len(passwords) == 2
    assert "moi-mot" in printed
    for name, word in zip(("moi-hai", "moi-mot"), passwords, strict=True):
        assert come_in(office, name, word).get("/").location == "/ca-nhan"
    assert "clerk" not in printed
    assert acts(office).count("password_reset") == 2


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("1234567890", "quá dễ đoán"),
        ("Administrator", "quá dễ đoán"),
        ("MATKHAU-2026", "quá dễ đoán"),
        ("cham diem 2026", "quá dễ đoán"),
        ("ababababababab", "quá dễ đoán"),
        ("clerk-2026", "tên đăng nhập"),
        ("ngan", "ít nhất 10 ký tự"),
    ],
)
def test_passwords_that_are_guessed_first_are_refused(office: Office, word: str, said: str) -> None:
    answer = office.browser("clerk").post("/ca-nhan/mat-khau", {"current": PASSWORD, "new": word})
    assert (answer.status_code, said in answer.text) == (422, True)


def test_a_sentence_is_welcome_whatever_its_signs(office: Office) -> None:
    current = PASSWORD
    for word in ("con mèo trèo cây cau", "clerk thích uống trà xanh"):
        answer = office.browser("clerk").post("/ca-nhan/mat-khau", {"current": current, "new": word})
        assert answer.status_code == 303
        current = word


def test_one_sees_one_s_own_and_ends_one_of_them(office: Office) -> None:
    here, there = come_in(office), come_in(office)
    page = here.get("/ca-nhan").text
    assert page.count("Chrome, Windows") == 2
    (other,) = re.findall(r"/ca-nhan/dang-nhap/(\d+)/ket-thuc", page)
    assert here.post(f"/ca-nhan/dang-nhap/{other}/ket-thuc").status_code == 303
    assert there.get("/ca-nhan").status_code == 303
    assert here.get("/ca-nhan").text.count("Chrome, Windows") == 1
    assert "session_ended" in acts(office)


def test_nobody_ends_somebody_else_s(office: Office) -> None:
    mine = come_in(office)
    with office.session() as session:
        number = session.scalars(select(SignInRecord.id)).one()
    for stranger in ("reviewer", "administrator"):
        assert office.browser(stranger).post(f"/ca-nhan/dang-nhap/{number}/ket-thuc").status_code == 404
    wrong = f"{PAGE}/{account_id(office, 'head')}/dang-nhap/{number}/ket-thuc"
    assert office.browser("administrator").post(wrong).status_code == 404
    assert mine.get("/ca-nhan").status_code == 200


def test_out_of_all_computers_means_this_one_too(office: Office) -> None:
    here, there = come_in(office), come_in(office)
    answer = here.post("/ca-nhan/dang-xuat-moi-may")
    assert (answer.location, answer.headers["Clear-Site-Data"]) == (SIGN_IN, '"cache", "storage"')
    assert [browser.get("/ca-nhan").status_code for browser in (here, there)] == [303, 303]


def test_the_administrator_sees_and_ends_one(office: Office) -> None:
    clerk, number = come_in(office), account_id(office, "clerk")
    administrator = office.browser("administrator")
    page = administrator.get(f"{PAGE}/{number}").text
    assert "Chrome, Windows" in page
    (address,) = re.findall(rf"{PAGE}/{number}/dang-nhap/\d+/ket-thuc", page)
    assert administrator.post(address).status_code == 303
    assert clerk.get("/ca-nhan").status_code == 303
    assert "Không có máy nào đang đăng nhập" in administrator.get(f"{PAGE}/{number}").text


def test_what_is_over_leaves_the_list_and_addresses_are_forgotten(office: Office) -> None:
    come_in(office)
    office.clock.now += dt.timedelta(hours=13)
    here = come_in(office)
    assert here.get("/ca-nhan").text.count("Chrome, Windows") == 1
    with office.session() as session:
        assert session.scalar(select(func.count()).select_from(SignInRecord)) == 1


def test_the_administrator_ends_a_lock_before_its_time(office: Office) -> None:
    for _ in range(5):
        office.browser().post(SIGN_IN, {"username": "clerk", "password": "khong-phai"})
    administrator, number = office.browser("administrator"), account_id(office, "clerk")
    assert "Tạm khóa đến 09:27" in administrator.get(PAGE).text
    assert administrator.post(f"{PAGE}/{number}/mo-tam-khoa").status_code == 303
    assert come_in(office).get("/ca-nhan").status_code == 200
    assert "sign_in_unlocked" in acts(office)


def six_digits(secret: str, at: dt.datetime) -> str:
    return pyotp.TOTP(secret).at(at)


def switch_on(office: Office, browser: Browser) -> tuple[str, list[str]]:
    """The secret and the recovery codes of a second step that was just switched on."""
    assert browser.post("/ca-nhan/hai-buoc", {"password": PASSWORD}).status_code == 303
    page = browser.get("/ca-nhan/hai-buoc").text
    assert "<svg" in page
    with office.session() as session:
        secret = session.scalars(select(SecondFactor.secret)).one()
    assert secret in page
    wrong = browser.post("/ca-nhan/hai-buoc/xac-nhan", {"code": "000000"})
    assert (wrong.status_code, "Mã chưa đúng" in wrong.text) == (422, True)
    shown = browser.post("/ca-nhan/hai-buoc/xac-nhan", {"code": six_digits(secret, office.clock())})
    assert shown.status_code == 200
    return secret, re.findall(r'<li class="code">([^<]+)</li>', shown.text)


def first_step(office: Office, username: str = "head") -> Browser:
    browser = office.browser()
    answer = browser.post(SIGN_IN, {"username": username, "password": PASSWORD, "next": "/ca-nhan"})
    assert answer.location == "/dang-nhap/ma?next=/ca-nhan"
    assert browser.get("/ca-nhan").status_code == 303, "the password alone opens nothing"
    return browser


def test_a_code_is_asked_for_and_good_once(office: Office) -> None:
    secret, _codes = switch_on(office, office.browser("head"))
    office.clock.now += dt.timedelta(minutes=1)
    code = six_digits(secret, office.clock())
    browser = first_step(office)
    answer = browser.post("/dang-nhap/ma", {"code": f"{code[:3]} {code[3:]}", "next": "/ca-nhan"})
    assert answer.location == "/ca-nhan"
    assert browser.get("/ca-nhan").status_code == 200
    again = first_step(office).post("/dang-nhap/ma", {"code": code})
    assert (again.status_code, "đã dùng" in again.text) == (422, True)


def test_a_recovery_code_opens_once(office: Office) -> None:
    _secret, codes = switch_on(office, office.browser("administrator"))
    assert len(codes) == len(set(codes)) == 8
    typed = {"code": codes[0].upper().replace("-", " ")}
    assert first_step(office, "administrator").post("/dang-nhap/ma", typed).status_code == 303
    assert first_step(office, "administrator").post("/dang-nhap/ma", typed).status_code == 422
    assert "Còn 7 mã dự phòng" in office.browser("administrator").get("/ca-nhan").text
    with office.session() as session:
        kept = set(session.scalars(select(RecoveryCode.code_hash)))
    assert not kept & {code.replace("-", "") for code in codes}


def test_guessing_codes_locks_the_account_although_the_password_is_right(office: Office) -> None:
    secret, _codes = switch_on(office, office.browser("head"))
    office.clock.now += dt.timedelta(minutes=1)
    for _ in range(5):
        answer = first_step(office).post("/dang-nhap/ma", {"code": "12345"})
    assert "tạm khóa đến" in answer.text
    locked = office.browser().post(SIGN_IN, {"username": "head", "password": PASSWORD})
    assert locked.status_code == 422
    office.clock.now += dt.timedelta(minutes=16)
    admitted = first_step(office).post("/dang-nhap/ma", {"code": six_digits(secret, office.clock())})
    assert admitted.status_code == 303


def test_the_second_step_waits_five_minutes_and_for_nobody_without_the_first(office: Office) -> None:
    secret, _codes = switch_on(office, office.browser("head"))
    assert office.browser().get("/dang-nhap/ma").location == SIGN_IN
    slow = first_step(office)
    office.clock.now += dt.timedelta(minutes=6)
    late = slow.post("/dang-nhap/ma", {"code": six_digits(secret, office.clock())})
    assert late.location == SIGN_IN
    assert slow.get("/ca-nhan").status_code == 303


def test_it_is_switched_off_with_the_password_or_by_the_administrator(office: Office) -> None:
    head, number = office.browser("head"), account_id(office, "head")
    switch_on(office, head)
    assert head.post("/ca-nhan/hai-buoc/tat", {"password": "khong-phai"}).status_code == 422
    assert head.post("/ca-nhan/hai-buoc", {"password": PASSWORD}).status_code == 422, "it is on already"
    assert office.browser("administrator").post(f"{PAGE}/{number}/tat-hai-buoc").status_code == 303
    assert come_in(office, "head").get("/").status_code == 200
    assert {"second_factor_on", "second_factor_off"} <= set(acts(office))


def test_others_have_none(office: Office) -> None:
    assert "hai bước" not in office.browser("clerk").get("/ca-nhan").text
    assert office.browser("clerk").post("/ca-nhan/hai-buoc", {"password": PASSWORD}).status_code == 422


def test_a_person_gets_a_copy_and_the_log_tells_of_it(office: Office) -> None:
    come_in(office)
    number, administrator = account_id(office, "clerk"), office.browser("administrator")
    sent = administrator.get(f"{PAGE}/{number}/du-lieu.json")
    data = json.loads(sent.data)
    assert data["account"]["name"] == "Clerk"
    assert data["sign_ins"][0]["browser"] == "Chrome, Windows"
    assert [entry["act"] for entry in data["log"]] == ["signed_in"]
    assert "password" not in sent.text
    book = load_workbook(io.BytesIO(administrator.get(f"{PAGE}/{number}/du-lieu.xlsx").data))
    assert book.worksheets[0]["B3"].value == "Clerk"
    assert administrator.get(f"{PAGE}/{number}/du-lieu.exe").status_code == 404
    assert acts(office).count("personal_data_exported") == 2


def test_an_erased_account_keeps_what_it_did_and_never_opens_again(office: Office) -> None:
    clerk = come_in(office)
    number, administrator = account_id(office, "clerk"), office.browser("administrator")
    asked = administrator.get(f"{PAGE}/{number}/xoa-ten").text
    assert ("Clerk" in asked, f"Tài khoản {number}" in asked, "1 dòng nhật ký" in asked) == (True, True, True)
    assert clerk.get("/").status_code == 200, "asking changes nothing"
    assert administrator.post(f"{PAGE}/{number}/xoa-ten").status_code == 303
    assert clerk.get("/").status_code == 303
    assert "Clerk" not in administrator.get(PAGE).text
    refused = office.browser().post(SIGN_IN, {"username": "clerk", "password": PASSWORD})
    assert refused.status_code == 422
    for act in ("mo-khoa", "mat-khau", "xoa-ten"):
        assert administrator.post(f"{PAGE}/{number}/{act}").status_code == 422
    with office.session() as session:
        mine = select(LogEntry.act).where(LogEntry.actor == "clerk")
        assert "signed_in" in list(session.scalars(mine))
        assert session.scalar(select(func.count()).select_from(SignInRecord)) == 0
        assert all("Clerk" not in str(detail) for detail in session.scalars(select(LogEntry.detail)))
    assert "Nhật ký nguyên vẹn" in _after(administrator, "/nhat-ky/kiem-tra")


def test_nobody_erases_the_account_they_use(office: Office) -> None:
    number = account_id(office, "administrator")
    assert office.browser("administrator").post(f"{PAGE}/{number}/xoa-ten").status_code == 422


def _after(browser: Browser, path: str) -> str:
    answer = browser.post(path)
    return browser.get(answer.location).text


def test_the_address_is_the_person_s_only_behind_a_proxy_that_is_set(office: Office) -> None:
    sent = {"username": "clerk", "password": "khong-phai"}
    claimed = {"X-Forwarded-For": "10.0.0.7"}
    context: AppContext = office.app.extensions[EXTENSION]
    behind = create_app(replace(context.settings, proxies=1), office.clock)
    for app in (office.app, behind):
        browser = Browser(Office(app, office.clock), None)
        browser.client.post(SIGN_IN, data=sent, headers={**claimed, csrf.HEADER: browser.token()})
    with office.session() as session:
        failed = session.scalars(select(LogEntry).where(LogEntry.act == "sign_in_failed"))
        assert [entry.detail["address"] for entry in failed] == ["127.0.0.1", "10.0.0.7"]
    close_office(Office(behind, office.clock))


def past_year(office: Office) -> None:
    """A campaign whose forms came back long ago, with a respondent and an enumerator; a clerk who left."""
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        place, group = campaign.units[0], campaign.groups[0]
        people.add_people(
            session,
            "treasurer",
            campaign,
            [NewPerson("Nguyễn Thị Hoa", place, group), NewPerson("Trần Văn Ba", place, None, "", "0912")],
            office.clock(),
        )
        campaign.forms_back_on, campaign.is_current = dt.date(2021, 3, 19), False
        clerk, administrator = account(session, "clerk"), account(session, "administrator")
        accounts.set_active(session, administrator, clerk.id, active=False, now=office.clock())
        session.commit()


def named(office: Office) -> tuple[int, str]:
    """How many listed people have a name, and what the clerk's account is called."""
    with office.session() as session:
        listed = people.list_named(session, list(session.scalars(select(Campaign.id))))
        return len(listed), account(session, "clerk").display_name


def test_names_past_their_time_are_named_first_and_erased_on_demand(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    past_year(office)
    context: AppContext = office.app.extensions[EXTENSION]
    monkeypatch.setenv("CHAMDIEM_DATABASE", context.settings.database_url)
    monkeypatch.setenv("CHAMDIEM_SECRET", "secret")
    assert main(["erase-names"]) == 2, "nobody has said how long"
    monkeypatch.setenv("CHAMDIEM_NAMES_KEPT_MONTHS", "24")
    assert main(["erase-names"]) == 0
    said = capsys.readouterr().out
    assert ("1 in the list respondent" in said, "account clerk" in said, "Hoa" in said) == (True, True, False)
    assert named(office) == (2, "Clerk"), "it was only said"
    assert main(["erase-names", "--yes"]) == 0
    number = account_id(office, "clerk")
    assert named(office) == (0, f"Tài khoản {number}")
    assert (acts(office).count("person_erased"), acts(office).count("account_erased")) == (2, 1)
    assert main(["erase-names"]) == 0
    assert "No name is older" in capsys.readouterr().out


def test_names_of_the_current_campaign_stay_whatever_is_asked(office: Office) -> None:
    past_year(office)
    with office.session() as session:
        session.scalars(select(Campaign)).one().is_current = True
        session.commit()
        due = personal_data.names_due(session, dt.timedelta(days=31), dt.datetime(2030, 1, 1, tzinfo=dt.UTC))
    assert (list(due.people), [user.username for user in due.accounts]) == ([], ["clerk"])


def test_a_listed_person_gets_a_copy_from_those_who_pay(office: Office) -> None:
    past_year(office)
    with office.session() as session:
        session.scalars(select(Campaign)).one().is_current = True
        session.commit()
        number = session.scalars(select(Enumerator.id)).one()
    path = f"/chi-tra/nguoi/enumerator/{number}/du-lieu.json"
    data = json.loads(office.browser("treasurer").get(path).data)
    assert (data["name"], data["phone"], data["year"]) == ("Trần Văn Ba", "0912", 2020)
    assert office.browser("administrator").get(path).status_code == 403, "names are not the administrator's"
