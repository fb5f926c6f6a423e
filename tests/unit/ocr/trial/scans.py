"""Trial sheets as an office would scan them, with one thing wrong."""

from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ocr.blank import render_pdf_page
from ocr.template import FormLibrary
from ocr.trial.sheet import print_trial
from ocr.typeset import SAMPLE_IMPRINT

Grey = NDArray[np.uint8]
FORMS_DIR = Path(__file__).parents[4] / "forms_templates"
LIBRARY = FormLibrary(FORMS_DIR)


def printed_trial(form: str = "CX4") -> bytes:
    """The PDF."""
    out = BytesIO()
    print_trial(LIBRARY, form, SAMPLE_IMPRINT, out)
    return out.getvalue()


def scanned(pdf: bytes, dpi: float = 200.0) -> list[Grey]:
    """Both sides, a little soft, grey and noisy, as scanners are."""
    noise = np.random.default_rng(7)
    pages = []
    for index in (0, 1):
        soft = cv2.GaussianBlur(render_pdf_page(pdf, index, dpi), (0, 0), 0.8) * 0.85 + 30
        pages.append(np.clip(soft + noise.normal(0, 3, soft.shape), 0, 255).astype(np.uint8))
    return pages


def saved(pages: list[Grey], path: Path) -> Path:
    """The pages as one TIFF."""
    first, *others = [Image.fromarray(page) for page in pages]
    first.save(path, save_all=True, append_images=others, format="TIFF", compression="jpeg", quality=40)
    return path
