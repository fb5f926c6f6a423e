"""Calibration at the browser: what the page shows, who sets limits, and what a re-read under them touches."""

import datetime as dt
import re
from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ocr.certainty import Certainty, built_in_certainty
from tests.clients import Office
from tests.worlds.read_pages import Read, add_page, add_reading, add_sheet, blank, doubted, sure
from tests.worlds.small import SmallWorld
from webapp.errors import InvalidInput
from webapp.http.context import EXTENSION
from webapp.learning.advice import Verdict
from webapp.persistence.accounts import User
from webapp.persistence.audit import LogEntry
from webapp.persistence.campaign import Campaign
from webapp.persistence.certainty import CertaintyDecision, find_certainty
from webapp.persistence.readings import FieldReading
from webapp.persistence.responses import accepted_answers
from webapp.persistence.scans import Page
from webapp.persistence.verification import Decision, ReviewItem
from webapp.services.answer_kinds import Answer
from webapp.services.learning import report_learning, set_certainty
from webapp.services.overlay_sheets import doubt_answer
from webapp.services.page_instructions import reading_task
from webapp.services.verification import enqueue_reading, record_decision

PAGE = "/ra-soat/hieu-chuan"
STRICTER = Certainty(0.99, 0.995)


def world(session: Session) -> SmallWorld:
    campaign = session.scalars(select(Campaign)).one()
    users = {user.username: user for user in session.scalars(select(User))}
    return SmallWorld(campaign, {unit.code: unit for unit in campaign.units}, users)


def read_sheet(
    session: Session, serial: int, reads: Sequence[Read], now: dt.datetime, stated: float = 0.9999
) -> Page:
    """A sheet as the worker reads it; accepted answers are stated with this probability."""
    page = add_page(session, add_sheet(session, world(session), serial, "CX4"), now)
    reading = add_reading(session, page, now, reads)
    for field in reading.fields:
        field.confidence = stated if field.accepted else field.confidence
    enqueue_reading(session, reading, now)
    session.flush()
    return page


def settle(session: Session, page: Page, field_code: str, answer: Answer, now: dt.datetime) -> None:
    item = session.scalars(
        select(ReviewItem).where(ReviewItem.sheet_id == page.sheet_id, ReviewItem.field_code == field_code)
    ).one()
    reviewer = world(session).users["reviewer"]
    assert record_decision(session, reviewer, item.id, answer, now) == "settled"
    session.flush()


@pytest.fixture
def read(office: Office) -> Office:
    """Sheet 1 is settled, with an accepted answer that a person doubted and found wrong; 2 and 3 wait."""
    now = office.clock.now
    with office.session() as session:
        first = read_sheet(session, 1, [sure("CX4.1", "3"), doubted("CX4.2", "4")], now, stated=0.991)
        field = session.scalars(select(FieldReading).where(FieldReading.accepted)).one()
        people = world(session)
        doubt_answer(session, people.users["reviewer2"], field, now)
        settle(session, first, "CX4.1", Answer("option", "2"), now)
        settle(session, first, "CX4.2", Answer("option", "4"), now)
        second = read_sheet(
            session, 2, [doubted("CX4.1", "5"), blank("CX4.2"), sure("CX4.3", "1")], now, 0.99
        )
        settle(session, second, "CX4.1", Answer("option", "1"), now)
        read_sheet(session, 3, [sure("CX4.1", "3")], now)
        session.commit()
    return office


def test_the_page_shows_calibration_rates_and_a_proposal(read: Office) -> None:
    page = read.browser("head").get(PAGE)
    assert page.status_code == 200
    text = page.text
    assert "Nên siết ngưỡng" in text
    assert "0,995" in text
    assert "CX4, bản 1" in text
    assert "Tệp tải lên, không rõ dpi" in text
    assert len(re.findall('class="chart"', text)) == 2  # wide and narrow; no audit has looked yet
    assert "Chưa có lần kiểm toán nào xem các câu này" in text
    assert "Dùng ngưỡng đề nghị" not in text  # that is the administrator's to press
    with read.session() as session:
        report = report_learning(session, world(session).campaign)
        assert (report.answers, report.passed_wrong) == (6, 1)
        [line] = report.templates
        assert (line.sent.count, line.sent.total) == (3, 6)
        assert (line.otherwise.count, line.otherwise.total) == (1, 2)
        assert report.advice.verdict is Verdict.MORE
        assert [(band.right.count, band.right.total) for band in report.reviewed] == [(1, 2)]


def test_an_empty_office_has_nothing_to_learn_from(office: Office) -> None:
    assert "chưa có gì để học" in office.browser("administrator").get(PAGE).text


