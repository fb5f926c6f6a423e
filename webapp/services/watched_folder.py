"""The folder that scanners store to: take every file once, when it has stopped growing; delete nothing.

A file is kept in the scan store and written down with its batch in one transaction, and only then moved
away. A worker that dies in between finds the file by its row, and moves it. Two files of one name and other
content are two files; the same content again is shown as a duplicate, as with any upload.
"""

import datetime as dt
import errno
import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import DiskFull, NotFound
from webapp.jobs.tasks import PackedFile
from webapp.persistence.audit import write_log
from webapp.persistence.scans import BatchFile
from webapp.persistence.watched_folder import (
    FolderFile,
    FolderState,
    find_taken,
    folder_state,
    open_folder_batch,
)
from webapp.services.folder_endings import ends_well
from webapp.services.folder_refusals import refusal_text
from webapp.services.intake import Upload, admit_file, lock_campaign, open_batch, store_upload
from webapp.storage import ScanStore

TAKEN_FOLDER, REFUSED_FOLDER = "da-nhan", "khong-doc-duoc"
ACTOR = "thu-muc-quet"  # who received a batch that nobody handed in
_LOG = logging.getLogger(__name__)
_TEMPORARY = (".tmp", ".part", ".partial", ".crdownload", ".filepart", ".lock")
_SYSTEM_NAMES = ("thumbs.db", "desktop.ini")
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
_LOCKED = {errno.EAGAIN, errno.EACCES}
_TAKEN = "taken"
_OFFICE_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")

