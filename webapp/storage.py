"""Files of the office, named by their own SHA-256, outside every folder that the web serves.

A file is whole or absent: it is written beside its place, brought to disk, and renamed. The same bytes
are one file, however often they come.
"""

import contextlib
import datetime as dt
import errno
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from webapp.errors import DiskFull

# The database and its log grow beside the files, and a page's pictures come after its scan.
LEAST_FREE_BYTES = 64 << 20
_CHUNK_BYTES = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What the store keeps: the name of the file is the SHA-256 of its bytes."""

    sha256: str
    size_bytes: int


class ScanStore:
    """A folder `aa/bb/<sha256>`; safe to share between processes."""

    def __init__(self, root: Path) -> None:
        """Make the folder if it is not there."""
        self.root = root
        self._incoming = root / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)

    def put(self, stream: IO[bytes]) -> StoredFile:
        """Keep what the stream still holds; when this returns, it is on disk.

        Raises:
            DiskFull: there is no room for it; nothing of it is kept.
        """
        incoming = self._incoming / secrets.token_hex(16)
        try:
            with _room():
                stored = _write_through(stream, incoming)
                sync_folder(self._settle(incoming, stored.sha256))
        finally:
            incoming.unlink(missing_ok=True)
        return stored

    def put_bytes(self, content: bytes) -> StoredFile:
        """Keep these bytes."""
        return self.put_many([content])[0]

    def put_many(self, contents: Iterable[bytes]) -> list[StoredFile]:
        """Keep several small files at once (the crops of a page), cheaper than one by one.

        Raises:
            DiskFull: there is no room for one of them.
        """
        stored, folders = [], set()
        with _room():
            for content in contents:
                stored.append(StoredFile(hashlib.sha256(content).hexdigest(), len(content)))
                if not self.path(stored[-1].sha256).exists():
                    folders.add(self._settle(self._write(content), stored[-1].sha256))
            for folder in folders:
                sync_folder(folder)
        return stored

    def has_room(self) -> bool:
        """Whether there is room to go on: below it, what comes could be kept but not written down."""
        return shutil.disk_usage(self.root).free >= LEAST_FREE_BYTES

    def takes_files(self) -> bool:
        """Whether a file can be made here: a disk that failed is often still read, and says nothing."""
        probe = self._incoming / f"probe-{secrets.token_hex(8)}"
        try:
            probe.touch(exist_ok=False)
            probe.unlink()
        except OSError:
            return False
        return True

    def open(self, sha256: str) -> BinaryIO:
        """The file, for reading; FileNotFoundError if there is none."""
        return self.path(sha256).open("rb")

    def path(self, sha256: str) -> Path:
        """Where the file of that name is (or would be)."""
        if _SHA256.fullmatch(sha256) is None:
            raise ValueError(f"not a SHA-256: {sha256!r}")
        return self.root / sha256[:2] / sha256[2:4] / sha256

    def remove(self, names: Iterable[str]) -> None:
        """Delete files for good; only `chamdiem erase-trash` does, of what nothing refers to any more.

        Waits until no backup needs them.
        """
        with self._locked(fcntl.LOCK_EX):
            for name in names:
                self.path(name).unlink(missing_ok=True)

    def nothing_removed(self) -> contextlib.AbstractContextManager[None]:
        """While this lasts nothing is deleted: what the database names is there as long as a backup runs."""
        return self._locked(fcntl.LOCK_SH)

    @contextlib.contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        with (self.root / "removal.lock").open("w") as lock:
            fcntl.flock(lock, kind)
            yield

    def sweep_incoming(self, older_than: dt.timedelta) -> int:
        """Remove what uploads that were cut off left behind; the number of files removed."""
        oldest = time.time() - older_than.total_seconds()
        stray = [path for path in self._incoming.iterdir() if path.stat().st_mtime < oldest]
        for path in stray:
            path.unlink(missing_ok=True)
        return len(stray)

    def _write(self, content: bytes) -> Path:
        incoming = self._incoming / secrets.token_hex(16)
        try:
            with incoming.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            incoming.unlink(missing_ok=True)
            raise
        return incoming

    def _settle(self, incoming: Path, sha256: str) -> Path:
        """Move into place; gives the folder, whose entry is still to be brought to disk."""
        final = self.path(sha256)
        final.parent.mkdir(parents=True, exist_ok=True)
        incoming.replace(final)
        return final.parent


def is_disk_full(error: OSError) -> bool:
    """Whether an error means that there is no room: a full disk, a quota, or a limit on the size of files."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextlib.contextmanager
def _room() -> Iterator[None]:
    """Say in our own words that there is no room."""
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise DiskFull("Đĩa của máy chủ đã đầy, nên tệp chưa được nhận.") from error
        raise


def _write_through(stream: IO[bytes], place: Path) -> StoredFile:
    """Write the stream to a new file, down to the disk."""
    digest, size_bytes = hashlib.sha256(), 0
    with place.open("xb") as file:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            size_bytes += len(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return StoredFile(digest.hexdigest(), size_bytes)


def sync_folder(folder: Path) -> None:
    """Bring a folder's entries to disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
