"""One page of a deck: a printed side is filled in, scanned, compressed, and its truth written down."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ocr.deck.faults import Faults, draw_faults, draw_machine
from ocr.deck.hands.model import HANDS
from ocr.deck.ink import Image, Paper
from ocr.deck.marking import DrawnAnswer, Sitting, draw_answer, write_comment
from ocr.deck.order import DeckOrder, Purpose, respond
from ocr.deck.output import encode_page, source_name
from ocr.deck.people import Writer
from ocr.deck.prints import PrintedSheets
from ocr.deck.scanner import contrast_of, scan_page
from ocr.deck.stack import Feed
from ocr.deck.tags import fault_tags
from ocr.deck.truth import INVISIBLE_BELOW, PageKind, Tags, TruthField, TruthPage
from ocr.sheet_code import serial_text

_BILEVEL_CUT = 0.6
_PRINTS_OPEN = 2
_MM_PER_INCH = 25.4


@dataclass(frozen=True, slots=True)
class Prints:
    """A deck's order and its printed sheets, and those of another form that got into its stack."""

    order: DeckOrder
    printed: Path
    foreign: tuple[DeckOrder, Path] | None = None

    def of(self, feed: Feed) -> tuple[DeckOrder, Path]:
        """Whose sheets a side is one of, and where they are printed."""
        if not feed.foreign:
            return self.order, self.printed
        if self.foreign is None:
            raise ValueError(feed)
        return self.foreign


@dataclass(frozen=True, slots=True)
class ScannedPage:
    """One page: its compressed scan (empty if never scanned), (width, height) in px, and its truth.

    `dpi` is the resolution that its file states.
    """

    feed: Feed
    encoded: bytes
    size_px: tuple[int, int]
    dpi: float
    truth: TruthPage


def make_page(prints: Prints, feed: Feed) -> ScannedPage:
    """Print, fill in and scan one side; alone in its process or not, the result is the same."""
    cv2.setNumThreads(1)
    deck, (order, printed) = prints.order, prints.of(feed)
    if feed.kind is PageKind.MISSING:
        return ScannedPage(feed, b"", (0, 0), deck.dpi, _truth(prints, feed, None, _Marks(), ()))
    faults = _faults(deck, feed)
    rng = deck.stream(Purpose.PAGE, feed.batch, feed.page_index, 1)
    threshold = _threshold(deck, faults)
    paper, marks = _side(order, printed, feed)
    reverse = None
    if faults.show_through > 0 and feed.kind is not PageKind.BLANK:
        reverse = _filled_side(order, printed, feed.sheet, 3 - feed.page)[0].pixels
    scan = scan_page(paper, reverse, faults, rng, deck.part)
    if threshold is not None and faults.bilevel:
        scan = np.asarray(cv2.threshold(scan, threshold - 1, 255, cv2.THRESH_BINARY)[1], dtype=np.uint8)
    dpi = _stated_dpi(deck, faults, scan)
    encoded = encode_page(scan, deck.file_format, faults.machine.jpeg_quality, threshold or 0, dpi)
    fields = tuple(_truth_field(drawn, marks, paper, faults, threshold) for drawn in marks.drawn)
    truth = _truth(prints, feed, faults, marks, fields)
    return ScannedPage(feed, encoded, (scan.shape[1], scan.shape[0]), dpi, truth)


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
    sitting = Sitting(paper, writer, HANDS[order.part], order.behaviour().people.far_reach, rng)
    drawn, written = [], []
    for field in order.layout().page(page).fields:
        if field.kind == "choice":
            drawn.append(draw_answer(sitting, field, answers[field.code]))
        elif writer.comments:
            write_comment(sitting, field)
            written.append(field.code)
    return paper, _Marks(tuple(drawn), tuple(written), writer)


