"""docs/operation.md and docs/deploy name what there is: every setting, and no command that is not there."""

import argparse
import re
from importlib import import_module
from pathlib import Path

import pytest

from tests.contracts.sources import ROOT
from webapp.cli import COMMANDS

SETTING = re.compile(r"\bCHAMDIEM_[A-Z_]+\b")
CALL = re.compile(
    r"(?:`|bin/|^|sh -c \"|&& exec |: |exec -it chamdiem )chamdiem ([a-z]+(?:-[a-z]+)*)", re.MULTILINE
)
DEPLOYED = (ROOT / "docs/deploy/chamdiem.service", ROOT / "docs/deploy/Containerfile")
OPERATION = (ROOT / "docs/operation.md").read_text(encoding="utf-8")
SETTINGS = set(SETTING.findall((ROOT / "webapp/settings.py").read_text(encoding="utf-8")))


def test_every_setting_is_documented_and_none_that_is_not_there() -> None:
    rows = re.findall(r"^\| `(CHAMDIEM_[A-Z_]+)` \|", OPERATION, re.MULTILINE)
    assert (len(rows), set(rows)) == (len(SETTINGS), SETTINGS)


def commands() -> set[str]:
    """Every sub-command, as argparse knows it."""
    parser = argparse.ArgumentParser()
    groups = parser.add_subparsers()
    for name in COMMANDS:
        import_module(f"webapp.cli.{name}").add_parser(groups)
    return set(groups.choices)


@pytest.mark.parametrize("path", [*DEPLOYED, ROOT / "docs/operation.md", ROOT / "docs/guide/quan-tri.md"])
def test_only_settings_and_commands_that_there_are_are_named(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert set(SETTING.findall(text)) <= SETTINGS
    called = set(CALL.findall(text))
    assert called
    assert called <= commands()
