"""The database's schema over time: bring a database to the newest migration, or back."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from webapp.persistence.base import make_engine

MIGRATIONS_DIR = Path(__file__).parents[2] / "migrations"


def alembic_config(database_url: str) -> Config:
    """Alembic's settings for one database; no ini file, so nothing can disagree with it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_DIR))
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return config


def upgrade_database(database_url: str, revision: str = "head") -> None:
    """Run what migrations are missing; data is kept."""
    command.upgrade(alembic_config(database_url), revision)


def downgrade_database(database_url: str, revision: str) -> None:
    """Go back to `revision`; "base" is the empty database."""
    command.downgrade(alembic_config(database_url), revision)


def check_database(database_url: str) -> None:
    """Raise alembic's CommandError where the models and the newest migration differ."""
    command.check(alembic_config(database_url))


def knows_revision(database_url: str, revision: str) -> bool:
    """Whether this program has the migration that a database stands at."""
    scripts = ScriptDirectory.from_config(alembic_config(database_url))
    return revision in {script.revision for script in scripts.walk_revisions()}


def newest_revision(database_url: str) -> str | None:
    """The migration that this program needs its database to stand at."""
    return ScriptDirectory.from_config(alembic_config(database_url)).get_current_head()


def standing_revision(database_url: str) -> str | None:
    """The migration that the database stands at; None where it has no tables of ours."""
    engine = make_engine(database_url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
