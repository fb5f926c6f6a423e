"""A kept version says what would differ now; how people answered is shown as far as it may be."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.clients import Office
from tests.flows.test_results import fill, publish
from tests.flows.test_year_on_year import add_next_year
from tests.worlds.packs import pack_about
from tests.worlds.read_pages import add_page, add_reading, sure
from webapp.persistence.appraisal import AppraisedScoreEntry
from webapp.persistence.campaign import Campaign, RespondentGroup, Sheet, Unit
from webapp.services.schemes import add_scheme, scheme_of_level

SAME = "Số liệu vẫn như khi lập bản này"


@pytest.fixture
def fixed(office: Office, now: dt.datetime) -> Office:
    """The office at the end of its year, version 1 fixed."""
    fill(office, now)
    assert office.browser("head").post("/chi-so/chot").status_code == 303
    return office


def change(office: Office, act: Callable[[Session, Campaign], None]) -> str:
    """Let something change, and read what the version's page says of it."""
    with office.session() as session:
        act(session, session.scalars(select(Campaign)).one())
        session.commit()
    head = office.browser("head")
    assert "đã cũ: số liệu đã thay đổi" in head.get("/chi-so").text
    return head.get("/chi-so/1/khac-gi", htmx=True).text


def unit_of(session: Session, code: str) -> Unit:
    return session.scalars(select(Unit).where(Unit.code == code)).one()


def lower_a_score(session: Session, now: dt.datetime) -> None:
    entry = session.scalars(
        select(AppraisedScoreEntry).where(AppraisedScoreEntry.points > Decimal(0))
    ).first()
    assert entry is not None
    session.add(
        AppraisedScoreEntry(
            unit_id=entry.unit_id, component_code=entry.component_code, version=2, seen_version=1,
            points=Decimal(0), reason="Thu hồi văn bản", appraised_by="appraiser", appraised_at=now,
        )
    )  # fmt: skip


def test_a_version_that_is_still_true_says_so(fixed: Office) -> None:
    head = fixed.browser("head")
    assert "hx-get" in head.get("/chi-so/1").text
    assert SAME in head.get("/chi-so/1/khac-gi").text
    assert "<html" not in head.get("/chi-so/1/khac-gi", htmx=True).text
    for name in ("viewer", "unit-nv", "appraiser"):
        assert fixed.browser(name).get("/chi-so/1/khac-gi").status_code == 403


def test_another_appraised_score(fixed: Office, now: dt.datetime) -> None:
    said = change(fixed, lambda session, _campaign: lower_a_score(session, now))
    assert re.search(r"tiêu chí [\d.]+: điểm thẩm định \d,\d\d thành 0,00", said)
    assert "1 đơn vị đổi điểm" in said
    assert "1 thay đổi ở đầu vào" in said


def test_another_answer(fixed: Office, now: dt.datetime) -> None:
    def answer(session: Session, campaign: Campaign) -> None:
        unit = unit_of(session, "19186")
        group = session.scalars(select(RespondentGroup).where(RespondentGroup.form_code == "CX4")).one()
        sheet = Sheet(
            campaign_id=campaign.id, serial=9_000, form_code="CX4", form_version=1, group=group,
            pack=pack_about(session, group, unit), unit=unit, printed_at=now,
        )  # fmt: skip
        session.add(sheet)
        session.flush()
        _version, scheme = scheme_of_level(session, campaign.id, "commune")
        reads = [sure(question.code, "2") for question in scheme.questions if question.form == "CX4"]
        add_reading(session, add_page(session, sheet, now), now, reads)

    said = change(fixed, answer)
    assert re.search(r"Xã Đại Trạch: câu trả lời khác ở \d+ câu; phiếu được tính 10 thành 11", said)


def test_another_quota_changes_no_figure(fixed: Office) -> None:
    def raise_quota(session: Session, _campaign: Campaign) -> None:
        group = session.scalars(select(RespondentGroup).where(RespondentGroup.form_code == "CX4")).one()
        group.sheets_per_unit = 31

    said = change(fixed, raise_quota)
    assert "Chỉ tiêu phiếu CX4, nhóm DN: mỗi đơn vị 30 thành 31 phiếu" in said
    assert "Không điểm, chỉ số, xếp loại hay hạng nào khác đi." in said


def rename_office(campaign: Campaign) -> None:
    campaign.office_name = "UBND thành phố Bố Trạch"


def move_year(campaign: Campaign) -> None:
    campaign.year = 2021


def rename_group(campaign: Campaign) -> None:
    next(group for group in campaign.groups if group.form_code == "CX4").name = "Chủ doanh nghiệp"


