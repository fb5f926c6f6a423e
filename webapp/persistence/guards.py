"""The database itself refuses to change or delete what is append-only, whoever asks.

Guards are triggers. They stand on the newest schema only: a migration takes them away first and puts them
back at its end (migrations/env.py), because SQLite changes a table by copying it.
"""

from typing import Any

from sqlalchemy import Connection, MetaData, Table, event

from webapp.persistence.base import AppendOnly, Base

_REFUSAL = "append-only: rows of this table are never changed or deleted"
_PREFIX = "append_only_"
_FUNCTION = f"""
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{_REFUSAL} (%)', TG_TABLE_NAME; END $$
"""


def append_only_tables() -> list[Table]:
    """Every table whose class says so, by name."""
    marked = [mapper for mapper in Base.registry.mappers if issubclass(mapper.class_, AppendOnly)]
    return sorted((m.local_table for m in marked if isinstance(m.local_table, Table)), key=lambda t: t.name)


def set_guards(connection: Connection) -> None:
    """Put the guards up, anew where they stand."""
    lift_guards(connection)
    for statement in _statements(connection.dialect.name):
        connection.exec_driver_sql(statement)


def lift_guards(connection: Connection) -> None:
    """Take all guards away; only a migration does."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("DROP FUNCTION IF EXISTS refuse_change() CASCADE")
        return
    found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars()
    for name in [name for name in found if name.startswith(_PREFIX)]:
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')


def missing_guards(connection: Connection) -> list[str]:
    """Append-only tables that somebody has taken a guard from."""
    if connection.dialect.name == "postgresql":
        query = (
            "SELECT c.relname || '/' || t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE t.tgenabled <> 'D'"
        )
    else:
        query = "SELECT tbl_name || '/' || name FROM sqlite_master WHERE type = 'trigger'"
    standing = set(connection.exec_driver_sql(query).scalars())
    wanted = {table.name: _trigger_names(table.name) for table in append_only_tables()}
    return [table for table, names in wanted.items() if any(f"{table}/{n}" not in standing for n in names)]


def _trigger_names(table: str) -> tuple[str, str]:
    return f"{_PREFIX}{table}_update", f"{_PREFIX}{table}_delete"


def _statements(dialect: str) -> list[str]:
    on_postgres = dialect == "postgresql"
    statements = [_FUNCTION.replace("%", "%%")] if on_postgres else []
    for table in append_only_tables():
        for name, verb in zip(_trigger_names(table.name), ("UPDATE", "DELETE"), strict=True):
            head = f'CREATE TRIGGER "{name}" BEFORE {verb} ON "{table.name}"'
            if on_postgres:
                statements.append(f"{head} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
            else:
                statements.append(f"{head} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END")
        if on_postgres:
            statements.append(
                f'CREATE TRIGGER "{_PREFIX}{table.name}_truncate" BEFORE TRUNCATE ON "{table.name}" '
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
    return statements


@event.listens_for(Base.metadata, "after_create")
def _guard_new_tables(_metadata: MetaData, connection: Connection, **_options: Any) -> None:  # noqa: ANN401 - SQLAlchemy's signature
    """A schema made from the models alone has its guards too."""
    set_guards(connection)
