"""Of which of two blanks a page is a print: by words that only one of them has."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.anyform.likeness import tell_apart


def _blank(*words: str) -> NDArray[np.uint8]:
    page = np.full((700, 900), 250, np.uint8)
    for line, text in enumerate(words):
        cv2.putText(page, text, (60, 100 + 80 * line), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 20, 2)
    return page


ONE, OTHER = _blank("Hai long", "nam nay", "tot"), _blank("Hai long", "thu tuc", "kem", "gop y")


def _scanned(page: NDArray[np.uint8], blur: float, noise: float) -> NDArray[np.uint8]:
    lying = cv2.warpAffine(page, np.array([[1.0, 0, 4], [0, 1.0, -5]]), page.shape[::-1], borderValue=(250,))
    seen = cv2.GaussianBlur(lying, (0, 0), blur) * 0.7 + np.random.default_rng(4).normal(0, noise, page.shape)
    return np.asarray(np.clip(seen, 0, 255), np.uint8)


@pytest.mark.parametrize(("blur", "noise"), [(0.7, 3.0), (2.5, 8.0)])
def test_the_page_is_the_blank_whose_words_it_has(blur: float, noise: float) -> None:
    assert tell_apart(_scanned(ONE, blur, noise), ONE, OTHER) > 0.5
    assert tell_apart(_scanned(OTHER, blur, noise), ONE, OTHER) < -0.5


def test_nothing_tells_like_blanks_apart_nor_white_paper() -> None:
    assert tell_apart(_scanned(ONE, 0.7, 3.0), ONE, ONE) == 0.0
    assert abs(tell_apart(_blank(), ONE, OTHER)) < 0.3
