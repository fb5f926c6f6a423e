"""A throw-away PostgreSQL server on a free port of this machine, for the tests only."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER = "chamdiem"
_DIES_WITHIN_S = 10
_START_LIMIT_S = 120
_HERE = "127.0.0.1"
_OWNER = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses root; then Debian's user runs it


def _program(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    program = str(found[-1]) if found else shutil.which(name)
    if program is None:
        raise RuntimeError(f"PostgreSQL's {name} is missing: run `make setup` (Debian package postgresql).")
    return program


def free_port() -> int:
    """A port of this machine on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind((_HERE, 0))
        return int(probe.getsockname()[1])


@dataclass
class PostgresServer:
    """A server in a folder of its own; it comes back on the same port however it ended."""

    folder: Path
    port: int
    options: str = "-c fsync=off"
    address: str = _HERE
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Its URL, without the name of a database."""
        return f"postgresql+psycopg://{USER}@{self.address}:{self.port}"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def make(self) -> None:
        """Make the cluster."""
        if _OWNER is not None:
            shutil.chown(self.folder, _OWNER)
        settings = ["-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "-N"]
        command = [_program("initdb"), "-D", str(self._data), *settings]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, timeout=300, user=_OWNER)
        if self.address != _HERE:  # other machines, or what stands for them, may come in
            with (self._data / "pg_hba.conf").open("a") as rules:
                rules.write(f"host all all {self.address}/24 trust\n")

    def start(self) -> None:
        """Start it and wait until it answers, however long its recovery takes.

        Raises:
            RuntimeError: it does not come.
        """
        options = f"-p {self.port} -k {self.folder} -c listen_addresses={self.address} -c max_connections=120"
        command = [_program("postgres"), "-D", str(self._data), *options.split(), *self.options.split()]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd="/", stdout=log, stderr=log, user=_OWNER)
        until = time.monotonic() + _START_LIMIT_S
        asked = [_program("pg_isready"), "-q", "-h", self.address, "-p", str(self.port)]
        while subprocess.run(asked, check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End every process of it with SIGKILL: no word to anybody, no checkpoint."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)  # so that it starts nobody anew
        children = _children(self.process.pid)
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        until = time.monotonic() + _DIES_WITHIN_S
        while any(_is_alive(child) for child in children) and time.monotonic() < until:
            time.sleep(0.01)

    def stop(self) -> None:
        """End it for good; its data goes with it."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def running_server(options: str = "-c fsync=off", address: str = _HERE) -> Iterator[PostgresServer]:
    """Make a server and start it; stop it at the end."""
    server = PostgresServer(Path(tempfile.mkdtemp(prefix="chamdiem-pg-")), free_port(), options, address)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a server, give its URL without a database name, stop it."""
    with running_server() as server:
        yield server.url


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                after_name = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(after_name[1]) == parent:
                    found.append(int(entry.name))
    return found


def _is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
