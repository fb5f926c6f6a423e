"""Bộ chỉ số: shown, tried, edited with a live check, brought as a workbook, frozen, revised with a report."""

import io
import re
from html import unescape

import pytest
from sqlalchemy import select
from sqlalchemy.orm import undefer
from werkzeug.test import TestResponse

from tests.clients import Browser, Office
from tests.unit.index.sample import sample_scheme
from tests.worlds.self_scored import add_schemes, declare_everything
from tests.worlds.small import SmallWorld
from webapp.papers.plain_workbook import read_rows, write_rows
from webapp.persistence.appraisal import SelfScoreEntry
from webapp.persistence.audit import LogEntry
from webapp.persistence.campaign import Campaign, Unit
from webapp.persistence.schemes import SchemeDraft, SchemeVersion, newest_scheme_version
from webapp.scheme_tables.changes import worksheets_of
from webapp.scheme_tables.writing import tables_of
from webapp.services.schemes import parse_version

PAGE = "/bo-chi-so"
DIVISION, COMMUNE = f"{PAGE}/2020/division", f"{PAGE}/2020/commune"


@pytest.fixture
def administrator(office: Office) -> Browser:
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        add_schemes(session, SmallWorld(campaign, {}, {}), office.clock())
        session.commit()
    return office.browser("administrator")


def begin_self_score(office: Office, code: str = "NV") -> None:
    """The round opens: this unit declares everything."""
    with office.session() as session:
        unit = session.scalars(select(Unit).where(Unit.code == code)).one()
        declare_everything(session, unit, f"unit-{code.lower()}", office.clock())
        session.commit()


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return unescape(found[1])


def seen(browser: Browser, address: str = DIVISION) -> str:
    return hidden(browser.get(f"{address}/sua").text, "seen")


def workbook(browser: Browser, address: str = DIVISION) -> dict[str, list[list[str]]]:
    return read_rows(browser.get(f"{address}.xlsx").data)


def send(browser: Browser, sheets: dict[str, list[list[str]]], address: str = DIVISION) -> TestResponse:
    return browser.post(f"{address}/nhap", {"file": (io.BytesIO(write_rows(sheets)), "bo-chi-so.xlsx")})


def confirm(browser: Browser, preview: TestResponse, address: str = DIVISION) -> TestResponse:
    fields = {name: hidden(preview.text, name) for name in ("fingerprint", "rows")}
    return browser.post(f"{address}/nhap/luu", {**fields, "reason": "Theo Quyết định 12"})


def change_cell(sheets: dict[str, list[list[str]]], sheet: str, key: str, column: str, text: str) -> None:
    rows = sheets[sheet]
    row = next(row for row in rows[1:] if row[0] == key)
    row[rows[0].index(column)] = text


def versions(office: Office, level: str = "division") -> list[SchemeVersion]:
    with office.session() as session:
        wanted = select(SchemeVersion).where(SchemeVersion.level == level).order_by(SchemeVersion.version)
        return list(session.scalars(wanted.options(undefer(SchemeVersion.plain))))


def test_who_may_see_and_who_may_edit(administrator: Browser, office: Office) -> None:
    for username in ("head", "appraiser", "auditor"):
        assert office.browser(username).get(DIVISION).status_code == 200
        assert office.browser(username).get(f"{DIVISION}.xlsx").status_code == 200
        for path in ("sua", "sua/1.1.1", "luu", "nhap"):
            assert office.browser(username).get(f"{DIVISION}/{path}").status_code == 403
        assert office.browser(username).post(f"{DIVISION}/luu", {}).status_code == 403
    for username in ("clerk", "unit-nv"):
        assert office.browser(username).get(DIVISION).status_code == 403
    for path in (f"{PAGE}/1999/division", f"{PAGE}/2020/khac", f"{DIVISION}/sua/9.9.9", f"{DIVISION}/ban/7"):
        assert administrator.get(path).status_code == 404


