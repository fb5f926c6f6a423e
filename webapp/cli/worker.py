"""`chamdiem worker`: read the scans that wait, until it is told to stop."""

import argparse
import os
import sys

from webapp.cli.parsers import Groups
from webapp.logs import install_logs
from webapp.settings import Settings


def add_parser(groups: "Groups[argparse.ArgumentParser]") -> None:
    """Add `worker`."""
    parser = groups.add_parser("worker", help="read the scans that wait; stops cleanly on SIGTERM")
    parser.set_defaults(run=_run)


def _run(_arguments: argparse.Namespace) -> int:
    """Run until a signal; a reader that cannot start says why in one line and ends."""
    from webapp.jobs.children import EngineBroken
    from webapp.worker import run_worker

    os.umask(0o077)
    settings = Settings.from_env()
    install_logs("worker", settings.logs_dir, json_on_terminal=settings.log_json)
    try:
        run_worker(settings)
    except EngineBroken as error:
        sys.stderr.write(f"{error}\nBộ đọc phiếu không khởi động được; nguyên nhân ở dòng trên.\n")
        return 5
    return 0
