"""The reliability picture: stated probability against the share that was wrong, as plain SVG."""

import math
from collections.abc import Iterator

from ocr.accuracy.reliability import Band, band_names
from ocr.deck.bounds import rate

_WIDTH, _HEIGHT = 760, 440
_LEFT, _TOP, _RIGHT, _BOTTOM = 90, 60, 20, 90
_FLOOR = 1e-6
_FONT = 'role="img" font-family="sans-serif" font-size="12"'
_INK, _SOFT, _STATED, _SEEN = "#22262b", "#d5d9de", "#8a5a00", "#0b5c8a"


def reliability_picture(bands: list[Band], title: str) -> str:
    """An SVG: per band the error that was stated, the error that was seen, and its 95 % bound (log scale)."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {_FONT} fill="{_INK}">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        _text(_WIDTH / 2, 20, title, "middle", 14),
        *_legend(),
        *_axes(),
    ]
    for number, (name, band) in enumerate(zip(band_names(), bands, strict=True)):
        parts += _column(number, len(bands), name, band)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _text(x: float, y: float, words: str, anchor: str = "middle", size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{words}</text>'


def _height_of(share: float) -> float:
    """Where a share stands; shares under one in a million lie on the floor."""
    depth = math.log10(max(share, _FLOOR)) / math.log10(_FLOOR)
    return _TOP + depth * (_HEIGHT - _TOP - _BOTTOM)


def _legend() -> Iterator[str]:
    yield f'<circle cx="{_LEFT + 6}" cy="40" r="5" fill="none" stroke="{_STATED}" stroke-width="2"/>'
    yield _text(_LEFT + 18, 44, "error that was stated", "start")
    yield f'<circle cx="{_LEFT + 186}" cy="40" r="5" fill="{_SEEN}"/>'
    yield _text(_LEFT + 198, 44, "error that was seen, up to its 95 % bound", "start")
    yield _text(_WIDTH / 2, _HEIGHT - 12, "stated probability that the answer is right (answers below)")


def _axes() -> Iterator[str]:
    for power in range(7):
        y = _height_of(10.0**-power)
        yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}" stroke="{_SOFT}"/>'
        words = "100 %" if power == 0 else f"1 in {10**power:,}"
        yield _text(_LEFT - 8, y + 4, words, "end", 11)


def _column(number: int, count: int, name: str, band: Band) -> Iterator[str]:
    step = (_WIDTH - _LEFT - _RIGHT) / count
    x = _LEFT + (number + 0.5) * step
    low, high = name.split(" to ")
    yield _text(x, _HEIGHT - _BOTTOM + 18, f"{low}–{high}", "middle", 10)
    yield _text(x, _HEIGHT - _BOTTOM + 34, f"{band.answers:,}", "middle", 10)
    if not band.answers:
        return
    seen = rate(band.answers - band.right, band.answers)
    bottom, top = _height_of(seen.share or 0.0), _height_of(seen.upper_95 or 0.0)
    ends = f'x1="{x:.1f}" y1="{bottom:.1f}" x2="{x:.1f}" y2="{top:.1f}"'
    yield f'<line {ends} stroke="{_SEEN}" stroke-width="3"/>'
    if seen.count:
        yield f'<circle cx="{x:.1f}" cy="{bottom:.1f}" r="5" fill="{_SEEN}"/>'
    stated = _height_of(1 - band.stated / band.answers)
    yield f'<circle cx="{x:.1f}" cy="{stated:.1f}" r="5" fill="none" stroke="{_STATED}" stroke-width="2"/>'
