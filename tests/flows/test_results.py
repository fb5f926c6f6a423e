"""From the head's list of checks to the table that everybody sees."""

import csv
import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path

import fastjsonschema
import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from tests.clients import Office
from tests.worlds.appraised import REASON, finish_year
from tests.worlds.self_scored import add_schemes
from tests.worlds.small import SmallWorld
from webapp.par_index.compute import main
from webapp.persistence.accounts import User
from webapp.persistence.appraisal import AppraisedScoreEntry
from webapp.persistence.campaign import Campaign
from webapp.persistence.results import IndexVersion

NOT_YET = "Kết quả 2020 công bố sau khi UBND ký."
WORDS = {"confirmation": "công bố 2020"}


def fill(office: Office, now: dt.datetime, *, whole: bool = True) -> None:
    """Bring the office's year to its end, or only load the schemes."""
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        users = {user.username: user for user in session.scalars(select(User))}
        world = SmallWorld(campaign, {unit.code: unit for unit in campaign.units}, users)
        (finish_year if whole else add_schemes)(session, world, now)
        session.commit()


@pytest.fixture
def finished(office: Office, now: dt.datetime) -> Office:
    """The office at the end of its year."""
    fill(office, now)
    return office


def publish(office: Office) -> None:
    head = office.browser("head")
    assert head.post("/chi-so/chot").status_code == 303
    answer = head.post("/chi-so/1/cong-bo", WORDS)
    assert (answer.status_code, answer.location) == (303, "/ket-qua")


def test_before_publication_there_is_one_sentence_and_no_profile(finished: Office) -> None:
    for name in ("viewer", "unit-nv", "appraiser", "head"):
        browser = finished.browser(name)
        assert NOT_YET in browser.get("/ket-qua").text
        assert browser.get("/ket-qua/NV").status_code == 404
        assert browser.get("/ket-qua/bang/division.csv").status_code == 404
    finished.browser("head").post("/chi-so/chot")
    assert NOT_YET in finished.browser("viewer").get("/ket-qua").text


@pytest.mark.parametrize("name", ["viewer", "unit-nv", "appraiser", "clerk", "reviewer", "administrator"])
def test_only_the_head_computes(finished: Office, name: str) -> None:
    browser = finished.browser(name)
    finished.browser("head").post("/chi-so/chot")
    for path in (
        "/chi-so",
        "/chi-so/1",
        "/chi-so/1/NV",
        "/chi-so/1/so-lieu.json",
        "/chi-so/1/bang/commune.csv",
    ):
        assert browser.get(path).status_code == 403, path
    for path in ("/chi-so/tinh-thu", "/chi-so/chot", "/chi-so/1/cong-bo"):
        assert browser.post(path, WORDS).status_code == 403, path
    with finished.session() as session:
        assert [v.kind for v in session.scalars(select(IndexVersion))] == ["frozen"]


def test_strangers_are_sent_to_sign_in(office: Office) -> None:
    for path in ("/chi-so", "/ket-qua", "/ket-qua/NV"):
        assert office.browser().get(path).status_code == 303


def test_an_unfinished_year_can_be_tried_but_not_fixed(office: Office, now: dt.datetime) -> None:
    fill(office, now, whole=False)
    head = office.browser("head")
    page = head.get("/chi-so").text
    assert "0/3 đơn vị đã gửi bản tự chấm" in page
    assert "108 điểm chờ thẩm định ở 3 đơn vị" in page
    assert "53 tiêu chí điều tra của 3 đơn vị chưa có câu trả lời" in page
    assert "disabled" in page
    refused = head.post("/chi-so/chot")
    assert refused.status_code == 422
    assert "còn 3 việc chặn" in refused.text
    answer = head.post("/chi-so/tinh-thu")
    assert (answer.status_code, answer.location) == (303, "/chi-so/1")
    version = head.get("/chi-so/1").text
    assert "thiếu 161 điểm thành phần" in version
    assert "Công bố bản này" not in version
    unit = head.get("/chi-so/1/NV").text
    assert "Còn thiếu 45 điểm thành phần" in unit
    assert head.post("/chi-so/1/cong-bo", WORDS).status_code == 422


def test_from_the_list_to_the_published_table(finished: Office) -> None:
    head = finished.browser("head")
    page = head.get("/chi-so").text
    assert page.count("is-done") == 6
    assert head.post("/chi-so/tinh-thu").location == "/chi-so/1"
    assert head.post("/chi-so/chot").location == "/chi-so/2"
    version = head.get("/chi-so/2").text
    assert "Gõ: công bố 2020" in version
    for page in (version, head.get("/chi-so").text):
        assert ">Head</" in page.split("<main")[1], "people by their names"
    wrong = head.post("/chi-so/2/cong-bo", {"confirmation": "đồng ý"})
    assert wrong.status_code == 422
    assert "gõ đúng “công bố 2020”" in wrong.text
    assert "<title>Lỗi:" in wrong.text
    assert head.post("/chi-so/2/cong-bo", {"confirmation": ""}).status_code == 422
    assert head.post("/chi-so/2/cong-bo", {"confirmation": "  CÔNG BỐ  2020 "}).location == "/ket-qua"
    published = finished.browser("viewer").get("/ket-qua").text
    assert NOT_YET not in published
    assert "Phòng Nội vụ" in published
    assert published.index("phòng chuyên môn") < published.index("UBND các xã")
    assert "đã công bố" in head.get("/chi-so").text


