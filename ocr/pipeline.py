"""The whole story of one page: which sheet it is, where it lies, what is marked, what a person must see."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.blank import render_blank
from ocr.decide import FieldEvidence, MarkModel, bubble_probabilities, decide_field, decide_page, load_model
from ocr.errors import RegistrationFailed, TemplateInvalid
from ocr.identity import CodeReading, decode_identity
from ocr.layout import CodeArea, PageLayout
from ocr.marks import MarkMap, map_marks, measure_marks
from ocr.model import (
    Crop,
    FieldReading,
    Flag,
    PageQuality,
    PageReading,
    PageResult,
    PageStatus,
    SheetIdentity,
    TextReading,
)
from ocr.pictures import crop_field, cut_field, preview_page
from ocr.quality import find_streaks, is_blank, is_poor, measure_quality
from ocr.registration import (
    FLAT_PX_PER_MM,
    Registration,
    RowFit,
    find_fiducials,
    fit_rows,
    flatten_page,
    register_page,
)
from ocr.source import PageImage
from ocr.template import FormLibrary
from ocr.text import TextRecogniser, is_written

Grey = NDArray[np.uint8]

ENGINE = f"chamdiem-reader 1, OpenCV {cv2.__version__}"
_MM_PER_INCH = 25.4
_SCALE_TOLERANCE = 0.04
_STREAK_RADII = 1.4
_LOST_ROWS_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a reading brings along; bulk reading leaves all of it out.

    Attributes:
        crops: pictures of no question, of the doubtful ones, or of all; written text boxes come with both.
        preview: a picture of the whole page; refused pages always have one when this is set.
        recogniser: makes the drafts of handwritten boxes; None for no drafts.
    """

    crops: Literal["none", "doubtful", "all"] = "none"
    preview: bool = False
    recogniser: TextRecogniser | None = None


@dataclass(frozen=True, slots=True)
class _PrintedPage:
    """One side of a form version with everything that all its scans share."""

    layout: PageLayout
    blank: Grey
    marks: MarkMap
    template_sha256: str


def read_page(page: PageImage, library: FormLibrary, options: ReadOptions | None = None) -> PageResult:
    """Read one page; always returns: what cannot be read is a refused page with the reason as a flag.

    Args:
        page: one picture from `ocr.source.iter_pages`, any way up.
        library: the forms that may come.
        options: pictures and drafts to bring along.
    """
    options = options or ReadOptions()
    if page.grey.size == 0:
        return _refused(page, PageQuality(0, 0), (Flag.POOR_IMAGE,), None, options)
    quality = measure_quality(page.grey, page.reduction)
    code = decode_identity(page.grey, _code_areas(library))
    if code.identity is None:
        return _refused(page, quality, (_why_unnamed(code, quality),), None, options)
    printed = _printed_page(library, code.identity.form, code.identity.version, code.identity.page)
    page, codes_px = _upright(page, code)
    if printed is None:
        return _refused(page, quality, (Flag.UNKNOWN_FORM,), code.identity, options)
    try:
        registration = _register(page.grey, printed.layout, codes_px)
    except RegistrationFailed:
        return _refused(page, quality, (Flag.POOR_REGISTRATION,), code.identity, options)
    rows, shifts = fit_rows(page.grey, registration.homography, printed.layout, printed.blank)
    flat = flatten_page(page.grey, registration.homography, printed.layout, FLAT_PX_PER_MM, shifts)
    streaks = find_streaks(flat, printed.blank)
    quality = _measured(quality, page, registration, printed.layout, len(streaks))
    fields = _read_fields(flat, printed, rows, streaks)
    texts = _read_texts(flat, printed, options.recogniser)
    status, flags = decide_page(fields, _page_flags(quality, rows))
    reading = PageReading(
        source=page.source,
        page_index=page.page_index,
        status=status,
        identity=code.identity,
        flags=flags,
        quality=quality,
        fields=fields,
        texts=texts,
        engine=ENGINE,
        template_sha256=printed.template_sha256,
        thresholds=_model().name,
    )
    crops = _crops(flat, printed, fields, texts, options)
    return PageResult(reading, crops, preview_page(flat) if options.preview else b"")


# --- what all scans share -------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _model() -> MarkModel:
    return load_model()


@lru_cache(maxsize=4)
def _code_areas(library: FormLibrary) -> tuple[CodeArea, ...]:
    """Every place where any form of the library prints a code."""
    layouts = [
        library.layout(code, version) for code in library.codes() for version in library.versions(code)
    ]
    return tuple(dict.fromkeys(area for layout in layouts for page in layout.pages for area in page.codes))


@lru_cache(maxsize=40)
def _printed_page(library: FormLibrary, form: str, version: int, number: int) -> _PrintedPage | None:
    """The printed side, or None if the library does not have it."""
    try:
        layout = library.layout(form, version)
        page = layout.page(number)
    except (TemplateInvalid, KeyError):
        return None
    blank = render_blank(library, form, version, number, FLAT_PX_PER_MM * _MM_PER_INCH)
    return _PrintedPage(page, blank, map_marks(page, blank, FLAT_PX_PER_MM), layout.template_sha256)


# --- steps ----------------------------------------------------------------------------------------


def _why_unnamed(code: CodeReading, quality: PageQuality) -> Flag:
    """Why a page has no identity."""
    if code.fault is not None:
        return code.fault
    if is_blank(quality):
        return Flag.BLANK_PAGE
    return Flag.POOR_IMAGE if is_poor(quality) else Flag.DAMAGED_CODE


