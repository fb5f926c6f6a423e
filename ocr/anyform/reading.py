"""One scanned page of a form that we did not print, read by its template.

The same measuring, model, decision and flags as for our own sheets; this is the only module of the
package that knows them.
"""

import contextlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.anyform.likeness import tell_apart
from ocr.anyform.register import Placed, place_page
from ocr.anyform.surface import (
    FORM_PX_PER_MM,
    RADIUS_MM,
    Print,
    Surface,
    blank_print,
    flat_layout,
    lift_marks,
    lift_marks_alone,
    to_template,
    too_large,
    visible,
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
from ocr.mark_map import MarkMap, map_marks
from ocr.marks import measure_marks
from ocr.model import FieldReading, Flag, PageQuality, PageReading, PageStatus
from ocr.quality import find_streaks, is_blank, is_poor, measure_quality
from ocr.registration import Box, flatten, flatten_roughly, project
from ocr.row_fit import COARSE_PX_PER_MM, LineMap, fit_rows, map_lines
from ocr.scan_page import PageImage
from ocr.scan_view import view_scan

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]

ENGINE = f"chamdiem-anyform 2, OpenCV {cv2.__version__}"
_LEAST_RADIUS_PX = 3.0
_LEAST_IN_PLACE = 0.6
_LEAST_OUTLINE = 0.3
_LESS_OUTLINED = 0.6
_FAINT_SHARE = 0.5
# How plainly a page must be a print of one of two blanks, or of one way up (`tell_apart`).
_PLAINLY = 0.3
# As for our own sheets: how near to a bubble's middle a streak touches it.
_STREAK_RADII = 1.4
# The clean page knows of no print: ink is measured against black itself.
_PRINT_BLACK = 0.0
# No second reader knows these forms: the first must be surer of what it leaves to nobody.
# The corners of a box that was filled to its edge lie where the arms of a crossing-out would: not asked here.
_SURER = {"empty": 0.98, "other_loose": 0.10, "other_foreign": 0.15, "arms": 1.0}


@dataclass(frozen=True, slots=True)
class FormReader:
    """A template made ready to read pages; made by `prepare_reader`.

    Without a blank nothing is known of the print; `blank` is flat, at the flat page's scale.
    """

    template: Template
    layout: PageLayout
    blank: Grey | None
    lines: LineMap | None
    known: Print | None
    marks: MarkMap | None
    sha256: str


def prepare_reader(template: Template) -> FormReader:
    """Lay the template out as a flat page, once for all scans.

    Raises:
        TemplateInvalid: its bubbles are too small beside its page.
    """
    layout = flat_layout(template)
    if too_large(layout):
        raise TemplateInvalid(f"Mẫu {template.name}: ô quá nhỏ so với trang.")
    blank, lines, known, marks = None, None, None, None
    if template.blank is not None:
        height, width = template.blank.shape
        way = np.diag([width / template.width, height / template.height, 1.0]) @ to_template(template)
        blank = flatten(template.blank, way, _whole(layout), FORM_PX_PER_MM)
        lines, known = map_lines(layout, blank, FORM_PX_PER_MM), blank_print(blank)
        marks = map_marks(layout, visible(known), FORM_PX_PER_MM)
    return FormReader(template, layout, blank, lines, known, marks, template.sha256)


def _whole(layout: PageLayout) -> Box:
    return (0.0, 0.0, layout.width_mm, layout.height_mm)


