"""Tables of figures, for a terminal and for docs/bench.md."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """One table: its title, the words under it, and the cells, of which the first column is a name."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def as_text(sections: Sequence[Section]) -> str:
    """The tables for a terminal: names to the left, figures to the right."""
    return "\n\n".join("\n".join((s.title, *_aligned(s), *([s.note] if s.note else []))) for s in sections)


def as_markdown(sections: Sequence[Section]) -> str:
    """The tables as Markdown, one heading each."""
    return "\n\n".join("\n".join(_markdown(section)) for section in sections)


def _aligned(section: Section) -> list[str]:
    lines = [section.columns, *section.rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(section.columns))]
    return [
        "  ".join(cell.rjust(width) if at else cell.ljust(width) for at, (cell, width) in enumerate(cells))
        for cells in (list(zip(line, widths, strict=True)) for line in lines)
    ]


def _markdown(section: Section) -> list[str]:
    ruler = ["---", *["---:"] * (len(section.columns) - 1)]
    table = [f"| {' | '.join(line)} |" for line in (section.columns, ruler, *section.rows)]
    note = [section.note, ""] if section.note else []
    return [f"## {section.title}", "", *note, *table]
