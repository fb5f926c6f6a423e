"""A whole deck: print, let people fill in, scan, write the files and the truth."""

import multiprocessing
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import cv2
import numpy as np

from ocr.deck.faults import Faults, Machine, draw_faults, draw_machine
from ocr.deck.ink import Paper
from ocr.deck.output import Format, ScanFileWriter, encode_page, source_name
from ocr.deck.people import (
    Answer,
    DrawnAnswer,
    Writer,
    choose_answers,
    draw_answer,
    meet_writer,
    write_comment,
)
from ocr.deck.prints import PrintedSheets
from ocr.deck.profiles import PROFILES, Profile
from ocr.deck.scanner import contrast_of, scan_page
from ocr.deck.stack import Feed, plan_feeds
from ocr.deck.truth import INVISIBLE_BELOW, PageKind, TruthField, TruthPage, write_truth
from ocr.layout import Layout
from ocr.printing import PrintRun, print_sheets
from ocr.sheet_code import serial_text
from ocr.template import FormLibrary

_BILEVEL_CUT = 0.6
_STACK, _WRITER, _DRAWING, _MACHINE, _PAGE = range(5)


@dataclass(frozen=True, slots=True)
class DeckOrder:
    """What deck to build. The same order gives the same bytes, however many workers build it."""

    forms_dir: Path
    form: str
    version: int
    group: str
    unit: str
    unit_name: str
    sheets: int
    seed: int
    profile: str = "office"
    dpi: int = 200
    file_format: Format = "pdf"
    first_serial: int = 1
    sheets_per_file: int = 100

    def serial(self, sheet: int) -> int:
        """The serial of a sheet that counts from 0."""
        return self.first_serial + sheet

    def name(self) -> str:
        """What the deck's files are called after: unique within a campaign."""
        return f"{self.form}-{self.group}-{self.unit}"

    def behaviour(self) -> Profile:
        """The profile itself."""
        return PROFILES[self.profile]


@dataclass(frozen=True, slots=True)
class Deck:
    """Where a deck's scans and truth were written."""

    files: tuple[Path, ...]
    truth: Path
    pages: int


@dataclass(frozen=True, slots=True)
class ScannedPage:
    """One page: its compressed scan (empty if never scanned), (width, height) in px, and its truth."""

    feed: Feed
    encoded: bytes
    size_px: tuple[int, int]
    truth: TruthPage


def build_deck(order: DeckOrder, out: Path, workers: int = 1) -> Deck:
    """Build the deck into folder `out` (scan files and `truth.jsonl`).

    Raises:
        TemplateInvalid: the library has no such form, group or version.
        EngineFailed: printing or compressing failed.
    """
    out.mkdir(parents=True, exist_ok=True)
    feeds = plan_feeds(order.sheets, order.behaviour(), order.sheets_per_file, _stream(order, _STACK))
    writer = ScanFileWriter(out, order.name(), order.file_format, order.dpi)
    truth: list[TruthPage] = []
    with tempfile.TemporaryDirectory(prefix="chamdiem-deck-") as scratch:
        printed = Path(scratch) / "printed.pdf"
        print_deck(order, printed)
        try:
            with _mapped(workers) as mapped:
                for page in mapped(partial(make_page, order, printed), feeds):
                    if page.encoded:
                        writer.add(page.feed.batch, page.feed.page_index, page.encoded, page.size_px)
                    truth.append(page.truth)
        finally:
            _close_sheets()
    writer.close()
    write_truth(truth, out / "truth.jsonl")
    return Deck(
        tuple(writer.files), out / "truth.jsonl", sum(feed.kind is not PageKind.MISSING for feed in feeds)
    )


