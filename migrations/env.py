"""Alembic's entry: run the migrations on the database that webapp.persistence.schema names."""

from alembic import context
from sqlalchemy import Connection

from webapp.persistence.all_tables import Base
from webapp.persistence.base import make_engine
from webapp.persistence.guards import lift_guards, set_guards

url = context.config.get_main_option("sqlalchemy.url")
if url is None:
    raise RuntimeError("Run migrations with `make migration` or `chamdiem upgrade`: they know the database.")

engine = make_engine(url)


def release_references(connection: Connection) -> None:
    """SQLite drops the old copy of a table that others refer to. Has no effect within a transaction."""
    if engine.dialect.name == "sqlite":
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]


def check_references(connection: Connection) -> None:
    """Undo everything where a row refers to nothing any more."""
    if engine.dialect.name == "sqlite":
        lost = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if lost is not None:
            raise RuntimeError(f"A migration lost what a row refers to; nothing was changed: {lost}")


with engine.connect() as connection:
    release_references(connection)
    # SQLite changes a table by copying it (batch mode); the constraint names make that possible.
    # Both databases change all or nothing, guards included (Alembic believes that SQLite cannot).
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        transactional_ddl=True,
        compare_type=True,
        user_module_prefix="base.",
    )
    with context.begin_transaction():
        lift_guards(connection)
        context.run_migrations()
        check_references(connection)
        if context.get_context().get_current_revision() == context.get_head_revision():
            set_guards(connection)
engine.dispose()
