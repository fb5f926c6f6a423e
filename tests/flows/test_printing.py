"""A clerk orders sheets, downloads them, replaces a lost one, and looks at the forms."""

import datetime as dt
import io
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pikepdf
import pytest
import zxingcpp
from sqlalchemy import select, update

from ocr.blank import render_pdf_page
from ocr.sheet_code import serial_text
from tests.clients import Browser, Office
from webapp.persistence.audit import LogEntry
from webapp.persistence.campaign import Pack, PrintOrder, RespondentGroup, Sheet
from webapp.persistence.scans import Batch, BatchFile, Page

THAY = "/in/thay"
MISTYPED = [
    ("", "Nhập số phiếu."),
    (serial_text(2)[:-1] + "9", "sai hoặc thiếu chữ số kiểm tra"),
    (serial_text(99), "chưa in phiếu 00099"),
]


def group_id(office: Office, form: str, group: str) -> int:
    with office.session() as session:
        found = select(RespondentGroup.id).where(
            RespondentGroup.form_code == form, RespondentGroup.code == group
        )
        return session.scalars(found).one()


def order(office: Office, form: str = "CX4", group: str = "DN", **fields: object) -> Browser:
    """A clerk who has just ordered the missing sheets of a group, or what the fields say."""
    browser = office.browser("clerk")
    office.clock.now += dt.timedelta(seconds=5)
    answer = browser.post("/in/lap", fields or {"nhom": group_id(office, form, group)})
    assert (answer.status_code, answer.location) == (303, "/in#orders")
    return browser


def sheets(office: Office) -> list[Sheet]:
    with office.session() as session:
        found = list(session.scalars(select(Sheet).order_by(Sheet.serial)))
        for sheet in found:
            assert sheet.unit.code, "loaded while the session is open"
            assert sheet.group.code
            assert sheet.pack.code
            assert sheet.pack.place_unit is None or sheet.pack.place_unit.code
    return found


def order_ids(office: Office) -> list[int]:
    with office.session() as session:
        return list(session.scalars(select(PrintOrder.id).order_by(PrintOrder.id)))


def words_of(pdf: bytes) -> list[str]:
    """The text of each page."""
    done = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode().split("\f")[:-1]


def pack_codes(office: Office) -> list[str]:
    with office.session() as session:
        return list(session.scalars(select(Pack.code).order_by(Pack.id)))


def test_the_page_shows_what_the_plan_asks_for_on_both_axes(office: Office) -> None:
    browser = office.browser("clerk")
    page = browser.get("/in").text
    # about the division: 3 + 15 + 2 x 2 + 10; about each of two communes: 15 + 2 + 12 + 1 + 30
    assert "Đã lập 0/152 tờ theo kế hoạch" in page
    assert "Chưa lập phiếu nào" in page
    assert page.count("Xem các bộ") == 4, "the office, a division, two communes"
    assert "không chọn “Vừa trang”" in page
    by_unit = browser.get("/in?theo=don-vi").text
    assert "Đã lập 0/152 tờ theo kế hoạch" in by_unit
    assert "Xem các bộ" not in by_unit
    for name, due in (("Phòng Nội vụ", 32), ("Xã Đại Trạch", 60)):
        assert f"{due}" in by_unit.split(name, 1)[1][:200]
    place = browser.get("/in/noi/19186").text
    assert "6 bộ, 61 tờ phiếu, 122 mặt, in khoảng 5 phút." in place
    assert "người số 2" in place
    assert browser.get("/in/noi/xx").status_code == 404


def test_one_group_gets_its_sheets_with_serials_of_their_own(office: Office) -> None:
    browser = order(office)
    order(office, "CX1", "LD")
    printed = sheets(office)
    assert [sheet.serial for sheet in printed] == list(range(1, 65))
    assert [(sheet.form_code, sheet.unit.code) for sheet in printed[::30]] == [
        ("CX4", "19111"),
        ("CX4", "19186"),
        ("CX1", "19111"),
    ]
    page = browser.get("/in").text
    assert "Đã lập 64/152 tờ" in page
    assert f"{serial_text(1)} – {serial_text(60)}" in page
    with office.session() as session:
        acts = session.scalars(select(LogEntry.act)).all()
    assert acts.count("sheets_ordered") == 2


