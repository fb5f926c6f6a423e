"""One page of a deck: a printed side is filled in, scanned, compressed, and its truth written down."""

from dataclasses import dataclass
from pathlib import Path

import cv2

from ocr.deck.faults import Faults, Machine, draw_faults, draw_machine
from ocr.deck.ink import Paper
from ocr.deck.order import DeckOrder, Purpose, respond
from ocr.deck.output import encode_page, source_name
from ocr.deck.people import DrawnAnswer, Writer, draw_answer, write_comment
from ocr.deck.prints import PrintedSheets
from ocr.deck.scanner import contrast_of, scan_page
from ocr.deck.stack import Feed
from ocr.deck.truth import INVISIBLE_BELOW, PageKind, TruthField, TruthPage
from ocr.sheet_code import serial_text

_BILEVEL_CUT = 0.6


@dataclass(frozen=True, slots=True)
class ScannedPage:
    """One page: its compressed scan (empty if never scanned), (width, height) in px, and its truth."""

    feed: Feed
    encoded: bytes
    size_px: tuple[int, int]
    truth: TruthPage


def make_page(order: DeckOrder, printed: Path, feed: Feed) -> ScannedPage:
    """Print, fill in and scan one side; alone in its process or not, the result is the same."""
    cv2.setNumThreads(1)
    if feed.kind is PageKind.MISSING:
        return ScannedPage(feed, b"", (0, 0), _truth(order, feed, None, _Marks(), ()))
    faults = _faults(order, feed)
    rng = order.stream(Purpose.PAGE, feed.batch, feed.page_index, 1)
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
    writer, answers = respond(order, sheet)
    paper = _sheets(printed, order).side(sheet, page)
    rng = order.stream(Purpose.DRAWING, sheet, page)
    drawn, written = [], []
    for field in order.layout().page(page).fields:
        if field.kind == "choice":
            drawn.append(draw_answer(paper, field, answers[field.code], writer, rng))
        elif writer.comments:
            write_comment(paper, field, writer, rng)
            written.append(field.code)
    return paper, _Marks(tuple(drawn), tuple(written), writer)


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
    machine = draw_machine(scanner, order.stream(Purpose.MACHINE, feed.batch))
    rng = order.stream(Purpose.PAGE, feed.batch, feed.page_index, 0)
    return draw_faults(scanner, machine, feed.streaks, rng, upside_down=feed.upside_down)


def _threshold(order: DeckOrder, machine: Machine) -> int | None:
    if order.file_format != "tiff-g4":
        return None
    return round(machine.black + _BILEVEL_CUT * (machine.white - machine.black))


_open_sheets: dict[Path, PrintedSheets] = {}


def _sheets(printed: Path, order: DeckOrder) -> PrintedSheets:
    """The print that this process works on; another one closes it."""
    if printed not in _open_sheets:
        close_prints()
        _open_sheets[printed] = PrintedSheets(printed, order.layout(), order.dpi)
    return _open_sheets[printed]


def close_prints() -> None:
    """Close what this process has open."""
    for sheets in _open_sheets.values():
        sheets.close()
    _open_sheets.clear()
