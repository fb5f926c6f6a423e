"""Photos of newer phones (HEIC): the only module that knows `pillow-heif`.

The picture's own header says how large it is before anything is decoded; decoding happens in whatever
process reads the page, under that process's limits.
"""

from pathlib import Path

import cv2
import numpy as np
import pillow_heif

from ocr.errors import ScanUnreadable
from ocr.scan_page import PageImage, ScanLimits, check_pixels, halve_long

_BRAND = slice(8, 12)
# Still pictures coded with HEVC: one picture, or a sequence that is opened at its primary picture.
_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def is_heic(head: bytes) -> bool:
    """Whether a file begins as a HEIC picture does."""
    return head[4:8] == b"ftyp" and head[_BRAND] in _BRANDS


def load_heic_page(path: Path, limits: ScanLimits, name: str, index: int) -> PageImage:
    """The one page of a HEIC file, uint8 (height, width), upright as the camera was held.

    The file carries the turn itself (`irot`, `imir`), and the library applies it.

    Raises:
        ScanTooLarge: over the limit, before anything is decoded.
        ScanUnreadable: damaged (`damaged`).
    """
    try:
        opened = pillow_heif.open_heif(path, convert_hdr_to_8bit=True)
        width_px, height_px = opened.size
        check_pixels(width_px, height_px, limits)
        pixels = np.asarray(opened)
    except (OSError, ValueError, EOFError, SyntaxError, RuntimeError, LookupError) as error:
        raise ScanUnreadable("Ảnh HEIC bị hỏng, không giải nén được. Hãy chụp lại.", "damaged") from error
    grey = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels[:, :, :3], cv2.COLOR_RGB2GRAY)  # noqa: PLR2004
    return PageImage(name, index, *halve_long(np.asarray(grey, np.uint8)))