def test_the_pdf_holds_exactly_those_sheets_and_can_be_had_again(office: Office) -> None:
    browser = order(office, "CX1", "LD")
    (order_id, _second) = order_ids(office)
    answer = browser.get(f"/in/lan/{order_id}.pdf")
    assert answer.mimetype == "application/pdf"
    assert "2-bo_00001-00004.pdf" in answer.headers["Content-Disposition"]
    pages = words_of(answer.data)
    assert len(pages) == 2 * (1 + 2 + 1 + 2)
    code, _other = pack_codes(office)
    cover, back = pages[:2]
    assert code in cover
    assert "thị trấn Hoàn Lão" in cover
    assert "Cover slip of a pack of forms" in cover
    assert "UBND huyện Bố Trạch (qua Phòng Nội vụ)" in cover
    assert f"{serial_text(1)} – {serial_text(2)}" in cover
    assert serial_text(1) in back
    for page, serial in zip(pages[2:6], (1, 1, 2, 2), strict=True):
        assert serial_text(serial) in page
        assert "thị trấn Hoàn Lão" in page
    assert "xã Đại Trạch" in pages[-1]
    assert browser.get(f"/in/lan/{order_id}.pdf").data == answer.data
    assert len(sheets(office)) == 4, "downloading makes no new sheets"


def test_the_zip_holds_a_folder_a_place_and_a_pdf_a_pack(office: Office) -> None:
    browser = order(office, all="yes")
    answer = browser.get(f"/in/lan/{order_ids(office)[0]}.zip")
    assert answer.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        assert {name.split("/")[0] for name in names} == {"co-quan", "NV", "19111", "19186"}
        assert len(names) == len(pack_codes(office)) == 18
        sides = {name: _count_pages(archive.read(name)) for name in names}
    assert sum(sides.values()) == 2 * (152 + 18)
    assert sides[f"co-quan/{pack_codes(office)[0]}_CH1_LD_nguoi-1.pdf"] == 2 * (1 + 1)
    answer = browser.post("/in/lap", {})
    assert answer.status_code == 422
    assert "Không còn phiếu nào thiếu để lập" in answer.text


def test_the_cover_slip_carries_the_packs_code_for_machines(office: Office) -> None:
    browser = order(office, "CX3", "CH")
    pdf = browser.get(f"/in/lan/{order_ids(office)[0]}.pdf").data
    found = zxingcpp.read_barcodes(np.ascontiguousarray(render_pdf_page(pdf, 0, 150)))
    assert [code.text for code in found] == pack_codes(office)


def test_one_place_gets_all_its_packs(office: Office) -> None:
    browser = order(office, noi="19186")
    assert {sheet.pack.place_unit and sheet.pack.place_unit.code for sheet in sheets(office)} == {"19186"}
    assert len(sheets(office)) == 61
    place = browser.get("/in/noi/19186").text
    assert "Đã lập 61/61 tờ" in place
    whole = browser.get("/in/noi/19186.pdf").data
    assert _count_pages(whole) == 2 * (61 + 6)
    assert browser.get("/in/noi/19111.pdf").status_code == 422


def test_one_pack_is_printed_again_under_the_same_serials(office: Office) -> None:
    browser = order(office, "CX1", "LD")
    first, second = pack_codes(office)
    office.clock.now += dt.timedelta(minutes=1)
    browser.post("/in/thay", {"serial": serial_text(4), "confirmed": "yes"})
    before = [(sheet.serial, sheet.voided_at) for sheet in sheets(office)]
    rows = browser.get("/in/noi/19186").text
    assert f'href="/in/bo/{second}.pdf"' in rows
    assert f"/in/bo/{first}.pdf" not in rows, "the other place's"
    answer = browser.get(f"/in/bo/{second}.pdf")
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("application/pdf", "no-store")
    assert f"{second}_CX1_LD.pdf" in answer.headers["Content-Disposition"]
    pages = words_of(answer.data)
    assert len(pages) == 2 * (1 + 2), "its cover slip, and its sheets but for the void one"
    assert second in pages[0]
    for page, serial in zip(pages[2:], (3, 3, 5, 5), strict=True):
        assert serial_text(serial) in page
        assert "xã Đại Trạch" in page
    assert answer.data == browser.get("/in/noi/19186.pdf").data, "as in the whole job"
    assert [(sheet.serial, sheet.voided_at) for sheet in sheets(office)] == before, "no new serials"


def test_whoever_takes_sheets_to_print_them_leaves_a_line(office: Office) -> None:
    browser = order(office, "CX1", "LD")
    (code, _other), (number, _second) = pack_codes(office), order_ids(office)
    for path in (f"lan/{number}.pdf", f"lan/{number}.zip", "noi/19111.pdf", f"bo/{code}.pdf"):
        assert browser.get(f"/in/{path}").status_code == 200
    with office.session() as session:
        taken = session.scalars(select(LogEntry).where(LogEntry.act == "paper_made").order_by(LogEntry.seq))
        lines = [(entry.actor, entry.subject, entry.detail["sheets"]) for entry in taken]
    job = "2-bo_00001-00004"
    assert lines == [
        ("clerk", f"paper/{job}.pdf", 4),
        ("clerk", f"paper/{job}.zip", 4),
        ("clerk", "paper/19111.pdf", 2),
        ("clerk", f"paper/{code}_CX1_LD.pdf", 2),
    ]


