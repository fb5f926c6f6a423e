"""The log: a chain that is sealed with the act, guarded by the database, and checked by whoever doubts it."""

import hashlib
import json
import re
import threading

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.clients import Office
from webapp.persistence.accounts import SignInBrake
from webapp.persistence.audit import ROOT_HASH, LogEntry, read_head, write_log
from webapp.persistence.guards import append_only_tables, lift_guards, missing_guards
from webapp.services.log_chain import PAGE_LENGTH, ChainReport, Fault, Occasion, check_log, verify_log
from webapp.services.sign_in_brakes import FAILURES_BEFORE_LOCK

PAGE = "/nhat-ky"


def tampered(office: Office, statement: str) -> ChainReport:
    """What a check finds after somebody who owns the database did this to it."""
    with office.session() as session:
        lift_guards(session.connection())
        session.execute(text(statement))
        session.commit()
        return verify_log(session)


def fill(session: Session, office: Office, count: int) -> None:
    for number in range(count):
        write_log(session, office.clock(), "clerk", "probe", f"probe/{number}", share=number / 3, name="ế")
    session.commit()


@pytest.fixture
def filled(office: Office) -> Office:
    with office.session() as session:
        fill(session, office, 5)
    return office


def test_the_chain_can_be_recomputed_from_its_export_alone(filled: Office) -> None:
    lines = filled.browser("head").get(f"{PAGE}/nhat-ky.jsonl").text.splitlines()
    last, number = ROOT_HASH, 0
    for number, line in enumerate(lines, 1):
        entry = json.loads(line)
        prev_hash, digest = entry.pop("prev_hash"), entry.pop("hash")
        plain = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert (entry["seq"], prev_hash) == (number, last)
        assert hashlib.sha256((last + plain).encode()).hexdigest() == digest
        last = digest
    assert number > 5
    assert json.loads(lines[-1])["act"] == "log_exported"


@pytest.mark.parametrize(
    ("statement", "seq", "fault"),
    [
        ("UPDATE log_entry SET actor = 'head' WHERE seq = 3", 3, Fault.CHANGED),
        ("DELETE FROM log_entry WHERE seq = 3", 3, Fault.MISSING),
        ("UPDATE log_entry SET prev_hash = hash WHERE seq = 4", 4, Fault.UNLINKED),
    ],
)
def test_the_first_broken_entry_is_named(filled: Office, statement: str, seq: int, fault: Fault) -> None:
    broken = tampered(filled, statement).broken
    assert broken is not None
    assert (broken.seq, broken.fault) == (seq, fault)


def test_what_an_earlier_check_has_seen_cannot_be_cut_off(filled: Office) -> None:
    with filled.session() as session:
        assert check_log(session, Occasion.NIGHTLY, filled.clock()).broken is None
        session.commit()
        newest = read_head(session).seq
    broken = tampered(filled, "DELETE FROM log_entry WHERE seq = (SELECT max(seq) FROM log_entry)").broken
    assert broken is not None
    assert (broken.seq, broken.fault) == (newest, Fault.CUT)


def test_the_database_refuses_to_change_what_is_append_only(filled: Office) -> None:
    with filled.session() as session:
        assert missing_guards(session.connection()) == []
        assert {"log_entry", "reading", "decision"} <= {table.name for table in append_only_tables()}
        for verb in ("UPDATE log_entry SET actor = 'x'", "DELETE FROM log_entry"):
            with pytest.raises(DBAPIError, match="append-only"):
                session.execute(text(verb))
            session.rollback()
        assert verify_log(session).broken is None


def test_no_act_no_entry(filled: Office) -> None:
    with filled.session() as session:
        head = read_head(session)
        write_log(session, filled.clock(), "clerk", "probe", "undone")
        session.rollback()
        session.commit()
        assert read_head(session) == head


def test_writers_at_once_leave_one_chain(office: Office) -> None:
    def write() -> None:
        for _ in range(8):
            with office.session() as session:
                fill(session, office, 2)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with office.session() as session:
        assert verify_log(session).broken is None
        assert len(session.scalars(select(LogEntry.seq).where(LogEntry.act == "probe")).all()) == 64


def test_refusals_and_failed_sign_ins_are_logged_without_what_was_typed(office: Office) -> None:
    office.browser("clerk").post(f"{PAGE}/kiem-tra")
    office.browser().post("/dang-nhap", {"username": "clerk", "password": "sai"})
    for _ in range(FAILURES_BEFORE_LOCK):
        office.browser().post("/dang-nhap", {"username": "mat-khau-go-nham", "password": "sai"})
    with office.session() as session:
        found = session.execute(select(LogEntry.act, LogEntry.actor, LogEntry.subject)).all()
        counted = session.scalars(select(SignInBrake.subject)).all()
    assert ("refused", "clerk", f"{PAGE}/kiem-tra") in found
    assert ("sign_in_failed", "clerk", "clerk") in found
    assert ("sign_in_failed", "", "unknown name") in found
    assert ("sign_in_locked", "", "unknown name") in found
    assert "mat-khau-go-nham" not in str((found, counted))


def test_the_page_filters_checks_and_compares_a_printed_mark(filled: Office) -> None:
    head = filled.browser("head")
    page = head.get(f"{PAGE}?viec=probe&doi-tuong=probe/3&nguoi=clerk&tu=2021-03-16&den=2021-03-16").text
    assert ("probe/3</td>" in page, "probe/2</td>" in page) == (True, False)
    assert "Không có dòng nào khớp" in head.get(f"{PAGE}?den=2021-03-15").text
    assert head.get(f"{PAGE}?tu=hom-qua").status_code == 422
    assert "Nguyên vẹn" in head.post(f"{PAGE}/kiem-tra", follow_redirects=True).text
    with filled.session() as session:
        mark = read_head(session).mark
    assert "Khớp" in head.get(f"{PAGE}?dau={mark}").text
    assert "Không khớp" in head.get(f"{PAGE}?dau={mark.partition('-')[0]}-{'0' * 16}").text
    assert head.get(f"{PAGE}?dau=abc").status_code == 422
    assert filled.browser("administrator").get(PAGE).status_code == 200
    assert filled.browser("viewer").get(PAGE).status_code == 403


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        *((f"{name}={day}", 422) for name in ("tu", "den") for day in ("0001-01-01", "9999-12-31")),
        *((f"truoc={sign}{'9' * 25}", 200) for sign in ("", "-")),
        *(
            (f"{name}=POST", 200)
            for name in ("endpoint", "_method", "_scheme", "_anchor", "_external", "self")
        ),
    ],
)
def test_no_address_of_the_page_is_a_fault_or_changes_where_it_leads(
    office: Office, asked: str, status: int
) -> None:
    """What stands in an address becomes a link to older entries: only the page's own filters do."""
    with office.session() as session:
        fill(session, office, PAGE_LENGTH + 1)
    answer = office.browser("head").get(f"{PAGE}?nguoi=clerk&{asked}")
    assert answer.status_code == status
    for link in re.findall(r'href="([^"]*truoc=[^"]*)"', answer.text):
        assert re.fullmatch(rf"{PAGE}\?truoc=\d+&amp;nguoi=clerk(&amp;(tu|den)=[\d-]+)?", link)


def test_the_page_names_the_broken_entry(filled: Office) -> None:
    tampered(filled, "UPDATE log_entry SET subject = 'x' WHERE seq = 2")
    page = filled.browser("head").post(f"{PAGE}/kiem-tra", follow_redirects=True).text
    assert "Dòng hỏng đầu tiên: số 2; nội dung dòng này đã bị sửa" in page