def reorder_groups(campaign: Campaign) -> None:
    first, second = [group for group in campaign.groups if group.form_code == "CX1"]
    first.position, second.position = second.position, first.position


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (rename_office, "Tên cơ quan: UBND huyện Bố Trạch thành UBND thành phố Bố Trạch"),
        (move_year, "Năm đánh giá: 2020 thành 2021"),
        (rename_group, "thành “Chủ doanh nghiệp”"),
        (reorder_groups, "khác ở chỗ không kể riêng được, như thứ tự nhóm trả lời"),
    ],
)
def test_what_stops_publication_is_told(
    fixed: Office, act: Callable[[Campaign], None], sentence: str
) -> None:
    said = change(fixed, lambda _session, campaign: act(campaign))
    assert SAME not in said
    assert sentence in said
    assert "1 thay đổi ở đầu vào" in said
    assert "Không điểm, chỉ số, xếp loại hay hạng nào khác đi." in said


def test_another_scheme(fixed: Office, now: dt.datetime) -> None:
    def reword(session: Session, campaign: Campaign) -> None:
        _version, scheme = scheme_of_level(session, campaign.id, "division")
        changed = replace(scheme, classes=scheme.classes[-1:])
        add_scheme(session, "administrator", campaign, changed, now, reason="CV 12/UBND")

    said = change(fixed, reword)
    assert "Bộ chỉ số đã sửa:" in said
    assert "Khác ở phần điều tra, xếp loại hoặc lời" in said
    assert "đơn vị đổi điểm, chỉ số, xếp loại hoặc hạng" in said


def test_a_unit_that_is_gone(fixed: Office) -> None:
    def end(session: Session, _campaign: Campaign) -> None:
        unit_of(session, "19111").valid_to = dt.date(2020, 6, 30)

    said = change(fixed, end)
    assert "đơn vị không còn trong danh sách" in said
    assert "Thị trấn Hoàn Lão" in said


def test_answers_of_few_are_hidden_on_every_page(fixed: Office) -> None:
    """Two sheets a group are fewer than five everywhere but in CX1, where two groups give four."""
    assert (
        fixed.browser("head").post("/chi-so/1/cong-bo", {"confirmation": "công bố 2020"}).status_code == 303
    )
    for name, address in (("viewer", "/ket-qua/19186/phan-bo"), ("head", "/chi-so/1/19186/phan-bo")):
        page = fixed.browser(name).get(address)
        assert page.status_code == 200
        assert "câu ẩn số liệu" in page.text
        assert '<svg class="diverging"' not in page.text
    assert fixed.browser("viewer").get("/chi-so/1/19186/phan-bo").status_code == 403


def test_bars_and_figures_say_the_same(office: Office, now: dt.datetime) -> None:
    """Eight sheets of CX4 about one commune: enough, where a component has no other group."""
    fill(office, now)
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        unit = unit_of(session, "19186")
        group = session.scalars(select(RespondentGroup).where(RespondentGroup.form_code == "CX4")).one()
        _version, scheme = scheme_of_level(session, campaign.id, "commune")
        asked = [question.code for question in scheme.questions if question.form == "CX4"]
        for serial in range(9_000, 9_006):
            sheet = Sheet(
                campaign_id=campaign.id, serial=serial, form_code="CX4", form_version=1, group=group,
                pack=pack_about(session, group, unit), unit=unit, printed_at=now,
            )  # fmt: skip
            session.add(sheet)
            session.flush()
            add_reading(session, add_page(session, sheet, now), now, [sure(code, "1") for code in asked])
        session.commit()
    publish(office)
    page = office.browser("viewer").get("/ket-qua/19186/phan-bo").text
    assert '<svg class="diverging"' in page
    assert re.search(r'aria-label="[^"]+ 87,5%, [^"]+ 12,5%', page), "seven of eight, one of eight"
    patterns = office.browser("head").get("/chi-so/1/kieu-tra-loi").text
    assert "phiếu một cột" in patterns
    assert "09000" in patterns
    assert office.browser("appraiser").get("/chi-so/1/kieu-tra-loi").status_code == 403


def test_what_another_year_published_stays_open_to_all(fixed: Office, now: dt.datetime) -> None:
    fixed.browser("head").post("/chi-so/1/cong-bo", {"confirmation": "công bố 2020"})
    with fixed.session() as session:
        add_next_year(session, now)
        session.commit()
    viewer = fixed.browser("viewer")
    assert 'href="/ket-qua/nam/2020"' in viewer.get("/ket-qua").text
    table = viewer.get("/ket-qua/nam/2020")
    assert 'href="/ket-qua/nam/2020/NV"' in table.text
    for path in ("NV", "NV/phan-bo", "bang/commune.csv", "bang-tinh.xlsx", "du-lieu-mo.json"):
        assert viewer.get(f"/ket-qua/nam/2020/{path}").status_code == 200, path
    assert "/nguon-goc/" not in fixed.browser("head").get("/ket-qua/nam/2020/NV").text
    for path in ("2021", "2019", "2021/NV", "2021/bang/commune.csv"):
        assert viewer.get(f"/ket-qua/nam/{path}").status_code == 404, path
