"""A backup of a working office, put back elsewhere: nothing is lost, nothing half, nothing laid over."""

import datetime as dt
import fcntl
import tarfile
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, create_engine, make_url, select, text
from sqlalchemy.orm import Session

from tests.clients import FORMS_DIR, Browser, Office
from tests.worlds.read_pages import add_reading, blank
from tests.worlds.scanned_sheets import print_sheets, scan_sides
from webapp.persistence.audit import LogCheck, LogEntry, last_check, read_head, write_log
from webapp.persistence.backups import (
    BackupFault,
    BackupOccasion,
    last_backup,
    last_good_backup,
    list_backups,
)
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.database_copy import holds_tables
from webapp.persistence.guards import lift_guards, missing_guards
from webapp.persistence.scans import Batch, BatchFile, Page
from webapp.persistence.schema import newest_revision
from webapp.services import backup_archive
from webapp.services.backup_archive import BackupBroken, BackupStopped, check_archive
from webapp.services.backup_schedule import Retention
from webapp.services.backups import BackupSource, MadeBackup, make_backup, record_backup
from webapp.services.erasure import erase_batch
from webapp.services.log_chain import Occasion, verify_log
from webapp.services.restoring import RestoreRefused, restore_backup, restore_scans
from webapp.services.upkeep import Upkeep, UpkeepPlan
from webapp.storage import ScanStore

DEFAULT = Retention()
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def scanned(office: Office, now: dt.datetime, tmp_path: Path) -> Office:
    """A batch of two sheets whose scan and crop lie in the store, and a schema that says how new it is."""
    with office.session() as session:
        sheets = print_sheets(session, "19186", "CX4", 2, now)
        batch = scan_sides(session, [(sheet, side) for sheet in sheets for side in (1, 2)], now)
        for file in session.scalars(select(BatchFile).where(BatchFile.batch_id == batch.id)):
            file.sha256 = store_of(tmp_path).put_bytes(b"a scan").sha256
        crop = store_of(tmp_path).put_bytes(b"a crop").sha256
        page = session.scalars(select(Page).where(Page.batch_id == batch.id)).first()
        assert page is not None
        add_reading(session, page, now, [blank("CX4.1", crop_sha256=crop)])
        session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        revision = newest_revision(url_of(office))
        session.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
        session.commit()
    return office


def url_of(office: Office) -> str:
    url: str = office.app.extensions["chamdiem"].settings.database_url
    return url


def store_of(folder: Path) -> ScanStore:
    return ScanStore(folder / "scans")


def source_of(office: Office, tmp_path: Path) -> BackupSource:
    return BackupSource(url_of(office), store_of(tmp_path), FORMS_DIR)


