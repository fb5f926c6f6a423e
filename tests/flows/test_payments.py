"""Chi trả: who may open it, what is due, lists, papers, facts of paying; names stay where they belong."""

import datetime as dt
import html
import io
import re
import zipfile
from collections.abc import Iterable

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.clients import Office
from tests.worlds.scanned_sheets import campaign_of, print_sheets, scan_sides
from webapp.payments.sums import Basis
from webapp.persistence.audit import LogEntry
from webapp.persistence.campaign import RespondentGroup, Unit
from webapp.persistence.payments import PaymentEvent, PaymentRate
from webapp.persistence.people import Enumerator, Respondent
from webapp.services.campaigns import SAMPLE_DIR
from webapp.services.payment_rates import load_rates
from webapp.services.payments import Payments, load_payments

NAMES = ["Trần Thị Ánh", "Lê Văn Bình", "Nguyễn Văn An"]
PEOPLE_WHO_PAY = ("head", "treasurer")
OTHERS = ("clerk", "reviewer", "unit-nv", "appraiser", "viewer", "administrator")
PAGES = (
    "/chi-tra", "/chi-tra/noi-phat/19186", "/chi-tra/muc-chi", "/chi-tra/nhap", "/chi-tra/mau-danh-sach.xlsx",
    *(f"/chi-tra/bang-chi.{kind}" for kind in ("docx", "xlsx", "pdf")),
    *(f"/chi-tra/noi-phat/19186/danh-sach.{kind}" for kind in ("docx", "xlsx", "pdf")),
)  # fmt: skip
ACTS = (
    "/chi-tra/co-so", "/chi-tra/muc-chi", "/chi-tra/nhap", "/chi-tra/nhap/luu",
    "/chi-tra/noi-phat/19186/da-chi",
    "/chi-tra/noi-phat/19186/hoan-tac", "/chi-tra/noi-phat/19186/nguoi-tra-loi",
    "/chi-tra/noi-phat/19186/nguoi-dieu-tra", "/chi-tra/nguoi/respondent/1/xoa-ten",
    "/chi-tra/nguoi/respondent/1/bo",
)  # fmt: skip
SERIALS = range(3001, 3013)


def payments_of(office: Office, basis: Basis | None = None) -> Payments:
    with office.session() as session:
        return load_payments(session, campaign_of(session), basis)


def group_of(session: Session, form: str) -> RespondentGroup:
    return session.scalars(select(RespondentGroup).where(RespondentGroup.form_code == form)).one()


@pytest.fixture
def counter(office: Office, now: dt.datetime) -> Office:
    """The plan's rates, and twelve CX2 sheets of Đại Trạch that came back."""
    with office.session() as session:
        load_rates(session, "head", campaign_of(session), SAMPLE_DIR / "bo_trach_2020", now)
        sheets = print_sheets(session, "19186", "CX2", len(SERIALS), now, first=SERIALS[0])
        scan_sides(session, [(sheet, side) for sheet in sheets for side in (1, 2)], now)
        session.commit()
    return office


def add_names(office: Office, names: Iterable[str], form: str = "CX2") -> TestResponse:
    with office.session() as session:
        group = group_of(session, form).id
    fields = {"group": str(group), "names": "\n".join(names)}
    return office.browser("treasurer").post("/chi-tra/noi-phat/19186/nguoi-tra-loi", fields)


@pytest.mark.parametrize("username", PEOPLE_WHO_PAY)
def test_head_and_treasurer_may_open_them(counter: Office, username: str) -> None:
    browser = counter.browser(username)
    assert {path: browser.get(path).status_code for path in PAGES} == dict.fromkeys(PAGES, 200)
    assert 'href="/chi-tra"' in browser.get("/").text


@pytest.mark.parametrize("username", OTHERS)
def test_nobody_else_may(counter: Office, username: str) -> None:
    """The same refusal as for anything that is not theirs, and nothing of it in the page."""
    browser = counter.browser(username)
    add_names(counter, NAMES)
    for path in PAGES:
        answer = browser.get(path)
        assert answer.status_code == 403, path
        assert not any(name in answer.text for name in NAMES)
    assert {path: browser.post(path).status_code for path in ACTS} == dict.fromkeys(ACTS, 403)
    assert browser.get("/chi-tra/noi-phat/khong-co").status_code == 403
    assert 'href="/chi-tra"' not in browser.get("/").text


