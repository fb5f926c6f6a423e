"""One page as it came from a scan file, and what one file may cost."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.errors import ScanTooLarge
from ocr.jpeg import decode_jpeg, jpeg_size

cv2.setNumThreads(1)

Grey = NDArray[np.uint8]

# A longer picture is halved while it is decoded: an A4 page of 300 dpi is read at 150.
HALVE_FROM_PX = 3000


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


def check_pixels(width_px: int, height_px: int, limits: ScanLimits) -> None:
    """Raise ScanTooLarge for a picture over the limit, told from its header."""
    if width_px * height_px > limits.max_pixels:
        raise ScanTooLarge(
            f"Ảnh {width_px} × {height_px} điểm ({width_px * height_px / 1e6:.0f} triệu điểm) quá lớn, "
            f"giới hạn {limits.max_pixels / 1e6:.0f} triệu. Hãy quét lại ở 200 hoặc 300 dpi."
        )


def jpeg_page(encoded: bytes, limits: ScanLimits) -> tuple[Grey, int]:
    """Decode a JPEG to grey, uint8 (height, width), a long one halved; gives it with its reduction.

    Raises:
        ScanTooLarge: over the limit by the JPEG's own header, whatever a PDF says around it.
        ScanUnreadable: damaged.
    """
    size = jpeg_size(encoded)
    check_pixels(*size, limits)
    reduction = 2 if max(size) >= HALVE_FROM_PX else 1
    return decode_jpeg(encoded, reduction), reduction


def halve_long(grey: Grey) -> tuple[Grey, int]:
    """Halve a long picture, uint8 (height, width), that came at full size; gives it with its reduction."""
    if max(grey.shape) < HALVE_FROM_PX or min(grey.shape) < 2:  # noqa: PLR2004 - a line has no half
        return grey, 1
    height, width = grey.shape[0] // 2, grey.shape[1] // 2
    small = cv2.resize(grey[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8), 2


def unreadable_page(name: str, index: int, why: str) -> PageImage:
    """A page that could not be decoded, with the reason for the clerk."""
    return PageImage(name, index, np.zeros((0, 0), np.uint8), problem=why)
