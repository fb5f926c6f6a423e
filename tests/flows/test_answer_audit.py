"""The audit at the browser: commit, dice, blind looks, what it proves, and who may do it."""

import datetime as dt
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.clients import Browser, Office
from tests.worlds.appraised import finish_year
from tests.worlds.read_pages import Read, add_page, add_reading, add_sheet, blank, sure
from tests.worlds.small import SmallWorld
from webapp.errors import InvalidInput
from webapp.http.context import EXTENSION
from webapp.persistence.accounts import User
from webapp.persistence.answer_audit import AnswerAudit, AuditAnswer, AuditTicket
from webapp.persistence.audit import LogEntry
from webapp.persistence.campaign import Campaign, Unit
from webapp.persistence.verification import ReviewItem
from webapp.services.answer_audits import load_manifest, record_look
from webapp.services.answer_kinds import Answer
from webapp.services.verification import enqueue_reading, record_decision

SEED = "31415926535897932384"
PAGE = "/kiem-toan"


def seen(number: int) -> Read:
    """A plain answer with its picture."""
    return replace(sure(f"CX4.{number}", "3"), crop_sha256="c" * 64)


@pytest.fixture
def read(office: Office) -> Office:
    """The office with twelve sheets read, three answers on each."""
    now = office.clock.now
    with office.session() as session:
        for serial in range(1, 13):
            page = add_page(session, add_sheet(session, world(session), serial, "CX4"), now)
            add_reading(session, page, now, [seen(number) for number in (1, 2, 3)])
        session.commit()
    return office


def world(session: Session) -> SmallWorld:
    campaign = session.scalars(select(Campaign)).one()
    users = {user.username: user for user in session.scalars(select(User))}
    return SmallWorld(campaign, {unit.code: unit for unit in campaign.units}, users)


def close(office: Office, username: str = "head") -> Browser:
    browser = office.browser(username)
    assert browser.post(f"{PAGE}/chot").location == f"{PAGE}/1"
    return browser


def look_at_all(office: Office, username: str, wrong: set[str] = frozenset()) -> int:  # type: ignore[assignment]  # empty
    """Answer as it was accepted, but for some; through the screen."""
    browser, looked = office.browser(username), 0
    while (page := browser.get(f"{PAGE}/1/xem")).status_code == 200:
        found = re.search(rf'action="({PAGE}/1/o/(\d+))"', page.text)
        assert found is not None
        with office.session() as session:
            ticket = session.get_one(AuditTicket, int(found[2]))
            value = "invalid" if ticket.answer_id in wrong else ticket.accepted
        browser.post(found[1], {"answer": value, "shown_ms": "900"})
        looked += 1
    return looked


def test_the_whole_audit_and_its_line(read: Office) -> None:
    browser = close(read)
    page = browser.get(f"{PAGE}/1").text
    with read.session() as session:
        audit = session.scalars(select(AnswerAudit)).one()
        assert audit.manifest_sha256[:32] in page
        assert (audit.full_count, audit.answer_count) == (0, 36)
    assert browser.post(f"{PAGE}/1/hat-giong", {"seed": "123"}).status_code == 422
    assert browser.post(f"{PAGE}/1/hat-giong", {"seed": "31415 92653 58979 32384"}).status_code == 303
    assert browser.post(f"{PAGE}/1/hat-giong", {"seed": SEED}).status_code == 422
    assert look_at_all(read, "auditor") == 12 + 1
    assert "Còn ô chờ xem" in browser.get(f"{PAGE}/1").text
    assert look_at_all(read, "auditor2") == 2
    done = browser.get(f"{PAGE}/1").text
    assert "Sai sót còn lại ≤" in done
    assert SEED in done
    assert "Rút thêm một vòng" in done
    assert "Sai sót còn lại ≤" in browser.get("/chi-so").text
    for kind, start in (("pdf", b"%PDF"), ("docx", b"PK")):
        assert browser.get(f"{PAGE}/1/bien-ban.{kind}").data.startswith(start)
    assert browser.post(f"{PAGE}/1/them-vong").status_code == 303
    with read.session() as session:
        acts = [entry.act for entry in session.scalars(select(LogEntry)) if entry.act.startswith("audit_")]
    assert acts == ["audit_closed", "audit_seeded", "audit_went_on"]


