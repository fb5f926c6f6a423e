"""Chu kỳ: typed in, imported with a preview, copied and chosen; nothing half-saved, no paper touched."""

import datetime as dt
import io
import re
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.clients import Browser, Office
from tests.worlds.packs import pack_about
from webapp.campaign_plan.worksheets import worksheets_of
from webapp.papers.plain_workbook import read_rows, write_rows
from webapp.payments.sums import Basis
from webapp.persistence.accounts import User
from webapp.persistence.audit import LogEntry
from webapp.persistence.campaign import Campaign, Sheet, Unit
from webapp.services.campaign_rows import plan_of
from webapp.services.campaigns import BO_TRACH
from webapp.services.payment_rates import choose_basis, current_basis, current_rates, load_rates
from webapp.services.schemes import load_sample_schemes
from webapp.services.submissions import open_submission

PAGE = "/chu-ky"


@pytest.fixture
def administrator(office: Office) -> Browser:
    return office.browser("administrator")


def worksheets(office: Office) -> dict[str, list[list[str]]]:
    with office.session() as session:
        return worksheets_of(plan_of(session.scalars(select(Campaign)).one()))


def send(browser: Browser, sheets: dict[str, list[list[str]]]) -> TestResponse:
    return browser.post(f"{PAGE}/nhap", {"file": (io.BytesIO(write_rows(sheets)), "chu-ky.xlsx")})


def hidden(page: str, name: str) -> str:
    from html import unescape

    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return unescape(found[1])


def confirm(browser: Browser, preview: TestResponse) -> TestResponse:
    fields = {name: hidden(preview.text, name) for name in ("fingerprint", "rows")}
    return browser.post(f"{PAGE}/nhap/luu", fields)


