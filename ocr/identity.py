"""Which sheet, which page: the QR code that stands twice on each side.

Each copy is sought where it is printed, then at a glance anywhere, then more patiently. Copies that
are read must agree, and their checks must fit: a code is read or refused, never guessed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from ocr.errors import CodeRefused
from ocr.layout import CodeArea
from ocr.model import Flag, SheetIdentity
from ocr.sheet_code import OWN_STARTS, SEPARATOR_CODE, identity_from_code, is_pack_code

Grey = NDArray[np.uint8]

# Around the printed code: quiet zone, 5 degrees of skew, a few millimetres of feed.
_MARGIN_MM = 15.0
_TIGHT_MARGIN_MM = 7.0
_FORMATS = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_A4_SHORT_MM = 210.0
_A4_LONG_MM = 297.0


@dataclass(frozen=True, slots=True)
class CodeReading:
    """What the codes of one page say.

    Attributes:
        identity: None where no code was read, or where what was read is refused.
        fault: why there is none: UNKNOWN_FORM (foreign code), DAMAGED_CODE, SEPARATOR (a sheet that divides
            a stack) or COVER_SLIP (of a pack); None if nothing was found.
        corners_px: per code read, float64 (4, 2): its corners on the picture, from the code's own
            top left, clockwise.
    """

    identity: SheetIdentity | None
    fault: Flag | None
    corners_px: tuple[NDArray[np.float64], ...] = ()

    @property
    def turned_deg(self) -> float | None:
        """How far the page is turned clockwise, in degrees, by the code's upper edge."""
        if not self.corners_px:
            return None
        across = self.corners_px[0][1] - self.corners_px[0][0]
        return float(np.degrees(np.arctan2(across[1], across[0])))


@dataclass(frozen=True, slots=True)
class FoundCode:
    """One copy: what it says, and its corners (4, 2) on the picture, as in `CodeReading`."""

    text: str
    corners_px: NDArray[np.float64]


def decode_identity(grey: Grey, areas: Sequence[CodeArea]) -> CodeReading:
    """Read the codes of a page that may lie any way up.

    Args:
        grey: uint8 (height, width), the page as scanned; the whole paper fills the picture.
        areas: where forms print their codes, in millimetres of an upright A4 page.

    Returns:
        A reading with an identity, or with the reason why there is none.
    """
    return agree(_search(grey, areas))


def agree(found: Sequence[FoundCode]) -> CodeReading:
    """What the copies of one page say together: read or refused, never guessed."""
    if not found:
        return CodeReading(None, None)
    own = [f for f in found if f.text.startswith(OWN_STARTS)]
    if not own:
        return CodeReading(None, _name_foreign(found))
    try:
        identities = {identity_from_code(f.text) for f in own}
    except CodeRefused:
        return CodeReading(None, Flag.DAMAGED_CODE)
    if len(identities) != 1:
        return CodeReading(None, Flag.DAMAGED_CODE)
    return CodeReading(identities.pop(), None, tuple(f.corners_px for f in own))


def _name_foreign(found: Sequence[FoundCode]) -> Flag:
    """What a page is whose codes are no sheet's."""
    if all(f.text == SEPARATOR_CODE for f in found):
        return Flag.SEPARATOR
    return Flag.COVER_SLIP if all(is_pack_code(f.text) for f in found) else Flag.UNKNOWN_FORM


def _search(grey: Grey, areas: Sequence[CodeArea]) -> list[FoundCode]:
    """Expected places first; a glance at the whole page, as a photo needs it; then harder, here and there."""
    found = [f for box in _boxes(grey, areas, _TIGHT_MARGIN_MM) for f in _read_box(grey, box, 0)]
    if found:
        return found
    half = _as_grey(cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    found = _zxing(half, 0.5, 0, 0, patient=True)
    if found:
        return found
    found = [f for box in _boxes(grey, areas, _MARGIN_MM) for f in _read_box(grey, box, 1)]
    return found or _zxing(grey, 1.0, 0, 0, patient=True)


def _boxes(grey: Grey, areas: Sequence[CodeArea], margin_mm: float) -> list[tuple[int, int, int, int]]:
    """Pixel boxes (left, top, right, bottom) of every area, upright and upside down, without repeats."""
    height, width = grey.shape
    across, down = width / _A4_SHORT_MM, height / _A4_LONG_MM
    boxes: dict[tuple[int, int, int, int], None] = {}
    for area in areas:
        half = area.size_mm / 2 + margin_mm
        for x_mm, y_mm in ((area.x_mm, area.y_mm), (_A4_SHORT_MM - area.x_mm, _A4_LONG_MM - area.y_mm)):
            left, right = (x_mm - half) * across, (x_mm + half) * across
            top, bottom = (y_mm - half) * down, (y_mm + half) * down
            box = (max(0, int(left)), max(0, int(top)), min(width, int(right)), min(height, int(bottom)))
            if box[2] > box[0] and box[3] > box[1]:
                boxes[box] = None
    return list(boxes)


def _read_box(grey: Grey, box: tuple[int, int, int, int], effort: int) -> list[FoundCode]:
    left, top, right, bottom = box
    crop = np.ascontiguousarray(grey[top:bottom, left:right])
    for picture, scale in _variants(crop, effort):
        found = _zxing(picture, scale, left, top, patient=effort > 0)
        if found:
            return found
    return []


def _variants(crop: Grey, effort: int) -> Iterator[tuple[Grey, float]]:
    """The crop, then kinder versions of it, each with its scale."""
    yield crop, 1.0
    if effort == 0:
        return
    yield _enlarged(crop, 2), 2.0
    yield _as_grey(cv2.GaussianBlur(crop, (0, 0), 1.2)), 1.0
    yield _as_grey(cv2.resize(crop, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)), 0.5
    # Copiers thicken print until its white modules close, or thin it until the black ones break.
    yield _as_grey(cv2.dilate(crop, np.ones((3, 3), np.uint8))), 1.0
    yield _enlarged(_as_grey(cv2.dilate(crop, np.ones((2, 2), np.uint8))), 2), 2.0
    yield _sharpened(_enlarged(crop, 3), 4.5), 3.0
    yield _sharpened(_enlarged(_as_grey(cv2.GaussianBlur(crop, (0, 0), 0.8)), 3), 5.0), 3.0
    yield _as_grey(cv2.erode(crop, np.ones((2, 2), np.uint8))), 1.0


def _enlarged(crop: Grey, times: int) -> Grey:
    return _as_grey(cv2.resize(crop, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC))


def _sharpened(crop: Grey, sigma_px: float) -> Grey:
    return _as_grey(cv2.addWeighted(crop, 2.5, cv2.GaussianBlur(crop, (0, 0), sigma_px), -1.5, 0))


def _zxing(picture: Grey, scale: float, left: int, top: int, *, patient: bool) -> list[FoundCode]:
    results = zxingcpp.read_barcodes(
        picture,
        formats=_FORMATS,
        try_rotate=patient,
        try_downscale=patient,
        try_invert=False,
    )
    return [FoundCode(r.text, _corners(r.position, scale, left, top)) for r in results if r.valid]


def _corners(position: zxingcpp.Position, scale: float, left: int, top: int) -> NDArray[np.float64]:
    points = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    return np.array([(p.x / scale + left, p.y / scale + top) for p in points], np.float64)


def _as_grey(picture: object) -> Grey:
    return np.asarray(picture, dtype=np.uint8)
