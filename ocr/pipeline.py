"""The whole story of one page: which sheet it is, where it lies, what is marked, what a person must see."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import cv2

from ocr.certainty import Certainty
from ocr.decide import (
    FieldEvidence,
    MarkModel,
    bubble_probabilities,
    decide_field,
    decide_page,
    doubt_fields,
    load_model,
    with_certainty,
    with_consent,
)
from ocr.drawing import draw_reading, draw_refusal
from ocr.locate import LocatedPage, LostPage, locate_page
from ocr.marks import measure_marks
from ocr.model import (
    Crop,
    FieldReading,
    Flag,
    PageReading,
    PageResult,
    PageStatus,
    SheetIdentity,
    TextReading,
)
from ocr.pictures import CROP_MARGIN_MM, crop_field, cut_field, field_box, preview_page
from ocr.quality import is_poor
from ocr.registration import FLAT_PX_PER_MM
from ocr.second_reader import Logits, SecondReader, load_second_reader
from ocr.source import PageImage
from ocr.template import FormLibrary
from ocr.text import TextRecogniser, is_written

ENGINE = f"chamdiem-reader 1, OpenCV {cv2.__version__}"
_SCALE_TOLERANCE = 0.04
_LOST_ROWS_SHARE = 0.5
# The print around a text box, blurred, may reach into its edge.
_INSET_MM = 1.2
# What people look at: sharper than what is measured.
_CLOSE_UP_PX_PER_MM = 6


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a reading brings along; bulk reading leaves all of it out.

    Attributes:
        crops: pictures of no question, of the doubtful ones, or of all; written text boxes come with both.
        preview: a picture of the whole page; refused pages always have one when this is set.
        drawing: the reading drawn on its page, to see why it reads so.
        recogniser: makes the drafts of handwritten boxes; None for no drafts.
        certainty: the office's limits of what is accepted unseen; None for the reader's own.
    """

    crops: Literal["none", "doubtful", "all"] = "none"
    preview: bool = False
    drawing: bool = False
    recogniser: TextRecogniser | None = None
    certainty: Certainty | None = None


def read_page(
    page: PageImage,
    library: FormLibrary,
    options: ReadOptions | None = None,
    identity: SheetIdentity | None = None,
) -> PageResult:
    """Read one page; always returns: what cannot be read is a refused page with the reason as a flag.

    Args:
        page: one picture from `ocr.source.iter_pages`, any way up.
        library: the forms that may come.
        options: pictures and drafts to bring along.
        identity: which page of which sheet it is, where a person has said so.
    """
    options = options or ReadOptions()
    located = locate_page(page, library, identity)
    fonts = library.forms_dir / "_fonts"
    if isinstance(located, LostPage):
        return _refused(page, located, options, fonts)
    fields = _read_fields(located, options.certainty)
    texts = _read_texts(located, options.recogniser)
    status, flags = decide_page(fields, _page_flags(located))
    fields = doubt_fields(fields, flags)
    reading = PageReading(
        source=page.source,
        page_index=page.page_index,
        status=status,
        identity=located.identity,
        flags=flags,
        quality=located.quality,
        fields=fields,
        texts=texts,
        engine=ENGINE,
        template_sha256=located.printed.template_sha256,
        thresholds=_readers(options.certainty),
    )
    crops = _crops(located, fields, texts, options)
    preview = preview_page(located.whole()) if options.preview else b""
    return PageResult(
        reading, crops, preview, draw_reading(located, reading, fonts) if options.drawing else b""
    )


@lru_cache(maxsize=1)
def _model() -> MarkModel:
    return load_model()


@lru_cache(maxsize=1)
def _second_reader() -> SecondReader:
    return load_second_reader()


def _readers(certainty: Certainty | None) -> str:
    """The names of model and second reader, and of limits that an office has set, with their hashes."""
    names = [_model().name, _second_reader().name]
    return " ".join(names if certainty is None else [*names, certainty.name])