@pytest.fixture
def elsewhere(database_url: str, tmp_path: Path) -> Iterator[BackupSource]:
    """Another machine: an empty folder, and on PostgreSQL an empty database."""
    folder = tmp_path / "other"
    forms = folder / "forms"
    forms.mkdir(parents=True)
    if database_url.startswith("sqlite"):
        yield BackupSource(f"sqlite:///{folder / 'chamdiem.sqlite3'}", store_of(folder), forms)
        return
    server, name = make_url(database_url), f"r_{uuid.uuid4().hex[:12]}"
    root = create_engine(server.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with root.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        yield BackupSource(
            server.set(database=name).render_as_string(hide_password=False), store_of(folder), forms
        )
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    root.dispose()


def back_up(office: Office, tmp_path: Path) -> MadeBackup:
    made = make_backup(
        source_of(office, tmp_path), tmp_path / "backups", BackupOccasion.COMMAND, office.clock()
    )
    assert made is not None
    return made


def rows_of(database_url: str) -> dict[str, list[Any]]:
    engine, metadata = create_engine(database_url), MetaData()
    with engine.connect() as connection:
        metadata.reflect(connection)
        found = {
            name: sorted(map(str, connection.execute(select(table))))
            for name, table in metadata.tables.items()
        }
    engine.dispose()
    return found


def test_everything_comes_back_on_another_machine(
    scanned: Office, tmp_path: Path, elsewhere: BackupSource
) -> None:
    before = rows_of(url_of(scanned))
    made = back_up(scanned, tmp_path)
    assert (made.fault, made.content.missing_count) == (None, 0)
    assert made.content.file_count == 2
    restored = restore_backup(made.path, elsewhere, "root", scanned.clock())
    after = rows_of(elsewhere.database_url)
    told = after["log_entry"].pop()
    assert "restored" in told
    assert after == before
    assert restored.differing_forms == []
    assert forms_in(elsewhere.forms_dir) == forms_in(FORMS_DIR)


def forms_in(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_what_is_put_back_works_on(scanned: Office, tmp_path: Path, elsewhere: BackupSource) -> None:
    made = back_up(scanned, tmp_path)
    restore_backup(made.path, elsewhere, "root", scanned.clock())
    engine = make_engine(elsewhere.database_url)
    with make_session_factory(engine)() as session:
        for sha256 in session.scalars(select(BatchFile.sha256)):
            assert elsewhere.store.path(sha256).read_bytes() == store_of(tmp_path).path(sha256).read_bytes()
        assert missing_guards(session.connection()) == []
        assert verify_log(session).broken is None
        assert made.log_mark == f"{read_head(session).seq - 1}-{entry(session, -1).hash[:16]}"
        write_log(session, scanned.clock(), "clerk", "probe", "after")
        session.commit()
        assert verify_log(session).broken is None
    engine.dispose()


def entry(session: Session, back: int) -> LogEntry:
    return session.get_one(LogEntry, read_head(session).seq + back)


def test_a_backup_is_whole_while_people_go_on_working(
    scanned: Office, tmp_path: Path, elsewhere: BackupSource
) -> None:
    stop, begun = threading.Event(), threading.Event()
    written: list[str] = []

    def work() -> None:
        while not stop.is_set():
            stored = store_of(tmp_path).put_bytes(f"uploaded {len(written)}".encode())
            with scanned.session() as session:
                batch = session.scalars(select(Batch)).first()
                assert batch is not None
                session.add(
                    BatchFile(
                        batch_id=batch.id,
                        sha256=stored.sha256,
                        size_bytes=stored.size_bytes,
                        original_name="x.pdf",
                        state="waiting",
                    )
                )
                write_log(session, scanned.clock(), "clerk", "probe", stored.sha256)
                session.commit()
            written.append(stored.sha256)
            if len(written) >= 5:
                begun.set()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert begun.wait(30)
        made = back_up(scanned, tmp_path)
    finally:
        stop.set()
        worker.join()
    assert (made.fault, made.content.missing_count) == (None, 0)
    restore_backup(made.path, elsewhere, "root", scanned.clock())
    engine = make_engine(elsewhere.database_url)
    with make_session_factory(engine)() as session:
        held = set(session.scalars(select(BatchFile.sha256)))
        told = set(session.scalars(select(LogEntry.subject).where(LogEntry.act == "probe")))
        assert verify_log(session).broken is None
    engine.dispose()
    assert told == held & set(written) >= set(written[:5])
    assert [name for name in held if not elsewhere.store.path(name).is_file()] == []


def test_a_database_that_is_there_is_never_overwritten(scanned: Office, tmp_path: Path) -> None:
    made = back_up(scanned, tmp_path)
    before = rows_of(url_of(scanned))
    with pytest.raises(RestoreRefused, match="has a database already"):
        restore_backup(made.path, source_of(scanned, tmp_path), "root", scanned.clock())
    assert rows_of(url_of(scanned)) == before


@pytest.mark.parametrize("where", [0.15, 0.5, 0.98])
def test_a_spoilt_or_cut_backup_is_refused_before_anything_is_written(
    scanned: Office, tmp_path: Path, elsewhere: BackupSource, where: float
) -> None:
    made = back_up(scanned, tmp_path)
    content = made.path.read_bytes()
    cut = tmp_path / "cut.tar"
    cut.write_bytes(content[: int(len(content) * where)])
    with pytest.raises(BackupBroken):
        restore_backup(cut, elsewhere, "root", scanned.clock())
    spoilt = bytearray(content)
    member = scan_members(made.path)[0] if where > 0.9 else made_database(made.path)
    spoilt[member.offset_data + member.size // 2] ^= 1
    cut.write_bytes(spoilt)
    with pytest.raises(BackupBroken, match=member.name):
        check_archive(cut)
    assert not holds_tables(elsewhere.database_url)
    assert scans_in(elsewhere.store.root) == []


def scan_members(path: Path) -> list[tarfile.TarInfo]:
    with tarfile.open(path) as tar:
        return [member for member in tar if member.name.startswith("scans/")]


def made_database(path: Path) -> tarfile.TarInfo:
    with tarfile.open(path) as tar:
        return next(member for member in tar if member.name.startswith("database"))


def scans_in(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and len(path.name) == 64]


def test_lost_and_spoilt_scans_are_named_and_come_back_from_an_older_backup(
    scanned: Office, tmp_path: Path
) -> None:
    older = back_up(scanned, tmp_path)
    lost, spoilt = scans_in(tmp_path / "scans")[:2]
    kept = spoilt.read_bytes()
    lost.unlink()
    spoilt.write_bytes(bytes(len(kept)))
    scanned.clock.now += HOUR
    newer = back_up(scanned, tmp_path)
    assert newer.fault is None
    assert newer.content.missing == sorted([lost.name, spoilt.name])
    restore_scans(older.path, source_of(scanned, tmp_path))
    assert (lost.is_file(), spoilt.read_bytes()) == (True, kept)


def test_what_an_administrator_erased_is_not_missed(scanned: Office, tmp_path: Path) -> None:
    with scanned.session() as session:
        names = erase_batch(session, "root", session.scalars(select(Batch)).one(), scanned.clock())
        session.commit()
    store_of(tmp_path).remove(names)
    made = back_up(scanned, tmp_path)
    assert (made.content.file_count, made.content.missing_count) == (0, 0)


def test_nothing_is_erased_while_a_backup_runs(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    stored = store.put_bytes(b"needed")
    eraser = threading.Thread(target=store.remove, args=([stored.sha256],))
    with store.nothing_removed():
        eraser.start()
        eraser.join(0.3)
        assert store.path(stored.sha256).is_file()
    eraser.join(10)
    assert not store.path(stored.sha256).exists()


def upkeep_of(office: Office, tmp_path: Path, folder: Path, kept: Retention = DEFAULT) -> Upkeep:
    context = office.app.extensions["chamdiem"]

    def commit(work: Callable[[Session], object]) -> object:
        with context.write_sessions.begin() as session:
            return work(session)

    plan = UpkeepPlan(folder, 2, kept, tmp_path / "logs")
    return Upkeep(source_of(office, tmp_path), plan, context.read_sessions, commit)


def look(upkeep: Upkeep, office: Office) -> None:
    upkeep.look(office.clock, lambda: False)


def test_the_worker_backs_up_every_night_and_keeps_few(scanned: Office, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    upkeep = upkeep_of(scanned, tmp_path, folder, Retention(days=2, weeks=1, months=1))
    look(upkeep, scanned)
    assert not list(folder.glob("*")), "the night has not come yet"
    for _ in range(4):
        scanned.clock.now += dt.timedelta(days=1)
        look(upkeep, scanned)
        look(upkeep, scanned)
    assert sorted(path.name for path in folder.glob("*.tar")) == [
        "chamdiem-20210319T021200Z.tar",
        "chamdiem-20210320T021200Z.tar",
    ]
    with scanned.session() as session:
        runs, check = list_backups(session, 9), last_check(session, Occasion.NIGHTLY)
        assert [(run.occasion, run.fault) for run in runs] == [("scheduled", None)] * 4
        assert check is not None
        assert (check.checked_at, check.broken_seq) == (scanned.clock.now, None)
        assert len(session.scalars(select(LogCheck.id)).all()) == 4


def test_a_backup_that_fails_says_so_and_is_tried_again(scanned: Office, tmp_path: Path) -> None:
    blocked = tmp_path / "backups"
    blocked.write_text("a file where the folder should be")
    upkeep = upkeep_of(scanned, tmp_path, blocked)
    scanned.clock.now += dt.timedelta(days=1)
    look(upkeep, scanned)
    page = scanned.browser("administrator").get("/").text
    assert "Sao lưu không thành: không ghi được vào thư mục sao lưu. Chưa có bản sao lưu nào." in page
    look(upkeep, scanned)
    blocked.unlink()
    look(upkeep, scanned)
    with scanned.session() as session:
        assert [run.fault for run in list_backups(session, 9)] == [BackupFault.FOLDER]
    scanned.clock.now += HOUR
    look(upkeep, scanned)
    with scanned.session() as session:
        assert last_good_backup(session) == last_backup(session)
    assert "toast-warning" not in scanned.browser("administrator").get("/").text


def test_a_full_disk_leaves_nothing_behind(
    scanned: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_archive, "LEAST_FREE_BYTES", 1 << 60)
    made = back_up(scanned, tmp_path)
    assert made.fault is BackupFault.DISK_FULL
    assert [path.name for path in (tmp_path / "backups").iterdir()] == ["backup.lock"]


def test_a_backup_that_is_broken_off_leaves_nothing_behind(scanned: Office, tmp_path: Path) -> None:
    folder, asked = tmp_path / "backups", iter([False] * 5 + [True] * 99)
    with pytest.raises(BackupStopped):
        make_backup(
            source_of(scanned, tmp_path),
            folder,
            BackupOccasion.COMMAND,
            scanned.clock(),
            lambda: next(asked),
        )
    assert [path.name for path in folder.iterdir()] == ["backup.lock"]


def test_what_a_killed_backup_left_behind_is_cleared_away(scanned: Office, tmp_path: Path) -> None:
    (tmp_path / "backups" / ".chamdiem-scratch").mkdir(parents=True)
    (tmp_path / "backups" / ".chamdiem-20210315T021200Z.tar.part").write_bytes(b"half")
    made = back_up(scanned, tmp_path)
    assert sorted(path.name for path in (tmp_path / "backups").iterdir()) == ["backup.lock", made.path.name]


def test_two_at_once_are_one(scanned: Office, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    with (folder / "backup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        source = source_of(scanned, tmp_path)
        assert make_backup(source, folder, BackupOccasion.COMMAND, scanned.clock()) is None


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ("administrator", 'Muốn làm ngay thì mở trang <a href="/sao-luu">Sao lưu</a>'),
        ("clerk", "Báo người quản trị: nếu máy chủ hỏng, phần việc chưa sao lưu sẽ mất."),
        ("head", "Báo người quản trị"),
        ("unit-nv", None),
        ("viewer", None),
    ],
)
def test_the_home_page_tells_whoever_can_act_or_tell(
    scanned: Office, tmp_path: Path, person: str, words: str | None
) -> None:
    browser = scanned.browser(person)
    assert "sao lưu" not in browser.get("/").text
    scanned.clock.now += dt.timedelta(days=3)
    never = scanned.browser(person) if person not in scanned.browsers else renewed(scanned, person)
    assert ("chưa được sao lưu lần nào" in never.get("/").text) is (words is not None)
    with scanned.session() as session:
        record_backup(session, back_up(scanned, tmp_path), scanned.clock())
        session.commit()
    assert "được sao lưu" not in never.get("/").text
    scanned.clock.now += dt.timedelta(days=3)
    page = renewed(scanned, person).get("/").text
    assert ("Dữ liệu chưa được sao lưu từ 19/03/2021 09:12." in page) is (words is not None)
    assert words is None or words in page


def renewed(office: Office, person: str) -> Browser:
    """The same person, signed in anew: sessions do not last for days."""
    office.browsers.pop(person)
    return office.browser(person)


def test_the_home_page_names_a_broken_log(scanned: Office, tmp_path: Path) -> None:
    with scanned.session() as session:
        lift_guards(session.connection())
        session.execute(text("UPDATE log_entry SET subject = 'x' WHERE seq = 1"))
        session.commit()
    scanned.clock.now += dt.timedelta(days=1)
    look(upkeep_of(scanned, tmp_path, tmp_path / "backups"), scanned)
    words = "Nhật ký không còn nguyên vẹn từ dòng số 1"
    everybody = ("administrator", "head", "auditor", "clerk", "unit-nv")
    told = {who for who in everybody if words in scanned.browser(who).get("/").text}
    assert told == {"administrator", "head", "auditor"}


def test_an_administrator_asks_for_one_and_gets_it(scanned: Office, tmp_path: Path) -> None:
    administrator = scanned.browser("administrator")
    assert "Chưa có lần sao lưu nào" in administrator.get("/sao-luu").text
    for _ in range(2):
        assert "Đang chờ" in administrator.post("/sao-luu", follow_redirects=True).text
    scanned.clock.now += dt.timedelta(seconds=30)
    upkeep = upkeep_of(scanned, tmp_path, tmp_path / "backups")
    look(upkeep, scanned)
    look(upkeep, scanned)
    page = administrator.get("/sao-luu").text
    assert ("Đang chờ" in page, page.count("quản trị bấm Sao lưu ngay")) == (False, 1)
    assert len(list((tmp_path / "backups").glob("*.tar"))) == 1
    assert scanned.browser("clerk").get("/sao-luu").status_code == 403
