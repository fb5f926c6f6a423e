"""JPEG to grey pixels and back: the only module that knows `simplejpeg` (libjpeg-turbo with SIMD)."""

from io import BytesIO

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from ocr.errors import ScanUnreadable

Grey = NDArray[np.uint8]

_MIRRORED_FROM = 5  # EXIF orientations 5 to 8 are 1 to 4 of the transposed picture


def jpeg_size(encoded: bytes) -> tuple[int, int]:
    """Width and height in pixels, as the JPEG's own header has them.

    Raises:
        ScanUnreadable: there is no sound header (`damaged`).
    """
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(encoded, strict=False)
        return int(width), int(height)
    except (ValueError, KeyError):  # damaged, or a kind that it does not know
        return _pillow_size(encoded)


def _pillow_size(encoded: bytes) -> tuple[int, int]:
    try:
        with Image.open(BytesIO(encoded), formats=("JPEG",)) as picture:
            return picture.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ScanUnreadable("Ảnh JPEG bị hỏng, không giải nén được. Hãy quét lại.", "damaged") from error


def decode_jpeg(encoded: bytes, reduction: int = 1) -> Grey:
    """Decode to grey, uint8 (height, width); the pixels are those of `cv2.imdecode`, its EXIF turn aside.

    A picture that breaks off is refused: what is missing would look like paper without ink. Bytes between
    the picture and its end, which some scanners write, do no harm; those and kinds that the fast decoder
    does not know are left to OpenCV.

    Args:
        encoded: one whole JPEG, in any of its colour spaces.
        reduction: 1, or 2 for half as many pixels along each side (rounded up).

    Raises:
        ScanUnreadable: damaged (`damaged`).
    """
    width, height = (-(-side // reduction) for side in jpeg_size(encoded))
    try:
        grey = simplejpeg.decode_jpeg(encoded, "GRAY", min_height=height, min_width=width)
        return np.asarray(grey[:, :, 0], np.uint8)
    except (ValueError, KeyError) as refusal:
        if "premature end" in str(refusal).lower():
            raise ScanUnreadable("Ảnh JPEG bị cụt hoặc hỏng. Hãy quét lại.", "damaged") from refusal
    flags = cv2.IMREAD_REDUCED_GRAYSCALE_2 if reduction > 1 else cv2.IMREAD_GRAYSCALE
    decoded = cv2.imdecode(np.frombuffer(encoded, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    if decoded is None:
        raise ScanUnreadable("Ảnh JPEG bị hỏng, không giải nén được. Hãy quét lại.", "damaged")
    return np.asarray(decoded, np.uint8)


def encode_jpeg(grey: Grey, quality: int) -> bytes:
    """Encode grey pixels, uint8 (height, width), both above 0.

    Args:
        grey: any part of a picture.
        quality: libjpeg's, 1 to 100.
    """
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(grey)[:, :, None], quality, "GRAY", "Gray"))


def turn_upright(grey: Grey, orientation: int) -> Grey:
    """Turn or mirror a photo as its EXIF orientation (1 to 8) says; any other number changes nothing."""
    if not 1 < orientation <= 8:  # noqa: PLR2004 - EXIF knows eight
        return grey
    if orientation >= _MIRRORED_FROM:
        grey = grey.T
    across, down = ((1, 1), (-1, 1), (-1, -1), (1, -1))[(orientation - 1) % 4]
    return np.ascontiguousarray(grey[::down, ::across])
