"""A reading drawn on its page, for support and for whoever wants to see why; nothing here decides."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ocr.errors import EngineMissing
from ocr.layout import Field
from ocr.locate import LocatedPage
from ocr.model import BubbleReading, FieldReading, MarkState, PageReading
from ocr.registration import FLAT_PX_PER_MM, project
from ocr.row_fit import RowFit

Grey = NDArray[np.uint8]
Colour = tuple[int, int, int]

_INK: dict[MarkState, Colour] = {
    MarkState.EMPTY: (120, 160, 210),
    MarkState.FILLED: (0, 150, 60),
    MarkState.MARGINAL: (235, 130, 0),
    MarkState.CANCELLED: (150, 60, 190),
}
_SURE: Colour = (0, 110, 50)
_DOUBT: Colour = (210, 20, 20)
_PLACE: Colour = (30, 90, 220)
_PX_PER_MM = 6  # of the drawing, whatever the flat page has
_LINE_PX = 2
_SMALL_PX, _LARGE_PX = 13, 18
_SMALL_FONT, _LARGE_FONT = "LiberationSerif-Regular.ttf", "LiberationSerif-Bold.ttf"
_QUALITY = 85


def check_fonts(fonts: Path) -> None:
    """Raise EngineMissing if the fonts that drawings are labelled with are not in this folder."""
    missing = [name for name in (_SMALL_FONT, _LARGE_FONT) if not (fonts / name).is_file()]
    if missing:
        raise EngineMissing(f"Không có phông chữ {', '.join(missing)} trong {fonts}.")


def draw_reading(located: LocatedPage, reading: PageReading, fonts: Path) -> bytes:
    """Draw markers, rows with their shifts, bubbles with state and score, and decisions; a colour JPEG.

    Args:
        located: the page as it was laid flat, and how its rows fit.
        reading: what was read on it.
        fonts: folder of the forms' own fonts.
    """
    pen = _Pen(located.whole(), _PX_PER_MM / FLAT_PX_PER_MM, fonts)
    _draw_markers(pen, located)
    read = {field.code: field for field in reading.fields}
    for field, row in zip(located.printed.choices, located.rows, strict=True):
        _draw_field(pen, field, read[field.code], row)
    written = {text.code for text in reading.texts if text.written}
    for field in located.printed.layout.fields:
        if field.code in written:
            pen.box(field, _DOUBT)
            pen.words((field.x_mm, field.y_mm), f"{field.code}: có chữ viết tay", _DOUBT)
    pen.title(_title(reading))
    return pen.jpeg()


def draw_refusal(grey: Grey, reading: PageReading, fonts: Path) -> bytes:
    """A page that could not be read, as it was scanned, under the reason; b"" if it has no pixels."""
    if grey.size == 0:
        return b""
    pen = _Pen(grey, min(1.0, 297 * _PX_PER_MM / max(grey.shape)), fonts)
    pen.title(_title(reading))
    return pen.jpeg()


def _title(reading: PageReading) -> str:
    who = reading.identity
    sheet = (
        "?" if who is None else f"{who.form} v{who.version} {who.group} {who.unit} {who.serial}/{who.page}"
    )
    quality = reading.quality
    place = "" if quality.residual_mm is None else f"  lệch {quality.residual_mm} mm, {quality.dpi} dpi"
    return (
        f"{reading.source} [{reading.page_index}]  {sheet}  {_flagged(reading.status, reading.flags)}{place}"
    )


def _flagged(word: str, flags: Sequence[str]) -> str:
    return f"{word}: {', '.join(flags)}" if flags else word


def _draw_markers(pen: "_Pen", located: LocatedPage) -> None:
    """Where the layout has each marker, and a filled dot on each corner that was found."""
    for marker in located.printed.layout.fiducials:
        half = marker.size_mm / 2
        pen.rectangle(marker.x_mm - half, marker.y_mm - half, marker.size_mm, marker.size_mm, _PLACE)
    to_mm = np.asarray(np.linalg.inv(located.registration.homography), np.float64)
    for corners in located.markers_px.values():
        for x_mm, y_mm in project(to_mm, corners):
            pen.dot(float(x_mm), float(y_mm), _DOUBT)


def _draw_field(pen: "_Pen", field: Field, read: FieldReading, row: RowFit) -> None:
    colour = _SURE if read.accepted else _DOUBT
    pen.box(field, _PLACE if row.agrees else _DOUBT)
    for bubble, seen in zip(field.bubbles, read.bubbles, strict=True):
        pen.ring(bubble.x_mm, bubble.y_mm, bubble.r_mm + 0.5, _INK[seen.state])
        pen.words((bubble.x_mm + bubble.r_mm, bubble.y_mm + bubble.r_mm), _score(seen), _INK[seen.state])
    value = "–" if read.value is None else read.value
    decision = _flagged(f"{field.code} = {value} ({read.confidence:.3f})", read.flags)
    pen.words((field.x_mm, field.y_mm), decision, colour)
    across, down = row.used_mm
    shift = f"{across:+.2f} {down:+.2f} mm, khớp {row.match:.2f}"
    pen.words((field.x_mm, field.y_mm + field.height_mm - 2.2), shift, _PLACE)


def _score(bubble: BubbleReading) -> str:
    return f"{bubble.score:.3f}".removeprefix("0")


class _Pen:
    """Draws in millimetres of the page."""

    def __init__(self, page: Grey, scale: float, fonts: Path) -> None:
        height, width = (max(1, round(side * scale)) for side in page.shape)
        # Paler than it was scanned, so that what is drawn stands out.
        pale = 96 + cv2.resize(page, (width, height), interpolation=cv2.INTER_AREA) * (159 / 255)
        self._picture = Image.fromarray(np.asarray(pale, np.uint8)).convert("RGB")
        self._draw = ImageDraw.Draw(self._picture)
        self._small = ImageFont.truetype(fonts / _SMALL_FONT, _SMALL_PX)
        self._large = ImageFont.truetype(fonts / _LARGE_FONT, _LARGE_PX)

    def rectangle(self, x_mm: float, y_mm: float, width_mm: float, height_mm: float, colour: Colour) -> None:
        corners = (x_mm, y_mm, x_mm + width_mm, y_mm + height_mm)
        self._draw.rectangle([v * _PX_PER_MM for v in corners], outline=colour, width=1)

    def box(self, field: Field, colour: Colour) -> None:
        self.rectangle(field.x_mm, field.y_mm, field.width_mm, field.height_mm, colour)

    def ring(self, x_mm: float, y_mm: float, r_mm: float, colour: Colour) -> None:
        circle = [v * _PX_PER_MM for v in (x_mm - r_mm, y_mm - r_mm, x_mm + r_mm, y_mm + r_mm)]
        self._draw.ellipse(circle, outline=colour, width=_LINE_PX)

    def dot(self, x_mm: float, y_mm: float, colour: Colour) -> None:
        self._draw.circle((x_mm * _PX_PER_MM, y_mm * _PX_PER_MM), 2 * _LINE_PX, fill=colour)

    def words(self, at_mm: tuple[float, float], words: str, colour: Colour) -> None:
        place = (at_mm[0] * _PX_PER_MM + 1, at_mm[1] * _PX_PER_MM)
        self._draw.rectangle(self._draw.textbbox(place, words, self._small), fill=(255, 255, 255))
        self._draw.text(place, words, colour, self._small)

    def title(self, words: str) -> None:
        self._draw.rectangle((0, 0, self._picture.width, _LARGE_PX + 6), fill=(255, 255, 255))
        self._draw.text((6, 2), words, (0, 0, 0), self._large)

    def jpeg(self) -> bytes:
        encoded = cv2.imencode(
            ".jpg", np.asarray(self._picture)[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
        )
        return encoded[1].tobytes()
