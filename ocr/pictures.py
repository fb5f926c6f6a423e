"""Small pictures for people: a question's crop, a text box, the whole page. WebP, grey."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.layout import Field
from ocr.model import Crop

Grey = NDArray[np.uint8]

CROP_MARGIN_MM = 2.0
_CROP_QUALITY = 55
_PREVIEW_QUALITY = 45
_PREVIEW_LONG_PX = 1400


def field_box(field: Field, margin_mm: float = 0.0) -> tuple[float, float, float, float]:
    """Left, top, width, height in millimetres of a field's rectangle, grown by a margin, on the paper."""
    left, top = max(0.0, field.x_mm - margin_mm), max(0.0, field.y_mm - margin_mm)
    right, bottom = field.x_mm + field.width_mm + margin_mm, field.y_mm + field.height_mm + margin_mm
    return left, top, right - left, bottom - top


def crop_field(code: str, picture: Grey) -> Crop:
    """Encode the picture of one field, with `CROP_MARGIN_MM` of what is around it."""
    return Crop(code, _webp(picture, _CROP_QUALITY))


def cut_field(flat: Grey, field: Field, px_per_mm: int, margin_mm: float = 0.0) -> Grey:
    """The field's rectangle of the flat page, grown by a margin, cut at the page's edge."""
    left, top, width, height = (round(v * px_per_mm) for v in field_box(field, margin_mm))
    return flat[top : top + height, left : left + width]


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
