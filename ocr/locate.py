"""Where a page belongs and how it lies: everything before ink is measured.

The code says which printed page it is; markers and rows say where it lies; what comes out is that
page flat and upright, or the reason why not.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ocr.blank import render_blank
from ocr.booklet import blank_booklet
from ocr.code_grid import read_closed_code
from ocr.errors import RegistrationFailed, TemplateInvalid
from ocr.identity import CodeReading, decode_identity
from ocr.layout import CodeArea, Field, PageLayout
from ocr.mark_map import MarkMap, map_marks
from ocr.model import Flag, PageQuality, SheetIdentity
from ocr.quality import PrintLook, find_streaks, is_blank, is_poor, measure_print, measure_quality
from ocr.registration import (
    FLAT_PX_PER_MM,
    Box,
    Registration,
    find_any_markers,
    find_fiducials,
    flatten,
    flatten_page,
    flatten_roughly,
    margin_boxes,
    missing_corners,
    project,
    register_page,
    turned_deg,
)
from ocr.row_fit import COARSE_PX_PER_MM, LineMap, RowFit, ShiftField, fit_rows, map_lines
from ocr.scan_view import ScanView, view_scan
from ocr.second_reader import WindowPlaces, plan_windows
from ocr.source import PageImage
from ocr.template import FormLibrary

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]

_MM_PER_INCH = 25.4
# A scanner sees the sheet from straight above; how much of the picture a photo's sheet fills says nothing.
_CAMERA_TILT = 0.02
_STREAK_RADII = 1.4
# Along a side. On a smaller picture a marker, a twenty-fifth of the page, has fewer pixels than squares.
_LEAST_PX = 100


@dataclass(frozen=True, slots=True)
class PrintedPage:
    """One side of a form version with everything that all its scans share."""

    layout: PageLayout
    blank: Grey
    lines: LineMap
    marks: MarkMap
    windows: WindowPlaces
    template_sha256: str

    @property
    def choices(self) -> tuple[Field, ...]:
        """The fields with bubbles, in the order in which they are measured."""
        return tuple(f for f in self.layout.fields if f.bubbles)


@dataclass(frozen=True, slots=True)
class LostPage:
    """A page that cannot be read: why, and what is known of it all the same."""

    flag: Flag
    quality: PageQuality
    identity: SheetIdentity | None
    grey: Grey


@dataclass(frozen=True, slots=True)
class LocatedPage:
    """A page whose sheet and place are known.

    Attributes:
        flat: uint8, upright, 4 pixels a millimetre, pixel (0, 0) at the paper's corner; laid out around
            the fields, white elsewhere.
        print_black: grey level of the print.
        rows: how the row of each choice field fits, in their order.
        streaked: bool (n,), which bubbles a scanner's streak runs through or close by.
        scan: the picture itself, with its upright working picture.
        registration, markers_px: the transform to the working picture, and the markers found there
            by id, float64 (4, 2) each.
        shifts: how the lines of bubbles lie beside the registration.
    """

    identity: SheetIdentity
    printed: PrintedPage
    quality: PageQuality
    flat: Grey
    print_black: float
    rows: tuple[RowFit, ...]
    streaked: NDArray[np.bool_]
    scan: ScanView
    registration: Registration
    markers_px: dict[int, Floats]
    shifts: ShiftField

    def whole(self) -> Grey:
        """The whole page flat and upright, as large as `flat`."""
        page = self.flat.copy()
        for box in margin_boxes(self.printed.layout):
            left, top, width, height = (round(v * FLAT_PX_PER_MM) for v in box)
            page[top : top + height, left : left + width] = flatten(
                self.scan.work, self.registration.homography, box, FLAT_PX_PER_MM, self.shifts
            )
        return page

    def close_up(self, box: Box, px_per_mm: float) -> Grey:
        """A part of the page, flat and upright, out of the whole scan: sharper than `flat`."""
        whole, homography = self.scan.whole(self.registration.homography)
        return flatten(whole, homography, box, px_per_mm, self.shifts)


def locate_page(
    page: PageImage, library: FormLibrary, identity: SheetIdentity | None = None
) -> LocatedPage | LostPage:
    """Find which printed page this is and lay it flat.

    The code is read from the scan as it came; all else needs no more than half of 200 dpi.

    Args:
        page: one picture from `ocr.source.iter_pages`, any way up.
        library: the forms that may come.
        identity: which page it is where a person has said so: then the code need not be readable, and
            what it says does not count; the markers alone tell how the page lies.
    """
    height, width = page.grey.shape
    if min(height, width) < _LEAST_PX:
        size = PageQuality(width * page.reduction, height * page.reduction)
        return LostPage(Flag.POOR_IMAGE, size, None, page.grey)
    scan = view_scan(page.grey)
    quality = measure_quality(scan.work, page.reduction * scan.reduction)
    code = decode_identity(page.grey, _code_areas(library))
    if identity is None and code.identity is None and code.fault is None and not is_blank(quality):
        code = read_closed_code(scan, _marked_pages(library))
    known = identity or code.identity
    if known is None:
        return LostPage(_why_unnamed(code, quality), _with_gaps(quality, scan.work), None, scan.work)
    turned = code.turned_deg if code.corners_px else turned_deg(find_any_markers(scan.work))
    scan = scan.turned(round((turned or 0.0) / 90.0) % 4)
    printed = _printed_page(library, known.form, known.version, known.page, known.rows)
    if printed is None:
        return LostPage(Flag.UNKNOWN_FORM, quality, known, scan.work)
    markers = find_fiducials(scan.work, printed.layout)
    try:
        registration = register_page(markers, printed.layout, [scan.on_work(c) for c in code.corners_px])
    except RegistrationFailed:
        return LostPage(Flag.POOR_REGISTRATION, _with_gaps(quality, scan.work), known, scan.work)
    layout, homography = printed.layout, registration.homography
    lines = printed.lines
    coarse = flatten_roughly(scan.work, homography, layout, COARSE_PX_PER_MM, lines.box_mm)
    rows, shifts = fit_rows(coarse, lines)
    flat = flatten_page(scan.work, homography, layout, FLAT_PX_PER_MM, shifts)
    look = measure_print(scan.work, tuple(markers.values()))
    streaks = find_streaks(scan.work)
    return LocatedPage(
        identity=known,
        printed=printed,
        quality=_placed(
            replace(quality, streak_columns=len(streaks)), layout, registration, look, scan.work.shape
        ),
        flat=flat,
        print_black=look.black,
        rows=rows,
        streaked=_streaked(streaks, registration, printed),
        scan=scan,
        registration=registration,
        markers_px=markers,
        shifts=shifts,
    )


def _with_gaps(quality: PageQuality, work: Grey) -> PageQuality:
    """The quality of a lost page with the corners that are not on it: what its clerk can mend."""
    return replace(quality, missing_corners=missing_corners(find_any_markers(work)))


def _placed(
    quality: PageQuality,
    layout: PageLayout,
    registration: Registration,
    look: PrintLook,
    work_px: tuple[int, ...],
) -> PageQuality:
    """The quality with what only the registration tells."""
    px_per_mm = registration.px_per_mm(layout.width_mm / 2, layout.height_mm / 2)
    from_above = registration.tilt < _CAMERA_TILT
    return replace(
        quality,
        dpi=round(px_per_mm * max(quality.width_px, quality.height_px) / max(work_px) * _MM_PER_INCH, 1),
        rotation_deg=round(registration.rotation_deg, 3),
        scale=round(px_per_mm * layout.height_mm / work_px[0], 4) if from_above else None,
        residual_mm=round(registration.residual_mm, 3),
        blur_mm=round(look.edge_px / px_per_mm, 3),
    )


@lru_cache(maxsize=4)
def _code_areas(library: FormLibrary) -> tuple[CodeArea, ...]:
    """Every place where any form of the library prints a code."""
    layouts = [
        library.layout(code, version) for code in library.codes() for version in library.versions(code)
    ]
    return tuple(dict.fromkeys(area for layout in layouts for page in layout.pages for area in page.codes))


@lru_cache(maxsize=4)
def _marked_pages(library: FormLibrary) -> tuple[PageLayout, ...]:
    """One of each kind of side that the library prints: same markers and codes in the same places."""
    layouts = [
        library.layout(code, version) for code in library.codes() for version in library.versions(code)
    ]
    kinds = {(page.fiducials, page.codes): page for layout in layouts for page in layout.pages}
    return tuple(kinds.values())


@lru_cache(maxsize=40)
def _printed_page(
    library: FormLibrary, form: str, version: int, number: int, rows: int
) -> PrintedPage | None:
    """The printed side or page of a booklet, or None if the library does not have it."""
    try:
        booklet = blank_booklet(library, form, version, rows) if rows else None
        layout = booklet.layout if booklet else library.layout(form, version)
        page = layout.page(number)
    except (TemplateInvalid, KeyError):
        return None
    blank = render_blank(library, form, version, number, FLAT_PX_PER_MM * _MM_PER_INCH, rows=rows)
    return PrintedPage(
        page,
        blank,
        map_lines(page, blank, FLAT_PX_PER_MM),
        map_marks(page, blank, FLAT_PX_PER_MM),
        plan_windows(page, blank),
        layout.template_sha256,
    )


def _why_unnamed(code: CodeReading, quality: PageQuality) -> Flag:
    """Why a page has no identity."""
    if code.fault is not None:
        return code.fault
    if is_blank(quality):
        return Flag.BLANK_PAGE
    return Flag.POOR_IMAGE if is_poor(quality) else Flag.DAMAGED_CODE


def _streaked(
    columns: NDArray[np.int32], registration: Registration, printed: PrintedPage
) -> NDArray[np.bool_]:
    """Which bubbles of the page lie on or beside one of these columns of the scan."""
    bubbles = [b for f in printed.choices for b in f.bubbles]
    if len(columns) == 0:
        return np.zeros(len(bubbles), np.bool_)
    centres = np.array([(b.x_mm, b.y_mm) for b in bubbles], np.float64).reshape(-1, 2)
    rims = centres + np.array([[b.r_mm * _STREAK_RADII, 0.0] for b in bubbles]).reshape(-1, 2)
    x_px = project(registration.homography, centres)[:, :1]
    reach_px = np.abs(project(registration.homography, rims)[:, :1] - x_px)
    return np.asarray((np.abs(columns[None, :] - x_px) < reach_px).any(axis=1))
