"""The manifest: every accepted answer in one canonical text, so that one hash commits to all of them.

The text is CSV (UTF-8, a comma between cells, a line feed after every line, no quotes), its first line
HEADER, then one line an answer in the order of `answer_id`. No cell holds a comma, a quote or a line end, so
the same answers are the same bytes everywhere. docs/audit.md says what each column means.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from operator import attrgetter

BLANK, INVALID = "blank", "invalid"  # what an answer can be beside an option's code
SAMPLED, FULL = "sampled", "full"
_FORBIDDEN = frozenset(',"\r\n')


class ManifestInvalid(ValueError):
    """The text is no manifest: which line, and why."""


@dataclass(frozen=True, slots=True)
class ManifestLine:
    """One accepted answer.

    `answer_id` is "<sheet>.<field>"; `value` an option's code, "blank" or "invalid"; `crop_sha256` the
    picture that it was read from (the question's, or its whole page's), empty where there is none.
    `stratum`: "sampled" (one in each sheet is drawn) or "full" (every one is looked at).
    """

    answer_id: str
    sheet: str
    form: str
    group: str
    unit: str
    field: str
    value: str
    crop_sha256: str
    stratum: str = SAMPLED


_COLUMNS = tuple(column.name for column in fields(ManifestLine))
_cells = attrgetter(*_COLUMNS)
HEADER = ",".join(_COLUMNS)


def write_manifest(lines: Iterable[ManifestLine]) -> str:
    """The canonical text.

    Raises:
        ManifestInvalid: an answer stands twice, or a cell holds what a cell may not hold.
    """
    ordered = sorted(lines, key=lambda line: line.answer_id)
    for former, line in pairwise(ordered):
        if former.answer_id == line.answer_id:
            raise ManifestInvalid(f"{line.answer_id} stands twice")
    return "".join(f"{text}\n" for text in (HEADER, *(_written(line) for line in ordered)))


def read_manifest(text: str) -> list[ManifestLine]:
    """The answers of a manifest.

    Raises:
        ManifestInvalid: this is not the canonical text of any answers.
    """
    rows = text.split("\n")
    if rows[0] != HEADER or rows[-1] != "":
        raise ManifestInvalid("the first line is not the manifest's, or the last one is not closed")
    width = len(_COLUMNS)
    lines = []
    for number, row in enumerate(rows[1:-1], start=2):
        cells = row.split(",")
        if len(cells) != width or cells[-1] not in (SAMPLED, FULL):
            raise ManifestInvalid(f"line {number} is not an answer")
        lines.append(ManifestLine(*cells))
    if write_manifest(lines) != text:
        raise ManifestInvalid("the answers are not in the order of answer_id")
    return lines


def manifest_sha256(text: str) -> str:
    """What is published before the seed is known."""
    return hashlib.sha256(text.encode()).hexdigest()


def count_sheets(lines: Sequence[ManifestLine]) -> int:
    """Sheets with an answer that can be drawn: the size of a round."""
    return len({line.sheet for line in lines if line.stratum == SAMPLED})


def _written(line: ManifestLine) -> str:
    cells: tuple[str, ...] = _cells(line)
    if not _FORBIDDEN.isdisjoint("".join(cells)):
        wrong = next(cell for cell in cells if not _FORBIDDEN.isdisjoint(cell))
        raise ManifestInvalid(f"{line.answer_id}: {wrong!r} cannot stand in a manifest")
    return ",".join(cells)