def test_a_pack_without_good_sheets_or_of_nobody_prints_nothing(office: Office) -> None:
    browser = order(office, "CX1", "LD")
    assert browser.get("/in/bo/B999-9.pdf").status_code == 404
    with office.session() as session:
        session.execute(update(Sheet).values(voided_at=office.clock()))
        session.commit()
    answer = browser.get(f"/in/bo/{pack_codes(office)[0]}.pdf")
    assert answer.status_code == 422
    assert "Không còn phiếu nào để in" in answer.text
    assert "/in/bo/" not in browser.get("/in/noi/19111").text


def test_spare_sheets_join_their_pack(office: Office) -> None:
    browser = order(office)
    code = pack_codes(office)[1]
    answer = browser.post("/in/noi/19186/them", {"pack": code, "count": "3"})
    assert answer.status_code == 303
    assert [sheet.serial for sheet in sheets(office) if sheet.pack.code == code][-3:] == [61, 62, 63]


@pytest.mark.parametrize("count", ["0", "-1", "501", "x", ""])
def test_a_count_out_of_range_is_refused_and_nothing_is_kept(office: Office, count: str) -> None:
    browser = order(office)
    answer = browser.post("/in/noi/19186/them", {"pack": pack_codes(office)[1], "count": count})
    assert answer.status_code == 422
    assert "từ 1" in answer.text
    assert len(sheets(office)) == 60


def test_a_lost_sheet_is_voided_and_replaced_by_a_new_one(office: Office) -> None:
    browser = order(office)
    office.clock.now += dt.timedelta(minutes=1)
    answer = browser.post("/in/thay", {"serial": f" {serial_text(2)} ", "confirmed": "yes"})
    assert answer.status_code == 303
    assert f"Đã hủy phiếu {serial_text(2)}; phiếu {serial_text(61)} thay" in browser.get("/in").text
    printed = sheets(office)
    assert [sheet.serial for sheet in printed if sheet.voided_at is not None] == [2]
    assert (printed[-1].unit.code, printed[-1].pack.code) == ("19111", pack_codes(office)[0])
    first, _other, second = order_ids(office)
    assert _count_pages(browser.get(f"/in/lan/{first}.pdf").data) == 2 * (59 + 2), "void sheets stay away"
    assert serial_text(61) in words_of(browser.get(f"/in/lan/{second}.pdf").data)[2]
    assert "Đã lập 60/152 tờ" in browser.get("/in").text
    answer = browser.post("/in/thay", {"serial": serial_text(2), "confirmed": "yes"})
    assert answer.status_code == 422
    assert "đã được hủy từ trước" in answer.text


@pytest.mark.parametrize(("typed", "complaint"), MISTYPED)
def test_a_mistyped_or_unknown_serial_voids_nothing(office: Office, typed: str, complaint: str) -> None:
    browser = order(office, "CX1", "LD")
    answer = browser.post("/in/thay", {"serial": typed, "confirmed": "yes"})
    assert answer.status_code in {404, 422}
    assert complaint in answer.text
    assert all(sheet.voided_at is None for sheet in sheets(office))


def test_a_scanned_sheet_is_not_lost(office: Office) -> None:
    browser = order(office, "CX1", "LD")
    sheet = sheets(office)[0]
    with office.session() as session:
        batch = Batch(
            campaign_id=sheet.campaign_id, number=1, received_by="clerk", received_at=office.clock()
        )
        file = BatchFile(batch=batch, sha256="0" * 64, size_bytes=1, original_name="a.pdf", state="split")
        session.add(Page(batch=batch, file=file, page_index=0, state="read", sheet_id=sheet.id, side=1))
        session.commit()
    answer = browser.post("/in/thay", {"serial": serial_text(1), "confirmed": "yes"})
    assert answer.status_code == 422
    assert "đã quét, không phải phiếu bị mất" in answer.text
    assert browser.get(THAY, query_string={"serial": serial_text(1)}).status_code == 422
    assert len(sheets(office)) == 4
    with office.session() as session:  # the paper was spoilt after its first side: that scan goes away first
        session.execute(update(Page).values(state="trashed"))
        session.commit()
    asked = browser.get(THAY, query_string={"serial": serial_text(1)}).text
    assert "1 trang đã quét, đang ở thùng rác" in asked
    assert browser.post("/in/thay", {"serial": serial_text(1), "confirmed": "yes"}).status_code == 303
    assert len(sheets(office)) == 5


