"""The pictures that people see are JPEGs, never larger than they need to be."""

import numpy as np
import pytest

from ocr.jpeg import decode_jpeg
from ocr.pictures import preview_page


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (1782, 1260, (1200, 848)),
        (2339, 1654, (1200, 849)),
        (600, 400, (600, 400)),
        (4000, 1, (1200, 1)),
    ],
)
def test_a_preview_is_shrunk_and_never_grown(height: int, width: int, expected: tuple[int, int]) -> None:
    page = np.repeat(np.linspace(0, 255, height).astype(np.uint8)[:, None], width, axis=1)
    preview = decode_jpeg(preview_page(page))
    assert preview.shape == expected
    assert preview[0, 0] < 8
    assert preview[-1, -1] > 247


def test_a_page_without_pixels_has_no_preview() -> None:
    assert preview_page(np.zeros((0, 0), np.uint8)) == b""
