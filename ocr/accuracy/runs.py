"""The frozen commit, and the log of every full run that was started: looking often is also a choice."""

import datetime as dt
import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from ocr.deck.lines import numbered_lines
from ocr.errors import OcrError

REPORT = Path("docs/accuracy.md")
LOG = Path("docs/accuracy-runs.jsonl")
PICTURE_NAME = "accuracy-reliability.svg"
_WRITTEN_BY_RUNS = frozenset({str(REPORT), str(LOG), str(REPORT.with_name(PICTURE_NAME))})


class NotFrozen(OcrError):
    """The code is under no commit, so seeds could be chosen: a full run does not start."""

    code = "not_frozen"
    exit_code = 4


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """One full run: `result` is empty until it ended; a run that never ended stays in the log."""

    run: int
    commit: str
    seed: str
    started: str
    result: str = ""


def frozen_commit(folder: Path, *, clean: bool = True) -> str:
    """The commit of the checkout that holds `folder`.

    Args:
        folder: anywhere in the checkout.
        clean: refuse changes beside what runs themselves write.

    Raises:
        NotFrozen: no checkout, or files differ from the commit.
    """
    root = Path(_git(folder, "rev-parse", "--show-toplevel").strip())
    changed = [line[3:] for line in _git(root, "status", "--porcelain", "--untracked-files=all").splitlines()]
    loose = [path for path in changed if path not in _WRITTEN_BY_RUNS]
    if clean and loose:
        names = ", ".join(loose[:5])
        raise NotFrozen(f"Mã nguồn chưa được chốt ({names}). Ghi commit rồi chạy lại, hoặc dùng --rehearsal.")
    return _git(root, "rev-parse", "HEAD").strip()


def _git(folder: Path, *arguments: str) -> str:
    try:
        ran = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotFrozen(f"Không đọc được commit của mã nguồn ({error}).") from error
    return ran.stdout


def now_text() -> str:
    """This moment in UTC, to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def logged_runs(log: Path) -> list[LoggedRun]:
    """Every full run that was started, oldest first."""
    if not log.exists():
        return []
    return [LoggedRun(**json.loads(line)) for line, _place in numbered_lines(log)]


def write_log(log: Path, runs: list[LoggedRun]) -> None:
    """Write the log anew: the file is replaced whole or not at all."""
    log.parent.mkdir(parents=True, exist_ok=True)
    fresh = log.with_suffix(".new")
    fresh.write_text("".join(f"{json.dumps(asdict(run), ensure_ascii=False)}\n" for run in runs), "utf-8")
    fresh.replace(log)