def test_the_catalogue_shows_everything_of_a_component(administrator: Browser) -> None:
    assert "Bộ chỉ số" in administrator.get(PAGE).text
    page = administrator.get(DIVISION).text
    for words in (
        "Tổng điểm 100, đủ: thẩm định 70, điều tra 30.",
        "Tỷ lệ nhiệm vụ được giao hoàn thành đúng hạn",
        "Trích xuất phần mềm theo dõi nhiệm vụ của Văn phòng HĐND và UBND huyện",
        "Không phát sinh thì được đủ điểm: Trong năm không phát sinh nhiệm vụ được giao",
        "Câu hỏi tính vào",
    ):
        assert words in page, words


@pytest.mark.usefixtures("administrator")
def test_a_rule_is_tried_and_keeps_nothing(office: Office) -> None:
    head = office.browser("head")
    tried = f"{DIVISION}/thu/1.1.2"
    assert "Nhập số liệu để xem điểm" in head.get(tried).text
    answer = head.post(tried, {"fact-numerator": "17", "fact-denominator": "20"}, htmx=True).text
    assert "2,13 / 2,50 điểm" in answer
    assert "17/20 × 2,5 = 2,13 điểm" in answer
    assert "<html" not in answer
    assert "Chưa có số liệu" in head.post(tried, {"fact-numerator": "17"}).text
    assert "21/20" in head.post(tried, {"fact-numerator": "21", "fact-denominator": "20"}).text
    with office.session() as session:
        assert session.scalars(select(SelfScoreEntry)).all() == []


def test_the_live_check_says_where_points_are_missing(administrator: Browser, office: Office) -> None:
    check = administrator.post(f"{DIVISION}/sua/kiem", {"maximum:3.1.1": "2,5"}, htmx=True)
    assert "Tổng điểm 99,5 – thiếu 0,5 ở lĩnh vực 3." in check.text
    assert "3.1.1: cách chấm cho tối đa 3 điểm, tiêu chí có 2,5." in check.text
    wrong = administrator.post(f"{DIVISION}/sua/kiem", {"maximum:3.1.1": "hai"}, htmx=True).text
    assert "“hai” không phải điểm" in wrong
    sound = administrator.post(f"{DIVISION}/sua/kiem", {}, htmx=True).text
    assert "Tổng điểm 100, đủ" in sound
    with office.session() as session:
        assert session.scalars(select(SchemeDraft)).all() == []


def test_a_draft_is_kept_and_becomes_a_version_only_when_sound(
    administrator: Browser, office: Office
) -> None:
    fields = {"maximum:1.1.2": "2", "maximum:1.4.1": "4,5", "title:1.1.2": "Mức độ hoàn thành", "act": "save"}
    half = {**fields, "maximum:1.4.1": "4", "seen": seen(administrator)}
    assert administrator.post(f"{DIVISION}/sua", half).status_code == 303
    page = administrator.get(f"{DIVISION}/luu").text
    assert "thiếu 0,5 ở lĩnh vực 1" in page
    assert "thành bản mới</button>" not in page
    refused = administrator.post(f"{DIVISION}/luu", {"seen": seen(administrator)})
    assert refused.status_code == 422
    whole = {**fields, "maximum:1.1": "3,5", "maximum:1.4": "4,5", "seen": seen(administrator)}
    assert administrator.post(f"{DIVISION}/sua", whole).status_code == 303
    page = administrator.get(f"{DIVISION}/luu").text
    assert "2,5 → <strong>2</strong>" in page
    saved = administrator.post(f"{DIVISION}/luu", {"seen": hidden(page, "seen"), "reason": "Cân lại điểm"})
    assert saved.status_code == 303
    first, second = versions(office)
    assert (second.version, second.loaded_by, second.reason) == (2, "administrator", "Cân lại điểm")
    leaf = parse_version(second).component("1.1.2")
    assert leaf is not None
    assert (str(leaf.maximum), leaf.title) == ("2", "Mức độ hoàn thành")
    assert parse_version(first).component("1.1.2") != leaf
    assert "Cân lại điểm" in administrator.get(f"{DIVISION}/ban/2").text
    with office.session() as session:
        logged = session.scalars(select(LogEntry).where(LogEntry.act == "scheme_loaded")).all()
        assert logged[-1].subject == "scheme/2020/division/2"
        assert logged[-1].detail["reason"] == "Cân lại điểm"


