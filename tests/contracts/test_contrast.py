"""Colours can be read: pairs that carry text have at least 4.5 : 1, edges of controls 3 : 1 (WCAG AA)."""

import re

import pytest

from tests.contracts.sources import WEBAPP

COLOURS = dict(
    re.findall(r"--([\w-]+): (#[0-9a-f]{6});", (WEBAPP / "static/app.css").read_text(encoding="utf-8"))
)
STATES = ("done", "working", "waiting", "attention", "problem")
TEXT = [
    *(("ink", ground) for ground in ("paper", "sheet", "sunken")),
    *(("ink-soft", ground) for ground in ("paper", "sheet", "sunken")),
    *((state, f"{state}-tint") for state in STATES),
    *((state, "sheet") for state in STATES),
    *((colour, "sheet") for colour in ("action", "action-deep", "lacquer")),
    ("action", "paper"),
    ("action", "action-tint"),
]
EDGES = [("rule-strong", "sheet"), ("rule-strong", "paper"), ("focus", "paper"), ("focus", "sheet")]


def luminance(colour: str) -> float:
    """Relative luminance, 0 (black) to 1 (white). Source: WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """1 to 21."""
    light, dark = sorted((luminance(COLOURS[one]), luminance(COLOURS[other])), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_text_can_be_read(text: str, ground: str) -> None:
    assert contrast(text, ground) >= 4.5


@pytest.mark.parametrize(("edge", "ground"), EDGES)
def test_edges_can_be_seen(edge: str, ground: str) -> None:
    assert contrast(edge, ground) >= 3
