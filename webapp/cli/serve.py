"""`chamdiem serve`: the web app, and with `--with-worker` the reader beside it."""

import argparse
import os
import socket
import sys
from pathlib import Path

from webapp.cli.parsers import Groups
from webapp.cli.supervise import run_side_by_side
from webapp.persistence.base import make_engine, make_session_factory, utc_now
from webapp.persistence.schema import newest_revision, standing_revision
from webapp.services.log_chain import Occasion, check_log
from webapp.settings import Settings

ROOT = Path(__file__).parents[2]
_NO_DATABASE = 3
ADDRESS_TAKEN = 4


def add_parser(groups: "Groups[argparse.ArgumentParser]") -> None:
    """Add `serve`."""
    parser = groups.add_parser("serve", help="serve the web app until it is told to stop")
    parser.add_argument("--bind", default="127.0.0.1:8000", help="address and port, 127.0.0.1:8000")
    parser.add_argument("--with-worker", action="store_true", help="also read the scans that wait")
    parser.add_argument("--processes", type=int, default=2, help="web processes, 2")
    parser.add_argument("--threads", type=int, default=4, help="threads of each, 4")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    """Start what was asked for."""
    os.umask(0o077)  # the children keep it: scans and answers are for this account alone
    if not _is_up_to_date(Settings.from_env()):
        sys.stderr.write(
            "The database is missing or older than the program. Bring it up with: chamdiem upgrade\n"
        )
        return _NO_DATABASE
    if is_taken(arguments.bind):
        sys.stderr.write(
            f"Something else already answers on {arguments.bind}. End it, or choose another address: "
            "chamdiem serve --bind 127.0.0.1:8080\n"
        )
        return ADDRESS_TAKEN
    _check_log(Settings.from_env())
    worker = [sys.executable, "-m", "webapp", "worker"] if arguments.with_worker else None
    _say(f"Chấm Điểm: http://{arguments.bind}  (Ctrl+C ends it)")
    return run_side_by_side(
        server_command(arguments.bind, arguments.processes, arguments.threads), worker, _say
    )


def is_taken(bind: str) -> bool:
    """Whether the address and port cannot be listened on; gunicorn would only try again and again."""
    host, _colon, port = bind.rpartition(":")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host or "0.0.0.0", int(port)))  # noqa: S104 - what the person asked for
        except OSError:
            return True
    return False


def server_command(bind: str, processes: int, threads: int) -> list[str]:
    """Gunicorn with threads: a slow upload holds a thread, never a process."""
    return [
        *(sys.executable, "-m", "gunicorn", "--chdir", str(ROOT), "--bind", bind),
        *("--worker-class", "gthread", "--workers", str(processes), "--threads", str(threads)),
        *("--forwarder-headers", ""),  # no header says where the program lies: SCRIPT_NAME, PATH_INFO
        *("--timeout", "120", "--graceful-timeout", "30", "--log-level", "warning", "wsgi:app"),
    ]


def _is_up_to_date(settings: Settings) -> bool:
    """Whether the database stands at the newest migration: better said now than as a fault on every page."""
    return standing_revision(settings.database_url) == newest_revision(settings.database_url)


def _check_log(settings: Settings) -> None:
    """Recompute the chain of the log: work goes on where it is broken, but whoever starts this is told."""
    engine = make_engine(settings.database_url)
    try:
        with make_session_factory(engine).begin() as session:
            report = check_log(session, Occasion.START, utc_now())
    finally:
        engine.dispose()
    if report.broken is None:
        _say(f"Log: whole, {report.head.seq} entries, head {report.head.mark}")
        return
    sys.stderr.write(
        f"The log is BROKEN at entry {report.broken.seq} ({report.broken.fault}); nothing can be published. "
        "Keep this machine and its backups as they are, and see the page /nhat-ky.\n"
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
