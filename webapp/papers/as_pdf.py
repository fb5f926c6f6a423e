"""A signed paper as PDF, set by Typst with the fonts that the forms are printed with."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import typst

from ocr.errors import EngineFailed
from webapp.papers.signed_paper import Cell, SignedPaper, Table, written

_SOURCE = Path(__file__).parent / "signed_paper.typ"


def write(paper: SignedPaper, fonts_dir: Path) -> bytes:
    """The document as bytes; only the fonts in `fonts_dir` are used.

    Raises:
        EngineFailed: Typst refused it.
    """
    words = {
        "authority": paper.frame.authority,
        "title": paper.title,
        "subtitle": paper.subtitle,
        "place_and_day": paper.frame.place_and_day,
        "tables": [table_words(table) for table in paper.tables],
        "notes": list(paper.notes),
        "signatories": list(paper.frame.signatories),
        "signing_hint": paper.frame.signing_hint,
        "page_word": paper.frame.page_word,
        "foot": paper.frame.foot,
        "language": paper.frame.language,
        "is_wide": paper.is_wide,
    }
    return compile_paper(_SOURCE, words, fonts_dir)


def compile_paper(source: Path, words: Mapping[str, object], fonts_dir: Path) -> bytes:
    """Set `source`, which reads `words` as its input `paper`; the same words give the same bytes.

    Raises:
        EngineFailed: Typst refused it.
    """
    try:
        pdf = typst.compile(
            source,
            font_paths=[fonts_dir],
            ignore_system_fonts=True,
            sys_inputs={"paper": json.dumps(words, ensure_ascii=False)},
            timestamp=0,
        )
    except typst.TypstError as error:
        raise EngineFailed(f"Không sắp được giấy tờ ({source.name}): {error}") from error
    return bytes(pdf)


def table_words(table: Table) -> dict[str, object]:
    """A table as the sources in this folder read it."""
    return {
        "caption": table.caption,
        "is_small": table.is_small,
        "is_signed": table.is_signed,
        "headings": [column.heading for column in table.columns],
        "widths": [column.width for column in table.columns],
        "numbers": [column.is_number for column in table.columns],
        "rows": [_cells(row) for row in table.rows],
        "total": _cells(table.total),
    }


def _cells(row: Sequence[Cell]) -> list[str]:
    return [written(cell) for cell in row]
