"""The database's schema over time: bring a database to the newest migration, or back."""

from pathlib import Path

from alembic import command
from alembic.config import Config

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