def _refused(
    page: PageImage,
    quality: PageQuality,
    flags: tuple[Flag, ...],
    identity: SheetIdentity | None,
    options: ReadOptions,
) -> PageResult:
    reading = PageReading(
        source=page.source,
        page_index=page.page_index,
        status=PageStatus.REFUSED,
        identity=identity,
        flags=flags,
        quality=quality,
        engine=ENGINE,
        thresholds=_model().name,
    )
    return PageResult(reading, preview_webp=preview_page(page.grey) if options.preview else b"")


def _upright(page: PageImage, code: CodeReading) -> tuple[PageImage, tuple[NDArray[np.float64], ...]]:
    """Turn the page by quarters until its code stands upright, and the code's corners with it."""
    quarters = round((code.turned_deg or 0.0) / 90.0) % 4
    if quarters == 0:
        return page, code.corners_px
    grey = np.ascontiguousarray(np.rot90(page.grey, quarters))
    return replace(page, grey=grey), tuple(_turned(c, page.grey, quarters) for c in code.corners_px)


def _turned(points: NDArray[np.float64], grey: Grey, quarters: int) -> NDArray[np.float64]:
    """Points (n, 2) of a picture where they lie after `np.rot90(picture, quarters)`."""
    height, width = grey.shape
    x, y = points[:, 0], points[:, 1]
    if quarters == 1:
        return np.column_stack([y, width - 1 - x])
    if quarters == 2:  # noqa: PLR2004 - upside down
        return np.column_stack([width - 1 - x, height - 1 - y])
    return np.column_stack([height - 1 - y, x])


def _register(grey: Grey, layout: PageLayout, codes_px: Sequence[NDArray[np.float64]]) -> Registration:
    px_per_mm = max(grey.shape) / max(layout.height_mm, layout.width_mm)
    return register_page(find_fiducials(grey, layout), layout, codes_px, px_per_mm)


def _measured(
    quality: PageQuality, page: PageImage, registration: Registration, layout: PageLayout, streaks: int
) -> PageQuality:
    px_per_mm = registration.px_per_mm(layout.width_mm / 2, layout.height_mm / 2)
    return replace(
        quality,
        dpi=round(px_per_mm * page.reduction * _MM_PER_INCH, 1),
        rotation_deg=round(registration.rotation_deg, 3),
        scale=round(px_per_mm * layout.height_mm / page.grey.shape[0], 4),
        residual_mm=round(registration.residual_mm, 3),
        streak_columns=streaks,
    )


def _page_flags(quality: PageQuality, rows: Sequence[RowFit]) -> list[Flag]:
    flags = []
    if quality.scale is not None and abs(quality.scale - 1.0) > _SCALE_TOLERANCE:
        flags.append(Flag.WRONG_SCALE)
    if rows and sum(not r.agrees for r in rows) > _LOST_ROWS_SHARE * len(rows):
        flags.append(Flag.POOR_REGISTRATION)
    if is_poor(quality):
        flags.append(Flag.POOR_IMAGE)
    return flags


def _read_fields(
    flat: Grey, printed: _PrintedPage, rows: Sequence[RowFit], streaks: NDArray[np.int32]
) -> tuple[FieldReading, ...]:
    """Measure all bubbles of the page, then decide question by question."""
    model = _model()
    measured = measure_marks(flat, printed.marks, FLAT_PX_PER_MM)
    field_of = printed.marks.field_of
    probabilities = bubble_probabilities(measured.bubbles, field_of.tolist(), model)
    streaked = _streaked(streaks, printed.marks)
    fields = [f for f in printed.layout.fields if f.bubbles]
    readings = []
    for number, (field, row) in enumerate(zip(fields, rows, strict=True)):
        own = np.flatnonzero(field_of == number)
        place = [Flag.POOR_REGISTRATION] if not row.agrees else []
        place += [Flag.STREAK] if streaked[own].any() else []
        evidence = FieldEvidence(
            code=field.code,
            options=tuple(b.option for b in field.bubbles),
            marks=tuple(measured.bubbles[i] for i in own),
            probabilities=tuple((float(p[0]), float(p[1]), float(p[2])) for p in probabilities[own]),
            place=tuple(place),
        )
        readings.append(decide_field(evidence, model.thresholds))
    return tuple(readings)


def _streaked(columns: NDArray[np.int32], marks: MarkMap) -> NDArray[np.bool_]:
    """Which bubbles a streak runs through or close by."""
    gap = np.abs(columns[None, :] - marks.centres_px[:, :1])
    return np.asarray((gap < _STREAK_RADII * marks.radii_px[:, None]).any(axis=1))


def _read_texts(
    flat: Grey, printed: _PrintedPage, recogniser: TextRecogniser | None
) -> tuple[TextReading, ...]:
    boxes = [f for f in printed.layout.fields if f.kind == "text"]
    seen = [
        (f.code, cut_field(flat, f, FLAT_PX_PER_MM), cut_field(printed.blank, f, FLAT_PX_PER_MM))
        for f in boxes
    ]
    written = {code: box for code, box, blank in seen if is_written(box, blank, FLAT_PX_PER_MM)}
    drafts: dict[str, tuple[str, float]] = {}
    if recogniser is not None and written:
        drafts = dict(zip(written, recogniser.recognise(list(written.values())), strict=True))
    nothing = (None, 0.0)
    return tuple(TextReading(f.code, f.code in written, *(drafts.get(f.code, nothing))) for f in boxes)


def _crops(
    flat: Grey,
    printed: _PrintedPage,
    fields: Sequence[FieldReading],
    texts: Sequence[TextReading],
    options: ReadOptions,
) -> tuple[Crop, ...]:
    if options.crops == "none":
        return ()
    wanted = {f.code for f in fields if options.crops == "all" or not f.accepted}
    wanted |= {t.code for t in texts if t.written}
    return tuple(crop_field(flat, f, FLAT_PX_PER_MM) for f in printed.layout.fields if f.code in wanted)
