"""Small pictures for people: a question's crop, a text box, the whole page. JPEG, grey.

JPEG because a preview costs 2 ms where WebP of as many bytes costs a hundred, three times the reading.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.jpeg import encode_jpeg
from ocr.layout import Field
from ocr.model import Crop

Grey = NDArray[np.uint8]

CROP_MARGIN_MM = 2.0
_CROP_QUALITY = 60
_PREVIEW_QUALITY = 20
# The flat page passes as it is.
_PREVIEW_LONG_PX = 1200


def field_box(field: Field, margin_mm: float = 0.0) -> tuple[float, float, float, float]:
    """Left, top, width, height in millimetres of a field's rectangle, grown by a margin, on the paper."""
    left, top = max(0.0, field.x_mm - margin_mm), max(0.0, field.y_mm - margin_mm)
    right, bottom = field.x_mm + field.width_mm + margin_mm, field.y_mm + field.height_mm + margin_mm
    return left, top, right - left, bottom - top


def crop_field(code: str, picture: Grey) -> Crop:
    """Encode the picture of one field, with `CROP_MARGIN_MM` of what is around it."""
    return Crop(code, encode_jpeg(picture, _CROP_QUALITY))


def cut_field(flat: Grey, field: Field, px_per_mm: int, margin_mm: float = 0.0) -> Grey:
    """The field's rectangle of the flat page, grown by a margin, cut at the page's edge."""
    left, top, width, height = (round(v * px_per_mm) for v in field_box(field, margin_mm))
    return flat[top : top + height, left : left + width]


def preview_page(page: Grey) -> bytes:
    """The whole page as a JPEG, at most 1200 px on its long side; b"" for a page without pixels."""
    if page.size == 0:
        return b""
    scale = min(1.0, _PREVIEW_LONG_PX / max(page.shape))
    height, width = (max(1, round(side * scale)) for side in page.shape)
    # Down to a half, two by two pixels tell as much as all of them, in an eighth of the time.
    how = cv2.INTER_LINEAR if scale >= 0.5 else cv2.INTER_AREA  # noqa: PLR2004 - a half
    small = cv2.resize(page, (width, height), interpolation=how)
    return encode_jpeg(np.asarray(small, np.uint8), _PREVIEW_QUALITY)
