"""`python -m ocr bench`: how fast printing and reading are on this machine, as ratios of one run.

Absolute times mean little on a shared machine; the ratio to decoding the same pictures means more: no
reader can be faster than the decoding of its pages.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from ocr.deck.build import build_deck
from ocr.deck.order import DeckOrder
from ocr.pipeline import ReadOptions, read_page
from ocr.printing import PrintRun, print_sheets
from ocr.source import iter_pages
from ocr.template import FormLibrary

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name for it

_PRINTED_SHEETS = 200
_SHEETS = 20
_SEED = 4242


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report: milliseconds a page, and the ratio to decoding alone (None for printing)."""

    name: str
    ms_per_page: float
    ratio: float | None


def add_bench_parser(subparsers: "Subparsers") -> None:
    """Add `bench`."""
    parser = subparsers.add_parser("bench", help="đo tốc độ in và đọc (tỉ số trong một lần chạy)")
    parser.add_argument("--forms", type=Path, default=Path("forms_templates"), help="thư mục mẫu phiếu")
    parser.add_argument("--rounds", type=int, default=5, help="số lần đo mỗi việc (mặc định 5)")
    parser.set_defaults(run=_run)


def _run(parsed: argparse.Namespace) -> int:
    cv2.setNumThreads(1)
    for figure in measure(parsed.forms, parsed.rounds):
        pages_per_s = 1000 / figure.ms_per_page
        ratio = "" if figure.ratio is None else f"   {figure.ratio:5.2f} × decoding"
        sys.stdout.write(
            f"{figure.name:<42}{figure.ms_per_page:8.2f} ms/page {pages_per_s:8.1f} pages/s{ratio}\n"
        )
    return 0


def measure(forms_dir: Path, rounds: int) -> list[Figure]:
    """Print, make a deck of office scans at 200 dpi, and read it in every way that the product does."""
    library = FormLibrary(forms_dir)
    figures = [Figure("print personal sheets", _time_printing(library, rounds), None)]
    with tempfile.TemporaryDirectory(prefix="chamdiem-bench-") as folder:
        order = DeckOrder(forms_dir, "CX4", 1, "DN", "19186", "xã Đại Trạch", _SHEETS, _SEED)
        scans = build_deck(order, Path(folder), workers=2).files
        pages = sum(1 for path in scans for _ in iter_pages(path))
        decoding = _median_ms(lambda: _decode(scans), pages, rounds)
        reading = _median_ms(lambda: _read(scans, library, ReadOptions()), pages, rounds)
        pictures = ReadOptions(crops="doubtful", preview=True)
        with_pictures = _median_ms(lambda: _read(scans, library, pictures), pages, rounds)
        paired = _time_two_processes(scans, forms_dir, pages, rounds)
    figures += [
        Figure("decode to grey (the floor)", decoding, 1.0),
        Figure("read, one process", reading, reading / decoding),
        Figure("read with crops and previews, one process", with_pictures, with_pictures / decoding),
        Figure("read, two processes", paired, paired / decoding),
    ]
    return figures


def _median_ms(work: Callable[[], None], pages: int, rounds: int) -> float:
    """Milliseconds a page, median of the rounds after one that warms up."""
    work()
    spent = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        spent.append((time.perf_counter() - start) * 1000 / pages)
    return statistics.median(spent)


def _time_printing(library: FormLibrary, rounds: int) -> float:
    run = PrintRun("CX4", 1, "DN", "19186", "xã Đại Trạch", range(1, _PRINTED_SHEETS + 1))

    def work() -> None:
        print_sheets(library, run, BytesIO())

    return _median_ms(work, 2 * _PRINTED_SHEETS, rounds)


def _decode(scans: Sequence[Path]) -> None:
    for path in scans:
        for _page in iter_pages(path):
            pass


def _read(scans: Sequence[Path], library: FormLibrary, options: ReadOptions) -> None:
    for path in scans:
        for page in iter_pages(path):
            read_page(page, library, options)


def _read_in_child(scans: Sequence[Path], forms_dir: Path) -> None:
    cv2.setNumThreads(1)
    _read(scans, FormLibrary(forms_dir), ReadOptions())


def _time_two_processes(scans: Sequence[Path], forms_dir: Path, pages: int, rounds: int) -> float:
    """Both processes read the whole deck at the same time: twice the pages."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:

        def work() -> None:
            for done in [pool.submit(_read_in_child, scans, forms_dir) for _ in range(2)]:
                done.result()

        return _median_ms(work, 2 * pages, rounds)
