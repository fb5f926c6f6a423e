"""The fast decoder gives the pixels of OpenCV, and refuses what would lose ink in silence."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from ocr.errors import ScanUnreadable
from ocr.jpeg import decode_jpeg, jpeg_size, turn_upright

_SMOOTH = cv2.GaussianBlur(
    np.random.default_rng(5).integers(0, 256, (301, 203, 3)).astype(np.uint8), (0, 0), sigmaX=3.0
)


def _jpeg(mode: str = "L", **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(_SMOOTH).convert(mode).save(out, "JPEG", quality=85, **options)
    return out.getvalue()


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize(
    ("reduction", "flag"), [(1, cv2.IMREAD_GRAYSCALE), (2, cv2.IMREAD_REDUCED_GRAYSCALE_2)]
)
def test_the_pixels_are_those_of_opencv(mode: str, progressive: bool, reduction: int, flag: int) -> None:  # noqa: FBT001
    encoded = _jpeg(mode, progressive=progressive)
    expected = cv2.imdecode(np.frombuffer(encoded, np.uint8), flag)
    assert jpeg_size(encoded) == (203, 301)
    np.testing.assert_array_equal(decode_jpeg(encoded, reduction), expected)


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.98])
def test_a_jpeg_that_breaks_off_is_refused(kept: float) -> None:
    encoded = _jpeg()
    with pytest.raises(ScanUnreadable, match="bị cụt"):
        decode_jpeg(encoded[: int(kept * len(encoded))])


def test_a_jpeg_with_a_hole_is_refused() -> None:
    encoded = bytearray(_jpeg())
    encoded[len(encoded) // 2 : len(encoded) // 2 + 40] = bytes(40)
    with pytest.raises(ScanUnreadable, match="bị cụt"):
        decode_jpeg(bytes(encoded))


def test_what_a_scanner_pads_its_jpegs_with_does_no_harm() -> None:
    encoded = _jpeg()
    np.testing.assert_array_equal(decode_jpeg(encoded + bytes(900)), decode_jpeg(encoded))
    padded = encoded[:-2] + bytes(9) + encoded[-2:]
    np.testing.assert_array_equal(decode_jpeg(padded), decode_jpeg(encoded))


def test_a_kind_that_the_fast_decoder_does_not_know_is_decoded_all_the_same() -> None:
    encoded = bytearray(_jpeg("RGB", subsampling=0))
    frame = encoded.find(b"\xff\xc0")
    encoded[frame + 11] = 0x31  # the first colour three times as wide as the others: no usual sampling
    assert jpeg_size(bytes(encoded)) == (203, 301)
    assert decode_jpeg(bytes(encoded)).shape == (301, 203)


@pytest.mark.parametrize("garbage", [b"", b"\xff\xd8\xff", b"\xff\xd8\xff" + bytes(400)])
def test_what_is_no_jpeg_is_refused(garbage: bytes) -> None:
    with pytest.raises(ScanUnreadable):
        jpeg_size(garbage)
    with pytest.raises(ScanUnreadable):
        decode_jpeg(garbage)


@pytest.mark.parametrize("orientation", range(10))
def test_photos_are_turned_as_opencv_turns_them(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    encoded = _jpeg(exif=exif)
    expected = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(turn_upright(decode_jpeg(encoded), orientation), expected)