def test_where_one_answer_weighs_much_all_are_looked_at(office: Office) -> None:
    with office.session() as session:
        finish_year(session, world(session), office.clock.now)
        session.commit()
    browser = close(office)
    browser.post(f"{PAGE}/1/hat-giong", {"seed": SEED})
    with office.session() as session:
        audit = session.scalars(select(AnswerAudit)).one()
        assert audit.full_count == audit.answer_count
        tickets = session.scalars(select(AuditTicket)).all()
        for ticket in tickets:
            session.add(
                AuditAnswer(
                    ticket_id=ticket.id,
                    auditor="auditor",
                    answered_at=office.clock.now,
                    value=ticket.accepted,
                )
            )
        session.commit()
        assert len(tickets) == audit.answer_count
    look_at_all(office, "auditor2")
    page = browser.get(f"{PAGE}/1").text
    assert "Sai sót còn lại ≤ 0,000" in page
    assert "Đạt." in page
    assert "Mọi câu tính điểm đã được xem toàn bộ" in page
    assert "0 trong 1 cặp liền hạng chưa tách được" in page
    assert browser.get(f"{PAGE}/1/bien-ban.pdf").data.startswith(b"%PDF")
    end_unit(office, "19186")
    later = browser.get(f"{PAGE}/1").text
    assert "Sai sót còn lại ≤ 0,000" in later, "the run is what was committed to"
    assert "trong 1 cặp liền hạng" not in later, "a unit that ended is in no ranking"
    assert browser.get(f"{PAGE}/1/bien-ban.pdf").data.startswith(b"%PDF")


def test_answers_about_a_unit_that_ended_stay_in_the_run(read: Office) -> None:
    end_unit(read, "19186")
    browser = close(read)
    assert b",19186," in browser.get(f"{PAGE}/1/ban-ke.csv").data
    browser.post(f"{PAGE}/1/hat-giong", {"seed": SEED})
    look_at_all(read, "auditor")
    look_at_all(read, "auditor2")
    with read.session() as session:
        assert session.scalars(select(AnswerAudit)).one().answer_count == 36
    assert "Sai sót còn lại ≤" in browser.get(f"{PAGE}/1").text


def end_unit(office: Office, code: str) -> None:
    """Give a unit a last day, so that it is not among those evaluated."""
    with office.session() as session:
        session.scalars(select(Unit).where(Unit.code == code)).one().valid_to = dt.date(2020, 6, 30)
        session.commit()


def test_where_no_picture_was_cut_the_page_shows_the_question_alone(office: Office) -> None:
    now = office.clock.now
    with office.session() as session:
        page = add_page(session, add_sheet(session, world(session), 1, "CX4"), now)
        reading = add_reading(session, page, now, [sure(f"CX4.{number}", "3") for number in (1, 2, 3)])
        reading.preview_sha256 = "d" * 64
        session.commit()
    close(office).post(f"{PAGE}/1/hat-giong", {"seed": SEED})
    with office.session() as session:
        tickets = session.scalars(select(AuditTicket)).all()
        assert {ticket.kind for ticket in tickets} == {"drawn", "planted"}
        assert {ticket.crop_sha256 for ticket in tickets} == {"d" * 64}
    shown = office.browser("auditor").get(f"{PAGE}/1/xem").text
    box = re.search(r'<svg viewBox="([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+)"', shown)
    assert box is not None
    left, top, width, height = map(float, box.groups())
    assert 0 < left < left + width < 210
    assert 0 < top < top + height < 297
    assert height < 40
    assert 'width="210.0" height="297.0"' in shown


