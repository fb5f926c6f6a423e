"""The catalogue is revised after a unit has sent: the appraiser sees it, the head reopens the self-score."""

import datetime as dt
import hashlib
import io

import pytest
from sqlalchemy import func, select

from tests.clients import Office
from tests.worlds.documents import pdf_bytes
from tests.worlds.revised import ADDED, REASON, changes_of_a_letter, revise, revised
from tests.worlds.self_scored import add_schemes, send_everything
from tests.worlds.small import SmallWorld
from webapp.persistence.appraisal import AppraisedScoreEntry, EvidenceFile, SelfScoreEntry, Submission
from webapp.persistence.audit import LogEntry
from webapp.persistence.campaign import Campaign, Unit
from webapp.services.schemes import scheme_of_level

UNIT, PAGE = "NV", "/tham-dinh/NV"
GIVEN_BACK = "/tu-cham/han/mo-lai-tu-cham"
WHY = "Công văn 7 thêm tiêu chí 1.1.3"


@pytest.fixture(autouse=True)
def sent(office: Office, now: dt.datetime) -> None:
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        add_schemes(session, SmallWorld(campaign, {}, {}), now)
        unit = session.scalars(select(Unit).where(Unit.code == UNIT)).one()
        send_everything(session, unit, "unit-nv", now)
        session.commit()


def put_in_force(office: Office) -> None:
    office.clock.now += dt.timedelta(hours=1)
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        scheme = scheme_of_level(session, campaign.id, "division")[1]
        revise(session, campaign, revised(scheme, changes_of_a_letter, ADDED), office.clock())
        session.commit()


def appraise(office: Office, code: str, points: str, seen: int = 0) -> int:
    fields = {"choice": "other", "other": points, "reason": "Theo bản 2", "seen_version": str(seen)}
    return office.browser("appraiser").post(f"{PAGE}/{code}", fields).status_code


def count(office: Office, table: type[SelfScoreEntry] | type[AppraisedScoreEntry]) -> int:
    with office.session() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_the_appraiser_sees_what_differs_and_decides_by_the_newest(office: Office) -> None:
    browser = office.browser("appraiser")
    assert "nay thẩm định theo bản" not in browser.get(PAGE).text
    put_in_force(office)
    page = browser.get(PAGE).text
    for words in ("gửi theo bộ chỉ số bản 1; nay thẩm định theo bản 2", REASON, "khác trước: 1.1.2, 1.4.1",
                  "đơn vị chưa nói gì: 1.1.3"):  # fmt: skip
        assert words in page
    page = browser.get(f"{PAGE}/1.1.2").text
    for words in (
        "(bản 1) tối đa 2,50, nay (bản 2) tối đa 3,00",
        "3,00. Cùng số liệu đã kê khai, theo bản mới được 2,70 điểm",
        "9/10 × 2,5 = 2,25",
    ):
        assert words in page
    assert "đơn vị chưa nói gì về tiêu chí này" in browser.get(f"{PAGE}/1.1.3").text
    assert appraise(office, "1.1.2", "3") == 303
    assert appraise(office, "1.1.3", "0,5") == 303
    assert appraise(office, "1.4.1", "4") == 422


def test_the_unit_sees_it_too_and_its_receipt_stays(office: Office) -> None:
    put_in_force(office)
    unit = office.browser("unit-nv")
    page = unit.get("/tu-cham").text
    assert "nay thẩm định theo bản 2" in page
    assert "Có sau khi gửi" in page
    assert "lúc gửi (bản 1) tối đa 2,50" in unit.get("/tu-cham/1.1.2").text
    assert unit.get("/tu-cham/1.1.3").status_code == 200
    receipt, content = unit.get("/tu-cham/bien-nhan").text, unit.get("/tu-cham/bien-nhan/noi-dung").data
    assert hashlib.sha256(content).hexdigest() in receipt
    assert ADDED.code.encode() not in content


