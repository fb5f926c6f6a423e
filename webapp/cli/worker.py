"""`chamdiem worker`: read the scans that wait, until it is told to stop."""

import argparse
import os
import sys
from contextlib import suppress
from functools import partial

from webapp.cli.parsers import Groups
from webapp.logs import install_logs
from webapp.settings import Settings


def add_parser(groups: "Groups[argparse.ArgumentParser]") -> None:
    """Add `worker`."""
    parser = groups.add_parser("worker", help="read the scans that wait; stops cleanly on SIGTERM")
    parser.add_argument("--alive-fd", type=int, help=argparse.SUPPRESS)  # `serve` listens at its other end
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    """Run until a signal; a reader that cannot start says why in one line and ends."""
    from webapp.jobs.children import EngineBroken
    from webapp.worker import run_worker

    os.umask(0o077)
    settings = Settings.from_env()
    install_logs("worker", settings.logs_dir, json_on_terminal=settings.log_json)
    try:
        run_worker(settings, tell_alive=partial(_tell, arguments.alive_fd))
    except EngineBroken as error:
        sys.stderr.write(f"{error}\nBộ đọc phiếu không khởi động được; nguyên nhân ở dòng trên.\n")
        return 5
    return 0


def _tell(alive_fd: int | None) -> None:
    """One more sign of life; whoever does not listen at the moment misses nothing."""
    if alive_fd is not None:
        with suppress(OSError):
            os.write(alive_fd, b".")
