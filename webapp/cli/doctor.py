"""`chamdiem doctor`: whether this machine has what the program needs, and how the data fares."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from ocr.errors import OcrError
from ocr.template import FormLibrary
from ocr.text import LANGUAGE, engine_version, installed_languages
from webapp.cli.parsers import Groups
from webapp.persistence.base import utc_now
from webapp.services.checkup import Finding, Grade, check_installation
from webapp.settings import Settings

_ILL = 1


def add_parser(groups: "Groups[argparse.ArgumentParser]") -> None:
    """Add `doctor`."""
    parser = groups.add_parser(
        "doctor", help="versions, Tesseract, fonts, disks, clock, queue, log, last backup"
    )
    parser.set_defaults(run=_run)


def _run(_arguments: argparse.Namespace) -> int:
    """One line a check; 0 without a fault, 1 with one."""
    os.umask(0o077)
    settings = Settings.from_env()
    findings = [*check_engine(settings.forms_dir), *check_installation(settings, utc_now())]
    for finding in findings:
        sys.stdout.write(f"{finding.grade:<8} {finding.name}: {finding.words}\n")
    return _ILL if any(finding.grade is Grade.FAULT for finding in findings) else 0


def check_engine(forms_dir: Path) -> list[Finding]:
    """What reading and printing need."""
    checks: tuple[tuple[str, Callable[[Path], str]], ...] = (
        ("Tesseract", _tesseract),
        ("fonts", _fonts),
        ("forms", _forms),
    )
    return [_finding(name, check, forms_dir) for name, check in checks]


def _finding(name: str, check: Callable[[Path], str], forms_dir: Path) -> Finding:
    try:
        return Finding(name, Grade.FINE, check(forms_dir))
    except (OcrError, OSError) as error:
        return Finding(name, Grade.FAULT, str(error))


def _tesseract(_forms_dir: Path) -> str:
    languages = installed_languages()
    if LANGUAGE not in languages:
        raise FileNotFoundError(f"no Vietnamese (Debian package tesseract-ocr-{LANGUAGE})")
    return f"{engine_version()}, languages {', '.join(languages)}"


def _fonts(forms_dir: Path) -> str:
    found = sorted(path.name for path in (forms_dir / "_fonts").glob("*.ttf"))
    if not found:
        raise FileNotFoundError(f"none in {forms_dir / '_fonts'}")
    return f"{len(found)} in {forms_dir / '_fonts'}"


def _forms(forms_dir: Path) -> str:
    codes = FormLibrary(forms_dir).codes()
    if not codes:
        raise FileNotFoundError(f"none in {forms_dir}")
    return ", ".join(codes)
