"""Make a backup while everybody goes on working, write down that it was made, clear away what is too old.

First the database is copied as it is at one moment, then the scans that this copy names: a file is in the
store before its row is, and is never changed, so that the copy always finds what it names.
"""

import contextlib
import datetime as dt
import fcntl
import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from webapp.errors import DiskFull
from webapp.persistence.audit import LogEntry, read_head, write_log
from webapp.persistence.backups import (
    BackupFault,
    BackupOccasion,
    BackupRequest,
    BackupRun,
    open_request,
)
from webapp.persistence.database_copy import CopyFailed, FrozenDatabase, frozen_database
from webapp.persistence.stored_files import erased_files, named_files
from webapp.services.backup_archive import (
    FORMS,
    HEAD,
    ArchiveWriter,
    BackupBroken,
    BackupContent,
    BackupHead,
    new_archive,
)
from webapp.services.backup_schedule import Retention, superfluous
from webapp.storage import ScanStore

_NAME = re.compile(r"chamdiem-(\d{8}T\d{6})Z\.tar")
_STAMP = "%Y%m%dT%H%M%S"


@dataclass(frozen=True, slots=True)
class BackupSource:
    """What is backed up: the database, the store of scans, and the forms that sheets were printed from."""

    database_url: str
    store: ScanStore
    forms_dir: Path


@dataclass(frozen=True, slots=True)
class MadeBackup:
    """The file, and what is in it; or why there is none."""

    occasion: BackupOccasion
    started_at: dt.datetime
    path: Path
    size_bytes: int = 0
    content: BackupContent = BackupContent(0, 0, 0)  # noqa: RUF009 - frozen
    log_mark: str = ""
    fault: BackupFault | None = None
    detail: str = ""


def make_backup(
    source: BackupSource,
    folder: Path,
    occasion: BackupOccasion,
    now: dt.datetime,
    is_stopping: Callable[[], bool] = lambda: False,
) -> MadeBackup | None:
    """Write one verified file into `folder`; None where another backup into it is under way.

    A backup that fails leaves no file behind and is told as a `MadeBackup` with its fault.

    Raises:
        BackupStopped: `is_stopping` said so; nothing is left behind.
    """
    path = folder / f"chamdiem-{now.astimezone(dt.UTC):{_STAMP}}Z.tar"
    try:
        with _only_one(folder) as is_alone:
            return _make(source, path, occasion, now, is_stopping) if is_alone else None
    except DiskFull as error:
        fault, detail = BackupFault.DISK_FULL, str(error)
    except BackupBroken as error:
        fault, detail = BackupFault.UNVERIFIED, str(error)
    except CopyFailed as error:
        fault, detail = BackupFault.DATABASE, str(error)
    except OSError as error:
        fault, detail = BackupFault.FOLDER, str(error)
    return MadeBackup(occasion, now, path, fault=fault, detail=detail)


def record_backup(session: Session, made: MadeBackup, now: dt.datetime) -> BackupRun:
    """Write down how it ended."""
    run = BackupRun(
        occasion=made.occasion.value,
        started_at=made.started_at,
        ended_at=now,
        path=str(made.path),
        size_bytes=made.size_bytes,
        file_count=made.content.file_count,
        missing_count=made.content.missing_count,
        log_mark=made.log_mark,
        fault=None if made.fault is None else made.fault.value,
        detail=made.detail,
    )
    session.add(run)
    return run


def ask_for_backup(session: Session, actor: str, now: dt.datetime) -> None:
    """Have the worker make one at once; asking again while it waits changes nothing."""
    if open_request(session) is None:
        session.add(BackupRequest(asked_by=actor, asked_at=now))
        write_log(session, now, actor, "backup_asked", "backup")


def clear_superfluous(folder: Path, kept: Retention) -> list[Path]:
    """Delete the backups of this folder that are too old to be kept; files of other names are left alone."""
    made_at = {moment: path for path in folder.iterdir() if (moment := _moment_of(path)) is not None}
    gone = [made_at[moment] for moment in superfluous(made_at, kept)]
    for path in gone:
        path.unlink(missing_ok=True)
    return gone


def program_version() -> str:
    """The version of this program."""
    try:
        return version("chamdiem")
    except PackageNotFoundError:
        return "unknown"


def _moment_of(path: Path) -> dt.datetime | None:
    found = _NAME.fullmatch(path.name)
    if found is None:
        return None
    return dt.datetime.strptime(found[1], _STAMP).replace(tzinfo=dt.UTC)


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[bool]:
    """Whether nobody else writes a backup into this folder now; what broken-off ones left is cleared away."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "backup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        for left_over in folder.glob(".chamdiem-*"):
            shutil.rmtree(left_over) if left_over.is_dir() else left_over.unlink()
        yield True


def _make(
    source: BackupSource,
    path: Path,
    occasion: BackupOccasion,
    now: dt.datetime,
    is_stopping: Callable[[], bool],
) -> MadeBackup:
    with (
        tempfile.TemporaryDirectory(dir=path.parent, prefix=".chamdiem-") as scratch,
        source.store.nothing_removed(),
        frozen_database(source.database_url, Path(scratch)) as frozen,
    ):
        head = _head(frozen, now)
        with new_archive(path, is_stopping) as archive:
            content = _fill(archive, head, frozen, source)
    return MadeBackup(occasion, now, path, path.stat().st_size, content, head.log_mark)


def _head(frozen: FrozenDatabase, now: dt.datetime) -> BackupHead:
    with frozen.path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    made_at = now.astimezone(dt.UTC).isoformat(timespec="seconds")
    size_bytes = frozen.path.stat().st_size
    return BackupHead(
        made_at,
        program_version(),
        frozen.kind,
        frozen.revision,
        _log_mark(frozen),
        frozen.member,
        sha256,
        size_bytes,
    )


def _log_mark(frozen: FrozenDatabase) -> str:
    """The head of the log at that moment; the log of an old schema has none yet."""
    columns = inspect(frozen.connection).get_columns(LogEntry.__tablename__)
    if LogEntry.hash.key not in {column["name"] for column in columns}:
        return ""
    with Session(frozen.connection) as session:
        return read_head(session).mark


def _fill(
    archive: ArchiveWriter, head: BackupHead, frozen: FrozenDatabase, source: BackupSource
) -> BackupContent:
    archive.add_json(HEAD, asdict(head))
    archive.add_file(frozen.member, frozen.path)
    for path in sorted(source.forms_dir.rglob("*")):
        if path.is_file():
            archive.add_file(FORMS + path.relative_to(source.forms_dir).as_posix(), path)
    for name in named_files(frozen.connection):
        archive.add_scan(source.store, name)
    return archive.end(erased_files(frozen.connection))
