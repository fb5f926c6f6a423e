"""Taking in a batch: originals kept, plain rubbish told at the door, nothing counted twice."""

import datetime as dt
import io
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.worlds.printed_sheets import receive
from tests.worlds.small import make_small_world
from webapp.errors import InvalidInput, NotFound
from webapp.persistence.audit import LogEntry
from webapp.persistence.scans import Batch, BatchFile
from webapp.services.intake import Upload, clean_name, find_batch, receive_batch
from webapp.storage import ScanStore

SCAN = b"%PDF-1.7 a stack of sheets"


@pytest.fixture
def store(tmp_path: Path) -> ScanStore:
    return ScanStore(tmp_path / "scans")


def test_a_batch_keeps_its_originals_and_waits(session: Session, store: ScanStore, now: dt.datetime) -> None:
    world = make_small_world(session, now)
    uploads = [Upload("C:\\scan\\xã Đại Trạch.pdf", io.BytesIO(SCAN))]
    batch = receive_batch(session, store, "clerk", uploads, 60, now)
    assert (batch.number, batch.declared_sheets, batch.received_by) == (1, 60, "clerk")
    [file] = batch.files
    assert (file.state, file.original_name, file.size_bytes) == ("waiting", "xã Đại Trạch.pdf", len(SCAN))
    assert store.path(file.sha256).read_bytes() == SCAN
    assert find_batch(session, world.campaign.id, 1) is batch
    session.commit()
    assert session.scalars(select(LogEntry.act).where(LogEntry.subject == "batch:1")).all() == [
        "batch_received"
    ]


def test_batches_are_numbered_in_turn(session: Session, store: ScanStore, now: dt.datetime) -> None:
    make_small_world(session, now)
    numbers = [receive(session, store, now, SCAN + bytes([n])).number for n in range(3)]
    assert numbers == [1, 2, 3]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"MZ\x90 garbage", "not_a_scan"),
    ],
)
def test_what_is_plainly_no_scan_is_refused_and_the_rest_goes_on(
    session: Session, store: ScanStore, now: dt.datetime, content: bytes, code: str
) -> None:
    make_small_world(session, now)
    batch = receive(session, store, now, content, SCAN)
    assert [(file.state, file.failure_code) for file in batch.files] == [("refused", code), ("waiting", None)]


def test_the_same_file_is_a_duplicate_of_the_first(
    session: Session, store: ScanStore, now: dt.datetime
) -> None:
    make_small_world(session, now)
    first = receive(session, store, now, SCAN)
    second = receive(session, store, now, SCAN, b"%PDF-1.7 another", SCAN)
    assert [file.state for file in second.files] == ["duplicate", "waiting", "duplicate"]
    assert {second.files[0].duplicate_of_id, second.files[2].duplicate_of_id} == {first.files[0].id}


def test_the_same_file_twice_in_one_batch_counts_once(
    session: Session, store: ScanStore, now: dt.datetime
) -> None:
    make_small_world(session, now)
    batch = receive(session, store, now, SCAN, SCAN)
    assert [file.state for file in batch.files] == ["waiting", "duplicate"]
    assert batch.files[1].duplicate_of_id == batch.files[0].id


def test_a_refused_file_may_come_again(session: Session, store: ScanStore, now: dt.datetime) -> None:
    make_small_world(session, now)
    first = receive(session, store, now, SCAN)
    first.files[0].state = "refused"
    assert receive(session, store, now, SCAN).files[0].state == "waiting"


@pytest.mark.parametrize("declared", [0, -1, 100_001])
def test_an_impossible_number_of_sheets_is_refused(
    session: Session, store: ScanStore, now: dt.datetime, declared: int
) -> None:
    make_small_world(session, now)
    with pytest.raises(InvalidInput, match="Số tờ"):
        receive_batch(session, store, "clerk", [Upload("a.pdf", io.BytesIO(SCAN))], declared, now)
    assert session.scalar(select(func.count(Batch.id))) == 0


def test_nothing_to_receive(session: Session, store: ScanStore, now: dt.datetime) -> None:
    make_small_world(session, now)
    with pytest.raises(InvalidInput, match="Chưa chọn tệp"):
        receive_batch(session, store, "clerk", [], None, now)
    assert session.scalar(select(func.count(BatchFile.id))) == 0


def test_no_campaign_no_batch(session: Session, store: ScanStore, now: dt.datetime) -> None:
    with pytest.raises(NotFound, match="chu kỳ"):
        receive(session, store, now, SCAN)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("..\\..\\lô\x00 1\r\n.pdf", "lô 1.pdf"),
        ("anh\u202egpj.exe", "anhgpj.exe"),
        ("a" * 300 + ".pdf", "a" * 196 + ".pdf"),
        ("/", "?"),
    ],
)
def test_a_scans_name_is_one_line_that_can_be_shown(given: str, kept: str) -> None:
    assert clean_name(given) == kept
