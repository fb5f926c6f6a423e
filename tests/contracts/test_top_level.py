"""The top level holds what the design card names, and what every repository has; nothing else."""

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
CARD = {"webapp", "ocr", "forms_templates", "migrations", "tests", "wsgi.py", "pyproject.toml"}
EVERY_REPOSITORY = {
    "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "Makefile", "docs", ".ci", ".gitignore",
    "requirements.lock",
}  # fmt: skip


def _tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return listed.stdout.splitlines()


def test_the_top_level_is_the_cards() -> None:
    assert {path.split("/")[0] for path in _tracked()} <= CARD | EVERY_REPOSITORY


def test_every_dependency_has_an_upper_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ranges = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert [r for r in ranges if "<" not in r and "==" not in r] == []


def test_every_locked_version_has_a_hash_and_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    packages = re.split(r"\n(?=[a-z0-9])", lock.split("\n", 2)[2])
    assert all("--hash=sha256:" in package for package in packages)
    assert "://" not in lock