def test_two_people_do_not_overwrite_each_other(administrator: Browser, office: Office) -> None:
    stale = seen(administrator)
    administrator.post(f"{DIVISION}/sua", {"title:1": "Của người thứ nhất", "seen": stale})
    refused = administrator.post(f"{DIVISION}/sua", {"title:1": "Của người thứ hai", "seen": stale})
    assert refused.status_code == 409
    assert "vừa được người khác sửa" in refused.text
    assert "Của người thứ hai" in refused.text
    with office.session() as session:
        drafts = session.scalars(select(SchemeDraft)).all()
        assert [draft.tables["tree"][0]["title"] for draft in drafts] == ["Của người thứ nhất"]


LEVELS = {
    "leaf-rule": "mức",
    "choices-0-label": "Đầy đủ",
    "choices-0-points": "2,5",
    "choices-1-label": "Một phần",
    "choices-1-points": "1",
    "choices-2-label": "Không",
    "choices-2-points": "0",
}
SHAPES = (
    (LEVELS, {"fact-level": "2"}, "1,00 / 2,50 điểm"),
    (
        {"leaf-rule": "tỷ lệ", "leaf-numerator": "Số đạt", "leaf-denominator": "Tổng số",
         "leaf-measure": "số đếm", "leaf-full_at": "95", "leaf-zero_below": "50"},
        {"fact-numerator": "9", "fact-denominator": "10"}, "2,25 / 2,50 điểm",
    ),
    (
        {"leaf-rule": "khoảng", "leaf-numerator": "Số đạt", "leaf-denominator": "Tổng số",
         "bands-0-minimum": "90", "bands-0-minimum_inclusive": "có", "bands-0-maximum": "",
         "bands-0-maximum_inclusive": "không", "bands-0-points": "2,5",
         "bands-1-minimum": "0", "bands-1-minimum_inclusive": "có", "bands-1-maximum": "90",
         "bands-1-maximum_inclusive": "không", "bands-1-points": "1"},
        {"fact-numerator": "89", "fact-denominator": "100"}, "1,00 / 2,50 điểm",
    ),
    (
        {"leaf-rule": "cộng", "choices-0-label": "Có bảng", "choices-0-points": "1,5",
         "choices-1-label": "Có trang", "choices-1-points": "1"},
        {"fact-part_1": "yes", "fact-part_2": "no"}, "1,50 / 2,50 điểm",
    ),
    (
        {"leaf-rule": "trừ", "choices-0-label": "Chậm", "choices-0-points": "0,25", "leaf-floor": "0",
         "leaf-zero_if": "Bị kỷ luật"},
        {"fact-event_1": "3", "fact-zero_if": "no"}, "1,75 / 2,50 điểm",
    ),
    (
        {"leaf-rule": "đếm", "choices-0-label": "Sáng kiến", "choices-0-points": "0,75"},
        {"fact-piece_1": "2"}, "1,50 / 2,50 điểm",
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "facts", "points"), SHAPES, ids=[rule["leaf-rule"] for rule, _, _ in SHAPES]
)
def test_every_shape_is_typed_tried_and_saved(
    administrator: Browser, rule: dict[str, str], facts: dict[str, str], points: str
) -> None:
    address = f"{DIVISION}/sua/1.1.2"
    fields = {"leaf-title": "Thử", "leaf-maximum": "2,5", **rule}
    beside = administrator.post(f"{address}/kiem", {**fields, **facts}, htmx=True).text
    assert points in beside
    assert "Tổng điểm 100, đủ" in beside
    assert 'id="shape"' in administrator.post(f"{address}/dang", fields, htmx=True).text
    fields["seen"] = hidden(administrator.get(address).text, "seen")
    assert administrator.post(address, fields).status_code == 303
    assert "Thử" in administrator.get(address).text
    assert "thành bản mới</button>" in administrator.get(f"{DIVISION}/luu").text


