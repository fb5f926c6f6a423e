"""Pages out of scan files, one at a time: PDF, TIFF, JPEG, PNG and HEIC become grey pictures.

What a file is, its first bytes say, never its name. Limits are checked on headers, before a picture
is decoded. A PDF page that is one full picture gives that picture; only other pages are rendered.
"""

import contextlib
import struct
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

import cv2
import numpy as np
from PIL import ExifTags, Image

from ocr.errors import ScanTooLarge, ScanUnreadable
from ocr.jpeg import turn_upright
from ocr.scan_heic import is_heic, load_heic_page
from ocr.scan_page import PageImage, ScanLimits, check_pixels, halve_long, jpeg_page
from ocr.scan_pdf import load_pdf_page, open_pdf, pdf_length
from ocr.scan_tiff import count_tiff_pages, load_tiff_page

__all__ = [
    "OpenScan",
    "PageImage",
    "ScanLimits",
    "count_pages",
    "iter_pages",
    "load_page",
    "open_scan",
    "sniff_kind",
]

FileKind = Literal["pdf", "tiff", "jpeg", "png", "heic"]

_HEAD_BYTES = 1024


@dataclass(frozen=True, slots=True)
class OpenScan:
    """An open scan file: `load` gives its page of an index from 0, below `page_count`."""

    page_count: int
    load: Callable[[int], PageImage]


def sniff_kind(path: Path) -> FileKind:
    """Name the format of a file by its first bytes.

    Raises:
        ScanUnreadable: empty (`empty`), or none of the five formats (`not_a_scan`).
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
    if is_heic(head):
        return "heic"
    if b"%PDF-" in head and not head.startswith(b"PK"):
        return "pdf"
    raise ScanUnreadable(
        "Tệp không phải bản quét: chỉ đọc được PDF, TIFF, JPEG, PNG và HEIC. Hãy chọn lại tệp.", "not_a_scan"
    )


def count_pages(path: Path, limits: ScanLimits | None = None) -> int:
    """Count the pages of a scan file from its headers alone.

    Raises:
        ScanUnreadable, ScanTooLarge: as `iter_pages`.
    """
    with open_scan(path, limits) as scan:
        return scan.page_count


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
    with open_scan(path, limits, source) as scan:
        return scan.load(page_index)


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
    with open_scan(path, limits, source) as scan:
        count = scan.page_count
        for index in range(count) if pages is None else (i for i in pages if i < count):
            yield scan.load(index)


@contextlib.contextmanager
def open_scan(path: Path, limits: ScanLimits | None = None, source: str | None = None) -> Iterator[OpenScan]:
    """Open a file of any kind, for whoever reads many of its pages in an order of their own.

    Opening a file of thousands of pages costs more than reading one of them.

    Args:
        path: the file; its name plays no part.
        limits: bytes, pages, pixels.
        source: the name to put into every page; the file's own by default.

    Raises:
        ScanUnreadable, ScanTooLarge: as `iter_pages`.
    """
    limits = limits or ScanLimits()
    name = path.name if source is None else source
    _check_bytes(path, limits)
    kind = sniff_kind(path)
    if kind == "pdf":
        with open_pdf(path) as pdf:
            count = pdf_length(pdf)
            _check_pages(count, limits)
            yield OpenScan(count, partial(load_pdf_page, path, pdf, limits, name))
        return
    if kind == "heic":
        yield OpenScan(1, partial(load_heic_page, path, limits, name))
        return
    with _open_picture(path) as picture:
        if kind == "tiff":
            tiff = count_tiff_pages(path, limits.max_pages)
            _check_pages(tiff.page_count, limits)
            yield OpenScan(tiff.page_count, partial(load_tiff_page, tiff, picture, limits, name))
        else:
            yield OpenScan(1, partial(_jpeg_file if kind == "jpeg" else _png_file, path, limits, name))


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


@contextlib.contextmanager
def _open_picture(path: Path) -> Iterator[Image.Image]:
    """Open a picture's header; nothing is decoded."""
    # Given a path, Pillow would map an uncompressed TIFF into memory, and scramble one that is turned.
    with path.open("rb") as stream, _read_header(stream) as picture:
        yield picture


def _read_header(stream: BinaryIO) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # size is checked by our own limit, in our own words
        try:
            return Image.open(stream)
        except Image.DecompressionBombError as error:
            raise ScanTooLarge(
                "Ảnh quá lớn (trên 170 triệu điểm). Hãy quét lại ở 200 hoặc 300 dpi."
            ) from error
        except (OSError, ValueError, SyntaxError) as error:
            raise ScanUnreadable("Tệp ảnh bị hỏng, không mở được. Hãy quét lại.", "damaged") from error


def _jpeg_file(path: Path, limits: ScanLimits, name: str, index: int) -> PageImage:
    """The one page of a JPEG file, turned as the camera says that it was held."""
    with _open_picture(path) as picture:
        check_pixels(*picture.size, limits)
        orientation = _orientation(picture)
    grey, reduction = jpeg_page(path.read_bytes(), limits)
    return PageImage(name, index, turn_upright(grey, orientation), reduction)


def _orientation(picture: Image.Image) -> int:
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except (OSError, ValueError, SyntaxError, TypeError, struct.error):  # damaged words about a sound picture
        return 1


def _png_file(path: Path, limits: ScanLimits, name: str, index: int) -> PageImage:
    with _open_picture(path) as picture:
        check_pixels(*picture.size, limits)
    grey = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        raise ScanUnreadable("Tệp ảnh bị hỏng, không giải nén được. Hãy quét lại.", "damaged")
    return PageImage(name, index, *halve_long(np.asarray(grey, np.uint8)))
