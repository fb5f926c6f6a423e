"""The page as it was printed, before anybody wrote on it: the reference for bubble masks and golden pages.

    page = render_blank(library, "CX4", 1, page=1, dpi=200)   # uint8, grey, 255 = paper, read-only
    x_px = bubble.x_mm / layout.width_mm * page.shape[1]

Codes, serial and the unit's name are left white; everything else is exactly what the press prints.
"""

import ctypes
from functools import lru_cache
from pathlib import Path

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

from ocr.booklet import blank_booklet
from ocr.template import FormLibrary
from ocr.typeset import SAMPLE_IMPRINT, set_form

POINTS_PER_INCH = 72

GreyImage = NDArray[np.uint8]


def render_blank(
    library: FormLibrary, code: str, version: int, page: int, dpi: float, *, rows: int = 0
) -> GreyImage:
    """One side of a blank form, kept in memory for the next caller; do not write to it.

    Args:
        library: where the form is.
        code: the form's code.
        version: its version.
        page: 1 (front) or 2 (back), or the page of a booklet.
        dpi: pixels per inch; the picture has the nearest whole number of pixels each way.
        rows: of a booklet: how many units it is about; 0 for a sheet.

    Raises:
        TemplateInvalid: no such form.
    """
    return _rendered(library.forms_dir, (code, version, rows), page, float(dpi))


def render_pdf_page(pdf: bytes | Path, index: int, dpi: float) -> GreyImage:
    """Any page of a PDF in grey, `index` from 0; the page fills the picture exactly, edge to edge."""
    with pypdfium2.PdfDocument(pdf) as document:
        source = document[index]
        width, height = (round(edge / POINTS_PER_INCH * dpi) for edge in source.get_size())
        pixels = np.full((height, width), 255, dtype=np.uint8)
        bitmap = pdfium.FPDFBitmap_CreateEx(
            width, height, pdfium.FPDFBitmap_Gray, pixels.ctypes.data_as(ctypes.c_void_p), width
        )
        try:
            pdfium.FPDF_RenderPageBitmap(bitmap, source, 0, 0, width, height, 0, pdfium.FPDF_ANNOT)
        finally:
            pdfium.FPDFBitmap_Destroy(bitmap)
    return pixels


@lru_cache(maxsize=8)
def _blank_pdf(forms_dir: Path, code: str, version: int, rows: int) -> bytes:
    library = FormLibrary(forms_dir)
    if rows:
        return blank_booklet(library, code, version, rows).pdf
    return set_form(library, code, version, unit_name="", imprint=SAMPLE_IMPRINT).pdf


@lru_cache(maxsize=32)
def _rendered(forms_dir: Path, form: tuple[str, int, int], page: int, dpi: float) -> GreyImage:
    pixels = render_pdf_page(_blank_pdf(forms_dir, *form), page - 1, dpi)
    pixels.setflags(write=False)
    return pixels