def make_page(order: DeckOrder, printed: Path, feed: Feed) -> ScannedPage:
    """Print, fill in and scan one side; alone in its process or not, the result is the same."""
    cv2.setNumThreads(1)
    if feed.kind is PageKind.MISSING:
        return ScannedPage(feed, b"", (0, 0), _truth(order, feed, None, _Marks(), ()))
    faults = _faults(order, feed)
    rng = _stream(order, _PAGE, feed.batch, feed.page_index, 1)
    threshold = _threshold(order, faults.machine)
    paper, marks = _side(order, printed, feed)
    reverse = None
    if faults.show_through > 0 and feed.kind is not PageKind.BLANK:
        reverse = _filled_side(order, printed, feed.sheet, 3 - feed.page)[0].pixels
    scan = scan_page(paper, reverse, faults, rng)
    encoded = encode_page(scan, order.file_format, faults.machine.jpeg_quality, threshold or 0, order.dpi)
    fields = tuple(_truth_field(drawn, paper, faults, threshold) for drawn in marks.drawn)
    truth = _truth(order, feed, faults, marks, fields)
    return ScannedPage(feed, encoded, (scan.shape[1], scan.shape[0]), truth)


@dataclass(frozen=True, slots=True)
class _Marks:
    """What people left on one side."""

    drawn: tuple[DrawnAnswer, ...] = ()
    written: tuple[str, ...] = ()
    writer: Writer | None = None


def _side(order: DeckOrder, printed: Path, feed: Feed) -> tuple[Paper, _Marks]:
    if feed.kind is PageKind.BLANK:
        return _sheets(printed, order).white(), _Marks()
    return _filled_side(order, printed, feed.sheet, feed.page)


def _filled_side(order: DeckOrder, printed: Path, sheet: int, page: int) -> tuple[Paper, _Marks]:
    layout = _layout(order)
    writer, answers = respond(order, layout, sheet)
    paper = _sheets(printed, order).side(sheet, page)
    rng = _stream(order, _DRAWING, sheet, page)
    drawn, written = [], []
    for field in layout.page(page).fields:
        if field.kind == "choice":
            drawn.append(draw_answer(paper, field, answers[field.code], writer, rng))
        elif writer.comments:
            write_comment(paper, field, writer, rng)
            written.append(field.code)
    return paper, _Marks(tuple(drawn), tuple(written), writer)


def respond(order: DeckOrder, layout: Layout, sheet: int) -> tuple[Writer, dict[str, Answer]]:
    """Who fills in a sheet, and with which answers: known without drawing anything."""
    people = order.behaviour().people
    rng = _stream(order, _WRITER, sheet)
    writer = meet_writer(people, unit_level(order.unit), rng)
    return writer, choose_answers(layout, writer, people, rng)


def unit_level(unit: str) -> float:
    """How good a unit is in all decks, in [0.4, 0.9]: units differ, so that ranks mean something."""
    return 0.4 + 0.5 * (zlib.crc32(f"unit {unit}".encode()) % 1000) / 999


def print_deck(order: DeckOrder, printed: Path) -> None:
    """Print the deck's sheets, with real codes and serials, as the office would."""
    serials = [order.serial(sheet) for sheet in range(order.sheets)]
    run = PrintRun(order.form, order.version, order.group, order.unit, order.unit_name, serials)
    print_sheets(FormLibrary(order.forms_dir), run, printed)


def _truth_field(drawn: DrawnAnswer, paper: Paper, faults: Faults, threshold: int | None) -> TruthField:
    answer = drawn.answer
    contrast = round(contrast_of(drawn.patches, paper, faults, threshold), 1) if answer.marks else None
    value = answer.marks[0] if len(answer.marks) == 1 else (answer.marks or None)
    return TruthField(
        code=answer.code,
        options=answer.options,
        value=value,
        style=answer.style.value if answer.marks else "",
        event=answer.event.value,
        visible=contrast is None or contrast >= INVISIBLE_BELOW,
        contrast=contrast,
        cancelled=answer.cancelled,
    )


