"""A real server for browser tests and screenshots: web process and worker, on a free port."""

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from werkzeug.serving import make_server

from tests.clients import Office
from webapp.cli.demo import demo_settings, environment

_START_LIMIT_S = 60


@contextmanager
def serve(variables: Mapping[str, str], log: Path) -> Iterator[str]:
    """Run `chamdiem serve --with-worker` with these settings; gives its address, stops it at the end."""
    port = _free_port()
    command = [sys.executable, "-m", "webapp", "serve", "--with-worker", "--processes", "1"]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "--bind", f"127.0.0.1:{port}"],
            env={**os.environ, **variables},
            stdout=output,
            stderr=output,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_it_answers(server, address, log)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=60)


@contextmanager
def serve_office(office: Office) -> Iterator[str]:
    """Serve an office from this process, so that the test and its people share one clock and one database."""
    server = make_server("127.0.0.1", 0, office.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def serve_demo() -> Iterator[str]:
    """Serve the sample campaign that `chamdiem demo --build-only` built."""
    settings = demo_settings()
    with serve(environment(settings), settings.data_dir / "serve.log") as address:
        yield address


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(server: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    while True:
        try:
            with urllib.request.urlopen(f"{address}/dang-nhap", timeout=10):  # noqa: S310 - our own http address
                return
        except OSError:  # not listening yet, or still importing
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start:\n{log.read_text()}") from None
            time.sleep(0.2)
