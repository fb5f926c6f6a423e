"""A clerk orders sheets, downloads them, replaces a lost one, and looks at the forms."""

import datetime as dt
import io
import subprocess
from pathlib import Path

import pikepdf
import pytest
from sqlalchemy import select

from ocr.sheet_code import serial_text
from tests.clients import Browser, Office
from webapp.persistence.audit import LogEntry
from webapp.persistence.campaign import PrintOrder, RespondentGroup, Sheet
from webapp.persistence.scans import Batch, BatchFile, Page


def group_id(office: Office, form: str, group: str) -> int:
    with office.session() as session:
        found = select(RespondentGroup.id).where(
            RespondentGroup.form_code == form, RespondentGroup.code == group
        )
        return session.scalars(found).one()


def order(office: Office, form: str = "CX4", group: str = "DN", **fields: object) -> Browser:
    """A clerk who has just ordered sheets."""
    browser = office.browser("clerk")
    office.clock.now += dt.timedelta(seconds=5)
    answer = browser.post(f"/in/nhom/{group_id(office, form, group)}", fields)
    assert (answer.status_code, answer.location) == (303, "/in#orders")
    return browser


def sheets(office: Office) -> list[Sheet]:
    with office.session() as session:
        found = list(session.scalars(select(Sheet).order_by(Sheet.serial)))
        for sheet in found:
            assert sheet.unit.code, "loaded while the session is open"
            assert sheet.group.code
    return found


def order_ids(office: Office) -> list[int]:
    with office.session() as session:
        return list(session.scalars(select(PrintOrder.id).order_by(PrintOrder.id)))


def words_of(pdf: bytes) -> list[str]:
    """The text of each page."""
    done = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode().split("\f")[:-1]


def test_the_page_shows_what_the_plan_asks_for(office: Office) -> None:
    page = office.browser("clerk").get("/in").text
    # one division: 3 + 15 + 56 + 10; two communes: (15 + 2 + 12 + 13 + 30) x 2
    assert "Đã lập 0/228 tờ theo kế hoạch" in page
    assert "Chưa lập phiếu nào" in page
    assert page.count("Chọn đơn vị") == 9
    assert "không chọn “Vừa trang”" in page


def test_one_unit_gets_its_sheets_with_serials_of_their_own(office: Office) -> None:
    browser = order(office, unit="19186", count=30)
    order(office, "CX1", "LD", unit="19186", count=2)
    printed = sheets(office)
    assert [sheet.serial for sheet in printed] == list(range(1, 33))
    assert {(sheet.form_code, sheet.group.code, sheet.unit.code) for sheet in printed[:30]} == {
        ("CX4", "DN", "19186")
    }
    assert {(sheet.form_code, sheet.group.code) for sheet in printed[30:]} == {("CX1", "LD")}
    page = browser.get("/in").text
    assert "Đã lập 32/228 tờ" in page
    assert "Xã Đại Trạch" in page
    assert f"{serial_text(1)} – {serial_text(30)}" in page
    assert "Còn thiếu 30" in page
    with office.session() as session:
        acts = session.scalars(select(LogEntry.act)).all()
    assert acts.count("sheets_ordered") == 2


def test_the_pdf_holds_exactly_those_sheets_and_can_be_had_again(office: Office) -> None:
    browser = order(office, unit="19111", count=2)
    (order_id,) = order_ids(office)
    answer = browser.get(f"/in/lan/{order_id}.pdf")
    assert answer.mimetype == "application/pdf"
    assert "CX4_DN_19111_00001-00002.pdf" in answer.headers["Content-Disposition"]
    pages = words_of(answer.data)
    assert len(pages) == 4
    for page, serial in zip(pages, (1, 1, 2, 2), strict=True):
        assert serial_text(serial) in page
        assert "thị trấn Hoàn Lão" in page
    assert "HUYỆN BỐ TRẠCH" in pages[0]
    assert browser.get(f"/in/lan/{order_id}.pdf").data == answer.data
    assert len(sheets(office)) == 2, "downloading makes no new sheets"


def test_all_missing_sheets_of_a_group_come_as_one_pdf(office: Office) -> None:
    browser = order(office, unit="19186", count=28)
    order(office)
    per_unit = dict.fromkeys(("19111", "19186"), 0)
    for sheet in sheets(office):
        per_unit[sheet.unit.code] += 1
    assert per_unit == {"19111": 30, "19186": 30}
    page = browser.get("/in").text
    assert "2 đơn vị" in page
    answer = browser.get(f"/in/lan/{order_ids(office)[1]}.pdf")
    with pikepdf.open(io.BytesIO(answer.data)) as pdf:
        assert len(pdf.pages) == 2 * (30 + 2)
    names = words_of(answer.data)
    assert "thị trấn Hoàn Lão" in names[0]
    assert "xã Đại Trạch" in names[-1]
    need = browser.get(f"/in/nhom/{group_id(office, 'CX4', 'DN')}").text
    assert "Đã lập 60/60 tờ" in need
    answer = browser.post(f"/in/nhom/{group_id(office, 'CX4', 'DN')}", {})
    assert answer.status_code == 422
    assert "Chưa có đơn vị nào cần in" in answer.text


@pytest.mark.parametrize("count", ["0", "-1", "501", "x", ""])
def test_a_count_out_of_range_is_refused_and_nothing_is_kept(office: Office, count: str) -> None:
    answer = office.browser("clerk").post(
        f"/in/nhom/{group_id(office, 'CX4', 'DN')}", {"unit": "19186", "count": count}
    )
    assert answer.status_code == 422
    assert "từ 1" in answer.text
    assert sheets(office) == []