def _truth(
    order: DeckOrder,
    feed: Feed,
    faults: Faults | None,
    marks: _Marks,
    fields: tuple[TruthField, ...],
) -> TruthPage:
    scanned, white = feed.kind is not PageKind.MISSING, feed.kind is PageKind.BLANK
    return TruthPage(
        kind=feed.kind,
        source=source_name(order.name(), feed.batch, feed.page_index, order.file_format) if scanned else None,
        page_index=_index_in_file(order, feed) if scanned else None,
        serial=None if white else serial_text(order.serial(feed.sheet)),
        form=None if white else order.form,
        version=None if white else order.version,
        group=None if white else order.group,
        unit=None if white else order.unit,
        page=None if white else feed.page,
        fields=fields,
        written=marks.written,
        tags=(*_writer_tags(marks.writer), *_fault_tags(faults)),
    )


def _index_in_file(order: DeckOrder, feed: Feed) -> int:
    return 0 if order.file_format in {"jpeg", "png"} else feed.page_index


def _writer_tags(writer: Writer | None) -> tuple[tuple[str, str | float | bool], ...]:
    if writer is None:
        return ()
    return (("pen", writer.pen), ("writer_style", writer.style.value), ("slop", round(writer.hand.slop, 2)))


def _fault_tags(faults: Faults | None) -> tuple[tuple[str, str | float | bool], ...]:
    if faults is None:
        return ()
    return (
        ("upside_down", faults.upside_down),
        ("skew_deg", round(faults.skew_deg, 2)),
        ("streak", bool(faults.streaks)),
        ("fold", faults.fold is not None),
        ("show_through", round(faults.show_through, 3)),
        ("copied", faults.copied),
        ("stain", faults.stain is not None),
        ("blur_mm", round(faults.machine.blur_mm, 3)),
        ("noise", round(faults.machine.noise, 1)),
    )


def _faults(order: DeckOrder, feed: Feed) -> Faults:
    scanner = order.behaviour().scanner
    machine = draw_machine(scanner, _stream(order, _MACHINE, feed.batch))
    rng = _stream(order, _PAGE, feed.batch, feed.page_index, 0)
    return draw_faults(scanner, machine, feed.streaks, rng, upside_down=feed.upside_down)


def _threshold(order: DeckOrder, machine: Machine) -> int | None:
    if order.file_format != "tiff-g4":
        return None
    return round(machine.black + _BILEVEL_CUT * (machine.white - machine.black))


def _stream(order: DeckOrder, *key: int) -> np.random.Generator:
    """The random stream of one purpose: it depends on the order's seed and print, on nothing else."""
    deck = zlib.crc32(f"{order.form}.{order.version}.{order.group}.{order.unit}".encode())
    return np.random.default_rng(np.random.SeedSequence(order.seed, spawn_key=(deck, *key)))


@lru_cache(maxsize=4)
def _layout_of(forms_dir: Path, form: str, version: int) -> Layout:
    return FormLibrary(forms_dir).layout(form, version)


def _layout(order: DeckOrder) -> Layout:
    return _layout_of(order.forms_dir, order.form, order.version)


_open_sheets: dict[Path, PrintedSheets] = {}


def _sheets(printed: Path, order: DeckOrder) -> PrintedSheets:
    """The print that this process works on; another one closes it."""
    if printed not in _open_sheets:
        _close_sheets()
        _open_sheets[printed] = PrintedSheets(printed, _layout(order), order.dpi)
    return _open_sheets[printed]


def _close_sheets() -> None:
    for sheets in _open_sheets.values():
        sheets.close()
    _open_sheets.clear()


PageMap = Callable[[Callable[[Feed], ScannedPage], list[Feed]], Iterator[ScannedPage]]


@contextmanager
def _mapped(workers: int) -> Iterator[PageMap]:
    """`map` over feeds, in this process or in several."""
    if workers <= 1:
        yield map
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield lambda function, feeds: pool.imap(function, feeds, chunksize=8)