def test_anyone_redoes_the_draw_from_manifest_and_seed(read: Office, tmp_path: Path) -> None:
    browser = close(read)
    browser.post(f"{PAGE}/1/hat-giong", {"seed": SEED})
    path = tmp_path / "manifest.csv"
    path.write_bytes(browser.get(f"{PAGE}/1/ban-ke.csv").data)
    with read.session() as session:
        audit = session.scalars(select(AnswerAudit)).one()
        kept = session.scalars(select(AuditTicket).where(AuditTicket.kind != "planted")).all()
    ran = subprocess.run(
        [sys.executable, "-m", "webapp.audit.draw", str(path), SEED, "--expect", audit.manifest_sha256],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    printed = {row for row in ran.stdout.splitlines() if not row.startswith("#")}
    assert printed == {f"{t.round},{t.number},{t.answer_id}" for t in kept}
    with read.session() as session:
        store = read.app.extensions[EXTENSION].scan_store
        assert len(load_manifest(store, session.scalars(select(AnswerAudit)).one())) == audit.answer_count


def test_a_difference_needs_a_second_person_and_then_a_third(read: Office) -> None:
    close(read).post(f"{PAGE}/1/hat-giong", {"seed": SEED})
    with read.session() as session:
        drawn = select(AuditTicket).where(AuditTicket.kind == "drawn", AuditTicket.is_double.is_(False))
        name = session.scalars(drawn).first().answer_id  # type: ignore[union-attr]  # there are some
    look_at_all(read, "auditor", {name})
    look_at_all(read, "auditor2")
    assert "Còn ô chờ xem" in read.browser("auditor").get(f"{PAGE}/1").text
    assert look_at_all(read, "head", {name}) == 1
    page = read.browser("auditor").get(f"{PAGE}/1").text
    assert name in page
    assert "không hợp lệ" in page


def test_the_blind_page_says_nothing_of_what_was_read(read: Office) -> None:
    close(read).post(f"{PAGE}/1/hat-giong", {"seed": SEED})
    page = read.browser("auditor").get(f"{PAGE}/1/xem").text
    ticket = int(re.search(r"/o/(\d+)", page)[1])  # type: ignore[index]  # there is one
    with read.session() as session:
        accepted = session.get_one(AuditTicket, ticket).accepted
    without = re.sub(r'(value|data-key)="[0-9a-z]*"|<kbd>.*?</kbd>', "", page)
    for word in ("checked", "planted", "double", "suggest", f'"{accepted}"', "Nhận “"):
        assert word not in without
    values = re.findall(r'name="answer" value="(\w+)"', page)
    assert values == [*(str(n) for n in range(1, len(values) - 1)), "blank", "invalid"]


def test_undo_brings_the_answer_back_and_keeps_what_was_said(read: Office) -> None:
    close(read).post(f"{PAGE}/1/hat-giong", {"seed": SEED})
    browser = read.browser("auditor")
    address = re.search(rf'action="({PAGE}/1/o/\d+)"', browser.get(f"{PAGE}/1/xem").text)[1]  # type: ignore[index]
    assert browser.post(address, {"answer": "9"}).status_code == 422
    assert browser.post(address, {"answer": "1"}, htmx=True).status_code == 200
    assert address in browser.post(f"{PAGE}/1/hoan-tac", htmx=True).text
    browser.post(address, {"answer": "2"})
    with read.session() as session:
        said = session.scalars(select(AuditAnswer).order_by(AuditAnswer.id)).all()
        assert [look.value for look in said] == ["1", None, "2"]
        assert said[1].undoes_id == said[0].id


def test_who_settled_an_answer_does_not_audit_it(office: Office) -> None:
    now: dt.datetime = office.clock.now
    with office.session() as session:
        people = world(session)
        page = add_page(session, add_sheet(session, people, 1, "CX4"), now)
        enqueue_reading(session, add_reading(session, page, now, [sure("CX4.1", "3"), blank("CX4.2")]), now)
        session.commit()
    assert office.browser("head").post(f"{PAGE}/chot").status_code == 422
    with office.session() as session:
        item = session.scalars(select(ReviewItem)).one()
        head = session.scalars(select(User).where(User.username == "head")).one()
        record_decision(session, head, item.id, Answer("blank"), now)
        session.commit()
    close(office).post(f"{PAGE}/1/hat-giong", {"seed": SEED})
    with office.session() as session:
        ticket = session.scalars(select(AuditTicket)).first()
        assert ticket is not None
        ticket.field_code = "CX4.2"
        head = session.scalars(select(User).where(User.username == "head")).one()
        with pytest.raises(InvalidInput):
            record_look(session, head, ticket, "blank", shown_ms=None, now=now)


@pytest.mark.parametrize("person", ["clerk", "reviewer", "appraiser", "treasurer", "viewer", "administrator"])
def test_others_do_not_audit(office: Office, person: str) -> None:
    assert office.browser(person).get(PAGE).status_code == 403
