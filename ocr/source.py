"""Pages out of scan files, one at a time: PDF, TIFF, JPEG and PNG become grey pictures.

What a file is, its first bytes say, never its name. Limits are checked on headers, before a picture
is decoded. A PDF page that is one full picture gives that picture; only other pages are rendered.
"""

import contextlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import pikepdf
import pypdfium2
from numpy.typing import NDArray
from PIL import Image

from ocr.errors import ScanTooLarge, ScanUnreadable

cv2.setNumThreads(1)

Grey = NDArray[np.uint8]
FileKind = Literal["pdf", "tiff", "jpeg", "png"]

RENDER_DPI = 200
# A longer picture is halved while it is decoded: an A4 page of 300 dpi is read at 150.
HALVE_FROM_PX = 3000
_A4_LONG_INCH = 297 / 25.4
_HEAD_BYTES = 1024


@dataclass(frozen=True, slots=True)
class ScanLimits:
    """What one file may cost: bytes on disk, pages, and pixels of any one picture (A3 at 600 dpi fits)."""

    max_bytes: int = 2_000_000_000
    max_pages: int = 10_000
    max_pixels: int = 80_000_000


@dataclass(frozen=True, slots=True)
class PageImage:
    """One page as it was scanned, not yet turned or straightened.

    Attributes:
        source: the file's name, as given.
        page_index: from 0 within the file.
        grey: uint8 (height, width), 0 = black; empty (0, 0) where the page could not be decoded.
        reduction: how many scanned pixels make one pixel of `grey`, along a side (1 or 2).
        problem: why `grey` is empty, for the clerk; "" for a sound page.
    """

    source: str
    page_index: int
    grey: Grey
    reduction: int = 1
    problem: str = ""


def sniff_kind(path: Path) -> FileKind:
    """Name the format of a file by its first bytes.

    Raises:
        ScanUnreadable: empty (`empty`), or none of the four formats (`not_a_scan`).
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not head:
        raise ScanUnreadable("Tệp rỗng (0 byte). Hãy quét hoặc sao chép lại tệp.", "empty")
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "tiff"
    if b"%PDF-" in head and not head.startswith(b"PK"):
        return "pdf"
    raise ScanUnreadable(
        "Tệp không phải bản quét: chỉ đọc được PDF, TIFF, JPEG và PNG. Hãy chọn lại tệp.", "not_a_scan"
    )


def count_pages(path: Path, limits: ScanLimits | None = None) -> int:
    """Count the pages of a scan file from its headers alone.

    Raises:
        ScanUnreadable, ScanTooLarge: as `iter_pages`.
    """
    with _open_scan(path, limits, None) as (pages, _):
        return pages


def load_page(
    path: Path, page_index: int, limits: ScanLimits | None = None, source: str | None = None
) -> PageImage:
    """Give one page of a scan file without decoding the others.

    Args:
        path: the file; its name plays no part.
        page_index: from 0, below `count_pages`.
        limits: bytes, pages, pixels.
        source: the name to put into the page; the file's own by default.

    Raises:
        ScanUnreadable, ScanTooLarge: as `iter_pages`.
    """
    with _open_scan(path, limits, source) as (_, load):
        return load(page_index)


def iter_pages(
    path: Path, limits: ScanLimits | None = None, source: str | None = None, pages: range | None = None
) -> Iterator[PageImage]:
    """Give the pages of a scan file in order, one in memory at a time.

    Args:
        path: the file; its name plays no part.
        limits: bytes, pages, pixels.
        source: the name to put into every page; the file's own by default.
        pages: which pages, from 0; all by default. What lies past the end is left out.

    Raises:
        ScanUnreadable: the whole file cannot be read; `reason` is empty, encrypted, damaged,
            not_a_scan or no_pages. One damaged page of a sound file is a page with a `problem`.
        ScanTooLarge: over a limit, before anything is decoded.
    """
    with _open_scan(path, limits, source) as (count, load):
        for index in range(count) if pages is None else (i for i in pages if i < count):
            yield load(index)


@contextlib.contextmanager
def _open_scan(
    path: Path, limits: ScanLimits | None, source: str | None
) -> Iterator[tuple[int, Callable[[int], PageImage]]]:
    """Open a file of any kind: how many pages it has, and what gives one of them."""
    limits = limits or ScanLimits()
    name = path.name if source is None else source
    _check_bytes(path, limits)
    kind = sniff_kind(path)
    if kind == "pdf":
        with _open_pdf(path) as pdf:
            count = _pdf_length(pdf)
            _check_pages(count, limits)
            yield count, partial(_sound_pdf_page, path, pdf, limits, name)
        return
    with _open_picture(path) as picture:
        if kind == "tiff":
            count = _frames(picture)
            _check_pages(count, limits)
            yield count, partial(_sound_tiff_page, path, picture, limits, name)
        else:
            yield 1, partial(_single_picture, path, limits, name)


def _check_bytes(path: Path, limits: ScanLimits) -> None:
    size = path.stat().st_size
    if size > limits.max_bytes:
        raise ScanTooLarge(
            f"Tệp có {size / 1e6:.0f} MB, quá giới hạn {limits.max_bytes / 1e6:.0f} MB. "
            "Hãy tách thành nhiều tệp."
        )


def _check_pages(pages: int, limits: ScanLimits) -> None:
    if pages < 1:
        raise ScanUnreadable("Tệp không có trang nào. Hãy quét lại.", "no_pages")
    if pages > limits.max_pages:
        raise ScanTooLarge(
            f"Tệp có {pages} trang, quá giới hạn {limits.max_pages} trang. Hãy tách thành nhiều tệp."
        )


def _check_pixels(width_px: int, height_px: int, limits: ScanLimits) -> None:
    if width_px * height_px > limits.max_pixels:
        raise ScanTooLarge(
            f"Ảnh {width_px} × {height_px} điểm ({width_px * height_px / 1e6:.0f} triệu điểm) quá lớn, "
            f"giới hạn {limits.max_pixels / 1e6:.0f} triệu. Hãy quét lại ở 200 hoặc 300 dpi."
        )


def _flags_for(width_px: int, height_px: int) -> tuple[int, int]:
    """The decoder's flags and the reduction that they make."""
    if max(width_px, height_px) >= HALVE_FROM_PX:
        return cv2.IMREAD_REDUCED_GRAYSCALE_2, 2
    return cv2.IMREAD_GRAYSCALE, 1


