"""Take a ZIP apart into the scan store, within limits; what it says of itself is never trusted.

Names are only labels: nothing is ever written where a name points. Sizes are counted while bytes come out,
whatever the directory says, so that a bomb stops at the limit.
"""

import contextlib
import errno
import io
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from webapp.jobs.tasks import PackedFile
from webapp.services.intake import ScanSink, Upload, store_upload

_HEAD = b"PK"
_LEFTOVERS = ("__MACOSX/",)  # what systems put beside the files of a person
_LEFTOVER_NAMES = (".DS_Store", "Thumbs.db", "desktop.ini")
_UTF8_FLAG, _LOCKED_FLAG = 0x800, 0x1
_NESTED = (".zip", ".rar", ".7z", ".gz", ".tar")
_NO_HASH = "0" * 64
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what programs write for others to open


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What one archive may cost: files, bytes of them all, and how often these may be its own."""

    max_files: int = 5_000
    max_bytes: int = 2_000_000_000
    max_ratio: int = 200


class ArchiveRefused(Exception):
    """The archive as a whole cannot be taken apart; `reason` is a slug of intake's words."""

    def __init__(self, reason: str) -> None:
        """`reason`: "damaged", "too_large", "encrypted" or "no_pages"."""
        super().__init__(reason)
        self.reason = reason


def is_archive(path: Path) -> bool:
    """Whether a file begins as a ZIP does."""
    with path.open("rb") as stream:
        return stream.read(len(_HEAD)) == _HEAD


def unpack(path: Path, store: ScanSink, limits: ArchiveLimits) -> tuple[PackedFile, ...]:
    """Store every file of a ZIP; each that is no scan is refused by itself, and the others go on.

    Raises:
        ArchiveRefused: damaged, over a limit, locked by a password, or empty.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if _is_of_a_person(member)]
            _check(members, path.stat().st_size, limits)
            left = limits.max_bytes
            files: list[PackedFile] = []
            for member in members:
                files.append(_unpack_one(archive, member, store, left))
                left -= files[-1].size_bytes
            return tuple(files)
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, ValueError) as error:
        raise ArchiveRefused("damaged") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # the disk's own errors are not the archive's
            raise
        raise ArchiveRefused("damaged") from error  # it names a place before its own beginning


def _is_of_a_person(member: zipfile.ZipInfo) -> bool:
    name = member.filename.replace("\\", "/")
    is_leftover = name.startswith(_LEFTOVERS) or name.rsplit("/", 1)[-1] in _LEFTOVER_NAMES
    return not name.endswith("/") and not is_leftover  # a folder ends so; a member may have no name at all


def _check(members: list[zipfile.ZipInfo], size_bytes: int, limits: ArchiveLimits) -> None:
    """What the directory itself admits to."""
    claimed = sum(member.file_size for member in members)
    if not members:
        raise ArchiveRefused("no_pages")
    if all(member.flag_bits & _LOCKED_FLAG for member in members):
        raise ArchiveRefused("encrypted")
    if len(members) > limits.max_files or claimed > limits.max_bytes:
        raise ArchiveRefused("too_large")
    if claimed > limits.max_ratio * max(size_bytes, 1):
        raise ArchiveRefused("too_large")


def _unpack_one(archive: zipfile.ZipFile, member: zipfile.ZipInfo, store: ScanSink, left: int) -> PackedFile:
    name = _name(member)
    if member.flag_bits & _LOCKED_FLAG:
        return PackedFile(name, _NO_HASH, 0, "encrypted")
    if member.compress_type not in _METHODS:
        return PackedFile(name, _NO_HASH, 0, "damaged")
    if name.lower().endswith(_NESTED):
        return PackedFile(name, _NO_HASH, 0, "nested_archive")
    with archive.open(member) as stream:
        file = store_upload(store, Upload(name, cast("IO[bytes]", _Counted(stream, left))))
    if file.refusal is None and is_archive_head(store, file.sha256):
        return PackedFile(name, file.sha256, file.size_bytes, "nested_archive")
    return file


def is_archive_head(store: ScanSink, sha256: str) -> bool:
    """Whether a stored file is itself an archive, whatever its name."""
    with store.open(sha256) as stream:
        return stream.read(len(_HEAD)) == _HEAD


def _name(member: zipfile.ZipInfo) -> str:
    """The name as its writer meant it: many programs write UTF-8 without saying so."""
    name = member.filename
    if not member.flag_bits & _UTF8_FLAG:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return unicodedata.normalize("NFC", name)


class _Counted(io.RawIOBase):
    """A stream that gives no more than it may, whatever its archive promised."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        super().__init__()
        self._stream = stream
        self._left = limit

    def read(self, size: int = -1) -> bytes:
        """As a file's; the limit itself is an error, not an end."""
        chunk = self._stream.read(size)
        self._left -= len(chunk)
        if self._left < 0:
            raise ArchiveRefused("too_large")
        return chunk
