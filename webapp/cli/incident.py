"""`chamdiem incident`: what the program's log holds about the number that an error page showed."""

import argparse
import sys

from webapp.cli.parsers import Groups
from webapp.logs import find_incident
from webapp.settings import Settings

_UNKNOWN = 1


def add_parser(groups: "Groups[argparse.ArgumentParser]") -> None:
    """Add `incident`."""
    parser = groups.add_parser("incident", help="show what happened at an incident number, 1234 5678")
    parser.add_argument("number", nargs="+", help="the number of the error page")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    """0 where it is known, 1 where not."""
    number = "".join(arguments.number)
    found = list(find_incident(Settings.from_env().logs_dir, number))
    for told in found:
        sys.stdout.write(f"{told['at']} {told.get('method', '')} {told.get('path', '')}\n")
        sys.stdout.write(f"{told['message']}\n{told.get('trace', '')}\n")
    if not found:
        sys.stderr.write(f"No incident {number} within the days that the program's log is kept.\n")
    return 0 if found else _UNKNOWN
