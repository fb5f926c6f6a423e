"""What all tables share: naming, column types, engine and sessions. Nobody else asks which database."""

import datetime as dt
import threading
from collections.abc import Callable
from decimal import Decimal
from enum import IntEnum
from typing import Annotated, Any

from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    Dialect,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    TypeDecorator,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_S = 15
# A server whose machine or network is gone says nothing: after a minute it is taken for lost.
_LOST_SERVER = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}

Clock = Callable[[], dt.datetime]


def utc_now() -> dt.datetime:
    """The real clock; everything below the composition roots takes a `Clock` instead."""
    return dt.datetime.now(dt.UTC)


class UtcDateTime(TypeDecorator[dt.datetime]):
    """A moment in UTC; refuses naive datetimes, gives aware ones back from every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Refuse naive values, store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}")
        return value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """SQLite forgets the zone; it was UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Points(TypeDecorator[Decimal]):
    """Index points, exact: stored as integer hundredths (SQLite keeps NUMERIC as a float)."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Refuse a third decimal rather than round it away."""
        if value is None:
            return None
        hundredths = value * 100
        if hundredths != hundredths.to_integral_value():
            raise ValueError(f"points {value} have more than two decimals")
        return int(hundredths)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Two decimals, always."""
        return None if value is None else Decimal(value).scaleb(-2)


class Base(DeclarativeBase):
    """All tables; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dt.datetime: UtcDateTime, dict[str, Any]: JSON, list[Any]: JSON, Decimal: Points}


class AppendOnly:
    """Marks a table whose rows are only ever added: the database itself refuses all else (guards.py)."""


Id = Annotated[int, mapped_column(primary_key=True, autoincrement=True)]
Sha256 = Annotated[str, mapped_column(String(64))]
Slug = Annotated[str, mapped_column(String(40))]


def reference(target: str, *, index: bool = True) -> Any:  # noqa: ANN401 - mapped_column's own type
    """A foreign key column that is searched by (`index`)."""
    return mapped_column(ForeignKey(target), index=index)


def make_engine(database_url: str) -> Engine:
    """The engine for an SQLite file or a PostgreSQL server, with what each needs to keep its word.

    What people entered stays out of error texts and so out of the program's log (`hide_parameters`).
    """
    if database_url.startswith("sqlite"):
        engine = create_engine(
            database_url, connect_args={"timeout": BUSY_S, "isolation_level": None}, hide_parameters=True
        )
        turn = _WriterTurn()
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", turn.begin)
        for end in ("commit", "rollback"):
            event.listen(engine, end, turn.end)
        event.listen(engine, "checkin", turn.end_unfinished)
        return engine
    return create_engine(database_url, pool_pre_ping=True, hide_parameters=True, connect_args=_LOST_SERVER)


def make_session_factory(engine: Engine, *, read_only: bool = False) -> sessionmaker[Session]:
    """Sessions whose objects stay readable after commit; `read_only` ones never take the write lock."""
    bind = engine.execution_options(read_only=True) if read_only else engine
    return sessionmaker(bind, expire_on_commit=False)


class Turn(IntEnum):
    """What only one transaction does at a time; the number is the lock's name on the server."""

    LOG = 7_013_001


def wait_for_turn(session: Session, turn: Turn) -> None:
    """Wait until no other transaction has this turn; it is given back when the caller's ends.

    SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(int(turn))))


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    """WAL lets readers go on beside the one writer; FULL makes an acknowledged commit survive a power cut."""
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_S * 1000}",
    ):
        connection.execute(f"PRAGMA {pragma}")


class _WriterTurn:
    """One writer at a time within this process: they wait in line instead of asking SQLite again and again.

    SQLite polls a busy database with growing pauses, so that the unlucky wait for seconds. The lock is only
    for fairness: who does not get it in time goes on, and SQLite itself still lets one writer in.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def begin(self, connection: Connection) -> None:
        """Take the write lock at once: a read that becomes a write in mid-transaction cannot wait."""
        if connection.get_execution_options().get("read_only"):
            connection.exec_driver_sql("BEGIN DEFERRED")
            return
        connection.info["has_turn"] = self._lock.acquire(timeout=BUSY_S)
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except BaseException:
            self.end(connection)
            raise

    def end(self, connection: Connection) -> None:
        """The transaction is over."""
        self._give_back(connection.info)

    def end_unfinished(self, _connection: object, record: ConnectionPoolEntry) -> None:
        """A connection that comes back to the pool has no transaction any more, however it ended."""
        self._give_back(record.info)

    def _give_back(self, info: dict[Any, Any]) -> None:
        if info.pop("has_turn", False):
            self._lock.release()
