"""Two rounds: questions to the unit, its one reply, then the second look; the dates that go with it."""

import datetime as dt
import io
import re

import pytest
from sqlalchemy import func, select

from tests.clients import Browser, Office
from tests.worlds.documents import office_bytes, pdf_bytes
from tests.worlds.self_scored import add_schemes, send_everything
from tests.worlds.small import SmallWorld
from webapp.par_index.workflow import State
from webapp.persistence.accounts import User
from webapp.persistence.appraisal import (
    AppraisedScoreEntry,
    EvidenceFile,
    EvidenceLink,
    ExplanationReply,
    Submission,
)
from webapp.persistence.audit import LogEntry
from webapp.persistence.campaign import Campaign, Unit
from webapp.services.appraisal import Decision, appraise_component
from webapp.services.unit_scores import load_unit_scores

SENT, OTHER = "19186", "19111"
UNIT_PAGE, CELL = f"/tham-dinh/{SENT}", f"/tham-dinh/{SENT}/1.1.1"
QUESTION = "Kế hoạch ký ngày nào?"


@pytest.fixture(autouse=True)
def sent_unit(office: Office, now: dt.datetime) -> None:
    """Xã Đại Trạch has sent; every component but 1.1.1 is appraised as declared; a week for the reply."""
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        campaign.explanation_due_at = now + dt.timedelta(days=7)
        add_schemes(session, SmallWorld(campaign, {}, {}), now)
        unit = session.scalars(select(Unit).where(Unit.code == SENT)).one()
        send_everything(session, unit, f"unit-{SENT}", now)
        judge = session.scalars(select(User).where(User.username == "appraiser")).one()
        for scores in load_unit_scores(session, unit, now).own:
            assert scores.entry is not None
            if scores.component.code != "1.1.1":
                decision = Decision(scores.entry.points, False, "", 0)
                appraise_component(session, judge, unit, scores.component.code, decision=decision, now=now)
        session.commit()


def decide(browser: Browser, choice: str, seen: int, **fields: str) -> int:
    sent = {"choice": choice, "reason": "Ký chậm", "seen_version": str(seen), **fields}
    return browser.post(CELL, sent).status_code


def ask_and_return(office: Office) -> Browser:
    judge = office.browser("appraiser")
    assert decide(judge, "0.50", 0, question=QUESTION) == 303
    assert judge.post(f"{UNIT_PAGE}/tra-lai").status_code == 303
    return judge


def state(office: Office) -> State:
    with office.session() as session:
        unit = session.scalars(select(Unit).where(Unit.code == SENT)).one()
        return State(session.scalars(select(Submission.state).where(Submission.unit_id == unit.id)).one())