def test_what_is_not_there_is_not_found(counter: Office) -> None:
    browser = counter.browser("treasurer")
    for path in ("/chi-tra/noi-phat/999", "/chi-tra/bang-chi.exe", "/chi-tra/bang-chi.pdf?theo=x"):
        assert browser.get(path).status_code == 404, path
    assert browser.post("/chi-tra/nguoi/respondent/99/bo").status_code == 404
    assert browser.post("/chi-tra/nguoi/sheet/1/bo").status_code == 404


def test_the_sums_of_every_choice_stand_side_by_side(counter: Office) -> None:
    planned = payments_of(counter, Basis.PLANNED).total
    assert planned.respondents_dong == 2 * 59 * 10_000 + 2 * 10_000
    assert planned.enumerators_dong == 3 * 200_000
    page = counter.browser("head").get("/chi-tra").text
    rows = re.findall(r"<tr>\s*<th scope=\"row\">([^<]+)</th>(.*?)</tr>", page, re.DOTALL)
    sums = {name.strip(): re.findall(r"([\d.]+)\u00a0đ", cells) for name, cells in rows}
    assert sums["Như mức chi đang đặt"] == ["1.800.000", "320.000", "0"]
    assert sums["Nếu không trả CX3: Công chức, viên chức phòng, đơn vị cấp huyện"] == [
        "1.780.000",
        "320.000",
        "0",
    ]


def test_the_basis_is_chosen_and_every_choice_is_kept(counter: Office) -> None:
    browser = counter.browser("treasurer")
    assert payments_of(counter).basis is Basis.RETURNED
    part = browser.post("/chi-tra/co-so", {"basis": "valid"}, htmx=True)
    assert part.text.lstrip().startswith('<div id="payments">')
    assert payments_of(counter).basis is Basis.VALID
    assert browser.post("/chi-tra/co-so", {"basis": "planned"}).status_code == 422
    assert browser.post("/chi-tra/co-so", {"basis": "returned"}).status_code == 303
    with counter.session() as session:
        chosen = session.scalars(select(LogEntry).where(LogEntry.act == "payment_basis_chosen")).all()
    assert [entry.detail["basis"] for entry in chosen] == ["returned", "valid", "returned"]


def test_rates_are_settings(counter: Office) -> None:
    browser = counter.browser("head")
    with counter.session() as session:
        staff, citizens = (group_of(session, form).id for form in ("CX3", "CX4"))
    fields = {
        "respondent-commune": "12.000", "enumerator-commune": "200 000 đ", "enumerator-division": "",
        f"group-{staff}": "10000", f"group-{citizens}": "15.000", f"paid-{citizens}": "on",
    }  # fmt: skip
    assert browser.post("/chi-tra/muc-chi", fields).status_code == 303
    with counter.session() as session:
        rows = session.scalars(select(PaymentRate)).all()
        rates = {(row.payee, row.level, row.group_id): (row.dong, row.is_paid) for row in rows}
        changed = session.scalars(
            select(LogEntry).where(LogEntry.act == "payment_rate_changed", LogEntry.actor == "head")
        ).all()
    assert rates["respondent", "commune", None] == (12_000, True)
    assert rates["respondent", None, staff] == (10_000, False)
    assert rates["respondent", None, citizens] == (15_000, True)
    assert rates["enumerator", "division", None] == (0, True)
    befores = [entry.detail["before"] for entry in changed]
    assert {"dong": 10_000, "is_paid": True} in befores, "what stood before stays in the log"


@pytest.mark.parametrize("typed", ["1,5", "1.0000", "mười nghìn", "-5", "999.999.999.999"])
def test_an_unclear_amount_is_refused_and_kept_on_the_screen(counter: Office, typed: str) -> None:
    answer = counter.browser("head").post("/chi-tra/muc-chi", {"respondent-commune": typed})
    assert answer.status_code == 422
    assert f'value="{typed}"' in answer.text
    assert payments_of(counter).total.respondents_dong == 120_000


