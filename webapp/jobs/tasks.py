"""What a child process is asked, and what it answers: plain picklable values."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ocr.certainty import Certainty
from ocr.model import PageReading, SheetIdentity
from ocr.trial.judge import TrialReport


@dataclass(frozen=True, slots=True)
class TrialTask:
    """Judge the scan of a trial sheet."""

    path: Path


@dataclass(frozen=True, slots=True)
class SplitTask:
    """Count the pages of a scan file, or take an archive apart."""

    path: Path


@dataclass(frozen=True, slots=True)
class ReadTask:
    """Read page `page_index` (from 0) of a scan file; `source` is the file's name as the clerk knows it.

    `identity` is what a person said of the page, which then counts instead of its code; `quarters` is how
    often a person turned it by 90°, clockwise. `certainty`: the limits that the office has set, if it has.
    """

    path: Path
    page_index: int
    source: str
    identity: SheetIdentity | None = None
    quarters: int = 0
    certainty: Certainty | None = None


@dataclass(frozen=True, slots=True)
class DraftTask:
    """Make a draft of the handwriting in a crop."""

    path: Path


@dataclass(frozen=True, slots=True)
class TrialDone:
    """The trial scan was judged."""

    report: TrialReport


@dataclass(frozen=True, slots=True)
class SplitDone:
    """The file is sound, and has so many pages."""

    page_count: int


@dataclass(frozen=True, slots=True)
class PackedFile:
    """A file out of an archive; it lies in the scan store, or was refused (a stable slug)."""

    name: str
    sha256: str
    size_bytes: int
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class UnpackDone:
    """The file is an archive, and these were in it, in its own order."""

    files: tuple[PackedFile, ...]


@dataclass(frozen=True, slots=True)
class ReadDone:
    """A page was read; its crops (by field code) and preview already lie in the scan store."""

    reading: PageReading
    crops: dict[str, str]
    preview_sha256: str | None


@dataclass(frozen=True, slots=True)
class DraftDone:
    """The draft, and how sure Tesseract is of it, in [0, 1]."""

    draft: str
    confidence: float


@dataclass(frozen=True, slots=True)
class TaskFailed:
    """It could not be done. `is_final`: trying again cannot help; `code` is a stable slug."""

    code: str
    is_final: bool
    detail: str = ""


Task = TrialTask | SplitTask | ReadTask | DraftTask
Outcome = TrialDone | SplitDone | UnpackDone | ReadDone | DraftDone | TaskFailed


class Engine(Protocol):
    """What runs inside a child process; made there, never in the worker itself."""

    def perform(self, task: Task) -> Outcome:
        """Do the task; a failure is an outcome, an exception is a bug and counts as one try."""
        ...


class MakeEngine(Protocol):
    """Picklable maker of an engine, called once in each child process."""

    def __call__(self) -> Engine:
        """Load what reading needs."""
        ...
