"""Migrations and models say the same, in both directions, on both databases, with data in place."""

import datetime as dt
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, create_engine, inspect, text

from ocr.sheet_code import pack_code
from tests.conftest import NOW
from tests.worlds.read_pages import add_page, add_reading, add_sheet, blank, comment, faint, striped
from tests.worlds.small import make_small_world
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.guards import missing_guards
from webapp.persistence.schema import (
    alembic_config,
    check_database,
    downgrade_database,
    standing_revision,
    upgrade_database,
)
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


def test_an_upgraded_database_guards_what_is_append_only(empty_database: str) -> None:
    upgrade_database(empty_database)
    engine = make_engine(empty_database)
    with engine.connect() as connection:
        assert missing_guards(connection) == []
    engine.dispose()


def test_an_upgrade_that_fails_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'older.sqlite3'}"
    upgrade_database(url, "0010")
    before = _tables(url)
    engine = create_engine(url)
    with engine.begin() as connection:  # references are not looked at on this connection
        lost = text(
            "INSERT INTO batch_file (batch_id, sha256, size_bytes, original_name, state, attempt, failures) "
            "VALUES (99, '', 1, 'lost.pdf', 'split', 0, 0)"
        )
        connection.execute(lost)
    engine.dispose()
    with pytest.raises(RuntimeError, match="nothing was changed"):
        upgrade_database(url)
    assert (standing_revision(url), _tables(url)) == ("0010", before)


def test_blanks_that_wait_move_to_the_grids(empty_database: str) -> None:
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
        assert connection.scalars(queues).all() == ["grid", "single", "single", "comment"]
        assert connection.scalar(text("SELECT max(doubt) FROM review_item")) == pytest.approx(0.25)
    engine.dispose()


def test_sheets_of_an_older_installation_are_put_into_packs(empty_database: str) -> None:
    upgrade_database(empty_database, "0003")
    engine = make_engine(empty_database)
    with engine.begin() as connection:
        _add_older_sheets(connection)
    upgrade_database(empty_database)
    packs = text(
        "SELECT p.code, u.code, count(*) FROM sheet s JOIN pack p ON p.id = s.pack_id "
        "JOIN unit u ON u.id = p.place_unit_id GROUP BY p.code, u.code ORDER BY p.code"
    )
    replaced = text("SELECT n.serial, o.serial FROM sheet n JOIN sheet o ON o.id = n.replaces_id")
    strays = text(
        "SELECT count(*) FROM print_order o JOIN sheet s ON s.print_order_id = o.id "
        "WHERE o.pack_id <> s.pack_id"
    )
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(packs)]
        assert found == [(pack_code(1), "A", 3), (pack_code(2), "B", 1)]
        assert [tuple(row) for row in connection.execute(replaced)] == [(4, 2)]
        assert connection.scalar(strays) == 0
    downgrade_database(empty_database, "0003")
    orders = text("SELECT form_code, group_id, unit_id FROM print_order ORDER BY id")
    with engine.connect() as connection:
        former = [tuple(row) for row in connection.execute(orders)]
    assert former == [("CX4", 1, 1), ("CX4", 1, 2), ("CX4", 1, 1)]
    upgrade_database(empty_database)
    engine.dispose()


def _add_older_sheets(connection: Connection) -> None:
    """Two units with sheets of their own; sheet 2 was lost, and 4 printed for it."""
    then, later = NOW, NOW + dt.timedelta(hours=1)
    metadata = MetaData()
    metadata.reflect(connection, only=["campaign", "unit", "respondent_group", "print_order", "sheet"])

    def add(table: str, columns: str, *rows: tuple[object, ...]) -> None:
        values = [dict(zip(columns.split(), row, strict=True)) for row in rows]
        connection.execute(metadata.tables[table].insert(), values)

    add(
        "campaign",
        "id year name office_name place self_score_due_at is_sample",
        (1, 2020, "n", "o", "p", then, False),
    )
    add("unit", "id campaign_id code name level position", (1, 1, "A", "A", "x", 1), (2, 1, "B", "B", "x", 2))
    group = "id campaign_id form_code code name level sheets_per_unit position"
    add("respondent_group", group, (1, 1, "CX4", "DN", "g", "x", 2, 1))
    order = "campaign_id ordered_by form_code group_id id unit_id ordered_at first_serial sheet_count"
    same = (1, "c", "CX4", 1)
    add(
        "print_order", order, (*same, 1, 1, then, 1, 2), (*same, 2, 2, then, 3, 1), (*same, 3, 1, later, 4, 1)
    )
    sheet = "campaign_id form_code form_version group_id serial unit_id printed_at voided_at print_order_id"
    own = (1, "CX4", 1, 1)
    add(
        "sheet",
        sheet,
        (*own, 1, 1, then, None, 1),
        (*own, 2, 1, then, later, 1),
        (*own, 3, 2, then, None, 2),
    )
    add("sheet", sheet, (*own, 4, 1, later, None, 3))