def read_form_page(page: PageImage, readers: Sequence[FormReader]) -> PageReading:
    """Read one page by the template that it fits best; what fits none is a refused page with a flag.

    Args:
        page: one picture from `ocr.source.iter_pages`.
        readers: of the templates that the page may be a print of; at least one.
    """
    if page.grey.size == 0:
        return _refused(page, readers[0], Flag.POOR_IMAGE, PageQuality(0, 0))
    scan = view_scan(page.grey)
    streaks_px = find_streaks(scan.work) * scan.reduction
    quality = measure_quality(page.grey, page.reduction)
    quality = replace(quality, streak_columns=len(streaks_px))
    laid = _best_fit(page.grey, readers)
    if laid is None:
        flag = Flag.BLANK_PAGE if is_blank(quality) else Flag.POOR_REGISTRATION
        return _refused(page, readers[0], flag, quality)
    flags = list(laid.flags)
    if is_poor(quality) or laid.radius_px < _LEAST_RADIUS_PX:
        flags.append(Flag.POOR_IMAGE)
    fields = _read_fields(laid.surface, laid.reader, _streaked(streaks_px, laid))
    status, ordered = decide_page(fields, flags)
    fields = doubt_fields(fields, ordered)
    return replace(
        _refused(page, laid.reader, Flag.POOR_IMAGE, quality),
        status=status,
        flags=ordered,
        fields=(*fields, *_joined(fields, laid.reader.template)),
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
    ends = np.array([template.width / 2, template.height / 2]) + template.radius * np.eye(3, 2, -1)
    px = cv2.perspectiveTransform(ends[None], placed.homography)[0]
    return float(min(np.linalg.norm(px[1] - px[0]), np.linalg.norm(px[2] - px[0])))


# --- laying the page flat -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Laid:
    """A page laid flat by one template, with doubts about its place; a bubble's radius on the scan.

    `way` is the homography (3, 3) from millimetres of the flat page to pixels of the scan, which is `soft`
    enough to be sampled.
    """

    reader: FormReader
    soft: Grey
    way: Floats
    surface: Surface
    flags: tuple[Flag, ...]
    radius_px: float

    @property
    def fit(self) -> float:
        """Share of the questions that were found where they are printed; a doubted page fits less."""
        return float(np.mean(self.surface.in_place)) - len(self.flags)


def _best_fit(grey: Grey, readers: Sequence[FormReader]) -> _Laid | None:
    """The page laid flat as the form that it plainly is, or doubted; None if no template finds it."""
    found = [_lay_out(grey, placed, reader) for reader in readers for placed in _places(grey, reader)]
    found.sort(key=lambda laid: laid.fit, reverse=True)
    for one in found:
        if not one.flags and all(_is_plainer(one, other) for other in found if other is not one):
            return one
    return replace(found[0], flags=(Flag.POOR_REGISTRATION,)) if found else None


def _is_plainer(one: _Laid, other: _Laid) -> bool:
    """Whether the page is plainly a print of the one and not of the other, words included.

    Where either has no blank, only what is printed at its bubbles can speak against the other.
    """
    if one.reader.blank is None or other.reader.blank is None:
        return not _is_found(other.surface)
    to_px = np.array([[FORM_PX_PER_MM, 0, -0.5], [0, FORM_PX_PER_MM, -0.5], [0, 0, 1.0]])
    to_rival = to_px @ np.linalg.inv(other.way) @ one.way
    page, rival = (
        flatten(picture, way, _whole(one.reader.layout), FORM_PX_PER_MM)
        for picture, way in ((one.soft, one.way), (other.reader.blank, to_rival))
    )
    return tell_apart(page, one.reader.blank, rival) >= _PLAINLY


def _places(grey: Grey, reader: FormReader) -> list[Placed]:
    """Where the page may lie: other landmarks than features may look alike after a half turn."""
    template, places = reader.template, []
    with contextlib.suppress(RegistrationFailed):
        places.append(place_page(grey, template))
    if template.blank is not None and template.landmarks.method != "features":
        with contextlib.suppress(RegistrationFailed):
            turned = place_page(np.ascontiguousarray(np.rot90(grey, 2)), template)
            back = _half_turn(grey.shape[1], grey.shape[0])
            places.append(replace(turned, homography=back @ turned.homography))
    return places


def _lay_out(grey: Grey, placed: Placed, reader: FormReader) -> _Laid:
    soft = _softened(grey, placed, reader.template)
    way = placed.homography @ to_template(reader.template)
    if reader.lines is None or reader.known is None:
        surface, doubted = _alone(soft, placed, reader)
    else:
        lines = reader.lines
        coarse = flatten_roughly(soft, way, reader.layout, COARSE_PX_PER_MM, lines.box_mm)
        rows, shifts = fit_rows(coarse, lines)
        flat = flatten(soft, way, _whole(reader.layout), FORM_PX_PER_MM, shifts)
        surface, doubted = lift_marks(flat, reader.known, reader.layout, tuple(r.agrees for r in rows)), False
    flags = () if _is_found(surface) and not doubted else (Flag.POOR_REGISTRATION,)
    return _Laid(reader, soft, way, surface, flags, _radius_px(placed, reader.template))


def _half_turn(width: float, height: float) -> Floats:
    return np.array([[-1.0, 0, width], [0, -1.0, height], [0, 0, 1.0]])


def _is_found(surface: Surface) -> bool:
    """Whether bubbles are where the template has them, whichever way up."""
    return float(np.mean(surface.in_place)) >= _LEAST_IN_PLACE and surface.outline >= _LEAST_OUTLINE


def _alone(soft: Grey, placed: Placed, reader: FormReader) -> tuple[Surface, bool]:
    """Without a blank only the print around the bubbles says whether they are there, and which way up."""
    turn = _half_turn(reader.template.width, reader.template.height)
    upright, turned = (
        lift_marks_alone(
            flatten(
                soft,
                placed.homography @ way @ to_template(reader.template),
                _whole(reader.layout),
                FORM_PX_PER_MM,
            ),
            reader.layout,
        )
        for way in (np.eye(3), turn)
    )
    return upright, turned.outline > _LESS_OUTLINED * upright.outline


def _softened(grey: Grey, placed: Placed, template: Template) -> Grey:
    """A large scan made soft enough to be sampled more coarsely."""
    shrink = _radius_px(placed, template) / (RADIUS_MM * FORM_PX_PER_MM)
    if shrink <= 1.5:  # noqa: PLR2004 - every pixel still counts
        return grey
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), 0.4 * shrink), np.uint8)