def count(office: Office, table: type[object]) -> int:
    with office.session() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_the_whole_way_of_a_question(office: Office) -> None:
    judge, unit = office.browser("appraiser"), office.browser(f"unit-{SENT}")
    assert "chưa hỏi đơn vị" in unit.get("/phan-hoi").text
    assert decide(judge, "0.50", 0, question=QUESTION) == 303
    assert QUESTION not in unit.get("/phan-hoi").text, "the unit sees nothing before round one is over"
    answer = judge.post(f"{UNIT_PAGE}/xong")
    assert answer.status_code == 422
    assert "Đã hỏi đơn vị ở 1 tiêu chí: 1.1.1" in answer.text
    assert judge.post(f"{UNIT_PAGE}/tra-lai").status_code == 303
    assert state(office) is State.RETURNED
    assert "Đang giải trình" in judge.get("/tham-dinh").text
    assert decide(judge, "0.00", 1) == 409, "nobody appraises while the unit explains"
    page = unit.get("/phan-hoi").text
    for words in (QUESTION, "Ký chậm", "0,50", "Chỉ gửi được một lần"):
        assert words in page
    form = {
        "words-1.1.1": "Ký ngày 05/02, có công văn xin lùi",
        "seen-1.1.1": "0",
        "files-1.1.1": (io.BytesIO(pdf_bytes(2)), "CV-9.pdf"),
        "page-1.1.1": "2",
    }
    assert unit.post("/phan-hoi", form).status_code == 303
    assert state(office) is State.RETURNED, "saved is not sent"
    assert "xin lùi" not in judge.get(CELL).text, "a draft is nobody's business"
    with office.session() as session:
        file = session.scalars(select(EvidenceFile.id)).one()
    assert judge.get(f"{UNIT_PAGE}/tep/{file}").status_code == 404
    kept = {"words-1.1.1": "Ký ngày 05/02, có công văn xin lùi", "seen-1.1.1": "1"}
    assert unit.post("/phan-hoi/gui", kept).status_code == 303
    assert state(office) is State.SUBMITTED
    assert unit.post("/phan-hoi/gui", kept).status_code == 409, "exactly once"
    assert "chỉ trả lời một lần" in unit.get("/phan-hoi").text
    page = judge.get(CELL).text
    for words in (QUESTION, "xin lùi", "CV-9.pdf", "(phản hồi)", "Trang 2/2"):
        assert words in page
    assert "vòng 2" in judge.get(UNIT_PAGE).text
    answer = judge.post(f"{UNIT_PAGE}/xong")
    assert answer.status_code == 422
    assert "chưa chấm lại ở vòng 2: 1.1.1" in answer.text
    assert decide(judge, "1.00", 1, question="Hỏi nữa") == 422
    assert decide(judge, "1.00", 1) == 303
    assert judge.post(f"{UNIT_PAGE}/tra-lai").status_code == 422, "there is no third round"
    assert "0,50" in unit.get("/phan-hoi").text, "round two is not shown before it is over"
    assert judge.post(f"{UNIT_PAGE}/xong").status_code == 303
    assert state(office) is State.APPRAISED
    with office.session() as session:
        acts = session.scalars(select(LogEntry.act)).all()
    for act in ("appraisal_returned", "explanation_sent", "appraisal_finished"):
        assert acts.count(act) == 1


def test_the_receipt_is_still_that_of_what_was_sent(office: Office) -> None:
    unit = office.browser(f"unit-{SENT}")
    before = unit.get("/tu-cham/bien-nhan/noi-dung").data
    ask_and_return(office)
    form = {"words-1.1.1": "Đã ký", "seen-1.1.1": "0", "files-1.1.1": (io.BytesIO(pdf_bytes(1)), "a.pdf")}
    assert unit.post("/phan-hoi/gui", form).status_code == 303
    assert unit.get("/tu-cham/bien-nhan/noi-dung").data == before


def test_a_returned_self_score_is_explained_and_not_changed(office: Office) -> None:
    ask_and_return(office)
    unit = office.browser(f"unit-{SENT}")
    assert unit.post("/tu-cham/1.1.1", {"explanation": "sửa"}).status_code == 409
    assert unit.post("/tu-cham/gui").status_code == 409


def test_what_cannot_be_returned_says_why(office: Office, now: dt.datetime) -> None:
    judge = office.browser("appraiser")
    assert "Còn 1 tiêu chí chưa thẩm định" in judge.post(f"{UNIT_PAGE}/tra-lai").text
    assert decide(judge, "0.50", 0) == 303
    assert "Chưa hỏi đơn vị điều gì" in judge.post(f"{UNIT_PAGE}/tra-lai").text
    assert decide(judge, "0.50", 1, question=QUESTION) == 303
    for due_at, sentence in ((None, "chưa ghi hạn giải trình"), (now, "đã qua")):
        with office.session() as session:
            session.scalars(select(Campaign)).one().explanation_due_at = due_at
            session.commit()
        answer = judge.post(f"{UNIT_PAGE}/tra-lai")
        assert answer.status_code == 422
        assert sentence in answer.text
    assert state(office) is State.SUBMITTED
    assert decide(judge, "0.50", 2) == 303
    assert judge.post(f"{UNIT_PAGE}/xong").status_code == 303, "the question was taken back"


