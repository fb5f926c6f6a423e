"""Where a page belongs and how it lies: everything before ink is measured.

The code says which printed page it is; markers and rows say where it lies; what comes out is that
page flat and upright, or the reason why not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ocr.blank import render_blank
from ocr.errors import RegistrationFailed, TemplateInvalid
from ocr.identity import CodeReading, decode_identity
from ocr.layout import CodeArea, Field, PageLayout
from ocr.marks import MarkMap, map_marks
from ocr.model import Flag, PageQuality, SheetIdentity
from ocr.quality import find_streaks, is_blank, is_poor, measure_quality
from ocr.registration import (
    FLAT_PX_PER_MM,
    Registration,
    RowFit,
    coarse_blank,
    find_fiducials,
    fit_rows,
    flatten_page,
    project,
    register_page,
)
from ocr.source import PageImage
from ocr.template import FormLibrary

Grey = NDArray[np.uint8]

_MM_PER_INCH = 25.4
_STREAK_RADII = 1.4


@dataclass(frozen=True, slots=True)
class PrintedPage:
    """One side of a form version with everything that all its scans share."""

    layout: PageLayout
    blank: Grey
    coarse: Grey
    marks: MarkMap
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
        flat: uint8, upright, 6 pixels a millimetre, pixel (0, 0) at the paper's corner.
        rows: how the row of each choice field fits, in their order.
        streaked: bool (n,), which bubbles a scanner's streak runs through or close by.
    """

    identity: SheetIdentity
    printed: PrintedPage
    quality: PageQuality
    flat: Grey
    rows: tuple[RowFit, ...]
    streaked: NDArray[np.bool_]


def locate_page(page: PageImage, library: FormLibrary) -> LocatedPage | LostPage:
    """Find which printed page this is and lay it flat.

    Args:
        page: one picture from `ocr.source.iter_pages`, any way up.
        library: the forms that may come.
    """
    if page.grey.size == 0:
        return LostPage(Flag.POOR_IMAGE, PageQuality(0, 0), None, page.grey)
    quality = measure_quality(page.grey, page.reduction)
    code = decode_identity(page.grey, _code_areas(library))
    if code.identity is None:
        return LostPage(_why_unnamed(code, quality), quality, None, page.grey)
    grey, codes_px = _upright(page.grey, code)
    printed = _printed_page(library, code.identity.form, code.identity.version, code.identity.page)
    if printed is None:
        return LostPage(Flag.UNKNOWN_FORM, quality, code.identity, grey)
    try:
        registration = _register(grey, printed.layout, codes_px)
    except RegistrationFailed:
        return LostPage(Flag.POOR_REGISTRATION, quality, code.identity, grey)
    rows, shifts = fit_rows(grey, registration.homography, printed.layout, printed.coarse)
    flat = flatten_page(grey, registration.homography, printed.layout, FLAT_PX_PER_MM, shifts)
    streaks = find_streaks(grey)
    px_per_mm = registration.px_per_mm(printed.layout.width_mm / 2, printed.layout.height_mm / 2)
    quality = replace(
        quality,
        dpi=round(px_per_mm * page.reduction * _MM_PER_INCH, 1),
        rotation_deg=round(registration.rotation_deg, 3),
        scale=round(px_per_mm * printed.layout.height_mm / grey.shape[0], 4),
        residual_mm=round(registration.residual_mm, 3),
        streak_columns=len(streaks),
    )
    return LocatedPage(code.identity, printed, quality, flat, rows, _streaked(streaks, registration, printed))


@lru_cache(maxsize=4)
def _code_areas(library: FormLibrary) -> tuple[CodeArea, ...]:
    """Every place where any form of the library prints a code."""
    layouts = [
        library.layout(code, version) for code in library.codes() for version in library.versions(code)
    ]
    return tuple(dict.fromkeys(area for layout in layouts for page in layout.pages for area in page.codes))


@lru_cache(maxsize=40)
def _printed_page(library: FormLibrary, form: str, version: int, number: int) -> PrintedPage | None:
    """The printed side, or None if the library does not have it."""
    try:
        layout = library.layout(form, version)
        page = layout.page(number)
    except (TemplateInvalid, KeyError):
        return None
    blank = render_blank(library, form, version, number, FLAT_PX_PER_MM * _MM_PER_INCH)
    return PrintedPage(
        page, blank, coarse_blank(blank), map_marks(page, blank, FLAT_PX_PER_MM), layout.template_sha256
    )


def _why_unnamed(code: CodeReading, quality: PageQuality) -> Flag:
    """Why a page has no identity."""
    if code.fault is not None:
        return code.fault
    if is_blank(quality):
        return Flag.BLANK_PAGE
    return Flag.POOR_IMAGE if is_poor(quality) else Flag.DAMAGED_CODE


def _upright(page: Grey, code: CodeReading) -> tuple[Grey, tuple[NDArray[np.float64], ...]]:
    """Turn the page by quarters until its code stands upright, and the code's corners with it."""
    quarters = round((code.turned_deg or 0.0) / 90.0) % 4
    if quarters == 0:
        return page, code.corners_px
    turned = np.ascontiguousarray(np.rot90(page, quarters))
    return turned, tuple(_turned(c, page, quarters) for c in code.corners_px)


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


def _streaked(
    columns: NDArray[np.int32], registration: Registration, printed: PrintedPage
) -> NDArray[np.bool_]:
    """Which bubbles of the page lie on or beside one of these columns of the scan."""
    bubbles = [b for f in printed.choices for b in f.bubbles]
    centres = np.array([(b.x_mm, b.y_mm) for b in bubbles], np.float64).reshape(-1, 2)
    rims = centres + np.array([[b.r_mm * _STREAK_RADII, 0.0] for b in bubbles]).reshape(-1, 2)
    x_px = project(registration.homography, centres)[:, :1]
    reach_px = np.abs(project(registration.homography, rims)[:, :1] - x_px)
    return np.asarray((np.abs(columns[None, :] - x_px) < reach_px).any(axis=1))