def test_a_list_that_does_not_fit_its_forms_is_named(counter: Office) -> None:
    browser = counter.browser("treasurer")
    add_names(counter, [f"Người thứ {n}" for n in range(13)])
    words = "Bộ CX2 xã Đại Trạch: 12 phiếu, danh sách ký 13 người."
    assert words in browser.get("/chi-tra").text
    assert words in browser.get("/chi-tra/noi-phat/19186").text
    with counter.session() as session:
        last = session.scalars(select(Respondent.id).order_by(Respondent.id.desc())).first()
    browser.post(f"/chi-tra/nguoi/respondent/{last}/bo")
    assert words not in browser.get("/chi-tra").text


def test_people_are_listed_once_and_by_given_name(counter: Office) -> None:
    assert add_names(counter, [*NAMES, "lê  văn bình", "Đỗ Thị Xuân; 12 thôn Đông"]).status_code == 303
    with counter.session() as session:
        assert session.scalar(select(func.count()).select_from(Respondent)) == 4
    page = counter.browser("treasurer").get("/chi-tra/noi-phat/19186").text
    places = [page.index(name) for name in ("Nguyễn Văn An", "Trần Thị Ánh", "Lê Văn Bình", "Đỗ Thị Xuân")]
    assert places == sorted(places)
    assert "12 thôn Đông" in page


def test_a_name_is_needed(counter: Office) -> None:
    answer = add_names(counter, ["", "123"])
    assert answer.status_code == 422
    assert "Nhập họ tên, mỗi dòng một người." in answer.text
    assert "123" in answer.text, "nothing that was typed is cleared"


def test_erasing_a_name_leaves_the_count(counter: Office) -> None:
    browser = counter.browser("treasurer")
    add_names(counter, NAMES)
    browser.post(
        "/chi-tra/noi-phat/19186/nguoi-dieu-tra",
        {"name": "Hồ Sỹ Lâm", "post": "Kế toán", "phone": "0912 345 678"},
    )
    with counter.session() as session:
        asked = session.scalars(select(Respondent).where(Respondent.name == NAMES[0])).one().id
        asking = session.scalars(select(Enumerator)).one().id
    browser.post(f"/chi-tra/nguoi/respondent/{asked}/xoa-ten")
    browser.post(f"/chi-tra/nguoi/enumerator/{asking}/xoa-ten")
    with counter.session() as session:
        erased, surveyor = session.get_one(Respondent, asked), session.get_one(Enumerator, asking)
        assert (erased.name, erased.post) == (None, None)
        assert (surveyor.name, surveyor.post, surveyor.phone) == (None, None, None)
        assert session.scalar(select(func.count()).select_from(Respondent)) == 3
        assert erased.erased_on == dt.date(2021, 3, 16)
    page = browser.get("/chi-tra/noi-phat/19186").text
    assert "(đã xóa tên)" in page
    assert NAMES[0] not in page
    assert "0912" not in page


def test_paying_is_recorded_undone_and_recorded_again(counter: Office) -> None:
    browser = counter.browser("treasurer")
    assert browser.post("/chi-tra/noi-phat/19186/da-chi", {"dong": "310000"}).status_code == 409
    part = browser.post("/chi-tra/noi-phat/19186/da-chi", {"dong": "320000"}, htmx=True).text
    assert "Đã chi 320.000\u00a0đ" in part
    assert "1/1 nơi phát" in part
    assert "Treasurer, 16/03/2021 09:12" in part
    assert browser.post("/chi-tra/noi-phat/19186/da-chi", {"dong": "320000"}).status_code == 422
    assert browser.post("/chi-tra/noi-phat/19186/hoan-tac").status_code == 303
    assert browser.post("/chi-tra/noi-phat/19186/hoan-tac").status_code == 422
    counter.browser("head").post("/chi-tra/noi-phat/19186/da-chi", {"dong": "320000"})
    with counter.session() as session:
        events = session.scalars(select(PaymentEvent).order_by(PaymentEvent.id)).all()
        assert [(event.kind, event.dong, event.forms, event.by) for event in events] == [
            ("paid", 320_000, 12, "treasurer"),
            ("undone", 320_000, 12, "treasurer"),
            ("paid", 320_000, 12, "head"),
        ]
    assert "hoàn tác khoản 320.000" in browser.get("/chi-tra/noi-phat/19186").text


