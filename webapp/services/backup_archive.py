"""The one file of a backup: a plain tar that any machine opens, written whole and read back before it counts.

Members, in this order: `chamdiem-backup.json` (what this is), the database, `forms/…`,
`scans/aa/bb/<sha256>`, and `end.json`, without which the file was cut off (docs/formats.md).
"""

import hashlib
import io
import json
import os
import re
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from webapp.errors import DiskFull
from webapp.storage import LEAST_FREE_BYTES, ScanStore, is_disk_full, sync_folder

SCHEMA = "chamdiem-backup/1"
HEAD, END, FORMS, SCANS = "chamdiem-backup.json", "end.json", "forms/", "scans/"
_CHUNK_BYTES = 1 << 20
_NAMED_AT_MOST = 1000  # of the missing files, in the archive's last member
_SCAN_MEMBER = re.compile(r"scans/[0-9a-f]{2}/[0-9a-f]{2}/([0-9a-f]{64})")
_MOST_JSON_BYTES = 1 << 20


class BackupBroken(Exception):
    """The file is no whole backup; the text says where it breaks, for the operator."""


class BackupStopped(Exception):
    """The program was told to end before the backup was written."""


@dataclass(frozen=True, slots=True)
class BackupHead:
    """What a backup says of itself; `revision` is the schema's, `log_mark` the head of the log within."""

    made_at: str
    program: str
    kind: str
    revision: str | None
    log_mark: str
    member: str
    sha256: str
    size_bytes: int
    schema: str = SCHEMA


@dataclass(frozen=True, slots=True)
class BackupContent:
    """How many scan files it holds, and which ones the database names although the store has lost them."""

    file_count: int
    scan_bytes: int
    missing_count: int
    missing: list[str] = field(default_factory=list)


class ArchiveWriter:
    """Writes the members; memory does not grow with them."""

    def __init__(self, file: IO[bytes], place: Path, is_stopping: Callable[[], bool]) -> None:
        """`place` is the folder whose disk must never be filled up by this."""
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - ended by `end`
        self._place = place
        self._is_stopping = is_stopping
        self._files = self._bytes = self._missing_count = 0
        self._missing: list[str] = []

    def add_json(self, name: str, content: dict[str, Any]) -> None:
        """A small member of our own."""
        data = json.dumps(content, ensure_ascii=False, indent=1).encode()
        self._add(name, io.BytesIO(data), len(data))

    def add_file(self, name: str, path: Path) -> None:
        """A file that nobody changes meanwhile."""
        with path.open("rb") as file:
            self._add(name, file, path.stat().st_size)

    def add_scan(self, store: ScanStore, sha256: str) -> None:
        """A file of the store; one that is gone or spoilt is noted, and the backup goes on without it."""
        try:
            with store.path(sha256).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() == sha256:
                    size_bytes = file.tell()
                    file.seek(0)
                    self._add(f"{SCANS}{sha256[:2]}/{sha256[2:4]}/{sha256}", file, size_bytes)
                    self._files, self._bytes = self._files + 1, self._bytes + size_bytes
                    return
        except FileNotFoundError:
            pass
        self._missing.append(sha256)

    def end(self, erased: Iterable[str]) -> BackupContent:
        """Write what came of it; what an administrator had erased is not missing."""
        lost = set(self._missing)
        if lost:
            lost.difference_update(erased)
        content = BackupContent(self._files, self._bytes, len(lost), sorted(lost)[:_NAMED_AT_MOST])
        self.add_json(END, asdict(content))
        self._tar.close()
        return content

    def _add(self, name: str, file: IO[bytes], size_bytes: int) -> None:
        if self._is_stopping():
            raise BackupStopped
        room = os.statvfs(self._place)
        if room.f_bavail * room.f_frsize < size_bytes + LEAST_FREE_BYTES:
            raise DiskFull("Đĩa chứa bản sao lưu đã đầy.")
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = size_bytes, 0o600, int(time.time())
        self._tar.addfile(member, file)
        _forget_members(self._tar)


