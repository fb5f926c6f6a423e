"""One installation under torture: its database, its folder, and its processes, which can be killed."""

import http.client
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from tests.clients import FORMS_DIR
from tests.postgres import PostgresServer, free_port
from tests.torture.nursery import Forked, Nursery
from webapp.cli.serve import server_command
from webapp.persistence.all_tables import Base
from webapp.persistence.base import make_engine, make_session_factory
from webapp.storage import ScanStore

_START_LIMIT_S = 90
_LOOK_EVERY_S = 0.05
_STOP_LIMIT_S = 40


@dataclass(frozen=True)
class Reader:
    """How pages are read: by the real reader (`page_s` None), or the fake one in `page_s` seconds a page."""

    page_s: float | None = 0.02
    lease_s: int = 2
    processes: int = 1


@dataclass
class Site:
    """Where it lies and how it is reached; what runs is in `running`, by name ("web", "worker-1", …)."""

    data_dir: Path
    database_url: str
    nursery: Nursery
    server: PostgresServer | None = None
    reader: Reader = field(default_factory=Reader)
    web_processes: int = 1
    threads: int = 8
    port: int = field(default_factory=free_port)
    running: dict[str, Forked] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the tables with their guards."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.engine = make_engine(self.database_url)
        Base.metadata.create_all(self.engine)
        self.sessions: sessionmaker[Session] = make_session_factory(self.engine)
        self.readers = make_session_factory(self.engine, read_only=True)
        self.store = ScanStore(self.data_dir / "scans")

    def start_web(self, name: str = "web", port: int | None = None) -> None:
        """Start the web processes as `chamdiem serve` does; they answer a little later."""
        bind = f"127.0.0.1:{port or self.port}"
        command = server_command(bind, self.web_processes, self.threads)
        self._fork(name, "web", command[command.index("gunicorn") + 1 :])

    def start_worker(self, name: str = "worker-1", network: str = "") -> None:
        """Start a worker, if need be on another machine (a network namespace)."""
        kind = "real" if self.reader.page_s is None else str(self.reader.page_s)
        told = [str(self.data_dir), self.database_url, kind]
        numbers = [str(self.reader.lease_s), str(self.reader.processes)]
        self._fork(name, "worker", told + numbers, network)

    def kill(self, name: str, *, with_children: bool = True) -> None:
        """End it with SIGKILL, in whatever it is doing; without its children they are left to find out."""
        process = self.running.pop(name)
        if with_children:
            process.kill_group()
        process.signal(signal.SIGKILL)
        process.wait(_STOP_LIMIT_S)

    def stop(self) -> None:
        """Ask everything to end, and end what does not; the database is left alone."""
        for process in self.running.values():
            process.signal(signal.SIGTERM)
        for name in list(self.running):
            self.running[name].wait(_STOP_LIMIT_S)
            self.kill(name)
        self.engine.dispose()

    def wait_until_it_answers(self, port: int | None = None) -> float:
        """Seconds until the web app says that people can work.

        Raises:
            TimeoutError: it does not come.
        """
        began = time.monotonic()
        while self.health(port)[0] != http.client.OK:
            if time.monotonic() - began > _START_LIMIT_S:
                log = (self.data_dir / "web.out").read_text(errors="replace")
                raise TimeoutError(f"the web app did not come back:\n{log[-3000:]}")
            time.sleep(_LOOK_EVERY_S)
        return time.monotonic() - began

    def health(self, port: int | None = None) -> tuple[int, str]:
        """Status and words of `/healthz`; 0 where nobody answers."""
        asked = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=10)
        try:
            asked.request("GET", "/healthz")
            answer = asked.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            asked.close()

    def _fork(self, name: str, kind: str, arguments: list[str], network: str = "") -> None:
        variables = {
            "CHAMDIEM_DATA": str(self.data_dir),
            "CHAMDIEM_DATABASE": self.database_url,
            "CHAMDIEM_FORMS": str(FORMS_DIR),
            "CHAMDIEM_SECRET": "torture",
            "CHAMDIEM_BACKUP_HOUR": "off",
        }
        output = self.data_dir / f"{name}.out"
        self.running[name] = self.nursery.fork(kind, arguments, variables, output, network)


@contextmanager
def open_site(
    folder: Path, server: PostgresServer | None, reader: Reader, nursery: Nursery
) -> Iterator[Site]:
    """A new installation in `folder`: on the server, or on SQLite where there is none. Nothing runs yet."""
    name = f"torture_{uuid.uuid4().hex[:10]}"
    folder.mkdir(parents=True, exist_ok=True)
    url = f"sqlite:///{folder / 'chamdiem.sqlite3'}"
    if server is not None:
        run_on(server, f"CREATE DATABASE {name}")
        url = f"{server.url}/{name}"
    site = Site(folder, url, nursery, server, reader)
    try:
        yield site
    finally:
        site.stop()


def run_on(server: PostgresServer, statement: str) -> None:
    """One statement outside every transaction."""
    engine = create_engine(f"{server.url}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
