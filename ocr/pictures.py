"""Small pictures for people: a question's crop, a text box, the whole page. WebP, grey."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.layout import Field
from ocr.model import Crop

Grey = NDArray[np.uint8]

_MARGIN_MM = 2.0
_CROP_QUALITY = 55
_PREVIEW_QUALITY = 45
_PREVIEW_LONG_PX = 1400


def crop_field(flat: Grey, field: Field, px_per_mm: int) -> Crop:
    """Cut one field with two millimetres of what is around it out of the flat page.

    Args:
        flat: uint8, the registered page.
        field: gives the rectangle, in millimetres.
        px_per_mm: scale of `flat`.
    """
    return Crop(field.code, _webp(cut_field(flat, field, px_per_mm, _MARGIN_MM), _CROP_QUALITY))


def cut_field(flat: Grey, field: Field, px_per_mm: int, margin_mm: float = 0.0) -> Grey:
    """The field's rectangle of the flat page, grown by a margin, cut at the page's edge."""
    left = max(0, round((field.x_mm - margin_mm) * px_per_mm))
    top = max(0, round((field.y_mm - margin_mm) * px_per_mm))
    right = round((field.x_mm + field.width_mm + margin_mm) * px_per_mm)
    bottom = round((field.y_mm + field.height_mm + margin_mm) * px_per_mm)
    return flat[top:bottom, left:right]


def preview_page(page: Grey) -> bytes:
    """The whole page, 1400 px on its long side, as WebP."""
    if page.size == 0:
        return b""
    scale = min(1.0, _PREVIEW_LONG_PX / max(page.shape))
    small = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return _webp(np.asarray(small, np.uint8), _PREVIEW_QUALITY)


def _webp(picture: Grey, quality: int) -> bytes:
    done, encoded = cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, quality])
    if not done:
        raise ValueError(f"cannot encode a picture of {picture.shape}")
    return encoded.tobytes()