def test_what_changes_after_paying_is_shown(counter: Office, now: dt.datetime) -> None:
    browser = counter.browser("treasurer")
    browser.post("/chi-tra/noi-phat/19186/da-chi", {"dong": "320000"})
    with counter.session() as session:
        sheets = print_sheets(session, "19186", "CX4", 1, now, first=4001)
        scan_sides(session, [(sheets[0], side) for side in (1, 2)], now, number=2)
        session.commit()
    page = browser.get("/chi-tra").text
    assert "Đã chi 320.000\u00a0đ" in page
    assert "nay là 330.000\u00a0đ" in page


def workbook(**worksheets: list[list[str]]) -> tuple[io.BytesIO, str]:
    """An upload; keyword arguments may not hold spaces, so underscores stand for them."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in worksheets.items():
        sheet = book.create_sheet(name.replace("_", " "))
        for row in rows:
            sheet.append(row)
    data = io.BytesIO()
    book.save(data)
    data.seek(0)
    return data, "danh-sach.xlsx"


RESPONDENT_HEAD = ["Nơi phát", "Nhóm", "Họ và tên", "Chức vụ hoặc địa chỉ"]


def test_a_workbook_is_shown_before_it_is_saved(counter: Office) -> None:
    browser = counter.browser("treasurer")
    add_names(counter, NAMES[:1])
    upload = workbook(
        Người_trả_lời=[
            RESPONDENT_HEAD,
            ["19186", "CX2.CC", NAMES[0], ""],
            ["Xã Đại Trạch", "cx2", NAMES[1], "thôn 1"],
            ["UBND huyện Bố Trạch", "CH1.LD", NAMES[2], ""],
            ["Xã Không Có", "CX2.CC", "Ai Đó", ""],
            ["19186", "CX1", "Ai Đó", "hai nhóm dùng mẫu này"],
        ],
        Người_điều_tra=[["Nơi phát", "Họ và tên", "Điện thoại"], ["NV", "Hồ Sỹ Lâm", "0912"]],
    )
    page = browser.post("/chi-tra/nhap", {"file": upload}).text
    assert "Sẽ thêm 3 người." in page
    assert "1 người đã có trong danh sách" in page
    assert "Không có nơi phát “Xã Không Có”" in page
    assert "Không có nhóm “CX1”" in page
    with counter.session() as session:
        assert session.scalar(select(func.count()).select_from(Respondent)) == 1, "nothing is saved yet"
    lines = re.search(r'name="lines" value="([^"]*)"', page)
    assert lines is not None
    kept = lines[1].replace("&#34;", '"').replace("&amp;", "&")
    assert browser.post("/chi-tra/nhap/luu", {"lines": kept}).status_code == 303
    assert browser.post("/chi-tra/nhap/luu", {"lines": kept}).status_code == 303, (
        "saving twice adds nobody twice"
    )
    with counter.session() as session:
        asked = session.scalars(select(Respondent).order_by(Respondent.id)).all()
        assert [(row.name, row.place_unit_id is None) for row in asked[1:]] == [
            (NAMES[1], False),
            (NAMES[2], True),
        ]
        assert session.scalars(select(Enumerator.phone)).all() == ["0912"]
    assert browser.post("/chi-tra/nhap/luu", {"lines": "[1]"}).status_code == 422


@pytest.mark.parametrize("data", [b"not a workbook", b""])
def test_a_file_that_is_no_workbook_is_refused(counter: Office, data: bytes) -> None:
    answer = counter.browser("treasurer").post("/chi-tra/nhap", {"file": (io.BytesIO(data), "a.xlsx")})
    assert answer.status_code == 422
    assert "Không mở được tệp này" in answer.text


def test_a_workbook_without_the_needed_parts_says_which(counter: Office) -> None:
    browser = counter.browser("treasurer")
    assert "Tệp phải có trang tính" in browser.post("/chi-tra/nhap", {"file": workbook(Khác=[["a"]])}).text
    answer = browser.post("/chi-tra/nhap", {"file": workbook(Người_trả_lời=[["Nơi phát", "Họ và tên"]])})
    assert "thiếu cột: Nhóm" in answer.text


def test_the_blank_lists_can_be_filled_and_brought_back(counter: Office) -> None:
    browser = counter.browser("treasurer")
    book = load_workbook(io.BytesIO(browser.get("/chi-tra/mau-danh-sach.xlsx").data))
    assert [cell.value for cell in book["Người trả lời"][1]] == RESPONDENT_HEAD
    book["Người trả lời"].append(["19186", "CX4.DN", "=HYPERLINK(1)&A", ""])
    book["Người trả lời"].append(["19186", "CX4.DN", NAMES[0], ""])
    data = io.BytesIO()
    book.save(data)
    data.seek(0)
    assert NAMES[0] in browser.post("/chi-tra/nhap", {"file": (data, "a.xlsx")}).text


def everything_written(answer: TestResponse) -> str:
    """All text within an office file, its properties included."""
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        parts = [name for name in archive.namelist() if name.endswith((".xml", ".rels"))]
        return html.unescape(" ".join(archive.read(name).decode() for name in parts))


@pytest.mark.parametrize("kind", ["docx", "xlsx"])
def test_no_paper_holds_a_serial_beside_a_name(counter: Office, kind: str) -> None:
    browser = counter.browser("treasurer")
    add_names(counter, NAMES)
    written = everything_written(browser.get(f"/chi-tra/noi-phat/19186/danh-sach.{kind}"))
    assert all(name in written for name in NAMES)
    assert [serial for serial in SERIALS if str(serial) in written or f"{serial:05d}" in written] == []


def test_no_export_of_results_or_forms_holds_a_name(counter: Office) -> None:
    """Pages of the paper and of the answers, for those who may open them."""
    add_names(counter, NAMES)
    for username, paths in {
        "clerk": ("/", "/in", "/quet"),
        "reviewer": ("/", "/ra-soat"),
        "head": ("/", "/chi-so", "/ra-soat/phan-xu"),
    }.items():
        for path in paths:
            text = counter.browser(username).get(path).text
            assert not any(name in text for name in NAMES), path


def test_the_log_holds_no_name(counter: Office) -> None:
    browser = counter.browser("treasurer")
    add_names(counter, NAMES)
    browser.post("/chi-tra/noi-phat/19186/nguoi-dieu-tra", {"name": "Hồ Sỹ Lâm", "phone": "0912"})
    with counter.session() as session:
        asked = session.scalars(select(Respondent.id)).all()
    browser.post(f"/chi-tra/nguoi/respondent/{asked[0]}/xoa-ten")
    browser.post(f"/chi-tra/nguoi/respondent/{asked[1]}/bo")
    browser.post("/chi-tra/noi-phat/19186/da-chi", {"dong": "320000"})
    with counter.session() as session:
        entries = session.scalars(select(LogEntry)).all()
    written = " ".join(f"{entry.subject} {entry.detail}" for entry in entries)
    assert {"people_added", "person_erased", "person_removed", "payment_paid"} <= {
        entry.act for entry in entries
    }
    assert not any(
        word in written for name in [*NAMES, "Hồ Sỹ Lâm"] for word in (name, name.split()[-1] + "'")
    )
    assert "0912" not in written
    about_people = [entry for entry in entries if entry.act.startswith(("people", "person"))]
    assert {key for entry in about_people for key in entry.detail} == {"group", "count"}


def test_every_place_may_hand_out_forms(counter: Office) -> None:
    """The office itself is a place: its leaders are nobody's unit."""
    assert counter.browser("head").get("/chi-tra/noi-phat/co-quan").status_code == 200
    with counter.session() as session:
        units = session.scalars(select(Unit.code).order_by(Unit.position)).all()
    assert [place.code for place in payments_of(counter).places] == [*units, "co-quan"]
