"""A whole deck: print, let people fill in, scan, write the files and the truth."""

import multiprocessing
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ocr.deck.order import DeckOrder, Purpose
from ocr.deck.output import ScanFileWriter
from ocr.deck.page import Prints, ScannedPage, close_prints, make_page
from ocr.deck.stack import Feed, plan_feeds
from ocr.deck.truth import TruthPage, write_truth
from ocr.errors import OcrError
from ocr.printing import PrintRun, print_sheets
from ocr.template import FormLibrary

TRUTH_NAME = "truth.jsonl"
PageMap = Callable[[Callable[[Feed], ScannedPage], Sequence[Feed]], Iterator[ScannedPage]]


@dataclass(frozen=True, slots=True)
class Stack:
    """Scan files with the truth of every page, in scan order."""

    files: tuple[Path, ...]
    truth: tuple[TruthPage, ...]

    @property
    def pages(self) -> int:
        """How many pages were scanned."""
        return sum(page.source is not None for page in self.truth)


def build_deck(order: DeckOrder, out: Path, workers: int = 1) -> Stack:
    """Build the deck into folder `out` (scan files and `truth.jsonl`).

    Raises:
        TemplateInvalid: the library has no such form, group or version.
        FamilyRefused: a family that is to be held out is unknown, or nothing is left to mark with.
        EngineFailed: printing or compressing failed.
        OcrError: the folder has a deck already, whose scans would be taken for this one's.
    """
    order.behaviour()  # refused before anything is printed
    if (out / TRUTH_NAME).exists():
        raise OcrError(f"{out} đã có một bộ phiếu thử. Hãy chọn thư mục khác cho --out.")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="chamdiem-deck-") as scratch, page_workers(workers) as page_map:
        printed = Path(scratch) / "printed.pdf"
        print_deck(order, printed)
        stack = scan_print(order, printed, out, page_map)
    write_truth(stack.truth, out / TRUTH_NAME)
    return stack


def scan_print(
    order: DeckOrder, printed: Path, out: Path, page_map: PageMap, feeds: Sequence[Feed] | None = None
) -> Stack:
    """Fill in and scan sheets that are printed already.

    Args:
        order: says whose sheets they are; its serials are those of the print.
        printed: the PDF, two pages a sheet in the order of serials.
        out: the folder of the scan files, which exists.
        page_map: from `page_workers`.
        feeds: what passes the scanner, one batch after the other; as the profile has it by default.
    """
    if feeds is None:
        behaviour, rng = order.behaviour(), order.stream(Purpose.STACK)
        feeds = plan_feeds(order.sheets, behaviour, order.sheets_per_file, rng)
    writer = ScanFileWriter(out, order.name(), order.file_format)
    truth: list[TruthPage] = []
    with tempfile.TemporaryDirectory(prefix="chamdiem-deck-") as scratch:
        prints = Prints(order, printed, _print_foreign(order, feeds, Path(scratch) / "foreign.pdf"))
        try:
            for page in page_map(partial(make_page, prints), feeds):
                if page.encoded:
                    place = (page.feed.batch, page.feed.page_index)
                    writer.add(*place, page.encoded, page.size_px, page.dpi)
                truth.append(page.truth)
        finally:
            close_prints()
    writer.close()
    return Stack(tuple(writer.files), tuple(truth))


def _print_foreign(order: DeckOrder, feeds: Sequence[Feed], printed: Path) -> tuple[DeckOrder, Path] | None:
    """Print the sheets of another form that got into the stack, if there are any."""
    sheets = 1 + max((feed.sheet for feed in feeds if feed.foreign), default=-1)
    if sheets == 0:
        return None
    foreign = order.foreign(sheets)
    print_deck(foreign, printed)
    return foreign, printed


def print_deck(order: DeckOrder, printed: Path) -> None:
    """Print the deck's sheets, with real codes and serials, as the office would."""
    serials = [order.serial(sheet) for sheet in range(order.sheets)]
    run = PrintRun(order.form, order.version, order.group, order.unit, order.unit_name, serials)
    print_sheets(FormLibrary(order.forms_dir), run, printed)


@contextmanager
def page_workers(workers: int) -> Iterator[PageMap]:
    """`map` over feeds, in this process or in several; the order of pages is kept."""
    if workers <= 1:
        yield map
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield lambda function, feeds: pool.imap(function, feeds, chunksize=8)
