"""The scanners' folder: every file once, when it has stopped growing; nothing deleted, nothing lost."""

import datetime as dt
import errno
import fcntl
import resource
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from tests.conftest import NOW
from tests.worlds.small import make_small_world
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.scans import Batch, BatchFile
from webapp.persistence.watched_folder import FolderFile, folder_state
from webapp.services import watched_folder
from webapp.services.watched_folder import FolderTimes, FolderWatch
from webapp.storage import ScanStore

TIMES = FolderTimes(still_s=5, patience_s=600, quiet=dt.timedelta(minutes=3))


def pdf(words: str) -> bytes:
    return b"%PDF-1.7 " + words.encode() + b"\n%%EOF\n"


@dataclass
class Share:
    """A folder, a database, and a worker's watch that can be started anew."""

    root: Path
    sessions: sessionmaker[Session]
    store: ScanStore
    now: dt.datetime = NOW
    moment_s: float = 0.0
    watch: FolderWatch = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.watch = FolderWatch(self.root, self.store, self.commit, TIMES)

    def commit(self, work: Callable[[Session], object]) -> object:
        with self.sessions.begin() as session:
            return work(session)

    def put(self, name: str, content: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def look(self, after_s: float = 6) -> int:
        self.moment_s += after_s
        self.now += dt.timedelta(seconds=after_s)
        return self.watch.look(self.now, self.moment_s)

    def settle(self) -> int:
        """The two looks that it takes."""
        self.look()
        return self.look()

    def names(self) -> list[tuple[int, str, str]]:
        """Batch number, name and state of every file."""
        with self.sessions() as session:
            rows = session.execute(
                select(Batch.number, BatchFile.original_name, BatchFile.state)
                .join(Batch)
                .order_by(BatchFile.id)
            )
            return [(number, name, state) for number, name, state in rows]

    def files(self) -> list[str]:
        return sorted(p.relative_to(self.root).as_posix() for p in self.root.rglob("*") if p.is_file())

    def problem(self) -> str | None:
        with self.sessions() as session:
            state = folder_state(session)
            assert state is not None
            return state.problem


@pytest.fixture
def share(database_url: str, tmp_path: Path) -> Iterator[Share]:
    engine = make_engine(database_url)
    sessions = make_session_factory(engine)
    with sessions.begin() as session:
        make_small_world(session, NOW)
    (tmp_path / "share").mkdir()
    yield Share(tmp_path / "share", sessions, ScanStore(tmp_path / "scans"))
    engine.dispose()


def test_a_file_is_taken_at_the_second_look_and_moved(share: Share) -> None:
    share.put("scan_001.pdf", pdf("1"))
    assert share.look() == 0
    assert share.look() == 1
    assert share.names() == [(1, "scan_001.pdf", "waiting")]
    assert share.files() == ["da-nhan/2021-03-16/scan_001.pdf"]
    assert share.settle() == 0


def test_a_growing_file_waits_until_it_stands_still_and_ends_well(share: Share) -> None:
    for size in (10, 20, 30):
        share.put("scan.pdf", b"%PDF-1.7 " + bytes(size))
        assert share.look() == 0
    assert [share.look() for _ in range(3)] == [0, 0, 0]  # still, but its end has not come
    with share.sessions() as session:
        state = folder_state(session)
        assert state is not None
        assert state.growing == 1
    share.put("scan.pdf", pdf("whole"))
    assert [share.look(), share.look()] == [0, 1]


def test_a_file_that_never_ends_is_taken_as_it_is_after_ten_minutes(share: Share) -> None:
    share.put("scan.pdf", b"%PDF-1.7 cut off")
    share.settle()
    assert share.names() == []
    assert share.look(after_s=601) == 1
    assert share.names() == [(1, "scan.pdf", "waiting")]


def test_a_file_that_its_writer_has_locked_waits(share: Share) -> None:
    share.put("scan.pdf", pdf("1"))
    with (share.root / "scan.pdf").open("rb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        assert share.settle() == 0
    assert share.look() == 1


def test_two_files_of_one_name_are_both_taken(share: Share) -> None:
    share.put("scan.pdf", pdf("first"))
    share.settle()
    share.put("scan.pdf", pdf("second, longer"))
    share.settle()
    assert share.names() == [(1, "scan.pdf", "waiting")] * 2
    assert share.files() == ["da-nhan/2021-03-16/scan (2).pdf", "da-nhan/2021-03-16/scan.pdf"]


def test_the_same_content_again_is_shown_and_not_read_twice(share: Share) -> None:
    share.put("a.pdf", pdf("same"))
    share.settle()
    share.put("b.pdf", pdf("same"))
    share.settle()
    assert share.names() == [(1, "a.pdf", "waiting"), (1, "b.pdf", "duplicate")]


def test_a_burst_is_one_batch_and_a_later_one_another(share: Share) -> None:
    for number in range(3):
        share.put(f"{number}.pdf", pdf(str(number)))
    share.settle()
    share.put("in/3.pdf", pdf("3"))
    share.settle()
    share.now += dt.timedelta(minutes=4)
    share.put("4.pdf", pdf("4"))
    share.settle()
    assert [number for number, _name, _state in share.names()] == [1, 1, 1, 1, 2]
    assert "da-nhan/2021-03-16/in/3.pdf" in share.files()


def test_what_is_no_scan_goes_aside_with_a_note(share: Share) -> None:
    share.put("bang.xls", b"MZ words")
    share.put("~temp.pdf", pdf("hidden"))
    share.put("dang-chep.pdf.part", pdf("partial"))
    share.settle()
    assert share.names() == []
    assert share.files() == [
        "dang-chep.pdf.part",
        "khong-doc-duoc/bang.xls",
        "khong-doc-duoc/bang.xls.txt",
        "~temp.pdf",
    ]
    note = (share.root / "khong-doc-duoc/bang.xls.txt").read_text(encoding="utf-8-sig")
    assert "Đây không phải tệp PDF" in note


def test_what_the_reader_refuses_later_goes_aside_too(share: Share) -> None:
    share.put("khoa.pdf", pdf("locked"))
    share.settle()
    with share.sessions.begin() as session:
        file = session.scalars(select(BatchFile)).one()
        file.state, file.failure_code = "refused", "encrypted"
    share.look()
    assert share.files() == ["khong-doc-duoc/khoa.pdf", "khong-doc-duoc/khoa.pdf.txt"]
    share.settle()
    assert len(share.files()) == 2


def test_killed_between_writing_down_and_moving_it_is_moved_and_not_taken_twice(
    share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_arguments: object) -> str:
        raise KeyboardInterrupt

    share.put("scan.pdf", pdf("1"))
    with monkeypatch.context() as power_cut:
        power_cut.setattr(watched_folder, "_move", killed)
        with pytest.raises(KeyboardInterrupt):
            share.settle()
    assert share.files() == ["scan.pdf"]
    share.restart()
    share.settle()
    assert share.names() == [(1, "scan.pdf", "waiting")]
    assert share.files() == ["da-nhan/2021-03-16/scan.pdf"]


def test_a_share_that_cannot_be_written_to_is_remembered(
    share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> str:
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr(watched_folder, "_move", refuse)
    share.put("scan.pdf", pdf("1"))
    assert share.settle() == 1
    assert share.problem() == "read_only"
    for _ in range(3):
        assert share.look() == 0
    share.restart()
    share.settle()
    share.put("scan.pdf", pdf("another"))
    share.settle()
    assert share.names() == [(1, "scan.pdf", "waiting")] * 2
    assert share.files() == ["scan.pdf"]


def test_a_full_disk_loses_nothing_and_is_over_when_there_is_room(share: Share) -> None:
    share.put("1.pdf", pdf("x" * 3_000_000))
    share.put("2.pdf", pdf("small"))
    share.look()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, limits[1]))
    try:
        share.look()
        assert share.problem() == "disk_full"
        assert "1.pdf" in share.files()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    share.settle()
    assert share.problem() is None
    assert sorted(name for _n, name, _s in share.names()) == ["1.pdf", "2.pdf"]
    assert not list((share.store.path("0" * 64).parents[2] / "incoming").iterdir())


def test_a_share_that_is_gone_comes_back(share: Share) -> None:
    away = share.root.rename(share.root.with_name("away"))
    assert share.look() == 0
    assert share.problem() == "unreachable"
    away.rename(share.root)
    share.put("1.pdf", pdf("1"))
    assert share.settle() == 1
    assert share.problem() is None


def test_every_file_has_its_row(share: Share) -> None:
    share.put("1.pdf", pdf("1"))
    share.settle()
    with share.sessions() as session:
        row = session.scalars(select(FolderFile)).one()
    assert (row.name, row.outcome, row.moved_to) == ("1.pdf", "taken", "da-nhan/2021-03-16/1.pdf")