def test_a_unit_of_the_other_level_is_not_found(office: Office) -> None:
    answer = office.browser("clerk").post(
        f"/in/nhom/{group_id(office, 'CX4', 'DN')}", {"unit": "NV", "count": "1"}
    )
    assert answer.status_code == 422
    assert "Không có đơn vị này." in answer.text


def test_a_lost_sheet_is_voided_and_replaced_by_a_new_one(office: Office) -> None:
    browser = order(office, unit="19186", count=3)
    office.clock.now += dt.timedelta(minutes=1)
    answer = browser.post("/in/thay", {"serial": f" {serial_text(2)} "})
    assert answer.status_code == 303
    assert f"Đã hủy phiếu {serial_text(2)}; phiếu {serial_text(4)} thay" in browser.get("/in").text
    printed = sheets(office)
    assert [sheet.serial for sheet in printed if sheet.voided_at is not None] == [2]
    assert printed[-1].unit.code == "19186"
    first, second = order_ids(office)
    assert len(words_of(browser.get(f"/in/lan/{first}.pdf").data)) == 4, "the voided sheet cannot come back"
    assert serial_text(4) in words_of(browser.get(f"/in/lan/{second}.pdf").data)[0]
    assert "Đã lập 3/228 tờ" in browser.get("/in").text
    answer = browser.post("/in/thay", {"serial": serial_text(2)})
    assert answer.status_code == 422
    assert "đã được hủy từ trước" in answer.text


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("", "Nhập số phiếu."),
        (serial_text(2)[:-1] + "9", "sai chữ số kiểm tra"),
        (serial_text(99), "chưa in phiếu 00099"),
    ],
)
def test_a_mistyped_or_unknown_serial_voids_nothing(office: Office, typed: str, complaint: str) -> None:
    browser = order(office, unit="19186", count=3)
    answer = browser.post("/in/thay", {"serial": typed})
    assert answer.status_code in {404, 422}
    assert complaint in answer.text
    assert all(sheet.voided_at is None for sheet in sheets(office))


def test_a_scanned_sheet_is_not_lost(office: Office) -> None:
    browser = order(office, unit="19186", count=1)
    (sheet,) = sheets(office)
    with office.session() as session:
        batch = Batch(
            campaign_id=sheet.campaign_id, number=1, received_by="clerk", received_at=office.clock()
        )
        file = BatchFile(batch=batch, sha256="0" * 64, size_bytes=1, original_name="a.pdf", state="split")
        session.add(Page(batch=batch, file=file, page_index=0, state="read", sheet_id=sheet.id, side=1))
        session.commit()
    answer = browser.post("/in/thay", {"serial": serial_text(1)})
    assert answer.status_code == 422
    assert "đã quét, không phải phiếu bị mất" in answer.text
    assert len(sheets(office)) == 1


def test_an_order_whose_sheets_are_all_void_prints_nothing(office: Office) -> None:
    browser = order(office, unit="19186", count=1)
    office.clock.now += dt.timedelta(minutes=1)
    browser.post("/in/thay", {"serial": serial_text(1)})
    answer = browser.get(f"/in/lan/{order_ids(office)[0]}.pdf")
    assert answer.status_code == 422
    assert "không còn gì để in" in answer.text


def test_all_eight_forms_can_be_looked_at(office: Office, tmp_path: Path) -> None:
    browser = office.browser("clerk")
    page = browser.get("/in/mau").text
    assert all(f"/in/mau/{code}/1/nho.png" in page for code in ("CH1", "CH2", "CH3", "CH4", "CX1", "CX4"))
    assert "/in/mau/CX4/2/to.png" in browser.get("/in/mau/CX4").text
    picture = browser.get("/in/mau/CX4/2/to.png")
    assert picture.mimetype == "image/png"
    assert picture.data.startswith(b"\x89PNG")
    for missing in (
        "/in/mau/CX9",
        "/in/mau/CX4/3/to.png",
        "/in/mau/CX4/1/xxl.png",
        "/in/mau/_fonts/1/to.png",
    ):
        assert browser.get(missing).status_code == 404
    assert tmp_path.exists()


def test_in_english(office: Office) -> None:
    browser = order(office, unit="19186", count=2)
    browser.post("/ngon-ngu", {"locale": "en"})
    page = browser.get("/in").text
    assert "2 of the 228 planned sheets are made" in page
    assert "Enterprises, production establishments, residents" in page
    assert "Overall satisfaction" in browser.get("/in/mau/CX4").text


@pytest.mark.parametrize("person", ["reviewer", "unit-19186", "appraiser", "head", "viewer"])
def test_only_clerks_print(office: Office, person: str) -> None:
    order(office, unit="19186", count=1)
    stranger = office.browser(person)
    number = group_id(office, "CX4", "DN")
    for path in ("/in", f"/in/nhom/{number}", f"/in/lan/{order_ids(office)[0]}.pdf", "/in/mau"):
        assert stranger.get(path).status_code == 403
    assert stranger.post(f"/in/nhom/{number}", {"unit": "19186", "count": "1"}).status_code == 403
    assert stranger.post("/in/thay", {"serial": serial_text(1)}).status_code == 403
    assert len(sheets(office)) == 1
