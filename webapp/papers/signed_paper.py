"""A paper with tables and places to sign, before it becomes a file of any kind.

paper = SignedPaper(title="Danh sách ký nhận tiền", tables=[…], frame=PaperFrame(…), …)
as_docx.write(paper), as_xlsx.write(paper), as_pdf.write(paper)     # bytes
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Cell = str | int  # an int is a number of its own (forms, đồng): drawn right, grouped by thousands

_SMALL_ROWS: Final = 8
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, its share of the page's width, and whether it is drawn right."""

    heading: str
    width: int
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a caption; `total` is the last row, drawn bold; the header is repeated on every page."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] = ()
    is_signed: bool = False  # in an official document: rows are high enough to sign in

    @property
    def is_small(self) -> bool:
        """Whether it is better kept on one page."""
        return len(self.rows) <= _SMALL_ROWS


@dataclass(frozen=True, slots=True)
class PaperFrame:
    """What surrounds the tables; `signatories` sign side by side at the end."""

    authority: str
    place_and_day: str
    signatories: Sequence[str]
    signing_hint: str
    page_word: str  # "Trang": page x/y at the foot
    foot: str  # when and from what it was printed
    language: str = "vi"


@dataclass(frozen=True, slots=True)
class SignedPaper:
    """What stands on it, from top to bottom."""

    title: str
    subtitle: str
    tables: Sequence[Table]
    notes: Sequence[str]
    frame: PaperFrame
    is_wide: bool = False


def grouped(number: int) -> str:
    """28360000 as 28.360.000, the same on every paper."""
    return f"{number:,}".replace(",", ".")


def written(cell: Cell) -> str:
    """A cell as it is printed."""
    return grouped(cell) if isinstance(cell, int) else cell


def harmless(text: str) -> str:
    """A text that a spreadsheet would take for a formula, made a text."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
