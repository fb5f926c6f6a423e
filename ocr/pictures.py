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

_MARGIN_MM = 2.0
_CROP_QUALITY = 60
_PREVIEW_QUALITY = 20
_PREVIEW_LONG_PX = 1100


def crop_field(flat: Grey, field: Field, px_per_mm: int) -> Crop:
    """Cut one field with two millimetres of what is around it out of the flat page.

    Args:
        flat: uint8, the registered page.
        field: gives the rectangle, in millimetres.
        px_per_mm: scale of `flat`.
    """
    return Crop(field.code, encode_jpeg(cut_field(flat, field, px_per_mm, _MARGIN_MM), _CROP_QUALITY))


def cut_field(flat: Grey, field: Field, px_per_mm: int, margin_mm: float = 0.0) -> Grey:
    """The field's rectangle of the flat page, grown by a margin, cut at the page's edge."""
    left = max(0, round((field.x_mm - margin_mm) * px_per_mm))
    top = max(0, round((field.y_mm - margin_mm) * px_per_mm))
    right = round((field.x_mm + field.width_mm + margin_mm) * px_per_mm)
    bottom = round((field.y_mm + field.height_mm + margin_mm) * px_per_mm)
    return flat[top:bottom, left:right]


def preview_page(page: Grey) -> bytes:
    """The whole page as a JPEG, at most 1100 px on its long side; b"" for a page without pixels."""
    if page.size == 0:
        return b""
    scale = min(1.0, _PREVIEW_LONG_PX / max(page.shape))
    height, width = (max(1, round(side * scale)) for side in page.shape)
    # Down to a half, two by two pixels tell as much as all of them, in an eighth of the time.
    how = cv2.INTER_LINEAR if scale >= 0.5 else cv2.INTER_AREA  # noqa: PLR2004 - a half
    small = cv2.resize(page, (width, height), interpolation=how)
    return encode_jpeg(np.asarray(small, np.uint8), _PREVIEW_QUALITY)