def test_a_clerk_sees_the_sheet_before_it_is_void(office: Office) -> None:
    browser = order(office, "CX1", "LD")
    office.clock.now += dt.timedelta(minutes=1)
    handed = {"typed": serial_text(4), "act": "giao", "person": "ông Bình, trưởng thôn"}
    assert browser.post("/phat-thu", handed).status_code < 400
    assert f'action="{THAY}"' in browser.get("/in").text
    page = browser.get(THAY, query_string={"serial": serial_text(4)})
    assert page.status_code == 200
    for words in (
        f"Hủy phiếu {serial_text(4)}?",
        "CX1 · ",
        "Xã Đại Trạch",
        pack_codes(office)[1],
        "đã giao cho ông Bình, trưởng thôn lúc 16/03/2021",
        "không được tính nữa, kể cả khi sau này tìm thấy và quét vào",
        f"Bộ {pack_codes(office)[1]} vẫn đủ phiếu",
    ):
        assert words in page.text, words
    assert "Tờ này đã thu về" not in page.text
    browser.post("/phat-thu", {"typed": serial_text(4), "act": "thu"})
    assert "Tờ này đã thu về" in browser.get(THAY, query_string={"serial": serial_text(4)}).text
    assert all(sheet.voided_at is None for sheet in sheets(office)), "looking changes nothing"


def test_nothing_is_void_before_it_was_confirmed(office: Office) -> None:
    browser = order(office, "CX1", "LD")
    answer = browser.post(THAY, {"serial": serial_text(4)})
    assert (answer.status_code, answer.location) == (303, f"{THAY}?serial={serial_text(4)}")
    assert [sheet.serial for sheet in sheets(office) if sheet.voided_at is not None] == []
    asked, sent = browser.get(answer.location).text, {"serial": serial_text(4), "confirmed": "yes"}
    assert all(f'name="{name}" value="{value}"' in asked for name, value in sent.items())
    assert browser.post(THAY, sent).status_code == 303
    assert [sheet.serial for sheet in sheets(office) if sheet.voided_at is not None] == [4]
    again = browser.get(THAY, query_string={"serial": serial_text(4)})
    assert (again.status_code, "đã được hủy từ trước" in again.text) == (422, True)


def test_what_cannot_be_void_is_not_even_asked_about(office: Office) -> None:
    browser = order(office, "CX1", "LD")
    for typed, complaint in MISTYPED:
        answer = browser.get(THAY, query_string={"serial": typed})
        assert (answer.status_code, complaint in answer.text) == (422, True), typed
        assert "Sẽ mất, không lấy lại được" not in answer.text


def test_an_order_whose_sheets_are_all_void_prints_nothing(office: Office) -> None:
    browser = order(office, "CX3", "CH")
    for serial in (1, 2):
        office.clock.now += dt.timedelta(minutes=1)
        browser.post("/in/thay", {"serial": serial_text(serial), "confirmed": "yes"})
    answer = browser.get(f"/in/lan/{order_ids(office)[0]}.pdf")
    assert answer.status_code == 422
    assert "Không còn phiếu nào để in" in answer.text


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
    browser = order(office)
    browser.post("/ngon-ngu", {"locale": "en"})
    page = browser.get("/in").text
    assert "60 of the 152 planned sheets are made" in page
    assert "Enterprises, production establishments, residents" in page
    assert "Overall satisfaction" in browser.get("/in/mau/CX4").text


@pytest.mark.parametrize("person", ["reviewer", "unit-19186", "appraiser", "head", "viewer"])
def test_only_clerks_print(office: Office, person: str) -> None:
    order(office, "CX1", "LD")
    stranger = office.browser(person)
    number = order_ids(office)[0]
    pack = f"/in/bo/{pack_codes(office)[0]}.pdf"
    for path in ("/in", "/in/noi/19186", f"/in/lan/{number}.pdf", f"/in/lan/{number}.zip", pack, "/in/mau"):
        assert stranger.get(path).status_code == 403
    for path in ("/in/lap", "/in/noi/19186/them"):
        assert stranger.post(path, {"count": "1"}).status_code == 403
    assert stranger.get(f"/in/thay?serial={serial_text(1)}").status_code == 403
    assert stranger.post("/in/thay", {"serial": serial_text(1), "confirmed": "yes"}).status_code == 403
    assert len(sheets(office)) == 4


def _count_pages(pdf: bytes) -> int:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return len(opened.pages)