def test_the_audit_is_the_unbiased_part(read: Office) -> None:
    with read.session() as session:
        page = session.scalars(select(Page).order_by(Page.id)).all()[1]
        settle(session, page, "CX4.2", Answer("blank"), read.clock.now)
        session.commit()
    head = read.browser("head")
    head.post("/kiem-toan/chot")
    head.post("/kiem-toan/1/hat-giong", {"seed": "31415926535897932384"})
    for name in ("auditor", "auditor2"):
        browser = read.browser(name)
        while (page_shown := browser.get("/kiem-toan/1/xem")).status_code == 200:
            action = re.search(r'action="(/kiem-toan/1/o/\d+)"', page_shown.text)
            assert action is not None
            browser.post(action[1], {"answer": "3"})
    with read.session() as session:
        report = report_learning(session, world(session).campaign)
    looked = sum(band.right.total for band in report.audited)
    assert 1 <= looked <= 3
    assert sum(line.audit_wrong.total for line in report.templates) == looked


def test_the_administrator_sets_limits_and_only_open_pages_are_read_again(read: Office) -> None:
    browser = read.browser("administrator")
    limits = f"{STRICTER.filled} {STRICTER.accept}"
    assert browser.post(f"{PAGE}/nguong", {"limits": limits, "reason": " "}).status_code == 422
    assert browser.post(f"{PAGE}/nguong", {"limits": "x", "reason": "Thử"}).status_code == 422
    assert browser.post(f"{PAGE}/nguong", {"limits": "0.5 0.5", "reason": "Thử"}).status_code == 422
    asked = {"limits": limits, "reason": "Có câu sai lọt qua"}
    assert browser.post(f"{PAGE}/nguong", asked).status_code == 303
    with read.session() as session:
        states = session.scalars(select(Page.state).order_by(Page.id)).all()
        assert states == ["read", "waiting", "read"]
        decision = session.scalars(select(CertaintyDecision)).one()
        assert (decision.certainty, decision.pages_reread, decision.reason) == (
            STRICTER, 1, "Có câu sai lọt qua",
        )  # fmt: skip
        assert decision.sha256 == STRICTER.sha256
        entry = session.scalars(select(LogEntry).where(LogEntry.act == "certainty_set")).one()
        assert entry.detail["reason"] == "Có câu sai lọt qua"
        page = session.scalars(select(Page).where(Page.state == "waiting")).one()
        store = read.app.extensions[EXTENSION].scan_store
        assert reading_task(session, store, page).certainty == STRICTER
    shown = browser.get(PAGE).text
    assert STRICTER.name in shown
    assert "Trở lại ngưỡng của máy" in shown
    assert browser.post(f"{PAGE}/nguong", asked).status_code == 422  # they are in force


def test_a_reread_under_new_limits_touches_no_decision(read: Office) -> None:
    now = read.clock.now
    with read.session() as session:
        people = world(session)
        set_certainty(session, "administrator", people.campaign, STRICTER, reason="Thử", now=now)
        page = session.scalars(select(Page).where(Page.state == "waiting")).one()
        page.state = "read"
        assert page.sheet_id is not None
        said = [(one.kind, one.value) for one in session.scalars(select(Decision).order_by(Decision.id))]
        again = [sure("CX4.1", "5"), blank("CX4.2"), doubted("CX4.3", "1")]
        enqueue_reading(session, add_reading(session, page, now, again), now)
        session.flush()
        assert [
            (one.kind, one.value) for one in session.scalars(select(Decision).order_by(Decision.id))
        ] == said
        answers = {
            (answer.sheet_id, answer.field_code): (answer.value, answer.provenance)
            for answer in accepted_answers(session, people.campaign.id)
        }
        assert answers[page.sheet_id, "CX4.1"] == ("1", "keyed")
        assert (page.sheet_id, "CX4.3") not in answers  # what the stricter limits doubt waits for a person
        waiting = select(ReviewItem.field_code).where(ReviewItem.state == "open")
        assert set(session.scalars(waiting)) == {"CX4.2", "CX4.3"}


def test_the_readers_own_limits_can_always_be_taken_back(read: Office) -> None:
    now = read.clock.now
    with read.session() as session:
        campaign = world(session).campaign
        own = built_in_certainty()
        with pytest.raises(InvalidInput):
            set_certainty(session, "administrator", campaign, own, reason="Thử", now=now)
        set_certainty(session, "administrator", campaign, STRICTER, reason="Thử", now=now)
        set_certainty(session, "administrator", campaign, own, reason="Đã sửa mẫu", now=now)
        assert find_certainty(session, campaign.id) == own
        assert len(session.scalars(select(CertaintyDecision)).all()) == 2


@pytest.mark.parametrize("person", ["clerk", "reviewer", "appraiser", "treasurer", "viewer", "auditor"])
def test_others_neither_see_nor_set_limits(office: Office, person: str) -> None:
    assert office.browser(person).get(PAGE).status_code == 403
    asked = {"limits": "0.99 0.995", "reason": "Thử"}
    assert office.browser(person).post(f"{PAGE}/nguong", asked).status_code == 403
    assert office.browser("head").post(f"{PAGE}/nguong", asked).status_code == 403
