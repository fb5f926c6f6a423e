"""A whole copy of the database of one moment, made while others go on writing, and its way back.

SQLite gives it by its own online backup, PostgreSQL by `pg_dump` of an exported snapshot. What is asked of
the database meanwhile (`FrozenDatabase.connection`) is asked of that same moment.
"""

import gzip
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from alembic.migration import MigrationContext
from sqlalchemy import URL, Connection, NullPool, create_engine, inspect, make_url, text

from webapp.persistence.base import make_engine

SQLITE_MEMBER, POSTGRES_MEMBER = "database.sqlite3.gz", "database.pgdump"
_CHUNK_BYTES = 1 << 20
_PROGRAM_LIMIT_S = 6 * 3600
_SQLITE_WAIT_S = 60


class CopyFailed(Exception):
    """The database gave no whole copy, or did not take it back; the text is for the operator."""


@dataclass(frozen=True, slots=True)
class FrozenDatabase:
    """The copy, as the file that goes into the archive under the name `member`."""

    kind: str
    member: str
    path: Path
    revision: str | None
    connection: Connection


@contextmanager
def frozen_database(database_url: str, folder: Path) -> Iterator[FrozenDatabase]:
    """Make the copy in `folder`, which the caller clears away.

    Raises:
        CopyFailed: the copy is not whole, or PostgreSQL's program could not make it.
    """
    url = make_url(database_url)
    make = _freeze_sqlite if url.get_backend_name() == "sqlite" else _freeze_postgres
    with make(url, folder) as frozen:
        yield frozen


def database_kind(database_url: str) -> str:
    """`sqlite` or `postgresql`."""
    return make_url(database_url).get_backend_name()


def holds_tables(database_url: str) -> bool:
    """Whether there is anything that a restored database would lie upon; makes no file."""
    path = _sqlite_path(make_url(database_url))
    if path is not None and not path.exists():
        return False
    engine = make_engine(database_url)
    try:
        with engine.connect() as connection:
            return bool(inspect(connection).get_table_names())
    finally:
        engine.dispose()


def put_database_back(database_url: str, copy: IO[bytes], folder: Path) -> None:
    """Fill the empty database with what a backup holds; all of it, or nothing.

    Args:
        database_url: where it goes.
        copy: the archive's member.
        folder: for what lies beside it meanwhile; on the data's own disk.

    Raises:
        CopyFailed: it does not fit, or something is there already.
    """
    url = make_url(database_url)
    path = _sqlite_path(url)
    if path is not None:
        _put_sqlite_back(path, copy, folder)
    else:
        _put_postgres_back(url, copy, folder)


def _sqlite_path(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite":
        return None
    return Path(url.database or "")


@contextmanager
def _freeze_sqlite(url: URL, folder: Path) -> Iterator[FrozenDatabase]:
    copy, packed = folder / "copy.sqlite3", folder / SQLITE_MEMBER
    try:
        _copy_sqlite(_sqlite_path(url) or Path(), copy)
    except sqlite3.Error as error:
        raise CopyFailed(f"SQLite: {error}") from error
    with copy.open("rb") as plain, gzip.open(packed, "wb", compresslevel=6) as small:
        shutil.copyfileobj(plain, small, _CHUNK_BYTES)
    engine = create_engine(URL.create("sqlite", database=str(copy)), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield FrozenDatabase("sqlite", SQLITE_MEMBER, packed, _revision(connection), connection)
    finally:
        engine.dispose()


def _copy_sqlite(original: Path, copy: Path) -> None:
    """Copy in one reading: writers go on beside it (WAL), and none can make it begin again."""
    with (
        closing(sqlite3.connect(original.resolve().as_uri() + "?mode=rw", uri=True)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.execute(f"PRAGMA busy_timeout={_SQLITE_WAIT_S * 1000}")
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
        _require_whole(target)


def _require_whole(database: sqlite3.Connection) -> None:
    found = database.execute("PRAGMA integrity_check").fetchone()
    if found != ("ok",):
        raise CopyFailed(f"SQLite: integrity_check: {found[0]}")


@contextmanager
def _freeze_postgres(url: URL, folder: Path) -> Iterator[FrozenDatabase]:
    dump = folder / POSTGRES_MEMBER
    engine = create_engine(url, poolclass=NullPool, isolation_level="REPEATABLE READ")
    try:
        with engine.connect() as connection:
            snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
            _run(url, ["pg_dump", "--format=custom", *_PLAIN, f"--snapshot={snapshot}", f"--file={dump}"])
            yield FrozenDatabase("postgresql", POSTGRES_MEMBER, dump, _revision(connection), connection)
    finally:
        engine.dispose()


_PLAIN = ("--no-owner", "--no-privileges")


def _run(url: URL, command: list[str]) -> None:
    """Run one of PostgreSQL's programs on this database; the password is not on its command line.

    Raises:
        CopyFailed: with what the program said.
    """
    plain = url.set(drivername="postgresql", password=None).render_as_string()
    password = {"PGPASSWORD": str(url.password)} if url.password else {}
    try:
        subprocess.run(
            [*command, f"--dbname={plain}"],
            check=True,
            env={**os.environ, **password},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_PROGRAM_LIMIT_S,
        )
    except FileNotFoundError as error:
        raise CopyFailed(f"{command[0]} is missing (Debian package postgresql-client)") from error
    except subprocess.CalledProcessError as error:
        raise CopyFailed(f"{command[0]}: {error.stderr.decode(errors='replace').strip()[-2000:]}") from error
    except subprocess.TimeoutExpired as error:
        raise CopyFailed(f"{command[0]} did not end within {_PROGRAM_LIMIT_S} s") from error


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _put_sqlite_back(path: Path, copy: IO[bytes], folder: Path) -> None:
    beside = folder / "restored.sqlite3"
    with gzip.open(copy, "rb") as packed, beside.open("wb") as plain:
        shutil.copyfileobj(packed, plain, _CHUNK_BYTES)
        plain.flush()
        os.fsync(plain.fileno())
    with closing(sqlite3.connect(beside)) as database:
        _require_whole(database)
    try:
        os.link(beside, path)  # never over one that is there, however it came there meanwhile
    except FileExistsError as error:
        raise CopyFailed(f"{path} is there already") from error
    finally:
        beside.unlink()


def _put_postgres_back(url: URL, copy: IO[bytes], folder: Path) -> None:
    dump = folder / POSTGRES_MEMBER
    with dump.open("wb") as file:
        shutil.copyfileobj(copy, file, _CHUNK_BYTES)
    try:
        _run(url, ["pg_restore", *_PLAIN, "--exit-on-error", "--single-transaction", str(dump)])
    finally:
        dump.unlink()