def test_a_rule_that_cannot_be_read_is_not_saved(administrator: Browser, office: Office) -> None:
    address = f"{DIVISION}/sua/1.1.2"
    fields = {**LEVELS, "choices-1-points": "1,255", "seen": hidden(administrator.get(address).text, "seen")}
    refused = administrator.post(address, fields)
    assert refused.status_code == 422
    assert "“1,255” không phải điểm" in refused.text
    with office.session() as session:
        assert session.scalars(select(SchemeDraft)).all() == []
    above = administrator.post(f"{address}/kiem", {**LEVELS, "choices-0-points": "3"}, htmx=True).text
    assert "cách chấm cho tối đa 3 điểm, tiêu chí có 2,5" in above


def test_a_survey_component_must_be_fed(administrator: Browser) -> None:
    address = f"{DIVISION}/sua/1.6.1"
    page = administrator.get(address).text
    fed = re.findall(r'name="feeds" value="([^"]+)" checked', page)
    assert fed
    rule = {"leaf-rule": "điều tra", "weights-0-pool": "CH1", "weights-0-weight": "1", "feeds-shown": "1"}
    starved = administrator.post(f"{address}/kiem", rule, htmx=True).text
    assert "1.6.1: không có câu hỏi nào của phiếu CH1 tính vào." in starved
    again = administrator.post(f"{address}/kiem", {**rule, "feeds": fed}, htmx=True).text
    assert "Tổng điểm 100, đủ" in again
    light = administrator.post(
        f"{address}/kiem", {**rule, "feeds": fed, "weights-0-weight": "0,5"}, htmx=True
    )
    assert "trọng số các nhóm trả lời cộng lại là 0,5, phải là 1" in light.text


def test_nodes_are_added_moved_and_removed(administrator: Browser, office: Office) -> None:
    new = {"new-below": "1.1", "new-code": "1.1.3", "new-title": "Tiêu chí mới", "new-maximum": "0,5"}
    added = administrator.post(f"{DIVISION}/sua", {**new, "act": "add:", "seen": seen(administrator)})
    assert added.status_code == 303
    assert "thừa 0,5 ở lĩnh vực 1" in administrator.get(f"{DIVISION}/sua").text
    administrator.post(f"{DIVISION}/sua", {"act": "up:1.1.3", "seen": seen(administrator)})
    administrator.post(f"{DIVISION}/sua", {"act": "down:1.1", "seen": seen(administrator)})
    with office.session() as session:
        tables = session.scalars(select(SchemeDraft).order_by(SchemeDraft.revision.desc())).first()
        assert tables is not None
        order = [row["code"] for row in tables.tables["tree"]]
    assert order[:7] == ["1", "1.2", "1.2.1", "1.1", "1.1.1", "1.1.3", "1.1.2"]
    administrator.post(f"{DIVISION}/sua", {"act": "up:1.1", "seen": seen(administrator)})
    administrator.post(f"{DIVISION}/sua", {"act": "remove:1.1.3", "seen": seen(administrator)})
    assert "Chưa có gì khác bản đang dùng." in administrator.get(f"{DIVISION}/luu").text
    twice = administrator.post(
        f"{DIVISION}/sua", {**new, "new-code": "1.1.2", "act": "add:", "seen": seen(administrator)}
    )
    assert twice.status_code == 422
    assert "Mã mới còn trống hoặc đã có" in twice.text