def test_the_head_gives_a_sent_self_score_back(office: Office) -> None:
    assert appraise(office, "1.1.1", "1") == 303
    assert appraise(office, "1.1.2", "2") == 303
    put_in_force(office)
    entries, points = count(office, SelfScoreEntry), count(office, AppraisedScoreEntry)
    fields = {"sent_code": UNIT, "sent_reason": WHY}
    for who in ("appraiser", "unit-nv", "administrator"):
        assert office.browser(who).post(GIVEN_BACK, fields).status_code == 403
    head, unit = office.browser("head"), office.browser("unit-nv")
    for wrong, sentence in (
        ({"sent_reason": " "}, "đơn vị đọc lý do này"),
        ({"sent_code": "19111"}, "Chọn một"),
    ):
        answer = head.post(GIVEN_BACK, fields | wrong)
        assert (answer.status_code, sentence in answer.text) == (422, True)
    assert head.post(GIVEN_BACK, fields).status_code == 303
    assert (count(office, SelfScoreEntry), count(office, AppraisedScoreEntry)) == (entries, points)
    with office.session() as session:
        logged = session.scalars(select(LogEntry).where(LogEntry.act == "self_scores_reopened")).one()
    assert (logged.actor, logged.detail["reason"], logged.detail["sent_by"]) == ("head", WHY, "unit-nv")
    assert WHY in unit.get("/tu-cham").text
    assert "được mở lại" in unit.get("/").text
    closed = office.browser("appraiser").get(PAGE).text
    assert WHY in closed
    assert "chưa gửi bản tự chấm" in closed
    assert office.browser("appraiser").get(f"{PAGE}/1.1.1").status_code == 404
    send_again(office)


def send_again(office: Office) -> None:
    """The unit says what it had not been asked, changes one thing, and only that is appraised again."""
    unit = office.browser("unit-nv")
    office.clock.now += dt.timedelta(hours=1)
    assert "1.1.3" in unit.post("/tu-cham/gui").text
    ratio = {"fact-numerator": "10", "fact-denominator": "10", "explanation": "Đủ"}
    assert unit.post("/tu-cham/1.1.2", ratio).status_code == 303
    assert unit.post("/tu-cham/1.1.3", {"fact-level": "1", "explanation": "Có"}).status_code == 303
    page = unit.get("/tu-cham/gui").text
    assert "Cần lưu lại" in page, "1.4.1 gives three points now"
    four = {"fact-numerator": "9", "fact-denominator": "10", "explanation": "Theo sổ"}
    assert unit.post("/tu-cham/1.4.1", four).status_code == 303
    assert unit.post("/tu-cham/gui").location == "/tu-cham/bien-nhan"
    page = office.browser("appraiser").get(PAGE).text
    assert "nay thẩm định theo bản" not in page
    rows = {
        code: page[page.index(f'<td class="code">{code}</td>') :].split("</tr>")[0]
        for code in ("1.1.1", "1.1.2")
    }
    assert ("chấm lại" in rows["1.1.1"], "chấm lại" in rows["1.1.2"]) == (False, True)
    assert "sửa tiêu chí này sau khi chấm" in office.browser("appraiser").get(f"{PAGE}/1.1.2").text
    assert appraise(office, "1.1.2", "3", seen=1) == 303


def test_a_unit_without_time_is_not_given_its_self_score(office: Office) -> None:
    office.clock.now += dt.timedelta(days=4)
    answer = office.browser("head").post(GIVEN_BACK, {"sent_code": UNIT, "sent_reason": WHY})
    assert answer.status_code == 422
    assert "Đổi hạn ở trang này trước" in answer.text


def test_evidence_of_the_second_sending_is_seen_although_no_reply_was_sent(office: Office) -> None:
    with office.session() as session:  # round one was over, and the unit let its time pass
        session.scalars(select(Submission)).one().returned_at = office.clock()
        session.commit()
    office.clock.now += dt.timedelta(hours=1)
    assert office.browser("head").post(GIVEN_BACK, {"sent_code": UNIT, "sent_reason": WHY}).status_code == 303
    unit = office.browser("unit-nv")
    upload = {"files": (io.BytesIO(pdf_bytes()), "bo-sung.pdf"), "page_number": "1"}
    assert unit.post("/tu-cham/1.1.1/tep", upload).status_code == 303
    assert unit.post("/tu-cham/gui").location == "/tu-cham/bien-nhan"
    with office.session() as session:
        file_id = session.scalars(select(EvidenceFile.id)).one()
    answer = office.browser("appraiser").get(f"{PAGE}/tep/{file_id}")
    assert answer.status_code == 200
    answer.close()