def _truth_field(
    drawn: DrawnAnswer, marks: _Marks, paper: Paper, faults: Faults, threshold: int | None
) -> TruthField:
    answer, second = drawn.answer, marks.writer.second if marks.writer is not None else None
    contrast = round(contrast_of(drawn.patches, paper, faults, threshold), 1) if answer.marks else None
    value = answer.marks[0] if len(answer.marks) == 1 else (answer.marks or None)
    return TruthField(
        code=answer.code,
        options=answer.options,
        value=value,
        style=answer.style.value if answer.marks or answer.cancelled else "",
        event=answer.event.value,
        visible=contrast is None or contrast >= INVISIBLE_BELOW,
        contrast=contrast,
        cancelled=answer.cancelled,
        second_pen=second[0] if answer.second_pen and second is not None else "",
    )


def _truth(
    prints: Prints,
    feed: Feed,
    faults: Faults | None,
    marks: _Marks,
    fields: tuple[TruthField, ...],
) -> TruthPage:
    deck, (order, _printed) = prints.order, prints.of(feed)
    scanned, white = feed.kind is not PageKind.MISSING, feed.kind is PageKind.BLANK
    return TruthPage(
        kind=feed.kind,
        source=source_name(deck.name(), feed.batch, feed.page_index, deck.file_format) if scanned else None,
        page_index=_index_in_file(deck, feed) if scanned else None,
        serial=None if white else serial_text(order.serial(feed.sheet)),
        form=None if white else order.form,
        version=None if white else order.version,
        group=None if white else order.group,
        unit=None if white else order.unit,
        page=None if white else feed.page,
        fields=fields,
        written=marks.written,
        tags=(*_deck_tags(deck, feed), *_writer_tags(marks.writer), *(fault_tags(faults) if faults else ())),
    )


def _index_in_file(order: DeckOrder, feed: Feed) -> int:
    return 0 if order.file_format in {"jpeg", "png"} else feed.page_index


def _deck_tags(deck: DeckOrder, feed: Feed) -> Tags:
    return (("profile", deck.profile), ("generator", deck.part), ("foreign", feed.foreign))


def _writer_tags(writer: Writer | None) -> Tags:
    if writer is None:
        return ()
    return (
        ("pen", writer.pen),
        ("writer_style", writer.style.value),
        ("slop", round(writer.hand.slop, 2)),
        ("second_pen", writer.second[0] if writer.second is not None else ""),
        ("straight_lined", writer.straight is not None),
        ("all_blank", writer.silent),
    )


def _faults(order: DeckOrder, feed: Feed) -> Faults:
    scanner = order.behaviour().scanner
    # a scanner serves a whole batch; each photograph may come from another telephone
    whose = (feed.batch,) if scanner.camera is None else (feed.batch, feed.page_index)
    machine = draw_machine(scanner, order.stream(Purpose.MACHINE, *whose))
    rng = order.stream(Purpose.PAGE, feed.batch, feed.page_index, 0)
    return draw_faults(scanner, machine, feed.streaks, rng, upside_down=feed.upside_down, dpi=order.dpi)


def _threshold(order: DeckOrder, faults: Faults) -> int | None:
    if order.file_format != "tiff-g4" and not faults.bilevel:
        return None
    return round(faults.machine.black + _BILEVEL_CUT * (faults.machine.white - faults.machine.black))


def _stated_dpi(order: DeckOrder, faults: Faults, scan: Image) -> float:
    """A scan's own resolution; of a photo one at which the picture is as high as a sheet, as phones do it."""
    if faults.shot is None:
        return order.dpi * faults.sampling
    return float(max(scan.shape)) / (order.layout().page(1).height_mm / _MM_PER_INCH)


_open_sheets: dict[Path, PrintedSheets] = {}


def _sheets(printed: Path, order: DeckOrder) -> PrintedSheets:
    """The prints that this process works on: a deck's and the foreign one; a third closes both."""
    if printed not in _open_sheets:
        if len(_open_sheets) == _PRINTS_OPEN:
            close_prints()
        _open_sheets[printed] = PrintedSheets(printed, order.layout(), order.dpi)
    return _open_sheets[printed]


def close_prints() -> None:
    """Close what this process has open."""
    for sheets in _open_sheets.values():
        sheets.close()
    _open_sheets.clear()
