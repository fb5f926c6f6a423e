"""Pages out of PDF files: a page that is one full picture gives that picture, any other is rendered."""

import contextlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pikepdf
import pypdfium2

from ocr.errors import OcrError, ScanUnreadable
from ocr.scan_page import (
    Grey,
    PageImage,
    ScanLimits,
    check_pixels,
    halve_long,
    jpeg_page,
    unreadable_page,
)

RENDER_DPI = 200
_A4_LONG_INCH = 297 / 25.4


@contextlib.contextmanager
def open_pdf(path: Path) -> Iterator[pikepdf.Pdf]:
    """Open a PDF.

    Raises:
        ScanUnreadable: it needs a password (`encrypted`), or is no sound PDF (`damaged`).
    """
    try:
        pdf = pikepdf.open(path)
    except pikepdf.PasswordError as error:
        raise ScanUnreadable(
            "Tệp PDF đặt mật khẩu. Hãy lưu lại không mật khẩu rồi nộp lại.", "encrypted"
        ) from error
    except (pikepdf.PdfError, OSError, ValueError, RuntimeError) as error:
        raise ScanUnreadable("Tệp PDF bị hỏng, không mở được. Hãy quét lại.", "damaged") from error
    with pdf:
        yield pdf


def pdf_length(pdf: pikepdf.Pdf) -> int:
    """Count the pages of an open PDF; ScanUnreadable (`damaged`) where they cannot be counted."""
    try:
        return len(pdf.pages)
    except (pikepdf.PdfError, ValueError, TypeError, RuntimeError) as error:
        raise ScanUnreadable("Tệp PDF bị hỏng, không đếm được trang.", "damaged") from error


def load_pdf_page(path: Path, pdf: pikepdf.Pdf, limits: ScanLimits, name: str, index: int) -> PageImage:
    """Give page `index` (from 0) of the PDF at `path`; a damaged or too large page has a `problem`."""
    try:
        return _pdf_page(path, pdf, index, limits, name)
    except OcrError as error:
        return unreadable_page(name, index, str(error))
    except Exception as error:  # noqa: BLE001 - whatever a damaged page raises, the next ones are read
        why = f"Trang PDF bị hỏng ({type(error).__name__}). Hãy quét lại trang này."
        return unreadable_page(name, index, why)


def _pdf_page(path: Path, pdf: pikepdf.Pdf, index: int, limits: ScanLimits, name: str) -> PageImage:
    page = pdf.pages[index]
    raw = _full_page_picture(page)
    found = None if raw is None else _picture_grey(raw, limits)
    if found is None:
        return PageImage(name, index, _render(path, index, limits))
    grey, reduction = found
    turns = int(page.obj.get("/Rotate", 0) if "/Rotate" in page.obj else _inherited_rotation(page)) // 90 % 4
    if turns:
        grey = np.ascontiguousarray(np.rot90(grey, -turns))
    return PageImage(name, index, grey, reduction)


def _inherited_rotation(page: pikepdf.Page) -> int:
    node: Any = page.obj
    while "/Parent" in node:
        node = node["/Parent"]
        if "/Rotate" in node:
            return int(node["/Rotate"])
    return 0


def _full_page_picture(page: pikepdf.Page) -> Any:  # noqa: ANN401 - pikepdf objects are untyped
    """The page's picture, if the page is that one picture and nothing else; None otherwise."""
    if page.obj.get("/Annots"):  # what people draw and type in a viewer lies over the picture
        return None
    pictures = dict(page.get_images())
    drawn = _only_drawing(page)
    if drawn is None or drawn[0] not in pictures:
        return None
    name, (a, b, c, d, e, f) = drawn
    box = [float(v) for v in page.cropbox]
    width, height = box[2] - box[0], box[3] - box[1]
    slack = 0.02 * max(width, height)
    upright = abs(b) < 1 and abs(c) < 1 and a > 0 and d > 0
    covers = abs(a - width) < slack and abs(d - height) < slack
    placed = abs(e - box[0]) < slack and abs(f - box[1]) < slack
    return pictures[name] if upright and covers and placed else None


_BITS_PER_BYTE = 8
_MATRIX_OPERATORS = {"q", "Q", "cm", "Do", "gs"}


def _only_drawing(page: pikepdf.Page) -> tuple[str, list[float]] | None:
    """Name and matrix of the one thing that a content stream places; None for any other stream."""
    total = np.eye(3)
    drawn: list[str] = []
    for instruction in pikepdf.parse_content_stream(page):
        operator = str(instruction.operator)
        if operator not in _MATRIX_OPERATORS:
            return None
        if operator == "cm":
            a, b, c, d, e, f = (float(v) for v in instruction.operands)
            total = np.array([[a, b, 0], [c, d, 0], [e, f, 1]]) @ total
        if operator == "Do":
            drawn.append(str(instruction.operands[0]))
    if len(drawn) != 1:
        return None
    return drawn[0], [float(total[i, j]) for i, j in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1))]