def typed(page: str) -> dict[str, str]:
    """All inputs of the step's form with their values, as a browser would send them."""
    from html import unescape

    inputs = re.findall(r'<input id="[^"]+" name="([^"]+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in inputs} | {"fingerprint": hidden(page, "fingerprint")}


def units(office: Office) -> dict[str, Unit]:
    with office.session() as session:
        return {unit.code: unit for unit in session.scalars(select(Unit)).all()}


def test_only_the_administrator_gets_in(office: Office) -> None:
    for username in ("clerk", "head", "unit-nv"):
        for path in (PAGE, f"{PAGE}/2020/chung", f"{PAGE}/nhap", f"{PAGE}/2020.xlsx"):
            assert office.browser(username).get(path).status_code == 403
    assert office.browser("administrator").get(f"{PAGE}/1999/chung").status_code == 404
    assert office.browser("administrator").get(f"{PAGE}/2020/khac").status_code == 404


def test_every_step_opens(administrator: Browser) -> None:
    for step in ("chung", "don-vi", "tieu-chi", "chi-tieu", "nguoi-ky", "soat"):
        assert administrator.get(f"{PAGE}/2020/{step}").status_code == 200
    assert "Nguyễn Ngọc Tuấn" in administrator.get(f"{PAGE}/2020/soat").text


def test_a_step_that_is_sent_back_unchanged_changes_nothing(administrator: Browser, office: Office) -> None:
    before = worksheets(office)
    for step in ("chung", "don-vi", "chi-tieu", "nguoi-ky"):
        page = administrator.get(f"{PAGE}/2020/{step}").text
        assert administrator.post(f"{PAGE}/2020/{step}", typed(page)).status_code == 303
    assert worksheets(office) == before
    with office.session() as session:
        logged = session.scalars(select(LogEntry).where(LogEntry.act == "campaign_changed")).all()
    assert logged == []


def test_a_unit_is_added_and_another_is_ended(administrator: Browser, office: Office) -> None:
    fields = typed(administrator.get(f"{PAGE}/2020/don-vi").text)
    fields |= {
        "units-1-valid_to": "30/11/2020",
        "units-3-code": "19999",
        "units-3-name": "xã Hạ Mỹ",
        "units-3-kind": "xã",
        "units-3-level": "commune",
        "units-3-valid_from": "1/12/2020",
    }
    assert administrator.post(f"{PAGE}/2020/don-vi", fields).status_code == 303
    found = units(office)
    assert found["19999"].valid_from == dt.date(2020, 12, 1)
    ended = next(unit for unit in found.values() if unit.valid_to is not None)
    assert ended.valid_to == dt.date(2020, 11, 30)
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        assert ended.code not in {unit.code for unit in campaign.units}
        assert ended.code in {unit.code for unit in campaign.all_units}
        entry = session.scalars(select(LogEntry).where(LogEntry.act == "campaign_changed")).one()
    assert {change["kind"] for change in entry.detail["changes"]} == {"added", "changed"}
    assert office.browser("clerk").get("/in").status_code == 200


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_saved(
    administrator: Browser, office: Office
) -> None:
    before = worksheets(office)
    fields = typed(administrator.get(f"{PAGE}/2020/don-vi").text)
    fields |= {
        "units-0-level": "tỉnh",
        "units-1-valid_from": "32/1/2020",
        "levels-0-plural": "",
        "units-2-name": "xã Mới",
    }
    answer = administrator.post(f"{PAGE}/2020/don-vi", fields)
    assert answer.status_code == 422
    assert "Đơn vị, dòng 2, cột “Từ ngày”: “32/1/2020” không phải một ngày." in answer.text
    assert "Cấp, dòng 1, cột “Tên chung”: Chưa điền." in answer.text
    assert "Đơn vị, dòng 1, cột “Cấp”" in answer.text
    assert 'value="xã Mới"' in answer.text
    assert worksheets(office) == before


def test_two_people_do_not_overwrite_each_other(administrator: Browser, office: Office) -> None:
    first = typed(administrator.get(f"{PAGE}/2020/nguoi-ky").text)
    second = dict(first)
    assert (
        administrator.post(
            f"{PAGE}/2020/nguoi-ky", first | {"signatories-1-name": "A", "signatories-1-title": "B"}
        ).status_code
        == 303
    )
    late = administrator.post(
        f"{PAGE}/2020/nguoi-ky", second | {"signatories-1-name": "C", "signatories-1-title": "D"}
    )
    assert late.status_code == 422
    assert "vừa được người khác sửa" in late.text
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        assert [signatory.name for signatory in campaign.signatories][1:] == ["A"]


def test_what_is_downloaded_comes_back_as_it_was(administrator: Browser) -> None:
    data = administrator.get(f"{PAGE}/2020.xlsx").data
    assert read_rows(data)["Chung"][1][0] == "2020"
    answer = administrator.post(f"{PAGE}/nhap", {"file": (io.BytesIO(data), "a.xlsx")})
    assert answer.status_code == 200
    assert "không có gì để lưu" in answer.text


def test_an_import_is_seen_before_it_is_saved(administrator: Browser, office: Office) -> None:
    sheets = worksheets(office)
    sheets["Đơn vị"][1][1] = "Phòng Nội vụ và Lao động"
    sheets["Đơn vị"].append(["19998", "xã Mới", "xã", "commune", "", ""])
    sheets["Số phiếu theo kế hoạch"] = [row for row in sheets["Số phiếu theo kế hoạch"] if row[0] != "CX2"]
    preview = send(administrator, sheets)
    assert preview.status_code == 200
    assert "Lưu 3 thay đổi" in preview.text
    assert "19998" not in units(office)
    assert confirm(administrator, preview).status_code == 303
    assert units(office)["19998"].name == "xã Mới"
    with office.session() as session:
        entry = session.scalars(select(LogEntry).where(LogEntry.act == "campaign_changed")).one()
    assert [change["kind"] for change in entry.detail["changes"]] == ["changed", "added", "removed"]
    assert confirm(administrator, preview).status_code == 422


def test_what_has_paper_or_an_account_cannot_be_removed(administrator: Browser, office: Office) -> None:
    with office.session() as session:
        world_units = {unit.code: unit for unit in session.scalars(select(Unit)).all()}
        group = session.scalars(select(Campaign)).one().groups[-1]
        session.add(
            Sheet(
                campaign_id=group.campaign_id, serial=1, form_code="CX4", form_version=1, group_id=group.id,
                unit_id=world_units["19186"].id, printed_at=office.clock(),
                pack=pack_about(session, group, world_units["19186"]),
            )
        )  # fmt: skip
        session.commit()
    sheets = worksheets(office)
    sheets["Đơn vị"] = [row for row in sheets["Đơn vị"] if row[0] not in {"19186", "NV"}]
    sheets["Nhóm trả lời"] = [row for row in sheets["Nhóm trả lời"] if row[0] != "CX4"]
    sheets["Số phiếu theo kế hoạch"] = [row for row in sheets["Số phiếu theo kế hoạch"] if row[0] != "CX4"]
    preview = send(administrator, sheets)
    assert preview.status_code == 422
    assert (
        "Không xóa được đơn vị 19186 (xã Đại Trạch): đã có tài khoản, bộ phiếu, phiếu đã in." in preview.text
    )
    assert "Không xóa được đơn vị NV (Phòng Nội vụ): đã có tài khoản." in preview.text
    assert "Không xóa được CX4.DN" in preview.text
    assert "Lưu " not in re.sub(r"(?s)<footer.*", "", preview.text).split("</table>")[-1]
    moved = worksheets(office)
    for row in moved["Đơn vị"]:
        if row[0] == "19186":
            row[3] = "division"
    assert (
        "Không đổi được cấp của 19186 (xã Đại Trạch): đã có bộ phiếu, phiếu đã in."
        in send(administrator, moved).text
    )
    assert set(units(office)) == {"NV", "19111", "19186"}


def test_bad_rows_are_named_by_sheet_row_and_column(administrator: Browser, office: Office) -> None:
    before = worksheets(office)
    sheets = worksheets(office)
    sheets["Đơn vị"].append(["19186", "xã Trùng", "xã", "commune", "", ""])
    sheets["Nhóm trả lời"][1][4] = "ba"
    sheets["Nhóm trả lời"][2][0] = "CX9"
    sheets["Cấp"] = [row[:2] for row in sheets["Cấp"]]
    answer = send(administrator, sheets)
    assert answer.status_code == 422
    assert "Đơn vị, dòng 5, cột “Mã”: “19186” đã có ở trên" in answer.text
    assert "Nhóm trả lời, dòng 2, cột “Phiếu mỗi đơn vị”: “ba” không phải" in answer.text
    assert "Nhóm trả lời, dòng 3, cột “Mẫu phiếu”: Máy không có mẫu phiếu CX9." in answer.text
    assert "Cấp, cột “Tên chung”: Thiếu cột này" in answer.text
    assert worksheets(office) == before


def test_a_file_that_is_no_workbook_is_refused(administrator: Browser) -> None:
    for content in (b"", b"PK\x03\x04rubbish", b"a;b;c"):
        answer = administrator.post(f"{PAGE}/nhap", {"file": (io.BytesIO(content), "a.xlsx")})
        assert answer.status_code == 422
        assert "Chưa đọc được tệp" in answer.text
    other = Workbook()
    data = io.BytesIO()
    other.save(data)
    answer = administrator.post(f"{PAGE}/nhap", {"file": (io.BytesIO(data.getvalue()), "a.xlsx")})
    assert "không có trang tính nào của chu kỳ" in answer.text
    assert administrator.post(f"{PAGE}/nhap", {}).status_code == 422


def test_a_bomb_is_refused_before_it_is_unpacked(administrator: Browser) -> None:
    import zipfile

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 70_000_000)
    answer = administrator.post(f"{PAGE}/nhap", {"file": (io.BytesIO(data.getvalue()), "a.xlsx")})
    assert answer.status_code == 422


