"""`chamdiem upgrade` and `chamdiem migration`: bring the database to the newest schema; write a migration."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from webapp.cli.backup import back_up, keep_record
from webapp.cli.parsers import Groups
from webapp.persistence.backups import BackupOccasion
from webapp.persistence.database_copy import holds_tables
from webapp.persistence.schema import (
    alembic_config,
    newest_revision,
    standing_revision,
    upgrade_database,
)
from webapp.settings import Settings

_NO_BACKUP = 7


def add_parser(groups: "Groups[argparse.ArgumentParser]") -> None:
    """Add `upgrade` and `migration`."""
    upgrade = groups.add_parser("upgrade", help="make or update the database; data is kept")
    upgrade.add_argument(
        "--without-backup", action="store_true", help="change it although no backup can be made"
    )
    upgrade.set_defaults(run=_upgrade)
    migration = groups.add_parser("migration", help="write a migration from the models (for developers)")
    migration.add_argument("message", help="what changes, as a short sentence")
    migration.set_defaults(run=_write_migration)


def _upgrade(arguments: argparse.Namespace) -> int:
    """Back up what is there, then change it; 7 where no backup could be made and nothing was changed."""
    os.umask(0o077)
    settings = Settings.from_env()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_older(settings) or arguments.without_backup:
        upgrade_database(settings.database_url)
        return 0
    made = back_up(settings, settings.backups_dir, BackupOccasion.UPGRADE)
    if made is None or made.fault is not None:
        sys.stderr.write(
            "The database was not changed: before an upgrade there must be a backup. Make room or set "
            "CHAMDIEM_BACKUPS to another disk; or give up the backup: chamdiem upgrade --without-backup\n"
        )
        return _NO_BACKUP
    upgrade_database(settings.database_url)
    keep_record(settings, made)
    return 0


def _is_older(settings: Settings) -> bool:
    """Whether there is a database, and this program would change it."""
    url = settings.database_url
    return holds_tables(url) and standing_revision(url) != newest_revision(url)


def _write_migration(arguments: argparse.Namespace) -> int:
    """Compare the models with a database at the newest migration, made for this alone."""
    with tempfile.TemporaryDirectory(prefix="chamdiem-schema-") as folder:
        url = f"sqlite:///{Path(folder) / 'schema.sqlite3'}"
        upgrade_database(url)
        config = alembic_config(url)
        number = len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1
        command.revision(config, message=arguments.message, autogenerate=True, rev_id=f"{number:04d}")
    return 0
