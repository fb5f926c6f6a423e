"""What an office printed, filled in and scanned: the very PDFs that were downloaded, marked with a pen."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pikepdf
from PIL import Image

from ocr.blank import render_pdf_page
from ocr.cover import PAGES as COVER_PAGES
from tests.worlds.scanned_pages import LIBRARY, Grey, fill, scanned

SIDES = 2
OPTION = "2"  # there is one in every question


@dataclass(frozen=True)
class PrintedPack:
    """One pack's PDF out of a ZIP: its place of issue, its code, its form."""

    place: str
    code: str
    form: str
    pdf: bytes

    @property
    def sheet_count(self) -> int:
        """Sheets behind the cover slip."""
        with pikepdf.open(io.BytesIO(self.pdf)) as pages:
            return (len(pages.pages) - COVER_PAGES) // SIDES


def unpack(downloaded: Path) -> list[PrintedPack]:
    """The packs of a ZIP as it was downloaded, in its order: “19111/B001-2_CX4_DN.pdf”."""
    packs = []
    with zipfile.ZipFile(downloaded) as archive:
        for name in archive.namelist():
            place, _, file = name.partition("/")
            code, form = file.split("_")[:2]
            packs.append(PrintedPack(place, code, form, archive.read(name)))
    return packs


def filled_sheet(pdf: bytes, form: str, number: int = 0) -> list[Grey]:
    """Both sides of a pack's sheet (from 0), every question answered, as a scanner gives them."""
    first = COVER_PAGES + SIDES * number
    return [scanned(_filled(render_pdf_page(pdf, first + n, 200), form, n + 1), 0.4) for n in range(SIDES)]


def _filled(page: Grey, form: str, side: int) -> Grey:
    layout, marked = LIBRARY.layout(form, 1).page(side), page.copy()
    px_per_mm = page.shape[1] / layout.width_mm
    for field in layout.fields:
        for bubble in field.bubbles:
            if bubble.option == OPTION:
                centre = (bubble.x_mm * px_per_mm - 0.5, bubble.y_mm * px_per_mm - 0.5)
                fill(marked, centre, bubble.r_mm * px_per_mm)
    return marked


def as_tiff(pages: Iterable[Grey]) -> bytes:
    """A scanner's file of many pages."""
    pictures: Sequence[Image.Image] = [Image.fromarray(np.ascontiguousarray(page)) for page in pages]
    out = io.BytesIO()
    pictures[0].save(out, "TIFF", save_all=True, append_images=pictures[1:], compression="jpeg", quality=90)
    return out.getvalue()
