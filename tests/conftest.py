"""What every test may use: a real database on SQLite and PostgreSQL, and a clock that stands still."""

import datetime as dt
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from tests.postgres import postgres_server
from webapp.persistence.all_tables import Base
from webapp.persistence.base import make_engine, make_session_factory

# Tests share two cores with one another: how long an example takes says nothing.
settings.register_profile("shared_cores", deadline=None)
settings.load_profile("shared_cores")

NOW = dt.datetime(2021, 3, 16, 9, 12, tzinfo=dt.timezone(dt.timedelta(hours=7)))


@pytest.fixture
def now() -> dt.datetime:
    """The moment at which tests happen: two days into the plan's four."""
    return NOW


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with all tables, copied for each test."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    engine = make_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    """A running server whose database `template_chamdiem` holds all tables; gives its URL."""
    with postgres_server() as server:
        _run_on(server, "CREATE DATABASE template_chamdiem")
        engine = make_engine(f"{server}/template_chamdiem")
        Base.metadata.create_all(engine)
        engine.dispose()
        yield server


def _run_on(server: str, statement: str) -> None:
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of this test's own, with all tables and no rows; once on each database."""
    if request.param == "sqlite":
        path = tmp_path / "chamdiem.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgres_template")
    name = f"t_{uuid.uuid4().hex[:12]}"
    _run_on(server, f"CREATE DATABASE {name} TEMPLATE template_chamdiem")
    yield f"{server}/{name}"
    _run_on(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    """A session on the test's own database."""
    engine = make_engine(database_url)
    with make_session_factory(engine)() as open_session:
        yield open_session
    engine.dispose()
