"""`chamdiem backup | check-backup | restore`: everything in one file, and back, here or elsewhere."""

import argparse
import getpass
import os
import sys
from pathlib import Path

from webapp.cli.parsers import Groups
from webapp.persistence.backups import BackupOccasion
from webapp.persistence.base import make_engine, make_session_factory, utc_now
from webapp.persistence.database_copy import CopyFailed
from webapp.persistence.schema import newest_revision, standing_revision
from webapp.services.backup_archive import BackupBroken, BackupContent, BackupHead, check_archive
from webapp.services.backup_schedule import Retention
from webapp.services.backups import (
    BackupSource,
    MadeBackup,
    clear_superfluous,
    make_backup,
    record_backup,
)
from webapp.services.restoring import RestoreRefused, restore_backup, restore_scans
from webapp.settings import Settings
from webapp.storage import ScanStore

_REFUSED, _BROKEN, _FAILED = 2, 6, 7


def add_parser(groups: "Groups[argparse.ArgumentParser]") -> None:
    """Add `backup`, `check-backup` and `restore`."""
    backup = groups.add_parser("backup", help="database, scans and forms in one verified file, while running")
    backup.add_argument("--to", type=Path, help="the folder; without it that of the settings")
    backup.set_defaults(run=_back_up)
    check = groups.add_parser("check-backup", help="read a backup from end to end")
    check.add_argument("file", type=Path)
    check.set_defaults(run=_check)
    restore = groups.add_parser("restore", help="put a backup back where there is no database yet")
    restore.add_argument("file", type=Path)
    restore.add_argument(
        "--scans-only", action="store_true", help="only put lost scan files back; the database stays"
    )
    restore.set_defaults(run=_restore)


def back_up(settings: Settings, folder: Path, occasion: BackupOccasion) -> MadeBackup | None:
    """Make one and say how it went; None where another one is under way."""
    made = make_backup(_installation(settings), folder, occasion, utc_now())
    if made is None:
        sys.stderr.write(f"Another backup into {folder} is under way. Wait for it.\n")
    elif made.fault is not None:
        sys.stderr.write(f"No backup was made ({made.fault}): {made.detail}\nNothing else was changed.\n")
    else:
        _say(f"{made.path}: {made.size_bytes / 1e6:.1f} MB, {made.content.file_count} scans, read back whole")
        _say_missing(made.content)
    return made


def keep_record(settings: Settings, made: MadeBackup) -> None:
    """Write it down where the home page and the doctor look; older databases have no such place."""
    if standing_revision(settings.database_url) != newest_revision(settings.database_url):
        return
    engine = make_engine(settings.database_url)
    try:
        with make_session_factory(engine).begin() as session:
            record_backup(session, made, utc_now())
    finally:
        engine.dispose()


def _back_up(arguments: argparse.Namespace) -> int:
    """0 where there is a verified file, 7 where not."""
    os.umask(0o077)
    settings = Settings.from_env()
    folder = settings.backups_dir if arguments.to is None else arguments.to.resolve()
    made = back_up(settings, folder, BackupOccasion.COMMAND)
    if made is None:
        return _FAILED
    keep_record(settings, made)
    if made.fault is not None:
        return _FAILED
    if arguments.to is None:
        for path in clear_superfluous(folder, Retention(*settings.backups_kept)):
            _say(f"{path}: old, deleted")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    """0 where the file is whole, 6 where not."""
    try:
        head, content = check_archive(arguments.file)
    except (BackupBroken, OSError) as error:
        sys.stderr.write(f"BROKEN: {error}\n")
        return _BROKEN
    _tell(head, content)
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    """0 where all is back, 2 where it does not fit, 6 of a broken file, 7 where the database failed."""
    os.umask(0o077)
    settings = Settings.from_env()
    target = _installation(settings)
    try:
        if arguments.scans_only:
            restored = restore_scans(arguments.file, target)
        else:
            restored = restore_backup(arguments.file, target, getpass.getuser(), utc_now())
            settings.forget_secret()  # a cookie from before could name another person's account
    except RestoreRefused as error:
        sys.stderr.write(f"Nothing was restored. {error}\n")
        return _REFUSED
    except (BackupBroken, FileNotFoundError) as error:
        sys.stderr.write(f"Nothing was restored. BROKEN: {error}\n")
        return _BROKEN
    except CopyFailed as error:
        sys.stderr.write(f"The database was not restored: {error}\nGive the same command again.\n")
        return _FAILED
    _tell(restored.head, restored.content)
    for form in restored.differing_forms:
        _say(f"form kept as it is here, the backup's differs: {form}")
    _say("Restored. What was entered after that moment is not in it. Next: chamdiem doctor; chamdiem serve")
    return 0


def _installation(settings: Settings) -> BackupSource:
    return BackupSource(settings.database_url, ScanStore(settings.scans_dir), settings.forms_dir)


def _tell(head: BackupHead, content: BackupContent) -> None:
    mark = f", log {head.log_mark}" if head.log_mark else ""
    _say(f"Backup of {head.made_at}, program {head.program}, schema {head.revision}, {head.kind}{mark}")
    _say(f"{content.file_count} scans, {content.scan_bytes / 1e6:.1f} MB: whole")
    _say_missing(content)


def _say_missing(content: BackupContent) -> None:
    if content.missing_count:
        _say(
            f"{content.missing_count} scan files were lost or spoilt before this backup, e.g. "
            f"{content.missing[0]}. An older backup may hold them: chamdiem restore --scans-only FILE"
        )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