def _refused(page: PageImage, lost: LostPage, options: ReadOptions, fonts: Path) -> PageResult:
    reading = PageReading(
        source=page.source,
        page_index=page.page_index,
        status=PageStatus.REFUSED,
        identity=lost.identity,
        flags=(lost.flag,),
        quality=lost.quality,
        engine=ENGINE,
        thresholds=_readers(options.certainty),
    )
    preview = preview_page(lost.grey) if options.preview else b""
    drawing = draw_refusal(lost.grey, reading, fonts) if options.drawing else b""
    return PageResult(reading, preview=preview, drawing=drawing)


def _page_flags(located: LocatedPage) -> list[Flag]:
    quality, rows = located.quality, located.rows
    flags = []
    if quality.scale is not None and abs(quality.scale - 1.0) > _SCALE_TOLERANCE:
        flags.append(Flag.WRONG_SCALE)
    if rows and sum(not r.agrees for r in rows) > _LOST_ROWS_SHARE * len(rows):
        flags.append(Flag.POOR_REGISTRATION)
    if is_poor(quality):
        flags.append(Flag.POOR_IMAGE)
    return flags


def _read_fields(located: LocatedPage, certainty: Certainty | None) -> tuple[FieldReading, ...]:
    """Measure all bubbles of the page, then decide question by question."""
    model = _model()
    thresholds = with_certainty(model.thresholds, certainty)
    marks = located.printed.marks
    measured = measure_marks(located.flat, marks, FLAT_PX_PER_MM, located.print_black)
    probabilities = bubble_probabilities(measured.bubbles, marks.field_of.tolist(), model)
    logits = _second_reader().look(located.flat, located.printed.windows, located.print_black)
    told, streaked = [(e, f, c) for e, f, c in probabilities.tolist()], located.streaked.tolist()
    readings, end = [], 0
    for field, row in zip(located.printed.choices, located.rows, strict=True):
        own = slice(end, end := end + len(field.bubbles))
        evidence = FieldEvidence(
            code=field.code,
            options=tuple(b.option for b in field.bubbles),
            marks=measured.bubbles[own],
            probabilities=tuple(told[own]),
            streaked=tuple(streaked[own]),
            in_place=row.agrees,
            surrounds=measured.surrounds[own],
        )
        reading = decide_field(evidence, thresholds)
        readings.append(with_consent(reading, agrees=_agrees(reading, logits[own])))
    return tuple(readings)


def _agrees(reading: FieldReading, logits: Logits) -> bool:
    """Whether the second reader sees the same one mark; asked only where a person would not be."""
    if not reading.accepted:
        return False
    options = [b.option for b in reading.bubbles]
    return _second_reader().agrees(logits, options.index(str(reading.value)))


def _read_texts(located: LocatedPage, recogniser: TextRecogniser | None) -> tuple[TextReading, ...]:
    boxes = [f for f in located.printed.layout.fields if f.kind == "text"]
    written = []
    for field in boxes:
        pages = (located.flat, located.printed.blank)
        box, blank = (cut_field(p, field, FLAT_PX_PER_MM, -_INSET_MM) for p in pages)
        if is_written(box, blank, FLAT_PX_PER_MM):
            written.append(field)
    drafts: dict[str, tuple[str | None, float]] = {}
    if recogniser is not None:
        pictures = [located.close_up(field_box(f, -_INSET_MM), _CLOSE_UP_PX_PER_MM) for f in written]
        drafts = dict(zip([f.code for f in written], recogniser.recognise(pictures), strict=True))
    nothing, codes = (None, 0.0), {f.code for f in written}
    return tuple(TextReading(f.code, f.code in codes, *drafts.get(f.code, nothing)) for f in boxes)


def _crops(
    located: LocatedPage, fields: Sequence[FieldReading], texts: Sequence[TextReading], options: ReadOptions
) -> tuple[Crop, ...]:
    if options.crops == "none":
        return ()
    wanted = {f.code for f in fields if options.crops == "all" or not f.accepted}
    wanted |= {t.code for t in texts if t.written}
    cut = [f for f in located.printed.layout.fields if f.code in wanted]
    return tuple(
        crop_field(f.code, located.close_up(field_box(f, CROP_MARGIN_MM), _CLOSE_UP_PX_PER_MM)) for f in cut
    )
