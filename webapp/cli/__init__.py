"""The `chamdiem` command: one module here per group of sub-commands."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

COMMANDS = (
    "backup",
    "bench",
    "campaign",
    "database",
    "demo",
    "doctor",
    "forms",
    "incident",
    "log",
    "names",
    "open_campaign",
    "schemes",
    "serve",
    "trash",
    "users",
    "worker",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command; its module's `run` gives the exit code."""
    parser = argparse.ArgumentParser(prog="chamdiem", description=__doc__)
    groups = parser.add_subparsers(dest="command", required=True)
    for name in COMMANDS:
        import_module(f"webapp.cli.{name}").add_parser(groups)
    chosen = parser.parse_args(arguments)
    code: int = chosen.run(chosen)
    return code


if __name__ == "__main__":
    sys.exit(main())