def test_a_draft_is_discarded_and_stays_on_record(administrator: Browser, office: Office) -> None:
    administrator.post(f"{DIVISION}/sua", {"title:1": "Tên khác", "seen": seen(administrator)})
    assert "Tên khác" in administrator.get(f"{DIVISION}/sua").text
    assert administrator.post(f"{DIVISION}/bo", {"seen": seen(administrator)}).status_code == 303
    assert "Tên khác" not in administrator.get(f"{DIVISION}/sua").text
    with office.session() as session:
        assert [d.is_discarded for d in session.scalars(select(SchemeDraft))] == [False, True]


@pytest.mark.parametrize("address", [DIVISION, COMMUNE])
def test_a_workbook_that_comes_back_unchanged_differs_in_nothing(
    administrator: Browser, office: Office, address: str
) -> None:
    preview = send(administrator, workbook(administrator, address), address)
    assert preview.status_code == 200
    assert "Tệp giống hệt bộ chỉ số đang dùng" in preview.text
    assert "thành bản mới</button>" not in preview.text
    assert len(versions(office)) == 1


def test_a_changed_workbook_is_previewed_and_saved(administrator: Browser, office: Office) -> None:
    sheets = workbook(administrator)
    change_cell(sheets, "Tiêu chí", "1.1.1", "Minh chứng (mỗi dòng một tài liệu)", "Kế hoạch số\nBản ký")
    preview = send(administrator, sheets)
    assert preview.status_code == 200
    assert "Bản ký</strong>" in preview.text
    assert len(versions(office)) == 1
    assert confirm(administrator, preview).status_code == 303
    second = versions(office)[1]
    leaf = parse_version(second).component("1.1.1")
    assert leaf is not None
    assert leaf.evidence_asked == ("Kế hoạch số", "Bản ký")
    assert second.reason == "Theo Quyết định 12"
    stale = confirm(administrator, preview)
    assert stale.status_code == 409


def test_a_workbook_that_contradicts_itself_is_refused(administrator: Browser, office: Office) -> None:
    sheets = workbook(administrator)
    change_cell(sheets, "Tiêu chí", "3.1.1", "Điểm tối đa", "2.5")
    refused = send(administrator, sheets)
    assert refused.status_code == 422
    assert "Tổng điểm 99,5 – thiếu 0,5 ở lĩnh vực 3." in refused.text
    change_cell(sheets, "Tiêu chí", "3.1.1", "Điểm tối đa", "nhiều")
    unread = send(administrator, sheets)
    assert unread.status_code == 422
    assert "“nhiều” không phải điểm" in unread.text
    assert len(versions(office)) == 1
    assert send(administrator, {"Khác": [["a"]]}).status_code == 422
    other = administrator.post(f"{DIVISION}/nhap", {"file": (io.BytesIO(b"khong phai"), "x.xlsx")})
    assert other.status_code == 422
    options = workbook(administrator)
    options["Phương án"][1][2] = "Rất tốt"
    assert "phương án khác mẫu phiếu in" in send(administrator, options).text
    assert administrator.post(f"{DIVISION}/nhap/luu", {"rows": "["}).status_code == 422


def test_a_copied_year_has_its_catalogues_and_refuses_those_of_another(
    administrator: Browser, office: Office
) -> None:
    sheets = workbook(administrator)
    administrator.post("/chu-ky/2020/chep", {"year": "2021"})
    with office.session() as session:
        campaign = session.scalars(select(Campaign).where(Campaign.year == 2021)).one()
        copied = newest_scheme_version(session, campaign.id, "division")
        assert copied is not None
        assert copied.reason == "Chép từ năm 2020"
        scheme = parse_version(copied)
        assert scheme.year == 2021
    former = parse_version(versions(office)[0])
    assert scheme.areas == former.areas
    assert scheme.questions == former.questions
    wrong_year = send(administrator, sheets, f"{PAGE}/2021/division")
    assert wrong_year.status_code == 422
    assert "Năm đánh giá ghi 2020, chu kỳ này là 2021." in wrong_year.text


