"""Pages out of TIFF files, each found by its place without decoding the ones before it."""

import contextlib
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image

from ocr.errors import OcrError, ScanUnreadable
from ocr.scan_page import (
    HALVE_FROM_PX,
    Grey,
    PageImage,
    ScanLimits,
    check_pixels,
    halve_long,
    unreadable_page,
)

# Pillow clips what has more than 8 bits a pixel instead of scaling it, and OpenCV scales it.
_DEEP_MODES = ("I", "F")
_COLOURS = {"RGB", "RGBA", "RGBX", "CMYK", "YCbCr"}
_DAMAGED = "Trang bị hỏng trong tệp TIFF. Hãy quét lại trang này."


@dataclass(frozen=True, slots=True)
class TiffPages:
    """How many sound page directories a TIFF has, from its first; `is_whole` if their chain ends well."""

    path: Path
    sound: int
    is_whole: bool

    @property
    def page_count(self) -> int:
        """The sound pages, and one more for what is lost behind a broken chain."""
        return self.sound + (not self.is_whole)


# Of a classic and of a big TIFF: where the first directory's place stands; how its number of entries and the
# next place are written; bytes of an entry.
_CLASSIC = (4, "H", "I", 12)
_BIG = (8, "Q", "Q", 20)
_BIG_VERSION = 43
# The TIFF library refuses more; Pillow does not, and would then give another page's pixels without a word.
_MOST_ENTRIES = 4096


def count_tiff_pages(path: Path, most: int) -> TiffPages:
    """Follow a TIFF's chain of page directories, to `most` of them and one more.

    Raises:
        ScanUnreadable: not even the first is sound (`damaged`).
    """
    places: set[int] = set()
    is_whole = False
    with path.open("rb") as stream, contextlib.suppress(struct.error, EOFError, OverflowError):
        for place in _directories(stream):
            if place in places:
                break  # a ring
            places.add(place)
            if len(places) > most:
                break
        else:
            is_whole = True
    if not places:
        raise ScanUnreadable("Tệp TIFF bị hỏng. Hãy quét lại.", "damaged")
    return TiffPages(path, len(places), is_whole)


def _directories(stream: BinaryIO) -> Iterator[int]:
    """Where each sound directory begins; EOFError or struct.error at the first that is not."""
    order = "<" if stream.read(2) == b"II" else ">"
    (version,) = struct.unpack(f"{order}H", stream.read(2))
    at, count_format, place_format, entry_bytes = _BIG if version == _BIG_VERSION else _CLASSIC
    while True:
        stream.seek(at)
        (place,) = struct.unpack(f"{order}{place_format}", stream.read(struct.calcsize(f"<{place_format}")))
        if not place:
            return
        stream.seek(place)
        (entries,) = struct.unpack(f"{order}{count_format}", stream.read(struct.calcsize(f"<{count_format}")))
        if (
            not 0 < entries <= _MOST_ENTRIES
            or len(stream.read(entries * entry_bytes)) < entries * entry_bytes
        ):
            raise EOFError
        yield place
        at = place + struct.calcsize(f"<{count_format}") + entries * entry_bytes


def load_tiff_page(
    pages: TiffPages, picture: Image.Image, limits: ScanLimits, name: str, index: int
) -> PageImage:
    """Give page `index` (from 0) of an open TIFF; a damaged or too large page has a `problem`."""
    if index >= pages.sound:
        return unreadable_page(name, index, _DAMAGED)
    try:
        with _quiet():
            picture.seek(index)
            check_pixels(*picture.size, limits)
            deep = picture.mode.startswith(_DEEP_MODES)
            grey, reduction = _deep_page(pages.path, index) if deep else _shallow_page(picture)
    except OcrError as error:
        return unreadable_page(name, index, str(error))
    except Exception:  # noqa: BLE001 - whatever a damaged page raises, the next ones are read
        return unreadable_page(name, index, _DAMAGED)
    return PageImage(name, index, grey, reduction)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What Pillow would say of odd directories is told by the page, or is of no account."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _shallow_page(picture: Image.Image) -> tuple[Grey, int]:
    """A long colour page is halved while it is in colour: one grey copy of full size is saved."""
    width, height = picture.size
    if picture.mode not in _COLOURS or max(width, height) < HALVE_FROM_PX:
        return halve_long(np.asarray(picture.convert("L"), np.uint8))
    even = (0, 0, width // 2 * 2, height // 2 * 2)
    return np.asarray(picture.reduce(2, even).convert("L"), np.uint8), 2


def _deep_page(path: Path, index: int) -> tuple[Grey, int]:
    done, decoded = cv2.imreadmulti(str(path), start=index, count=1, flags=cv2.IMREAD_GRAYSCALE)
    if not done or len(decoded) != 1:
        raise ScanUnreadable("Trang TIFF này hơn 8 bit. Hãy quét lại ảnh xám thường.")
    return halve_long(np.asarray(decoded[0], np.uint8))
