"""The printed sheets of a deck as rasters. Sheets of one unit differ only in their codes and serial.

So each side is rasterised once; of every further sheet only the codes and the serial are drawn anew.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pypdfium2

from ocr.deck.ink import Image, Paper, paper_from
from ocr.layout import Layout, PageLayout

_POINTS_PER_INCH = 72.0
_MM_PER_INCH = 25.4
_MARGIN_MM = 1.5
_SIDES = 2

Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Master:
    """A side of the first sheet, and the pixel rectangles (left, top, right, bottom) that are personal."""

    pixels: Image
    personal: tuple[tuple[int, int, int, int], ...]


class PrintedSheets:
    """Rasters of the sheets in one printed PDF (two pages a sheet, in order)."""

    def __init__(self, pdf: Path, layout: Layout, dpi: int) -> None:
        """Open the print of sheets of one form, group and unit."""
        self._document = pypdfium2.PdfDocument(pdf)
        self._layout = layout
        self._scale = dpi / _POINTS_PER_INCH
        self._masters: dict[int, _Master] = {}

    def side(self, sheet: int, page: int) -> Paper:
        """A fresh raster of one side; `sheet` counts from 0, `page` from 1."""
        layout = self._layout.page(page)
        if page not in self._masters:
            self._masters[page] = self._master(page, layout)
        master = self._masters[page]
        pixels = master.pixels.copy()
        if sheet > 0:
            printed = self._document[sheet * _SIDES + page - 1]
            for rectangle in master.personal:
                _draw_region(pixels, printed, rectangle, self._scale)
            printed.close()
        return paper_from(pixels, layout.width_mm, layout.height_mm)

    def white(self) -> Paper:
        """A sheet of white paper of the same size."""
        paper = self.side(0, 1)
        paper.pixels[:] = 255
        return paper

    def close(self) -> None:
        """Close the print."""
        self._document.close()

    def _master(self, page: int, layout: PageLayout) -> _Master:
        printed = self._document[page - 1]
        pixels = _rendered(printed, self._scale, (0, 0, 0, 0))
        printed.close()
        paper = paper_from(pixels, layout.width_mm, layout.height_mm)
        personal = tuple(_pixels_of(area, paper) for area in _personal_areas(layout))
        return _Master(pixels, personal)


def _personal_areas(layout: PageLayout) -> list[Rectangle]:
    """Left, top, right, bottom in mm of everything that a stamp prints."""
    codes = [
        (c.x_mm - c.size_mm / 2, c.y_mm - c.size_mm / 2, c.x_mm + c.size_mm / 2, c.y_mm + c.size_mm / 2)
        for c in layout.codes
    ]
    serial = (
        layout.serial_x_mm,
        layout.serial_y_mm,
        layout.serial_x_mm + layout.serial_width_mm,
        layout.serial_y_mm + layout.serial_height_mm,
    )
    return [*codes, serial]


def _pixels_of(area: Rectangle, paper: Paper) -> tuple[int, int, int, int]:
    height, width = paper.pixels.shape
    left, top, right, bottom = area
    return (
        max(0, int((left - _MARGIN_MM) * paper.x_scale)),
        max(0, int((top - _MARGIN_MM) * paper.y_scale)),
        min(width, int((right + _MARGIN_MM) * paper.x_scale) + 1),
        min(height, int((bottom + _MARGIN_MM) * paper.y_scale) + 1),
    )


def _draw_region(
    pixels: Image, printed: pypdfium2.PdfPage, rectangle: tuple[int, int, int, int], scale: float
) -> None:
    height, width = pixels.shape
    left, top, right, bottom = rectangle
    # pdfium wants what to cut off each side, in points; halves keep its rounding up exact
    cut = (
        (left - 0.5) / scale,
        (height - bottom - 0.5) / scale,
        (width - right - 0.5) / scale,
        (top - 0.5) / scale,
    )
    region = _rendered(printed, scale, cut)
    pixels[top:bottom, left:right] = region[: bottom - top, : right - left]


def _rendered(printed: pypdfium2.PdfPage, scale: float, cut: Rectangle) -> Image:
    bitmap = printed.render(
        scale=scale, crop=tuple(max(0.0, side) for side in cut), grayscale=True, rev_byteorder=False
    )
    grey = np.array(bitmap.to_numpy(), dtype=np.uint8)
    bitmap.close()
    return np.ascontiguousarray(grey.reshape(grey.shape[0], grey.shape[1]))