def test_the_first_catalogue_of_a_level_comes_from_a_workbook_or_the_year_before(office: Office) -> None:
    administrator = office.browser("administrator")
    assert administrator.get(DIVISION).status_code == 404
    assert administrator.post(f"{PAGE}/2020/chep").status_code == 404
    administrator.post("/chu-ky/2020/chep", {"year": "2021"})
    preview = send(administrator, worksheets_of(tables_of(sample_scheme("division"))))
    assert preview.status_code == 200
    assert confirm(administrator, preview).status_code == 303
    assert [version.version for version in versions(office)] == [1]
    assert "Chép từ năm trước" in administrator.get(PAGE).text
    assert administrator.post(f"{PAGE}/2021/chep").status_code == 303
    assert "bản 1" in administrator.get(f"{PAGE}/2021/division").text


def test_the_round_opens_and_the_catalogue_is_frozen(administrator: Browser, office: Office) -> None:
    fingerprint, sheets = seen(administrator), workbook(administrator)
    change_cell(sheets, "Tiêu chí", "1.1.1", "Nội dung", "Tên khác")
    preview = send(administrator, sheets)
    begin_self_score(office)
    page = administrator.get(DIVISION).text
    assert "Đã khóa" in page
    assert f'href="{DIVISION}/sua"' not in page
    edited = administrator.post(f"{DIVISION}/sua", {"title:1": "Tên khác", "seen": fingerprint})
    assert edited.status_code == 409
    assert "Đã có đơn vị tự chấm nên bộ chỉ số đã khóa" in edited.text
    leaf = administrator.post(f"{DIVISION}/sua/1.1.2", {"leaf-title": "Tên khác", "seen": fingerprint})
    assert leaf.status_code == 409
    assert confirm(administrator, preview).status_code == 409
    assert administrator.post(f"{DIVISION}/luu", {"seen": fingerprint}).status_code == 409
    assert len(versions(office)) == 1
    assert f'href="{COMMUNE}/sua"' in administrator.get(COMMUNE).text  # no commune has begun


def test_a_change_in_mid_round_reports_and_alters_nothing(administrator: Browser, office: Office) -> None:
    begin_self_score(office)
    with office.session() as session:
        before = [(e.id, e.points, dict(e.typed)) for e in session.scalars(select(SelfScoreEntry))]
    assert administrator.post(f"{DIVISION}/mo", {"reason": " "}).status_code == 422
    assert administrator.post(f"{DIVISION}/mo", {"reason": "Công văn 7/SNV"}).status_code == 303
    moved = {"maximum:1.1.2": "2", "maximum:1.1": "3,5", "maximum:1.4.1": "4,5", "maximum:1.4": "4,5"}
    administrator.post(f"{DIVISION}/sua", {**moved, "seen": seen(administrator)})
    address = f"{DIVISION}/sua/1.1.1"
    other_rule = {
        "leaf-rule": "cộng",
        "choices-0-label": "Có kế hoạch",
        "choices-0-points": "1,5",
        "seen": hidden(administrator.get(address).text, "seen"),
    }
    assert administrator.post(address, other_rule).status_code == 303
    page = administrator.get(f"{DIVISION}/luu").text
    assert "Công văn 7/SNV" in page
    assert "Số liệu tự chấm không còn hợp với cách chấm mới (1)" in page
    assert "Điểm tự chấm tính lại ra số khác (2)" in page
    assert administrator.post(f"{DIVISION}/luu", {"seen": hidden(page, "seen")}).status_code == 303
    second = versions(office)[1]
    assert second.reason == "Công văn 7/SNV"
    kept = administrator.get(f"{DIVISION}/ban/2").text
    assert "Điểm tự chấm tính lại ra số khác (2)" in kept
    assert "2,25" in kept
    assert "1,80" in kept
    with office.session() as session:
        assert [(e.id, e.points, dict(e.typed)) for e in session.scalars(select(SelfScoreEntry))] == before
        opened = session.scalars(select(LogEntry).where(LogEntry.act == "scheme_revision_opened")).one()
        assert opened.detail["reason"] == "Công văn 7/SNV"
    assert "Đã khóa" in administrator.get(DIVISION).text