def test_a_silent_unit_keeps_its_draft_and_round_two_begins(office: Office) -> None:
    judge, unit = ask_and_return(office), office.browser(f"unit-{SENT}")
    answer = unit.post("/phan-hoi/gui", {"words-1.1.1": " ", "seen-1.1.1": "0"})
    assert answer.status_code == 422
    assert "Còn 1 tiêu chí chưa trả lời: 1.1.1" in answer.text
    assert unit.post("/phan-hoi", {"words-1.1.1": "Đang tìm", "seen-1.1.1": "0"}).status_code == 303
    assert judge.post(f"{UNIT_PAGE}/vong-hai").status_code == 409, "the unit still has time"
    office.clock.now += dt.timedelta(days=8)
    office.browsers.clear()
    judge, unit = office.browser("appraiser"), office.browser(f"unit-{SENT}")
    assert unit.post("/phan-hoi/gui", {"words-1.1.1": "Muộn", "seen-1.1.1": "1"}).status_code == 409
    page = unit.get("/phan-hoi").text
    assert "Đã hết hạn phản hồi" in page
    assert "Đang tìm" in page, "what was written is kept"
    assert "bắt đầu vòng 2" in judge.get(UNIT_PAGE).text
    assert judge.post(f"{UNIT_PAGE}/vong-hai").status_code == 303
    assert "Đang tìm" not in judge.get(CELL).text
    assert decide(judge, "0.50", 1) == 303
    assert judge.post(f"{UNIT_PAGE}/xong").status_code == 303


def test_two_colleagues_reply_and_neither_overwrites_the_other(office: Office) -> None:
    ask_and_return(office)
    unit = office.browser(f"unit-{SENT}")
    assert unit.post("/phan-hoi", {"words-1.1.1": "Bản một", "seen-1.1.1": "0"}).status_code == 303
    answer = unit.post("/phan-hoi", {"words-1.1.1": "Bản hai", "seen-1.1.1": "0"})
    assert answer.status_code == 409
    assert "“Bản một”" in answer.text
    assert re.search(r'name="words-1.1.1"[^>]*>Bản hai<', answer.text)
    assert count(office, ExplanationReply) == 1
    assert unit.post("/phan-hoi", {"words-1.1.1": "Bản hai", "seen-1.1.1": "1"}).status_code == 303
    assert count(office, ExplanationReply) == 2


def test_a_reply_names_only_what_was_asked_and_nobody_else_replies(office: Office) -> None:
    ask_and_return(office)
    unit = office.browser(f"unit-{SENT}")
    unit.post("/phan-hoi", {"words-1.1.2": "Không ai hỏi", "seen-1.1.2": "0"})
    assert count(office, ExplanationReply) == 0
    other = office.browser(f"unit-{OTHER}")
    assert QUESTION not in other.get("/phan-hoi").text
    assert other.post("/phan-hoi/gui", {"words-1.1.1": "Thay", "seen-1.1.1": "0"}).status_code == 409
    for who in ("appraiser", "head", "clerk", "viewer", "administrator"):
        assert office.browser(who).post("/phan-hoi/gui").status_code == 403
    assert state(office) is State.RETURNED


def test_a_page_of_a_reply_that_no_document_has_is_refused(office: Office) -> None:
    """Also where nobody counted the pages, and where no database holds the number."""
    ask_and_return(office)
    unit = office.browser(f"unit-{SENT}")
    for page in ("0", "-1", "1000000", "9" * 25):
        file = (io.BytesIO(office_bytes("word/document.xml")), "so-lieu.docx")
        answer = unit.post("/phan-hoi", {"files-1.1.1": file, "page-1.1.1": page, "words-1.1.1": "Kèm tệp"})
        assert answer.status_code == 422
        assert "không có trang" in answer.text
    assert count(office, EvidenceLink) == 0


