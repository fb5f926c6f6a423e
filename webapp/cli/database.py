"""`chamdiem upgrade` and `chamdiem migration`: bring the database to the newest schema; write a migration."""

import argparse
import os
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from webapp.cli.parsers import Groups
from webapp.persistence.schema import alembic_config, upgrade_database
from webapp.settings import Settings


def add_parser(groups: "Groups[argparse.ArgumentParser]") -> None:
    """Add `upgrade` and `migration`."""
    upgrade = groups.add_parser("upgrade", help="make or update the database; data is kept")
    upgrade.set_defaults(run=_upgrade)
    migration = groups.add_parser("migration", help="write a migration from the models (for developers)")
    migration.add_argument("message", help="what changes, as a short sentence")
    migration.set_defaults(run=_write_migration)


def _upgrade(_arguments: argparse.Namespace) -> int:
    os.umask(0o077)
    settings = Settings.from_env()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    upgrade_database(settings.database_url)
    return 0


def _write_migration(arguments: argparse.Namespace) -> int:
    """Compare the models with a database at the newest migration, made for this alone."""
    with tempfile.TemporaryDirectory(prefix="chamdiem-schema-") as folder:
        url = f"sqlite:///{Path(folder) / 'schema.sqlite3'}"
        upgrade_database(url)
        config = alembic_config(url)
        number = len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1
        command.revision(config, message=arguments.message, autogenerate=True, rev_id=f"{number:04d}")
    return 0
