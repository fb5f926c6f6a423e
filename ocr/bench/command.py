"""`python -m ocr bench`: figures of one run on one machine; nothing is asserted.

Absolute times mean little on a shared machine. The ratio to decoding the same pictures means more: no
reader can be faster than the decoding of its pages.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from ocr.bench.options import add_bench_options
from ocr.bench.reading import (
    BenchDeck,
    make_deck,
    measure_costs,
    pages_per_second,
    peak_memory_mb,
    profile_reading,
    read_many,
)
from ocr.bench.table import Section, as_markdown, as_text
from ocr.printing import PrintRun, print_sheets
from ocr.template import FormLibrary

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name for it

_DPIS = (200, 300)
_PROCESSES = (1, 2)
_MARKS = (100, 300, 1000, 3000, 10_000)
_PRINTED_SHEETS = 200


def add_bench_parser(subparsers: "Subparsers") -> None:
    """Add `bench`."""
    parser = subparsers.add_parser("bench", help="đo tốc độ in và đọc (tỉ số trong một lần chạy)")
    add_bench_options(parser)
    parser.set_defaults(run=_run)


def measure(parsed: argparse.Namespace, folder: Path) -> list[Section]:
    """Every table about printing and reading; `folder` takes the decks."""
    library = FormLibrary(parsed.forms)
    decks = [make_deck(parsed.forms, folder / str(dpi), dpi, parsed.sheets) for dpi in _DPIS]
    sections = [_costs(deck, library, parsed.rounds) for deck in decks]
    sections += [_stages(decks, library)]
    sections += [_processes(decks, parsed.forms, parsed.rounds)]
    sections += [_growth(decks[0], parsed.forms, parsed.pages)]
    return [*sections, _printing(library, parsed.rounds)]


def show(sections: Sequence[Section], *, markdown: bool) -> None:
    """Write the tables to standard output."""
    sys.stdout.write((as_markdown if markdown else as_text)(sections) + "\n")


def _run(parsed: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="chamdiem-bench-") as folder:
        show(measure(parsed, Path(folder)), markdown=parsed.markdown)
    return 0


def _costs(deck: BenchDeck, library: FormLibrary, rounds: int) -> Section:
    costs = measure_costs(deck, library, rounds)
    return Section(
        f"A page of {deck.dpi} dpi, one process",
        f"Processor time; {len(deck.encoded)} pages, median of {rounds} rounds that each do everything.",
        ("work", "ms/page", "× floor"),
        tuple((c.name, f"{c.ms_per_page:.2f}", f"{c.ratio:.2f}") for c in costs),
    )


def _stages(decks: Sequence[BenchDeck], library: FormLibrary) -> Section:
    """Two columns a resolution: milliseconds and share; what no stage has is `everything else`."""
    columns, cells = [], []
    for deck in decks:
        times, pages = profile_reading(deck, library), len(deck.encoded)
        rest = times.total_s - sum(times.by_stage.values())
        spent = {**times.by_stage, "everything else": rest, "total": times.total_s}
        columns += [f"{deck.dpi} dpi, ms/page", "share"]
        cells.append(
            {n: (f"{s * 1000 / pages:.2f}", f"{100 * s / times.total_s:.0f} %") for n, s in spent.items()}
        )
    return Section(
        "Where a page's time goes, with crops and previews",
        "Processor time under Python's profiler, whose own cost is in it.",
        ("stage", *columns),
        tuple((name, *(cell for own in cells for cell in own[name])) for name in cells[0]),
    )


def _processes(decks: Sequence[BenchDeck], forms_dir: Path, rounds: int) -> Section:
    rows = []
    for deck in decks:
        speeds = [pages_per_second(deck, forms_dir, count, rounds) for count in _PROCESSES]
        peak = peak_memory_mb(deck.path, forms_dir)
        rows.append((f"{deck.dpi} dpi", *(f"{speed:.1f}" for speed in speeds), f"{peak:.0f}"))
    return Section(
        "Pages a second",
        f"Wall time, best of {rounds} rounds, on {os.cpu_count()} processors; each process reads by itself.",
        ("scans", *(f"{count} process{'es' * (count > 1)}" for count in _PROCESSES), "peak MB of one"),
        tuple(rows),
    )


def _growth(deck: BenchDeck, forms_dir: Path, pages: int) -> Section:
    marks = [mark for mark in _MARKS if mark < pages] + [pages]
    return Section(
        "Page after page in one process",
        f"Processor time of the pages since the line above, {deck.dpi} dpi, with crops and previews.",
        ("pages read", "ms/page", "peak MB"),
        tuple(
            (f"{m.pages:,}", f"{m.ms_per_page:.2f}", f"{m.peak_mb:.0f}")
            for m in read_many(deck, forms_dir, marks)
        ),
    )


def _printing(library: FormLibrary, rounds: int) -> Section:
    run = PrintRun("CX4", 1, "DN", "19186", "xã Đại Trạch", range(1, _PRINTED_SHEETS + 1))
    spent = []
    for _ in range(rounds):
        start = time.process_time()
        print_sheets(library, run, BytesIO())
        spent.append((time.process_time() - start) * 1000 / (2 * _PRINTED_SHEETS))
    return Section(
        "Printing",
        f"Processor time; {_PRINTED_SHEETS} personal sheets, both sides, median of {rounds} rounds.",
        ("work", "ms/page"),
        (("print", f"{statistics.median(spent):.2f}"),),
    )
