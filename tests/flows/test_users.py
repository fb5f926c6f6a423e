"""The administrator's page: accounts, first passwords, sessions."""

import re

from sqlalchemy import select

from tests.clients import Browser, Office
from tests.worlds.small import PASSWORD
from webapp.persistence.accounts import User
from webapp.persistence.audit import LogEntry
from webapp.persistence.campaign import Unit

PAGE = "/nguoi-dung"


def user_id(office: Office, username: str) -> int:
    with office.session() as session:
        return session.scalars(select(User.id).where(User.username == username)).one()


def sign_in(office: Office, username: str, password: str) -> tuple[Browser, int]:
    browser = office.browser()
    answer = browser.post("/dang-nhap", {"username": username, "password": password})
    return browser, answer.status_code


def shown_password(page: str) -> str:
    found = re.search(r"slip-password[^>]*>([^<]+)<", page)
    assert found is not None
    return found[1]


def test_a_new_account_gets_a_password_that_is_shown_once(office: Office) -> None:
    administrator = office.browser("administrator")
    fields = {"display_name": "Nguyễn Văn An", "username": "An.NV", "role": "reviewer", "unit": ""}
    slip = administrator.post(PAGE, fields)
    assert slip.status_code == 200
    password = shown_password(slip.text)
    assert password not in administrator.get(PAGE).text
    browser, status = sign_in(office, "an.nv", password)
    assert status == 303
    assert "Nguyễn Văn An" in browser.get("/ca-nhan").text


def test_what_cannot_be_is_refused_and_kept_in_the_form(office: Office) -> None:
    administrator = office.browser("administrator")
    fields = {"display_name": "An", "username": "clerk", "role": "clerk", "unit": ""}
    taken = administrator.post(PAGE, fields)
    assert (taken.status_code, "đã có người dùng" in taken.text) == (422, True)
    assert 'value="An"' in taken.text
    no_unit = administrator.post(PAGE, {**fields, "username": "moi", "role": "unit"})
    assert "phải gắn với một đơn vị" in no_unit.text
    accented = administrator.post(PAGE, {**fields, "username": "lãnh đạo"})
    assert "chữ không dấu" in accented.text
    nobody = administrator.post(PAGE, {**fields, "username": "moi", "role": "king"})
    assert nobody.status_code == 422
    empty = administrator.post(PAGE, {})
    assert "Nhập họ tên." in empty.text


def test_an_appraiser_works_somewhere_and_an_older_account_can_say_where(office: Office) -> None:
    administrator = office.browser("administrator")
    fields = {"display_name": "Bùi Thị Mai", "username": "mai", "role": "appraiser"}
    unsaid = administrator.post(PAGE, {**fields, "unit": ""})
    assert unsaid.status_code == 422
    assert "không ai thẩm định đơn vị của mình" in unsaid.text
    assert administrator.post(PAGE, {**fields, "unit": "outside"}).status_code == 200
    with office.session() as session:
        unit = session.scalars(select(Unit).where(Unit.code == "NV")).one()
    place = f"{PAGE}/{user_id(office, 'mai')}/noi-cong-tac"
    assert administrator.post(place, {"unit": str(unit.id)}).status_code == 303
    assert administrator.post(place, {"unit": "999"}).status_code == 422
    clerk = f"{PAGE}/{user_id(office, 'clerk')}/noi-cong-tac"
    assert administrator.post(clerk, {"unit": str(unit.id)}).status_code == 422
    with office.session() as session:
        assert session.scalars(select(User.unit_id).where(User.username == "mai")).one() == unit.id


def test_an_account_switched_off_cannot_sign_in_until_it_is_switched_on(office: Office) -> None:
    administrator, clerk = office.browser("administrator"), office.browser("clerk")
    number = user_id(office, "clerk")
    assert administrator.post(f"{PAGE}/{number}/khoa").status_code == 303
    assert clerk.get("/ca-nhan").status_code == 303
    assert sign_in(office, "clerk", PASSWORD)[1] == 422
    administrator.post(f"{PAGE}/{number}/mo-khoa")
    assert sign_in(office, "clerk", PASSWORD)[1] == 303


def test_nobody_switches_off_the_account_they_use(office: Office) -> None:
    number = user_id(office, "administrator")
    assert office.browser("administrator").post(f"{PAGE}/{number}/khoa").status_code == 422
    assert office.browser("administrator").get(PAGE).status_code == 200


def test_a_new_password_ends_sessions_and_replaces_the_old_one(office: Office) -> None:
    clerk, number = office.browser("clerk"), user_id(office, "clerk")
    slip = office.browser("administrator").post(f"{PAGE}/{number}/mat-khau")
    assert clerk.get("/ca-nhan").status_code == 303
    assert sign_in(office, "clerk", PASSWORD)[1] == 422
    assert sign_in(office, "clerk", shown_password(slip.text))[1] == 303


def test_sessions_are_ended_everywhere(office: Office) -> None:
    clerk, number = office.browser("clerk"), user_id(office, "clerk")
    office.browser("administrator").post(f"{PAGE}/{number}/dang-xuat")
    assert clerk.get("/ca-nhan").status_code == 303
    assert sign_in(office, "clerk", PASSWORD)[1] == 303


def test_everything_is_in_the_log_and_no_password_is(office: Office) -> None:
    administrator, number = office.browser("administrator"), user_id(office, "clerk")
    password = shown_password(administrator.post(f"{PAGE}/{number}/mat-khau").text)
    administrator.post(f"{PAGE}/{number}/khoa")
    with office.session() as session:
        entries = list(session.scalars(select(LogEntry).where(LogEntry.actor == "administrator")))
    assert {"password_reset", "user_deactivated"} <= {entry.act for entry in entries}
    assert all(password not in str(entry.detail) for entry in entries)


def test_only_the_administrator_gets_in(office: Office) -> None:
    for username in ("clerk", "reviewer", "appraiser", "head", "viewer", "unit-nv"):
        assert office.browser(username).get(PAGE).status_code == 403
        assert office.browser(username).post(PAGE, {}).status_code == 403
    assert office.browser("administrator").post(f"{PAGE}/999/khoa").status_code == 404


def test_people_are_found_without_accents(office: Office) -> None:
    administrator = office.browser("administrator")
    part = administrator.get(f"{PAGE}?tim=DAI+trach", htmx=True).text
    assert part.lstrip().startswith('<div id="accounts">')
    assert ("unit-19186" in part, "unit-nv" in part) == (True, False)
    page = administrator.get(f"{PAGE}?tim=phong").text
    assert ("unit-nv" in page, "unit-19186" in page, 'value="phong"' in page) == (True, False, True)
    assert "Không có tài khoản nào khớp" in administrator.get(f"{PAGE}?tim=zzz").text
