"""Whether anything at all was committed since one last asked, by the database's own account.

No list of tables stands here, which somebody would forget to lengthen: reading, decisions and drafts write no
log entry, and rows are changed as well as added.
"""

from contextlib import closing

from sqlalchemy import Engine, PoolProxiedConnection, event, text

_SEEN_BY_A_READER = text("SELECT pg_current_snapshot()::text")


class DataVersion:
    """The version of all data in one database, told as a word; equal words: nothing was committed between.

    Words of two processes, or of two of these, say nothing about one another. One thread at a time may ask.
    """

    def __init__(self, engine: Engine) -> None:
        """Nothing is opened before the first question."""
        self._engine = engine
        self._own: PoolProxiedConnection | None = None
        event.listen(engine, "engine_disposed", self._close)

    def read(self) -> str:
        """The version of this moment: what is read from now on is at least as new."""
        if self._engine.dialect.name == "postgresql":
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                return str(connection.scalar(_SEEN_BY_A_READER))
        return self._read_sqlite()

    def _read_sqlite(self) -> str:
        """SQLite counts for each connection what the others commit, so one that never writes sees it all."""
        if self._own is None:
            self._own = self._engine.raw_connection()
            self._own.detach()
        with closing(self._own.cursor()) as cursor:
            cursor.execute("PRAGMA data_version")
            return str(cursor.fetchone())

    def _close(self, _engine: Engine) -> None:
        if self._own is not None:
            self._own.close()
            self._own = None