def test_a_table_says_the_same_on_the_page_and_in_the_file(finished: Office) -> None:
    publish(finished)
    viewer = finished.browser("viewer")
    answer = viewer.get("/ket-qua/bang/commune.csv")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))
    assert rows[0][:3] == ["Hạng", "Mã", "Đơn vị"]
    assert [row[0] for row in rows[1:]] == ["1", "2"]
    page = viewer.get("/ket-qua").text
    for row in rows[1:]:
        assert row[2] in page
        assert row[7].replace(",", "").isdigit()
        assert f'index" data-label="Chỉ số (%)">{row[7]}<' in page
    assert viewer.get("/ket-qua/bang/province.csv").status_code == 404


def test_a_profile_explains_every_point_and_hides_small_groups(finished: Office) -> None:
    publish(finished)
    page = finished.browser("unit-19186").get("/ket-qua/NV")
    assert page.status_code == 200
    assert REASON in page.text
    assert "Không áp dụng: bỏ ra khỏi điểm và điểm tối đa" in page.text
    assert "Chi tiết từng nhóm ẩn vì có nhóm dưới 5 người trả lời." in page.text
    assert "(CH1)" not in page.text, "the mean of three leaders must not be shown"
    assert page.text.count('class="part part-') == 45
    assert "KHÔNG phải phụ lục thật" in page.text
    assert finished.browser("viewer").get("/ket-qua/99999").status_code == 404


def test_the_downloaded_inputs_recompute(
    finished: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(finished)
    answer = finished.browser("head").get("/chi-so/1/so-lieu.json")
    path = tmp_path / "snapshot.json"
    path.write_bytes(answer.data)
    assert main([str(path)]) == 0
    assert "agrees" in capsys.readouterr().err
    assert json.loads(answer.data)["schema"] == "chamdiem-snapshot/1"


def test_a_change_after_fixing_marks_the_version_and_blocks_its_publication(
    finished: Office, now: dt.datetime
) -> None:
    head = finished.browser("head")
    head.post("/chi-so/chot")
    with finished.session() as session:
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
        session.commit()
    assert "đã cũ: số liệu đã thay đổi" in head.get("/chi-so").text
    refused = head.post("/chi-so/1/cong-bo", WORDS)
    assert refused.status_code == 409
    assert "Số liệu đã thay đổi sau khi chốt bản số 1" in refused.text
    assert head.post("/chi-so/tinh-thu").location == "/chi-so/2"
    assert head.post("/chi-so/chot").location == "/chi-so/3"
    assert "Khác bản số 1" in head.get("/chi-so/3").text


def test_looking_writes_nothing(finished: Office) -> None:
    head = finished.browser("head")
    for path in ("/chi-so", "/ket-qua"):
        assert head.get(path).status_code == 200
    with finished.session() as session:
        assert session.scalars(select(IndexVersion)).all() == []


def test_the_pages_speak_english(finished: Office) -> None:
    publish(finished)
    head = finished.browser("head")
    with finished.session() as session:
        session.scalars(select(User).where(User.username == "head")).one().locale = "en"
        session.commit()
    assert "Every unit is appraised" in head.get("/chi-so").text
    table = head.get("/ket-qua").text
    assert "Applicable maximum" in table
    unit = head.get("/ket-qua/19186").text
    assert "the appraisal kept the self-score" in unit
    assert "Where each point comes from" in unit


def test_unknown_versions_and_units_are_not_found(finished: Office) -> None:
    head = finished.browser("head")
    head.post("/chi-so/tinh-thu")
    for path in (
        "/chi-so/9",
        "/chi-so/9/NV",
        "/chi-so/1/XX",
        "/chi-so/1/bang/x.csv",
        "/chi-so/9/so-lieu.json",
    ):
        assert head.get(path).status_code == 404, path


def test_everybody_gets_the_workbook_and_open_data_only_once_published(finished: Office) -> None:
    addresses = ("/ket-qua/bang-tinh.xlsx", "/ket-qua/du-lieu-mo.json")
    viewer = finished.browser("viewer")
    assert [viewer.get(address).status_code for address in addresses] == [404, 404]
    publish(finished)
    assert viewer.get("/chi-so/1/bang-tinh.xlsx").status_code == 403
    answer = viewer.get(addresses[0])
    book = load_workbook(io.BytesIO(answer.data))
    assert not any(row[2] for row in book["Phân bố trả lời"].iter_rows(min_row=4, values_only=True)), (
        "two sheets a group are fewer than five"
    )
    content = json.loads(viewer.get(addresses[1]).data)
    schema = json.loads(viewer.get("/ket-qua/du-lieu-mo.schema.json").data)
    fastjsonschema.validate(schema, content)
    assert [len(level["units"]) for level in content["levels"]] == [2, 1]
    del content["levels"][0]["units"][0]["total"]
    with pytest.raises(fastjsonschema.JsonSchemaException):
        fastjsonschema.validate(schema, content)


def test_the_head_s_workbook_holds_every_count_and_the_log(finished: Office) -> None:
    publish(finished)
    book = load_workbook(io.BytesIO(finished.browser("head").get("/chi-so/1/bang-tinh.xlsx").data))
    assert book["Phân bố trả lời"].max_row > 100
    acts = [row[2] for row in book["Nhật ký"].iter_rows(min_row=4, values_only=True)]
    assert acts == ["chốt", "công bố"]


def test_a_version_that_no_longer_recomputes_makes_no_papers(finished: Office) -> None:
    publish(finished)
    with finished.session() as session:
        session.scalars(select(IndexVersion)).one().result_sha256 = "0" * 64
        session.commit()
    assert finished.browser("viewer").get("/ket-qua/bang-tinh.xlsx").status_code == 409
