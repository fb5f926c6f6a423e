"""Migrations and models say the same, in both directions, on both databases, with data in place."""

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from tests.conftest import NOW
from tests.worlds.read_pages import add_page, add_reading, add_sheet, blank, comment, faint, striped
from tests.worlds.small import make_small_world
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.schema import alembic_config, check_database, downgrade_database, upgrade_database
from webapp.services.verification import enqueue_reading


@pytest.fixture
def empty_database(database_url: str) -> str:
    """The test's own database with every table taken away again."""
    engine = make_engine(database_url)
    with engine.begin() as connection:
        if database_url.startswith("sqlite"):
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            for table in inspect(connection).get_table_names():
                connection.execute(text(f'DROP TABLE "{table}"'))
        else:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return database_url


def _tables(url: str) -> set[str]:
    engine = create_engine(url)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names - {"alembic_version"}


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory.from_config(alembic_config("sqlite://")).get_heads()) == 1


def test_the_newest_migration_is_the_models(empty_database: str) -> None:
    upgrade_database(empty_database)
    check_database(empty_database)


def test_every_migration_can_be_undone(empty_database: str) -> None:
    upgrade_database(empty_database)
    downgrade_database(empty_database, "base")
    assert _tables(empty_database) == set()
    upgrade_database(empty_database)
    check_database(empty_database)


def test_a_filled_database_stays_filled(empty_database: str) -> None:
    upgrade_database(empty_database)
    engine = make_engine(empty_database)
    with make_session_factory(engine).begin() as session:
        make_small_world(session, NOW)
    upgrade_database(empty_database)
    with make_session_factory(engine)() as session:
        assert session.execute(text("SELECT count(*) FROM unit")).scalar_one() == 3
        assert session.execute(text("SELECT year FROM campaign")).scalar_one() == NOW.year - 1
    engine.dispose()


def test_blanks_that_wait_move_to_the_contact_sheets(empty_database: str) -> None:
    upgrade_database(empty_database)
    engine = make_engine(empty_database)
    with make_session_factory(engine).begin() as session:
        page = add_page(session, add_sheet(session, make_small_world(session, NOW), 1), NOW)
        reads = [blank("CX4.1", 0.25), striped("CX4.2"), faint("CX4.3", "1"), comment("CX4.gop_y")]
        enqueue_reading(session, add_reading(session, page, NOW, reads), NOW)
    queues = text("SELECT queue FROM review_item ORDER BY field_code")
    downgrade_database(empty_database, "0001")
    with engine.connect() as connection:
        assert connection.scalars(queues).all() == ["single", "single", "single", "comment"]
    upgrade_database(empty_database)
    with engine.connect() as connection:
        assert connection.scalars(queues).all() == ["blank", "single", "single", "comment"]
        assert connection.scalar(text("SELECT max(doubt) FROM review_item")) == pytest.approx(0.25)
    engine.dispose()
