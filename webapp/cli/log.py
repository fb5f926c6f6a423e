"""`chamdiem log`: recompute the chain of the log, or write it out for whoever wants to check it alone."""

import argparse
import json
import sys

from webapp.cli.parsers import Groups
from webapp.errors import AppError
from webapp.persistence.base import make_engine, make_session_factory, utc_now
from webapp.services.log_chain import Occasion, check_log, exported_lines, stands_in_chain
from webapp.settings import Settings

_BROKEN, _REFUSED = 6, 2


def add_parser(groups: "Groups[argparse.ArgumentParser]") -> None:
    """Add `log verify` and `log export`."""
    parser = groups.add_parser("log", help="check the chain of the log, or write it out")
    parts = parser.add_subparsers(dest="part", required=True)
    verify = parts.add_parser("verify", help="recompute every hash; names the first broken entry")
    verify.add_argument(
        "--mark", action="append", default=[], help="also compare with a printed mark, 812-0123…"
    )
    verify.set_defaults(run=_verify)
    export = parts.add_parser("export", help="every entry as a line of JSON, with its hashes")
    export.set_defaults(run=_export)


def _verify(arguments: argparse.Namespace) -> int:
    """0 where the chain is whole and holds every mark, 6 where not."""
    engine = make_engine(Settings.from_env().database_url)
    try:
        with make_session_factory(engine).begin() as session:
            report = check_log(session, Occasion.COMMAND, utc_now())
            strange = [mark for mark in arguments.mark if not stands_in_chain(session, mark)]
    except AppError as error:
        sys.stderr.write(f"{error}\n")
        return _REFUSED
    finally:
        engine.dispose()
    if report.broken is not None:
        sys.stdout.write(f"BROKEN at entry {report.broken.seq} ({report.broken.fault}).\n")
    for mark in strange:
        sys.stdout.write(f"NOT IN THE LOG: {mark}. The log is not the one that this was printed from.\n")
    if report.broken is not None or strange:
        return _BROKEN
    sys.stdout.write(f"Whole: {report.head.seq} entries, head {report.head.mark}\n")
    return 0


def _export(_arguments: argparse.Namespace) -> int:
    """JSON Lines on the standard output; docs/formats.md says how to check them."""
    engine = make_engine(Settings.from_env().database_url)
    try:
        with make_session_factory(engine, read_only=True)() as session:
            for line in exported_lines(session):
                sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    finally:
        engine.dispose()
    return 0
