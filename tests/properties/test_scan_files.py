"""Whatever happens to a scan file on its way, reading its pages ends in pages or in words for the clerk."""

import contextlib
import io
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ocr.errors import OcrError
from ocr.source import ScanLimits, iter_pages

LIMITS = ScanLimits(max_pages=50, max_pixels=4_000_000)


@lru_cache
def _sound(kind: str) -> bytes:
    """A small sound file of two pages (one where the format knows no more)."""
    ramp = np.tile(np.arange(120, dtype=np.uint8), (160, 1))
    grey, colour = Image.fromarray(ramp), Image.fromarray(ramp[:, ::-1]).convert("RGB")
    out = io.BytesIO()
    several = {"save_all": True, "append_images": [colour]} if kind in {"PDF", "TIFF"} else {}
    packed = {"compression": "tiff_lzw"} if kind == "TIFF" else {}
    grey.save(out, kind, **several, **packed)
    return out.getvalue()


Edit = tuple[float, bytes]
EDITS = st.lists(st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=6)), min_size=1, max_size=8)


def _spoil(sound: bytes, edits: list[Edit], kept: float) -> bytes:
    spoilt = bytearray(sound)
    for place, written in edits:
        at = int(place * len(spoilt))
        spoilt[at : at + len(written)] = written
    return bytes(spoilt[: max(1, int(kept * len(spoilt)))])


@pytest.mark.parametrize("kind", ["PDF", "TIFF", "JPEG", "PNG"])
@settings(max_examples=40, deadline=None)
@given(edits=EDITS, kept=st.sampled_from([1.0, 1.0, 1.0, 0.9, 0.5]))
def test_a_spoilt_file_gives_pages_or_a_sentence(kind: str, edits: list[Edit], kept: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scan"
        path.write_bytes(_spoil(_sound(kind), edits, kept))
        with contextlib.suppress(OcrError):
            pages = list(iter_pages(path, LIMITS))
            assert all(page.problem or page.grey.size for page in pages)