def test_a_workbook_of_another_year_opens_that_year(administrator: Browser, office: Office) -> None:
    sheets = worksheets(office)
    sheets["Chung"][1][0] = "2021"
    preview = send(administrator, sheets)
    assert "Tạo chu kỳ mới từ tệp" in preview.text
    assert confirm(administrator, preview).status_code == 303
    with office.session() as session:
        campaigns = session.scalars(select(Campaign).order_by(Campaign.year)).all()
        assert [(campaign.year, campaign.is_current) for campaign in campaigns] == [
            (2020, True),
            (2021, False),
        ]
        assert len(campaigns[1].all_units) == 3


def test_the_allocation_is_checked_as_it_is_typed(administrator: Browser) -> None:
    fields = typed(administrator.get(f"{PAGE}/2020/chi-tieu").text)
    sums = {"CH1": 3, "CH2": 15, "CH3": 4, "CH4": 10, "CX1": 34, "CX2": 24, "CX3": 2, "CX4": 60}
    for number, (form, sheets) in enumerate(sums.items()):
        fields |= {f"form_totals-{number}-form_code": form, f"form_totals-{number}-sheets": str(sheets)}
    fields["general-0-planned_sheets"] = "152"
    sound = administrator.post(f"{PAGE}/2020/doi-chieu", fields, htmx=True).text
    assert "Chỉ tiêu 152 phiếu, đúng kế hoạch." in sound
    fields |= {"form_totals-5-sheets": "1.025", "general-0-planned_sheets": "1153"}
    short = administrator.post(f"{PAGE}/2020/doi-chieu", fields, htmx=True).text
    assert "Chỉ tiêu 152, kế hoạch 1.153: thiếu 1.001 ở CX2." in short
    odd = fields | {"groups-2-sheets_per_unit": "56"}
    said = administrator.post(f"{PAGE}/2020/doi-chieu", odd, htmx=True).text
    assert "CH3.CX: 2 người × 2 nơi = 4 phiếu mỗi đơn vị, chỉ tiêu ghi 56." in said
    unread = administrator.post(
        f"{PAGE}/2020/doi-chieu", fields | {"groups-0-sheets_per_unit": "x"}, htmx=True
    ).text
    assert "Chưa đối chiếu được" in unread