def _halved(grey: Grey) -> tuple[Grey, int]:
    """Halve a long picture that came at full size."""
    if max(grey.shape) < HALVE_FROM_PX:
        return grey, 1
    height, width = grey.shape[0] // 2, grey.shape[1] // 2
    small = cv2.resize(grey[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8), 2


def _unreadable_page(name: str, index: int, why: str) -> PageImage:
    return PageImage(name, index, np.zeros((0, 0), np.uint8), problem=why)


@contextlib.contextmanager
def _open_picture(path: Path) -> Iterator[Image.Image]:
    """Open a picture's header; nothing is decoded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # size is checked by our own limit, in our own words
        try:
            picture = Image.open(path)
        except Image.DecompressionBombError as error:
            raise ScanTooLarge(
                "Ảnh quá lớn (trên 170 triệu điểm). Hãy quét lại ở 200 hoặc 300 dpi."
            ) from error
        except (OSError, ValueError, SyntaxError) as error:
            raise ScanUnreadable("Tệp ảnh bị hỏng, không mở được. Hãy quét lại.", "damaged") from error
    with picture:
        yield picture


def _frames(picture: Image.Image) -> int:
    try:
        return int(getattr(picture, "n_frames", 1))
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise ScanUnreadable("Tệp TIFF bị hỏng. Hãy quét lại.", "damaged") from error


def _single_picture(path: Path, limits: ScanLimits, name: str, index: int) -> PageImage:
    with _open_picture(path) as picture:
        width, height = picture.size
    _check_pixels(width, height, limits)
    flags, reduction = _flags_for(width, height)
    grey = cv2.imdecode(np.fromfile(path, np.uint8), flags)
    if grey is None:
        raise ScanUnreadable("Tệp ảnh bị hỏng, không giải nén được. Hãy quét lại.", "damaged")
    return PageImage(name, index, np.asarray(grey, np.uint8), reduction)


def _sound_tiff_page(path: Path, picture: Image.Image, limits: ScanLimits, name: str, at: int) -> PageImage:
    try:
        return _tiff_page(path, picture, at, limits, name)
    except ScanTooLarge as error:
        return _unreadable_page(name, at, str(error))


def _tiff_page(path: Path, picture: Image.Image, index: int, limits: ScanLimits, name: str) -> PageImage:
    try:
        picture.seek(index)
    except (OSError, ValueError, SyntaxError, EOFError):
        return _unreadable_page(name, index, "Trang bị hỏng trong tệp TIFF. Hãy quét lại trang này.")
    width, height = picture.size
    _check_pixels(width, height, limits)
    done, decoded = cv2.imreadmulti(str(path), start=index, count=1, flags=cv2.IMREAD_GRAYSCALE)
    if done and len(decoded) == 1:
        grey = np.asarray(decoded[0], np.uint8)
    elif picture.mode.startswith(("I", "F")):  # Pillow clips more than 8 bits instead of scaling them
        return _unreadable_page(name, index, "Trang TIFF này hơn 8 bit. Hãy quét lại ảnh xám thường.")
    else:
        try:
            grey = np.asarray(picture.convert("L"), np.uint8)
        except (OSError, ValueError, SyntaxError):
            return _unreadable_page(name, index, "Trang bị hỏng trong tệp TIFF. Hãy quét lại trang này.")
    grey, reduction = _halved(grey)
    return PageImage(name, index, grey, reduction)


# --- PDF ------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _open_pdf(path: Path) -> Iterator[pikepdf.Pdf]:
    try:
        pdf = pikepdf.open(path)
    except pikepdf.PasswordError as error:
        raise ScanUnreadable(
            "Tệp PDF đặt mật khẩu. Hãy lưu lại không mật khẩu rồi nộp lại.", "encrypted"
        ) from error
    except (pikepdf.PdfError, OSError, ValueError) as error:
        raise ScanUnreadable("Tệp PDF bị hỏng, không mở được. Hãy quét lại.", "damaged") from error
    with pdf:
        yield pdf


def _pdf_length(pdf: pikepdf.Pdf) -> int:
    try:
        return len(pdf.pages)
    except (pikepdf.PdfError, ValueError, TypeError, RuntimeError) as error:
        raise ScanUnreadable("Tệp PDF bị hỏng, không đếm được trang.", "damaged") from error


def _sound_pdf_page(path: Path, pdf: pikepdf.Pdf, limits: ScanLimits, name: str, index: int) -> PageImage:
    try:
        return _pdf_page(path, pdf, index, limits, name)
    except ScanTooLarge as error:
        return _unreadable_page(name, index, str(error))
    except Exception as error:  # noqa: BLE001 - whatever a damaged page raises, the next ones are read
        why = f"Trang PDF bị hỏng ({type(error).__name__}). Hãy quét lại trang này."
        return _unreadable_page(name, index, why)


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
    _check_pixels(width, height, limits)
    if any(key in raw for key in ("/SMask", "/Mask", "/Decode")) or raw.get("/ImageMask", False):
        return None
    if int(raw.get("/BitsPerComponent", 8)) > _BITS_PER_BYTE:  # Pillow clips 16 bits instead of scaling them
        return None
    filters = _filters(raw)
    if str(raw.get("/ColorSpace", "")) == "/DeviceCMYK":
        return None
    if filters == ["/DCTDecode"]:
        flags, reduction = _flags_for(width, height)
        encoded = np.frombuffer(raw.read_raw_bytes(), np.uint8)
        grey = cv2.imdecode(encoded, flags | cv2.IMREAD_IGNORE_ORIENTATION)
        if grey is None:
            raise ValueError("a JPEG that cannot be decoded")
        return np.asarray(grey, np.uint8), reduction
    if "/JPXDecode" in filters or "/JBIG2Decode" in filters:
        return None
    picture = pikepdf.PdfImage(raw).as_pil_image()
    return _halved(np.asarray(picture.convert("L"), np.uint8))


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
        _check_pixels(int(width_pt * scale), int(height_pt * scale), limits)
        bitmap = page.render(scale=scale, grayscale=True)
        grey = np.array(bitmap.to_numpy(), np.uint8)
        page.close()
    return grey[:, :, 0] if grey.ndim == 3 else grey  # noqa: PLR2004 - (height, width, 1)
