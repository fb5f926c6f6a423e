"""`chamdiem-accuracy/1`: one line that says which run this is, then one line for each chunk that was read."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ocr.accuracy.plan import Chunk, chunk_of
from ocr.accuracy.reliability import Reliability
from ocr.accuracy.tally import Tally
from ocr.deck.lines import numbered_lines
from ocr.errors import OcrError

SCHEMA = "chamdiem-accuracy/1"


class ResultsInvalid(OcrError):
    """A results file is not `chamdiem-accuracy/1`, or belongs to another run."""

    code = "results_invalid"
    exit_code = 3


@dataclass(frozen=True, slots=True)
class Run:
    """Which run: its frozen commit, its name (a number, or `rehearsal`), its seed, and what it shall read."""

    commit: str
    name: str
    seed: str
    started: str
    wanted: dict[str, int]
    sheets_per_chunk: int
    rehearsal: bool

    def chunk(self, profile: str, index: int) -> Chunk:
        """A chunk of this run."""
        return chunk_of(self.seed, profile, index, self.sheets_per_chunk)


@dataclass(slots=True)
class ChunkResult:
    """What one chunk gave, or the sum of several.

    `seconds` are a processor's; `silent` lists wrong answers, `pages` those refused, lost or read as another.
    """

    profile: str
    index: int
    seconds: float = 0.0
    total: Tally = field(default_factory=Tally)
    families: dict[str, Tally] = field(default_factory=dict)
    review: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    no_sheet: int = 0
    no_sheet_read: int = 0
    reliability: Reliability = field(default_factory=Reliability)
    silent: list[dict[str, Any]] = field(default_factory=list)
    pages: list[dict[str, Any]] = field(default_factory=list)

    def family(self, name: str) -> Tally:
        """The counts of one family, to add to."""
        return self.families.setdefault(name, Tally())

    def add(self, other: "ChunkResult") -> None:
        """Sum another chunk up into this one."""
        self.seconds += other.seconds
        self.total.add(other.total)
        for name, tally in other.families.items():
            self.family(name).add(tally)
        self.review.update(other.review)
        self.reasons.update(other.reasons)
        self.no_sheet += other.no_sheet
        self.no_sheet_read += other.no_sheet_read
        self.reliability.add(other.reliability)
        self.silent += other.silent
        self.pages += other.pages


def result_line(result: ChunkResult) -> str:
    """One chunk as a line of JSON, without the newline."""
    plain = {
        "profile": result.profile,
        "index": result.index,
        "seconds": round(result.seconds, 2),
        "total": result.total.as_json(),
        "families": {name: tally.as_json() for name, tally in sorted(result.families.items())},
        "review": dict(result.review),
        "reasons": dict(result.reasons),
        "no_sheet": result.no_sheet,
        "no_sheet_read": result.no_sheet_read,
        "reliability": result.reliability.as_json(),
        "silent": result.silent,
        "pages": result.pages,
    }
    return json.dumps(plain, ensure_ascii=False)


def _result_from(raw: dict[str, Any]) -> ChunkResult:
    return ChunkResult(
        profile=raw["profile"],
        index=int(raw["index"]),
        seconds=float(raw["seconds"]),
        total=Tally.from_json(raw["total"]),
        families={name: Tally.from_json(tally) for name, tally in raw["families"].items()},
        review=Counter(raw["review"]),
        reasons=Counter(raw["reasons"]),
        no_sheet=int(raw["no_sheet"]),
        no_sheet_read=int(raw["no_sheet_read"]),
        reliability=Reliability.from_json(raw["reliability"]),
        silent=list(raw["silent"]),
        pages=list(raw["pages"]),
    )


class ResultsFile:
    """The file of one run, written line by line so that a killed run can go on where it stopped."""

    def __init__(self, path: Path) -> None:
        """The file need not exist yet."""
        self.path = path

    def exists(self) -> bool:
        """A run was started with it."""
        return self.path.exists() and self.path.stat().st_size > 0

    def start(self, run: Run) -> None:
        """Write the first line."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._append(json.dumps({"schema": SCHEMA, **asdict(run)}, ensure_ascii=False))

    def append(self, result: ChunkResult) -> None:
        """Add a chunk; it is on the disk when this returns."""
        self._append(result_line(result))

    def _append(self, line: str) -> None:
        with self.path.open("a", encoding="utf-8") as out:
            out.write(f"{line}\n")
            out.flush()
            os.fsync(out.fileno())

    def cut_torn_line(self) -> None:
        """Drop a last line that a kill left without its end."""
        text = self.path.read_bytes()
        if text and not text.endswith(b"\n"):
            self.path.write_bytes(text[: text.rfind(b"\n") + 1])

    def run(self) -> Run:
        """Which run this is.

        Raises:
            ResultsInvalid: the first line is not `chamdiem-accuracy/1`.
        """
        for line, place in numbered_lines(self.path):
            try:
                raw = json.loads(line)
                if raw.pop("schema") == SCHEMA:
                    return Run(**raw)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ResultsInvalid(f"{place}: không phải {SCHEMA} ({error}).") from error
            break
        raise ResultsInvalid(f"{self.path}: không phải {SCHEMA}.")

    def results(self) -> Iterator[ChunkResult]:
        """Every chunk, in the order in which they were finished.

        Raises:
            ResultsInvalid: a line is no chunk.
        """
        for number, (line, place) in enumerate(numbered_lines(self.path)):
            if number == 0:
                continue
            try:
                yield _result_from(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise ResultsInvalid(f"{place}: không phải {SCHEMA} ({error}).") from error