def _picture_grey(raw: Any, limits: ScanLimits) -> tuple[Grey, int] | None:  # noqa: ANN401 - untyped
    """Decode a PDF picture; None where only rendering gives its true look (masks, odd colours)."""
    width, height = int(raw["/Width"]), int(raw["/Height"])
    check_pixels(width, height, limits)
    filters = _filters(raw)
    if _needs_rendering(raw, filters):
        return None
    if filters == ["/DCTDecode"]:
        return jpeg_page(bytes(raw.read_raw_bytes()), limits)
    plain = _plain_pixels(raw, width, height)
    if plain is not None:
        return halve_long(plain)
    picture = pikepdf.PdfImage(raw).as_pil_image()
    return halve_long(np.asarray(picture.convert("L"), np.uint8))


_GREY_OR_RGB = {"/DeviceGray", "/CalGray", "/DeviceRGB", "/CalRGB", "/ICCBased"}
_OWN_PIXELS = {"/JPXDecode", "/JBIG2Decode"}  # decoded by the renderer alone
_NO_PALETTE = {"/DCTDecode", "/CCITTFaxDecode"}  # of these the decoders here leave the palette out
_INKS = 4


def _needs_rendering(raw: Any, filters: list[str]) -> bool:  # noqa: ANN401 - untyped
    """Whether the picture's bytes are not what a reader sees: masks, inverted values, inks, deep colours."""
    if any(key in raw for key in ("/SMask", "/Mask", "/Decode")) or raw.get("/ImageMask", False):
        return True
    if int(raw.get("/BitsPerComponent", 8)) > _BITS_PER_BYTE:  # Pillow clips 16 bits instead of scaling them
        return True
    colour = raw.get("/ColorSpace", "")
    family = str(colour[0]) if isinstance(colour, pikepdf.Array) else str(colour)
    if family == "/ICCBased" and int(colour[1].get("/N", _INKS)) == _INKS:
        return True
    is_palette = family == "/Indexed" and _NO_PALETTE.isdisjoint(filters)
    return not (family in _GREY_OR_RGB or is_palette) or not _OWN_PIXELS.isdisjoint(filters)


_CHANNELS = {"/DeviceGray": 1, "/DeviceRGB": 3}


def _plain_pixels(raw: Any, width: int, height: int) -> Grey | None:  # noqa: ANN401 - untyped
    """Unpack grey or colour bytes with nothing special about them; None for any other picture.

    No more is unpacked than the picture has pixels, whatever its bytes would grow to.
    """
    channels = _CHANNELS.get(str(raw.get("/ColorSpace", "")), 0)
    is_plain = _filters(raw) == ["/FlateDecode"] and "/DecodeParms" not in raw
    if not channels or not is_plain or int(raw.get("/BitsPerComponent", 8)) != _BITS_PER_BYTE:
        return None
    size = width * height * channels
    unpacked = zlib.decompressobj().decompress(raw.get_raw_stream_buffer(), size)
    if len(unpacked) < size:
        raise ScanUnreadable("Ảnh của trang bị cụt. Hãy quét lại trang này.", "damaged")
    pixels = np.frombuffer(unpacked, np.uint8).reshape(height, width, channels)
    return (
        pixels[:, :, 0] if channels == 1 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    )


def _filters(raw: Any) -> list[str]:  # noqa: ANN401 - untyped
    found = raw.get("/Filter", [])
    return [str(f) for f in found] if isinstance(found, pikepdf.Array) else [str(found)] if found else []


def _render(path: Path, index: int, limits: ScanLimits) -> Grey:
    """Draw a page that is not one picture, at 200 dpi, grey; smaller if the sheet is huge."""
    with contextlib.closing(pypdfium2.PdfDocument(path)) as document:
        page = document[index]
        width_pt, height_pt = page.get_size()
        scale = RENDER_DPI / 72
        longest_px = _A4_LONG_INCH * RENDER_DPI * 1.5
        scale = min(scale, longest_px / max(width_pt, height_pt, 1.0))
        check_pixels(int(width_pt * scale), int(height_pt * scale), limits)
        bitmap = page.render(scale=scale, grayscale=True)
        grey = np.array(bitmap.to_numpy(), np.uint8)
        page.close()
    return grey[:, :, 0] if grey.ndim == 3 else grey  # noqa: PLR2004 - (height, width, 1)
