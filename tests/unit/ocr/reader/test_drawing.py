"""A reading drawn on its page shows every state in its colour, and refused pages with their reason."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from ocr.cli import main
from ocr.model import MarkState
from ocr.pipeline import ReadOptions, read_page
from ocr.registration import FLAT_PX_PER_MM
from tests.worlds.scanned_pages import LIBRARY, answered, as_page, printed_side, scanned, side

_DRAWING = ReadOptions(drawing=True)
_PX_PER_MM = 6


def _pixels(drawing: bytes) -> np.ndarray[tuple[int, int, int], np.dtype[np.int16]]:
    return np.asarray(Image.open(io.BytesIO(drawing)).convert("RGB")).astype(np.int16)


def test_every_bubble_is_ringed_in_the_colour_of_its_state() -> None:
    result = read_page(as_page(scanned(answered(1))), LIBRARY, _DRAWING)
    pixels = _pixels(result.drawing)
    assert pixels.shape[0] == round(297 * FLAT_PX_PER_MM) * _PX_PER_MM // FLAT_PX_PER_MM
    read = {field.code: field for field in result.reading.fields}
    states = set()
    for field in side(1).fields:
        for bubble, seen in zip(field.bubbles, read[field.code].bubbles, strict=field.code in read):
            top = round((bubble.y_mm - bubble.r_mm - 0.5) * _PX_PER_MM)
            red, green, blue = pixels[top : top + 2, round(bubble.x_mm * _PX_PER_MM)].mean(axis=0)
            states.add(seen.state)
            assert (green > blue) == (seen.state is MarkState.FILLED), (field.code, red, green, blue)
    assert states == {MarkState.EMPTY, MarkState.FILLED}


def test_a_drawing_comes_only_if_asked_for_and_refused_pages_have_one() -> None:
    empty = as_page(np.full((2339, 1654), 250, np.uint8))
    assert read_page(empty, LIBRARY).drawing == b""
    drawn = _pixels(read_page(empty, LIBRARY, _DRAWING).drawing)
    assert drawn.shape[:2] == (1169, 827), "half of the scan, as it is read"
    assert drawn[:24].min() < 60, "the reason stands above"
    assert read_page(as_page(np.zeros((0, 0), np.uint8)), LIBRARY, _DRAWING).drawing == b""


def test_the_command_draws_each_page_of_each_file(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        Image.fromarray(scanned(printed_side(1))).save(tmp_path / folder / "page.png")
    files = [str(tmp_path / folder / "page.png") for folder in ("a", "b")]
    out, drawings = tmp_path / "r.jsonl", tmp_path / "drawn"
    forms = str(LIBRARY.forms_dir)
    read = ["read", *files, "--forms", forms, "--workers", "1", "--out", str(out), "--debug", str(drawings)]
    assert main(read) == 0
    assert sorted(path.name for path in drawings.iterdir()) == [
        "001-page.png-0001.jpg",
        "002-page.png-0001.jpg",
    ]
