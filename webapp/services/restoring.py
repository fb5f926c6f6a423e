"""Put a backup back, on this machine or another: never over anything, and whole or not at all.

The database comes last: as long as it is not there, the same command can be given again.
"""

import datetime as dt
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from webapp.persistence.audit import write_log
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.database_copy import database_kind, holds_tables, put_database_back
from webapp.persistence.schema import knows_revision, upgrade_database
from webapp.services.backup_archive import (
    FORMS,
    BackupBroken,
    BackupContent,
    BackupHead,
    check_archive,
    read_archive,
    scan_name,
)
from webapp.services.backups import BackupSource

_CHUNK_BYTES = 1 << 20


class RestoreRefused(Exception):
    """Nothing was put back; the text says why, and what to do."""


@dataclass(slots=True)
class Restored:
    """What was put back. `differing_forms` are here already, with other content, and were left alone."""

    head: BackupHead
    content: BackupContent
    differing_forms: Sequence[str] = field(default_factory=list)


def restore_backup(path: Path, target: BackupSource, actor: str, now: dt.datetime) -> Restored:
    """Fill an installation that has no database yet; an older backup is brought up to this program's schema.

    Raises:
        BackupBroken: the file is cut off or spoilt; nothing was written.
        RestoreRefused: there is a database already, or the backup does not fit; nothing was written.
        CopyFailed: the database did not take its copy; scans that were put back stay.
    """
    head, _content = check_archive(path)
    _require_fitting(head, target.database_url)
    data_dir = target.store.root.parent
    with tempfile.TemporaryDirectory(dir=data_dir, prefix=".restoring-") as scratch:
        taker = _Taker(target, Path(scratch))
        head, content = read_archive(path, taker.take)
        with taker.database.open("rb") as copy:
            put_database_back(target.database_url, copy, Path(scratch))
    upgrade_database(target.database_url)
    _log_restoring(target.database_url, head, path, actor, now)
    return Restored(head, content, sorted(taker.differing_forms))


def restore_scans(path: Path, target: BackupSource) -> Restored:
    """Put back only the scan files, for instance those that the store has lost; the database stays as it is.

    Raises:
        BackupBroken: the file is cut off or spoilt; nothing was written.
    """
    check_archive(path)

    def take(_head: BackupHead, member: str, file: IO[bytes]) -> None:
        _put_scan(target, member, file)

    return Restored(*read_archive(path, take))


def _require_fitting(head: BackupHead, database_url: str) -> None:
    kind = database_kind(database_url)
    if head.kind != kind:
        raise RestoreRefused(
            f"The backup holds a database of {head.kind}, this installation uses {kind}. "
            "Set CHAMDIEM_DATABASE to a database of the same kind."
        )
    if head.revision is not None and not knows_revision(database_url, head.revision):
        raise RestoreRefused(
            f"The backup was made by a newer program ({head.program}, schema {head.revision}). "
            "Install that program first."
        )
    if holds_tables(database_url):
        raise RestoreRefused(
            "This installation has a database already, and a backup is never put over one. Restore into an "
            "empty place: set CHAMDIEM_DATA (and CHAMDIEM_DATABASE) to a new one."
        )


class _Taker:
    """Puts each member where it belongs; the database waits in `scratch` until all else is there."""

    def __init__(self, target: BackupSource, scratch: Path) -> None:
        self._target = target
        self.database = scratch / "database"
        self.differing_forms: list[str] = []

    def take(self, head: BackupHead, member: str, file: IO[bytes]) -> None:
        if member == head.member:
            with self.database.open("wb") as copy:
                shutil.copyfileobj(file, copy, _CHUNK_BYTES)
        elif member.startswith(FORMS):
            self._put_form(PurePosixPath(member.removeprefix(FORMS)), file.read())
        else:
            _put_scan(self._target, member, file)

    def _put_form(self, name: PurePosixPath, content: bytes) -> None:
        """A form that sheets were printed from never changes: only what is not there is written."""
        if name.is_absolute() or ".." in name.parts:
            raise BackupBroken(f"{FORMS}{name}: leads out of the folder")
        path = self._target.forms_dir / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        elif path.read_bytes() != content:
            self.differing_forms.append(str(name))


def _put_scan(target: BackupSource, member: str, file: IO[bytes]) -> None:
    sha256 = scan_name(member)
    if sha256 is not None:
        target.store.put(file)


def _log_restoring(database_url: str, head: BackupHead, path: Path, actor: str, now: dt.datetime) -> None:
    """The log says where it comes from, and that what was entered after `made_at` is not in it."""
    engine = make_engine(database_url)
    try:
        with make_session_factory(engine).begin() as session:
            write_log(
                session, now, actor, "restored", f"backup/{head.made_at}", file=path.name, mark=head.log_mark
            )
    finally:
        engine.dispose()
