"""The picture of a batch's scores holds every bubble once, whatever its state."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from PIL import Image

from ocr.cli import main
from ocr.model import BubbleReading, FieldReading, MarkState, PageQuality, PageReading, PageStatus
from ocr.score_chart import count_scores, draw_scores
from tests.worlds.scanned_pages import FORMS, answered, scanned

_STATES = (MarkState.EMPTY, MarkState.FILLED, MarkState.MARGINAL, MarkState.CANCELLED)


def _reading(scores: list[float]) -> PageReading:
    bubbles = tuple(BubbleReading(str(i), _STATES[i % 4], score) for i, score in enumerate(scores))
    field = FieldReading("Q", None, 0.5, accepted=False, flags=(), bubbles=bubbles)
    return PageReading("a.pdf", 0, PageStatus.FLAGGED, None, (), PageQuality(1, 1), (field,))


def test_every_bubble_is_counted_once_in_its_state() -> None:
    counts = count_scores([_reading([0.0, 1.0, 0.5, 0.999]), _reading([0.01])])
    assert counts.bubbles == 5
    assert (counts.accepted, counts.shown) == (0, 2)
    assert counts.by_state[MarkState.FILLED][-1] == 1
    assert counts.by_state[MarkState.EMPTY][0] == 2


def test_the_picture_is_sound_xml_and_names_every_bubble() -> None:
    counts = count_scores([_reading([0.0, 1.0, 0.5, 0.2, 0.3, 0.97])])
    picture = draw_scores(counts, "lô <1> & 2")
    root = ET.fromstring(picture)  # noqa: S314 - our own text
    titles = [t.text or "" for t in root.iter("{http://www.w3.org/2000/svg}title")]
    assert sum(int(re.findall(r"\d+", t)[0]) for t in titles) == counts.bubbles


def test_the_command_draws_a_batch(tmp_path: Path) -> None:
    scan = tmp_path / "lo-1.png"
    Image.fromarray(scanned(answered(1))).save(scan)
    out = tmp_path / "scores.svg"
    assert main(["calibrate", "--draw", str(scan), "--forms", str(FORMS), "--out", str(out)]) == 0
    assert "lo-1.png: 46 ô, 10 câu máy tự nhận" in out.read_text(encoding="utf-8")
