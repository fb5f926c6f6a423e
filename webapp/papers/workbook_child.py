"""The rows of a workbook that somebody sent, read by a program of its own.

`python -m webapp.papers.workbook_child`: the workbook comes on standard input, its worksheets go to standard
output as JSON. A hostile file can only take this process along; `plain_workbook` starts it with limits on
time and memory.
"""

import io
import json
import sys
from collections.abc import Iterable, Sequence
from typing import Final

from openpyxl import load_workbook

MAX_ROWS: Final = 10_000
_MOST_CELLS: Final = 1_000_000
_MOST_LETTERS: Final = 20_000_000  # of all cells: shared texts make much out of little
TOO_MANY_ROWS, TOO_LARGE, NO_WORKBOOK = 3, 4, 5  # exit codes

Rows = list[list[str]]


class TooMuch(Exception):
    """More than a list of an office holds; `exit_code` says of what."""

    def __init__(self, exit_code: int) -> None:
        """`exit_code`: TOO_MANY_ROWS or TOO_LARGE."""
        super().__init__(exit_code)
        self.exit_code = exit_code


def rows_of(data: bytes) -> dict[str, Rows]:
    """All worksheets as text, without formulas; row 1 first, cells without value as "".

    Raises:
        TooMuch: over a limit.
        Exception: whatever a broken archive or its XML leads to: KeyError, ValueError, …
    """
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    left = _Left()
    return {sheet.title: _rows(sheet.iter_rows(values_only=True), left) for sheet in book.worksheets}


class _Left:
    """How much may still come out of the workbook."""

    def __init__(self) -> None:
        self.cells, self.letters = _MOST_CELLS, _MOST_LETTERS

    def take(self, row: Sequence[str]) -> None:
        self.cells -= len(row)
        self.letters -= sum(map(len, row))
        if self.cells < 0 or self.letters < 0:
            raise TooMuch(TOO_LARGE)


def _rows(lines: Iterable[Sequence[object]], left: _Left) -> Rows:
    rows: Rows = []
    for line in lines:
        if len(rows) >= MAX_ROWS:
            raise TooMuch(TOO_MANY_ROWS)
        rows.append(["" if value is None else str(value).strip() for value in line])
        left.take(rows[-1])
    return rows


def main() -> int:
    """Read one workbook; 0, or why there is nothing to give."""
    try:
        sheets = rows_of(sys.stdin.buffer.read())
    except TooMuch as refusal:
        return refusal.exit_code
    except MemoryError:
        return TOO_LARGE
    except Exception:  # noqa: BLE001 - whatever it is, it is no workbook
        return NO_WORKBOOK
    sys.stdout.buffer.write(json.dumps(sheets).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
