"""`chamdiem doctor`."""

import argparse

from webapp.cli.parsers import Groups


def add_parser(groups: "Groups[argparse.ArgumentParser]") -> None:
    """Add."""
