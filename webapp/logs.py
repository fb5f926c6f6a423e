"""The program's own log (the office's is a table): words on the terminal, lines of JSON in a file a day.

All processes append to the file of the day; a line is written at once, so that lines do not mix. What people
entered does not get into it: SQL is logged without its parameters (persistence/base.py).
"""

import datetime as dt
import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

KEPT: Final = dt.timedelta(days=30)
_FIELDS = ("incident", "method", "path", "endpoint")
_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})\.jsonl")


class JsonLines(logging.Formatter):
    """One record as one line of JSON; docs/operation.md lists its fields."""

    def __init__(self, process: str) -> None:
        """`process`: web, worker, or the command's name."""
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        told: dict[str, Any] = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": f"{self._process}:{record.process}",
            "logger": record.name,
            "message": record.getMessage(),
        }
        told |= {name: value for name in _FIELDS if (value := getattr(record, name, None)) is not None}
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


class DailyFile(logging.Handler):
    """Appends to the file of the record's day (UTC) in `folder`."""

    def __init__(self, folder: Path) -> None:
        """The folder is made when the first record comes."""
        super().__init__()
        self._folder = folder

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line at once; a full disk loses it and nothing else."""
        day = dt.datetime.fromtimestamp(record.created, dt.UTC).date()
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            descriptor = os.open(self._folder / f"{day.isoformat()}.jsonl", flags, 0o600)
            try:
                os.write(descriptor, f"{self.format(record)}\n".encode())
            finally:
                os.close(descriptor)
        except OSError:
            self.handleError(record)


def install_logs(process: str, folder: Path, *, json_on_terminal: bool) -> None:
    """Send this process's log to the terminal and to the day's file."""
    terminal, file = logging.StreamHandler(sys.stderr), DailyFile(folder)
    lines = JsonLines(process)
    words = logging.Formatter(f"%(asctime)s {process} %(levelname)s %(message)s")
    terminal.setFormatter(lines if json_on_terminal else words)
    file.setFormatter(lines)
    logging.basicConfig(level=logging.INFO, handlers=[terminal, file], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def find_incident(folder: Path, number: str) -> Iterator[dict[str, Any]]:
    """The records of an incident, as its number was read over the telephone: blanks do not matter."""
    wanted = "".join(number.split())
    for path in _files(folder):
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if wanted in line and (told := _parsed(line)).get("incident") == wanted:
                    yield told


def clear_old_logs(folder: Path, now: dt.datetime) -> None:
    """Delete the files of days that are over for longer than `KEPT`."""
    oldest = (now.astimezone(dt.UTC) - KEPT).date().isoformat()
    for path in _files(folder):
        if path.stem < oldest:
            path.unlink(missing_ok=True)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.jsonl") if _NAME.fullmatch(path.name))


def _parsed(line: str) -> dict[str, Any]:
    """The record; a line that a power cut left half is none."""
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