def test_next_year_is_copied_and_chosen(administrator: Browser, office: Office) -> None:
    page = administrator.post(f"{PAGE}/2020/chep", {"year": "2021"})
    assert page.status_code == 303
    with office.session() as session:
        made = session.scalars(select(Campaign).where(Campaign.year == 2021)).one()
        assert (made.forms_out_on, made.is_current, len(made.units)) == (dt.date(2022, 3, 15), False, 3)
        assert "2021" in made.name
    assert administrator.post(f"{PAGE}/2020/chep", {"year": "2021"}).status_code == 422
    assert administrator.post(f"{PAGE}/2020/chep", {"year": "2019"}).status_code == 422
    assert "Chu kỳ 2020" in office.browser("head").get("/").text
    assert administrator.post(f"{PAGE}/2021/chon").status_code == 303
    assert "Chu kỳ 2021" in office.browser("head").get("/").text
    with office.session() as session:
        user = session.scalars(select(User).where(User.username == "unit-nv")).one()
        assert user.unit is not None
        assert user.unit.campaign_id == made.id


def test_rates_of_pay_go_along_to_the_copied_year(
    administrator: Browser, office: Office, now: dt.datetime
) -> None:
    with office.session() as session:
        former = session.scalars(select(Campaign)).one()
        load_rates(session, "head", former, BO_TRACH, now)
        choose_basis(session, "head", former, Basis.VALID, now)
        rates = [(rate.payee, rate.dong, rate.level, rate.is_paid) for rate in current_rates(session, former)]
        session.commit()
    assert "mức chi" in administrator.get(PAGE).text
    administrator.post(f"{PAGE}/2020/chep", {"year": "2021"})
    assert f"kèm {len(rates)} mức chi" in administrator.get(PAGE).text
    with office.session() as session:
        made = session.scalars(select(Campaign).where(Campaign.year == 2021)).one()
        copied = current_rates(session, made)
        assert [(rate.payee, rate.dong, rate.level, rate.is_paid) for rate in copied] == rates
        own = {group.id for group in made.groups}
        assert {rate.group_id for rate in copied if rate.group_id is not None} <= own
        assert any(rate.group_id is not None for rate in copied)
        assert current_basis(session, made) is Basis.VALID


def test_a_year_is_typed_in_from_nothing(administrator: Browser, office: Office) -> None:
    general: dict[str, Any] = {
        "general-0-year": "2026",
        "general-0-name": "Chỉ số năm 2026",
        "general-0-office_name": "UBND tỉnh",
        "general-0-place": "Đồng Hới",
        "general-0-self_score_due_at": "19/03/2027 17:00",
    }
    assert administrator.post(f"{PAGE}/moi", general | {"general-0-year": "26"}).status_code == 422
    assert administrator.post(f"{PAGE}/moi", general).status_code == 303
    assert administrator.post(f"{PAGE}/2026/chon").status_code == 303
    for step in ("chung", "don-vi", "tieu-chi", "chi-tieu", "nguoi-ky", "soat"):
        assert administrator.get(f"{PAGE}/2026/{step}").status_code == 200
    assert office.browser("head").get("/").status_code == 200
    assert office.browser("clerk").get("/in").status_code == 200


def test_the_deadline_is_the_heads_once_units_have_begun(administrator: Browser, office: Office) -> None:
    def move(day: str) -> TestResponse:
        page = administrator.get(f"{PAGE}/2020/chung").text
        return administrator.post(
            f"{PAGE}/2020/chung", typed(page) | {"general-0-self_score_due_at": f"{day} 17:00"}
        )

    assert move("20/03/2021").status_code == 303
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        load_sample_schemes(session, "administrator", campaign, BO_TRACH, office.clock())
        open_submission(session, campaign.units[0])
        session.commit()
    assert (move("21/03/2021").status_code, "Hạn gửi" in move("21/03/2021").text) == (422, True)
    assert "20/03/2021 17:00" in administrator.get(f"{PAGE}/2020/soat").text