def test_documents_of_a_reply_can_be_taken_away_until_it_is_sent(office: Office) -> None:
    ask_and_return(office)
    unit = office.browser(f"unit-{SENT}")
    bad = {"files-1.1.1": (io.BytesIO(b"MZ"), "virus.exe"), "words-1.1.1": "Kèm tệp", "seen-1.1.1": "0"}
    answer = unit.post("/phan-hoi", bad)
    assert answer.status_code == 422
    assert "Kèm tệp" in answer.text, "the words were kept"
    assert count(office, ExplanationReply) == 1
    unit.post("/phan-hoi", {"files-1.1.1": (io.BytesIO(pdf_bytes(1)), "a.pdf"), "words-1.1.1": "Kèm tệp"})
    page = unit.get("/phan-hoi").text
    link = re.search(r'name="drop" value="(\d+)"', page)
    assert link is not None
    unit.post("/phan-hoi", {"drop": link[1], "words-1.1.1": "Kèm tệp"})
    assert "a.pdf" not in unit.get("/phan-hoi").text


def test_nobody_returns_or_moves_the_own_unit(office: Office) -> None:
    judge = office.browser("appraiser")
    decide(judge, "0.50", 0, question=QUESTION)
    with office.session() as session:
        user = session.scalars(select(User).where(User.username == "appraiser")).one()
        user.unit_id = session.scalars(select(Unit.id).where(Unit.code == SENT)).one()
        session.commit()
    for path in ("tra-lai", "vong-hai", "xong"):
        assert judge.post(f"{UNIT_PAGE}/{path}").status_code == 403
    assert decide(judge, "0.00", 1) == 403
    assert state(office) is State.SUBMITTED
    assert count(office, AppraisedScoreEntry) == 40


def test_the_five_dates_are_shown_to_both_sides(office: Office, now: dt.datetime) -> None:
    for who, path in (("appraiser", "/tham-dinh"), (f"unit-{SENT}", "/phan-hoi")):
        page = office.browser(who).get(path).text
        for words in ("Bắt đầu tự chấm", "Hạn tự chấm", "Hạn thẩm định vòng 1", "Hạn giải trình", "vòng 2"):
            assert words in page
        assert "chưa định" in page
        assert (now + dt.timedelta(days=7)).isoformat()[:10] in page


@pytest.mark.parametrize(
    ("dates", "wrong"),
    [
        ({"first_round_due_at": "18/03/2021 17:00"}, True),
        ({"first_round_due_at": "30/03/2021 17:00", "explanation_due_at": "29/03/2021 17:00"}, True),
        ({"explanation_due_at": "05/04/2021 17:00", "second_round_due_at": "05/04/2021 17:00"}, True),
        ({"self_score_from_at": "20/03/2021 07:00"}, True),
        ({"first_round_due_at": "30/03/2021 17:00", "second_round_due_at": "10/04/2021 17:00"}, False),
    ],
)
def test_the_dates_follow_one_another(dates: dict[str, str], *, wrong: bool, office: Office) -> None:
    administrator = office.browser("administrator")
    address = "/chu-ky/2020/chung"
    page = administrator.get(address).text
    typed = dict(re.findall(r'name="([^"]+)"[^>]*? value="([^"]*)"', page))
    typed |= {"general-0-explanation_due_at": ""} | {
        f"general-0-{name}": text for name, text in dates.items()
    }
    answer = administrator.post(address, typed)
    assert ("Phải sau ngày của bước trước" in answer.text) is wrong


def test_more_time_for_self_scores_ends_before_round_one(office: Office) -> None:
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        campaign.first_round_due_at = campaign.self_score_due_at + dt.timedelta(days=3)
        session.commit()
    fields = {"day": "30/03/2021", "clock": "17:00", "reason": "Mưa lũ"}
    answer = office.browser("head").post("/tu-cham/han", fields)
    assert answer.status_code == 422
    assert "trước hạn thẩm định vòng 1" in answer.text
