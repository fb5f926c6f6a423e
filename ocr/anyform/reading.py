"""One scanned page of a form that we did not print, read by its template.

The same measuring, model, decision and flags as for our own sheets; this is the only module of the
package that knows them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.anyform.register import Placed, place_page
from ocr.anyform.surface import (
    RADIUS_MM,
    Print,
    Surface,
    blank_print,
    flat_layout,
    lift_marks,
    lift_marks_alone,
    to_template,
    too_large,
)
from ocr.anyform.template import Template
from ocr.decide import (
    FieldEvidence,
    MarkModel,
    bubble_probabilities,
    decide_field,
    decide_page,
    doubt_fields,
    load_model,
)
from ocr.errors import RegistrationFailed, TemplateInvalid
from ocr.layout import PageLayout
from ocr.marks import map_marks, measure_marks
from ocr.model import FieldReading, Flag, PageQuality, PageReading, PageStatus
from ocr.quality import is_blank, is_poor, measure_quality
from ocr.registration import FLAT_PX_PER_MM, coarse_blank, fit_rows, flatten_page
from ocr.scan_page import PageImage

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]

ENGINE = f"chamdiem-anyform 1, OpenCV {cv2.__version__}"
_LEAST_RADIUS_PX = 3.0
_LEAST_IN_PLACE = 0.6
_LEAST_OUTLINE = 0.3
_LESS_OUTLINED = 0.6
_HALF_TURN = 2


@dataclass(frozen=True, slots=True)
class FormReader:
    """A template made ready to read pages; made by `prepare_reader`."""

    template: Template
    layout: PageLayout
    coarse: Grey | None
    known: Print | None
    sha256: str


def prepare_reader(template: Template) -> FormReader:
    """Lay the template out as a flat page, once for all scans.

    Raises:
        TemplateInvalid: its bubbles are too small beside its page.
    """
    layout = flat_layout(template)
    if too_large(layout):
        raise TemplateInvalid(f"Mẫu {template.name}: ô quá nhỏ so với trang.")
    coarse, known = None, None
    if template.blank is not None:
        height, width = template.blank.shape
        to_px = np.diag([width / template.width, height / template.height, 1.0])
        blank = flatten_page(template.blank, to_px @ to_template(template), layout, FLAT_PX_PER_MM)
        coarse, known = coarse_blank(blank), blank_print(blank)
    return FormReader(template, layout, coarse, known, template.sha256)


def read_form_page(page: PageImage, reader: FormReader) -> PageReading:
    """Read one page; always returns: what cannot be read is a refused page with the reason as a flag.

    Args:
        page: one picture from `ocr.source.iter_pages`.
        reader: of the template that the page is a print of.
    """
    if page.grey.size == 0:
        return _refused(page, reader, Flag.POOR_IMAGE, PageQuality(0, 0))
    quality = measure_quality(page.grey, page.reduction)
    try:
        placed, surface, flags = _lay_out(page.grey, reader)
    except RegistrationFailed:
        flag = Flag.BLANK_PAGE if is_blank(quality) else Flag.POOR_REGISTRATION
        return _refused(page, reader, flag, quality)
    if is_poor(quality) or _radius_px(placed, reader.template) < _LEAST_RADIUS_PX:
        flags.append(Flag.POOR_IMAGE)
    fields = _read_fields(surface, reader)
    status, ordered = decide_page(fields, flags)
    fields = doubt_fields(fields, ordered)
    return replace(
        _refused(page, reader, Flag.POOR_IMAGE, quality),
        status=status,
        flags=ordered,
        fields=(*fields, *_joined(fields, reader.template)),
    )


def _refused(page: PageImage, reader: FormReader, flag: Flag, quality: PageQuality) -> PageReading:
    return PageReading(
        source=page.source,
        page_index=page.page_index,
        status=PageStatus.REFUSED,
        identity=None,
        flags=(flag,),
        quality=quality,
        engine=ENGINE,
        template_sha256=reader.sha256,
        thresholds=_model().name,
    )


@lru_cache(maxsize=1)
def _model() -> MarkModel:
    return load_model()


def _radius_px(placed: Placed, template: Template) -> float:
    """How large a bubble is on the scan, in the middle of the page."""
    middle = np.array([template.width / 2, template.height / 2])
    ends = np.array([middle, middle + (template.radius, 0), middle + (0, template.radius)])
    px = cv2.perspectiveTransform(ends[None], placed.homography)[0]
    return float(min(np.linalg.norm(px[1] - px[0]), np.linalg.norm(px[2] - px[0])))


# --- laying the page flat -------------------------------------------------------------------------


def _lay_out(grey: Grey, reader: FormReader) -> tuple[Placed, Surface, list[Flag]]:
    """The page flat and without print, with flags of doubt about its place."""
    if reader.coarse is None or reader.known is None:
        return _alone(grey, reader)
    return _against_blank(grey, reader, reader.coarse, reader.known)


def _place_flags(surface: Surface) -> list[Flag]:
    return [] if np.mean(surface.in_place) >= _LEAST_IN_PLACE else [Flag.POOR_REGISTRATION]


def _against_blank(
    grey: Grey, reader: FormReader, coarse: Grey, known: Print
) -> tuple[Placed, Surface, list[Flag]]:
    placed = place_page(grey, reader.template)
    way = placed.homography @ to_template(reader.template)
    soft = _softened(grey, placed, reader.template)
    rows, shifts = fit_rows(soft, way, reader.layout, coarse)
    flat = flatten_page(soft, way, reader.layout, FLAT_PX_PER_MM, shifts)
    surface = lift_marks(flat, known, reader.layout, tuple(r.agrees for r in rows))
    return placed, surface, _place_flags(surface)


def _alone(grey: Grey, reader: FormReader) -> tuple[Placed, Surface, list[Flag]]:
    placed = place_page(grey, reader.template)
    soft = _softened(grey, placed, reader.template)
    width, height = reader.template.width, reader.template.height
    turn = np.array([[-1.0, 0, width], [0, -1.0, height], [0, 0, 1.0]])
    surfaces = []
    for way in (np.eye(3), turn):
        flat = flatten_page(soft, placed.homography @ way @ to_template(reader.template), reader.layout, FLAT_PX_PER_MM)
        surfaces.append(lift_marks_alone(flat, reader.layout))
    upright, turned = surfaces
    flags = _place_flags(upright)
    # Nothing but the print around the bubbles says which way up the page is.
    if upright.outline < _LEAST_OUTLINE or turned.outline > _LESS_OUTLINED * upright.outline:
        flags = [Flag.POOR_REGISTRATION]
    return placed, upright, flags


def _softened(grey: Grey, placed: Placed, template: Template) -> Grey:
    """A large scan made soft enough to be sampled more coarsely."""
    shrink = _radius_px(placed, template) / (RADIUS_MM * FLAT_PX_PER_MM)
    if shrink <= 1.5:  # noqa: PLR2004 - every pixel still counts
        return grey
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), 0.4 * shrink), np.uint8)


# --- answers --------------------------------------------------------------------------------------


def _read_fields(surface: Surface, reader: FormReader) -> tuple[FieldReading, ...]:
    model = _model()
    marks = map_marks(reader.layout, surface.clear, FLAT_PX_PER_MM)
    measured = measure_marks(surface.clean, marks, FLAT_PX_PER_MM)
    probabilities = bubble_probabilities(measured.bubbles, marks.field_of.tolist(), model)
    readings = []
    for number, field in enumerate(reader.layout.fields):
        own = np.flatnonzero(marks.field_of == number)
        evidence = FieldEvidence(
            code=field.code,
            options=tuple(b.option for b in field.bubbles),
            marks=tuple(measured.bubbles[i] for i in own),
            probabilities=tuple((float(p[0]), float(p[1]), float(p[2])) for p in probabilities[own]),
            in_place=surface.in_place[number],
            surrounds=tuple(measured.surrounds[i] for i in own),
        )
        reading = decide_field(evidence, model.thresholds)
        readings.append(reading if surface.trusted[own].all() else _doubted(reading))
    return tuple(readings)


def _doubted(reading: FieldReading) -> FieldReading:
    flags = {*reading.flags, Flag.LOW_CONFIDENCE}
    return replace(reading, accepted=False, flags=tuple(f for f in Flag if f in flags))


def _joined(fields: Sequence[FieldReading], template: Template) -> tuple[FieldReading, ...]:
    """Answers put together from several questions; accepted only where every part is."""
    by_code = {f.code: f for f in fields}
    return tuple(_join(code, [by_code[p] for p in parts]) for code, parts in template.joined.items())


def _join(code: str, parts: Sequence[FieldReading]) -> FieldReading:
    """Blank parts add nothing to the value, undecided ones leave none; no bubbles of its own."""
    flags = {flag for p in parts for flag in p.flags}
    decided = all(p.value is not None or p.flags == (Flag.NO_MARK,) for p in parts)
    value = "".join(p.value or "" for p in parts) if decided else ""
    return FieldReading(
        code=code,
        value=value or None,
        confidence=round(prod(p.confidence for p in parts), 6),
        accepted=all(p.accepted for p in parts),
        flags=tuple(f for f in Flag if f in flags),
        bubbles=(),
    )