# --- answers --------------------------------------------------------------------------------------


def _streaked(columns_px: NDArray[np.int32], laid: _Laid) -> NDArray[np.bool_]:
    """Which bubbles lie on or beside one of these columns of the scan, whichever way up the page is."""
    centres = np.array([(b.x_mm, b.y_mm) for f in laid.reader.layout.fields for b in f.bubbles])
    x_px = project(laid.way, centres)[:, :1]
    rims = [project(laid.way, centres + off)[:, :1] for off in _STREAK_RADII * RADIUS_MM * np.eye(2)]
    reach_px = np.hypot(*(rim - x_px for rim in rims))
    return np.asarray((np.abs(columns_px[None, :] - x_px) < reach_px).any(axis=1))


def _read_fields(
    surface: Surface, reader: FormReader, streaked: NDArray[np.bool_]
) -> tuple[FieldReading, ...]:
    model = _model()
    thresholds = replace(model.thresholds, **_SURER)
    marks = reader.marks or map_marks(reader.layout, surface.clear, FORM_PX_PER_MM)
    measured = measure_marks(surface.clean, marks, FORM_PX_PER_MM, _PRINT_BLACK)
    probabilities = bubble_probabilities(measured.bubbles, marks.field_of.tolist(), model)
    # Where print is told from the page alone, a streak may have passed for print, with marks beneath it.
    trusted = surface.trusted if reader.known is not None else surface.trusted & ~streaked
    readings = []
    for number, field in enumerate(reader.layout.fields):
        own = np.flatnonzero(marks.field_of == number)
        evidence = FieldEvidence(
            code=field.code,
            options=tuple(b.option for b in field.bubbles),
            marks=tuple(measured.bubbles[i] for i in own),
            probabilities=tuple((float(p[0]), float(p[1]), float(p[2])) for p in probabilities[own]),
            streaked=tuple(streaked[own].tolist()),
            in_place=surface.in_place[number],
            surrounds=tuple(measured.surrounds[i] for i in own),
        )
        reading = decide_field(evidence, thresholds)
        readings.append(reading if trusted[own].all() else _doubted(reading))
    return tuple(readings) if reader.known is not None else _unswallowed(readings)


def _unswallowed(readings: Sequence[FieldReading]) -> tuple[FieldReading, ...]:
    """Where print is told from the page alone, doubt what lies beside marks that may have passed for print.

    Only a stroke that most questions have at the same option can pass for print, and then most of them
    look blank or faint: one that has another mark besides must not be accepted for that one alone.
    """
    faint: dict[str, list[bool]] = defaultdict(list)
    for reading in readings:
        for bubble in reading.bubbles:
            faint[bubble.option].append(bool({Flag.NO_MARK, Flag.MARGINAL_MARK} & set(reading.flags)))
    swallowed = {option for option, seen in faint.items() if np.mean(seen) > _FAINT_SHARE}
    return tuple(_doubted(r) if swallowed & {b.option for b in r.bubbles} else r for r in readings)


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