Commit = Callable[[Callable[[Session], object]], object]


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it lies in the folder; `name` is relative to it, "/" between its parts."""

    name: str
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class FolderTimes:
    """How long a file must stand still, how long an unfinished one is waited for, when a burst is over."""

    still_s: float = 5.0
    patience_s: float = 600.0
    quiet: dt.timedelta = dt.timedelta(minutes=3)


def list_files(root: Path) -> list[Seen]:
    """What scanners have put there, oldest first; neither our own folders nor programs' temporary files.

    Raises:
        OSError: the folder cannot be read.
    """
    files = [seen for seen in _walk(root, PurePosixPath()) if not _is_temporary(seen.name)]
    return sorted(files, key=lambda seen: (seen.mtime_ns, seen.name))


class FolderWatch:
    """Looks at the folder again and again; remembers between looks only since when each file stands still."""

    def __init__(self, root: Path, store: ScanStore, commit: Commit, times: FolderTimes) -> None:
        """`commit` runs its argument in a transaction; None is its answer where the database refused."""
        self._root = root
        self._store = store
        self._commit = commit
        self._times = times
        self._still_since: dict[Seen, float] = {}
        self._is_read_only = False

    def look(self, now: dt.datetime, moment_s: float) -> int:
        """Take what has stopped growing; gives the number of files taken or refused.

        Args:
            now: for what is written down.
            moment_s: a clock that only goes forward, in seconds.
        """
        try:
            files = list_files(self._root)
        except OSError:
            self._show(now, 0, "unreachable")
            return 0
        self._still_since = {seen: self._still_since.get(seen, moment_s) for seen in files}
        ready = [seen for seen in files if self._is_ready(seen, moment_s)]
        done, problem = 0, None
        try:
            for seen in ready:
                done += self._take(seen, now)
        except DiskFull:
            problem = "disk_full"
        except NotFound:  # there is no campaign yet: everything waits where it lies
            problem = "no_campaign"
        self._set_refused_apart()
        self._show(now, len(files) - len(ready), problem or ("read_only" if self._is_read_only else None))
        return done

    def _is_ready(self, seen: Seen, moment_s: float) -> bool:
        """Whether it has stood still long enough, and ends as its kind must; at last it is taken as it is."""
        still_s = moment_s - self._still_since[seen]
        if still_s < self._times.still_s:
            return False
        try:
            with (self._root / seen.name).open("rb") as stream:
                return still_s >= self._times.patience_s or (not _is_locked(stream) and ends_well(stream))
        except OSError:
            return False

    def _take(self, seen: Seen, now: dt.datetime) -> bool:
        """Keep one file, write it down, move it away; False where it was known, or not still after all."""
        if self._is_read_only and self._commit(lambda session: _is_known(session, seen)):
            return False
        path = self._root / seen.name
        try:
            with path.open("rb") as stream:
                file = store_upload(self._store, Upload(PurePosixPath(seen.name).name, stream))
            if _seen(path, seen.name) != seen:
                return False
        except FileNotFoundError:  # another worker was faster
            return False
        outcome = self._commit(lambda session: _write_down(session, seen, file, now, self._times.quiet))
        if outcome is None:  # the database refused: it still lies there, and is taken at the next look
            return False
        self._move_away(seen, str(outcome), now)
        return True

    def _move_away(self, seen: Seen, outcome: str, now: dt.datetime) -> None:
        folder = (
            Path(TAKEN_FOLDER) / f"{now.astimezone(_OFFICE_ZONE):%Y-%m-%d}"
            if outcome == _TAKEN
            else Path(REFUSED_FOLDER)
        )
        try:
            place = _move(self._root, seen.name, folder)
            if outcome != _TAKEN:
                _explain(self._root / place, outcome)
        except FileNotFoundError:  # another worker has moved it
            return
        except OSError as error:
            if error.errno not in _READ_ONLY:
                raise
            self._is_read_only = True
            return
        self._is_read_only = False
        self._commit(lambda session: _note_place(session, seen, place))

    def _set_refused_apart(self) -> None:
        """What the reader refused after all goes to the folder of what could not be read, with the reason."""
        late = self._commit(_refused_later)
        for file_id, moved_to, failure in late if isinstance(late, list) else ():
            try:
                place = _move(self._root, moved_to, Path(REFUSED_FOLDER))
                _explain(self._root / place, failure)
            except OSError:
                _LOG.exception("%s could not be set apart", moved_to)
                place = moved_to
            self._commit(partial(_note_refusal, file_id=file_id, place=place, failure=failure))

    def _show(self, now: dt.datetime, growing: int, problem: str | None) -> None:
        self._commit(lambda session: _write_state(session, now, self._root, growing, problem))


def _walk(root: Path, inside: PurePosixPath) -> Iterator[Seen]:
    with os.scandir(root / inside) as entries:
        for entry in entries:
            name = str(inside / entry.name)
            if entry.is_symlink() or entry.name.startswith((".", "~")):
                continue
            if entry.is_dir():
                if name not in {TAKEN_FOLDER, REFUSED_FOLDER}:
                    yield from _walk(root, PurePosixPath(name))
            elif entry.is_file():
                stat = entry.stat()
                yield Seen(name, stat.st_size, stat.st_mtime_ns)


def _seen(path: Path, name: str) -> Seen:
    stat = path.stat()
    return Seen(name, stat.st_size, stat.st_mtime_ns)


def _is_temporary(name: str) -> bool:
    lower = PurePosixPath(name).name.lower()
    return lower.endswith(_TEMPORARY) or lower in _SYSTEM_NAMES


def _is_locked(stream: IO[bytes]) -> bool:
    """Whether its writer holds a lock on it; a file system that knows no locks says no."""
    try:
        fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in _LOCKED
    return False


def _move(root: Path, name: str, folder: Path) -> str:
    """Move a file below `folder` under a name that is free there; its new place, relative to the root."""
    inside = PurePosixPath(name)
    if inside.parts[0] == TAKEN_FOLDER:  # it had been taken: below the day
        inside = PurePosixPath(*inside.parts[2:])
    target, number = folder / inside, 1
    (root / target).parent.mkdir(parents=True, exist_ok=True)
    while (root / target).exists():
        number += 1
        target = folder / inside.with_name(f"{inside.stem} ({number}){inside.suffix}")
    (root / name).rename(root / target)
    return target.as_posix()


def _explain(path: Path, reason: str) -> None:
    """Beside a refused file: why, for whoever looks into the folder."""
    path.with_name(f"{path.name}.txt").write_text(refusal_text(path.name, reason), encoding="utf-8-sig")


def _is_known(session: Session, seen: Seen) -> bool:
    return find_taken(session, seen.name, seen.size_bytes, seen.mtime_ns) is not None


def _write_down(session: Session, seen: Seen, file: PackedFile, now: dt.datetime, quiet: dt.timedelta) -> str:
    """The file's row and its place in a batch, once; gives "taken", or why it was refused."""
    campaign = lock_campaign(session)
    known = find_taken(session, seen.name, seen.size_bytes, seen.mtime_ns)
    if known is not None and known.sha256 == file.sha256:
        return known.outcome
    batch = None
    if file.refusal is None:
        batch = open_folder_batch(session, campaign.id, now - quiet)
        if batch is None:
            batch = open_batch(session, campaign, ACTOR, "folder", now)
            write_log(session, now, ACTOR, "batch_received", f"batch:{batch.number}")
        admitted = admit_file(session, campaign.id, file)
        admitted.batch_id = batch.id
        session.add(admitted)
    outcome = file.refusal or _TAKEN
    session.add(
        FolderFile(
            name=seen.name,
            size_bytes=seen.size_bytes,
            mtime_ns=seen.mtime_ns,
            sha256=file.sha256,
            outcome=outcome,
            batch_id=batch.id if batch else None,
            taken_at=now,
        )
    )
    return outcome


def _note_place(session: Session, seen: Seen, place: str) -> None:
    row = find_taken(session, seen.name, seen.size_bytes, seen.mtime_ns)
    if row is not None:
        row.moved_to = place


def _refused_later(session: Session) -> list[tuple[int, str, str]]:
    """Files that were taken and moved, and that the reader then refused: row, place, reason."""
    rows = session.execute(
        select(FolderFile.id, FolderFile.moved_to, BatchFile.failure_code)
        .join(
            BatchFile, (BatchFile.batch_id == FolderFile.batch_id) & (BatchFile.sha256 == FolderFile.sha256)
        )
        .where(FolderFile.outcome == _TAKEN, FolderFile.moved_to.is_not(None), BatchFile.state == "refused")
    )
    return [(file_id, str(place), failure or "damaged") for file_id, place, failure in rows]


def _note_refusal(session: Session, file_id: int, place: str, failure: str) -> None:
    row = session.get_one(FolderFile, file_id)
    row.moved_to, row.outcome = place, failure


def _write_state(session: Session, now: dt.datetime, root: Path, growing: int, problem: str | None) -> None:
    state = folder_state(session)
    if state is None:
        state = FolderState(seen_at=now, path=str(root), growing=growing, problem=problem)
        session.add(state)
    state.seen_at, state.path, state.growing, state.problem = now, str(root), growing, problem
