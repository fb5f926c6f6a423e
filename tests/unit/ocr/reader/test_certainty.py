"""The office's limits: named by hash, in force in a reading, and in its name."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace

import pytest

from ocr.certainty import Certainty, built_in_certainty
from ocr.decide import Thresholds, load_model, with_certainty
from ocr.pipeline import ReadOptions, read_page
from tests.worlds.scanned_pages import LIBRARY, answered, as_page, scanned


def test_the_built_in_limits_are_the_models() -> None:
    thresholds = load_model().thresholds
    assert built_in_certainty() == Certainty(thresholds.filled, thresholds.accept)


def test_the_name_follows_from_the_limits_alone() -> None:
    one = Certainty(0.97, 0.95)
    assert one.name == f"certainty+{one.sha256[:12]}"
    assert one.sha256 == Certainty(0.97, 0.95).sha256 != Certainty(0.95, 0.97).sha256
    text = json.dumps(
        {"accept": 0.95, "filled": 0.97, "schema": "chamdiem-certainty/1"}, separators=(",", ":")
    )
    assert hashlib.sha256(text.encode()).hexdigest() == one.sha256


def test_only_the_two_limits_change() -> None:
    usual = Thresholds()
    assert with_certainty(usual, None) is usual
    assert with_certainty(usual, Certainty(0.5, 0.6)) == replace(usual, filled=0.5, accept=0.6)


@pytest.mark.parametrize(("certainty", "is_accepted"), [(None, True), (Certainty(0.99, 0.9999999), False)])
def test_a_page_is_read_under_the_limits_and_says_so(
    certainty: Certainty | None, *, is_accepted: bool
) -> None:
    reading = read_page(
        as_page(scanned(answered(2), 1.2, noise=6)), LIBRARY, ReadOptions(certainty=certainty)
    ).reading
    assert any(field.accepted for field in reading.fields) is is_accepted
    assert ("certainty+" in reading.thresholds) is not is_accepted
    assert len(reading.thresholds) <= 80


def test_the_limits_need_no_reader() -> None:
    code = (
        "import sys, ocr.certainty; print([n for n in ('numpy', 'cv2', 'onnxruntime') if n in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