@contextmanager
def new_archive(path: Path, is_stopping: Callable[[], bool]) -> Iterator[ArchiveWriter]:
    """Write beside `path`; what is whole, on disk and reads back takes the name, anything else is gone.

    Raises:
        BackupBroken: it reads back otherwise than it was written.
        BackupStopped: `is_stopping` said so.
        DiskFull: there is no room for it, and some to spare.
        FileExistsError: there is a file of that name.
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        with beside.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            yield ArchiveWriter(file, path.parent, is_stopping)
            file.flush()
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # read back from the disk itself
        check_archive(beside, is_stopping)
        os.link(beside, path)
        sync_folder(path.parent)
    except OSError as error:
        if is_disk_full(error):
            raise DiskFull("Đĩa chứa bản sao lưu đã đầy.") from error
        raise
    finally:
        beside.unlink(missing_ok=True)


def check_archive(
    path: Path, is_stopping: Callable[[], bool] = lambda: False
) -> tuple[BackupHead, BackupContent]:
    """Read the whole file: every scan must be what its name says, the database what the head says.

    Raises:
        BackupBroken: it is no backup, cut off, or spoilt; names the member.
        BackupStopped: `is_stopping` said so.
    """
    return read_archive(path, lambda _head, _member, _file: None, is_stopping)


Take = Callable[[BackupHead, str, IO[bytes]], None]


def read_archive(
    path: Path, take: Take, is_stopping: Callable[[], bool] = lambda: False
) -> tuple[BackupHead, BackupContent]:
    """Give every member to `take(head, name, file)`, and check it once it was taken.

    Raises:
        BackupBroken: as `check_archive`.
        BackupStopped: as `check_archive`.
    """
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r|") as tar:
            return _Reading(take, is_stopping).read_all(tar)
    except (tarfile.TarError, EOFError) as error:
        raise BackupBroken(f"{path}: {error}") from error


class _Reading:
    def __init__(self, take: Take, is_stopping: Callable[[], bool]) -> None:
        self._take = take
        self._is_stopping = is_stopping
        self._head: BackupHead | None = None
        self._content: BackupContent | None = None
        self._files = 0
        self._has_database = False

    def read_all(self, tar: tarfile.TarFile) -> tuple[BackupHead, BackupContent]:
        for member in tar:
            if self._is_stopping():
                raise BackupStopped
            self._read(tar, member)
            _forget_members(tar)
        if self._head is None or self._content is None or not self._has_database:
            raise BackupBroken("the file was cut off, or is no backup of Chấm Điểm")
        if self._content.file_count != self._files:
            raise BackupBroken(f"{self._files} scan files of {self._content.file_count}")
        return self._head, self._content

    def _read(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        file = tar.extractfile(member)
        if file is None:
            raise BackupBroken(f"{member.name}: no plain file")
        if self._head is None:
            self._head = _read_head(member, file)
            return
        if member.name == END:
            self._content = BackupContent(**json.loads(file.read(_MOST_JSON_BYTES)))
            return
        hashing = _Hashing(file)
        self._take(self._head, member.name, hashing)  # type: ignore[arg-type]  # reads, and no more
        self._check(self._head, member.name, hashing.finish())

    def _check(self, head: BackupHead, name: str, sha256: str) -> None:
        scan = _SCAN_MEMBER.fullmatch(name)
        if name == head.member:
            self._has_database = True
        self._files += scan is not None
        wanted = head.sha256 if name == head.member else scan[1] if scan is not None else sha256
        if sha256 != wanted:
            raise BackupBroken(f"{name}: its content is not what was written")


class _Hashing(io.RawIOBase):
    """A member that is hashed while it is read, by whomever."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self._digest.update(chunk)
        return chunk

    def finish(self) -> str:
        while self.read(_CHUNK_BYTES):
            pass
        return self._digest.hexdigest()


def _forget_members(tar: tarfile.TarFile) -> None:
    """`tarfile` remembers every member: a million of them are a gigabyte."""
    tar.members.clear()  # type: ignore[attr-defined]  # missing in the stubs


def scan_name(member: str) -> str | None:
    """The SHA-256 of a scan's member; None of any other."""
    found = _SCAN_MEMBER.fullmatch(member)
    return None if found is None else found[1]


def _read_head(member: tarfile.TarInfo, file: IO[bytes]) -> BackupHead:
    try:
        told = json.loads(file.read(_MOST_JSON_BYTES)) if member.name == HEAD else {}
        if told.get("schema") != SCHEMA:
            raise BackupBroken("this is no backup of Chấm Điểm, or one of a newer program")
        return BackupHead(**told)
    except (ValueError, TypeError) as error:
        raise BackupBroken(f"{HEAD}: {error}") from error
