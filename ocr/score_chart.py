"""All scores of a batch in one picture: how far marked and empty bubbles lie apart, and what lies between.

An office that changes pens, paper or scanner sees here whether its marks still fall where the model is sure.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from ocr.model import MarkState, PageReading

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 900, 420, 60, 46, 60
_COLUMNS = 40
_SVG = "http://www.w3.org/2000/svg"
_COLOURS = {
    MarkState.EMPTY: "#7a8793",
    MarkState.MARGINAL: "#d1442f",
    MarkState.FILLED: "#1f5fa8",
    MarkState.CANCELLED: "#8a4fa3",
}
_WORDS = {
    MarkState.EMPTY: "trống",
    MarkState.MARGINAL: "lưng chừng",
    MarkState.FILLED: "có dấu",
    MarkState.CANCELLED: "gạch bỏ",
}


@dataclass(frozen=True, slots=True)
class ScoreCounts:
    """Bubbles of a batch by state and by score.

    `by_state` holds per state 40 counts: of scores from 0 to 1 in equal columns. `accepted` and `shown`
    count answers.
    """

    by_state: dict[MarkState, list[int]]
    accepted: int
    shown: int

    @property
    def bubbles(self) -> int:
        """How many bubbles were scored."""
        return sum(map(sum, self.by_state.values()))


def count_scores(readings: Sequence[PageReading]) -> ScoreCounts:
    """Count the scores of all bubbles of a batch."""
    by_state = {state: [0] * _COLUMNS for state in MarkState}
    fields = [field for reading in readings for field in reading.fields]
    for bubble in (bubble for field in fields for bubble in field.bubbles):
        by_state[bubble.state][min(_COLUMNS - 1, int(bubble.score * _COLUMNS))] += 1
    accepted = sum(field.accepted for field in fields)
    return ScoreCounts(by_state, accepted, len(fields) - accepted)


def draw_scores(counts: ScoreCounts, title: str) -> str:
    """The counts as an SVG picture: a column per score, on a scale where one bubble still shows.

    Args:
        counts: of one batch.
        title: what the batch is called.
    """
    highest = max([sum(column) for column in zip(*counts.by_state.values(), strict=True)] + [1])
    columns = [
        _column(number, {s: c[number] for s, c in counts.by_state.items()}, highest)
        for number in range(_COLUMNS)
    ]
    words = (
        f"{title}: {counts.bubbles} ô, {counts.accepted} câu máy tự nhận, {counts.shown} câu chuyển người xem"
    )
    return "\n".join(
        [
            f'<svg xmlns="{_SVG}" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif">',
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
            f'<text x="{_LEFT}" y="26" font-size="17">{escape(words)}</text>',
            *_scale(highest),
            *columns,
            *_legend(counts),
            "</svg>\n",
        ]
    )


def _level(count: int, highest: int) -> float:
    """Height of a count in pixels: the square root, so that one among thousands still shows."""
    return (_HEIGHT - _TOP - _BOTTOM) * math.sqrt(count / highest)


def _column(number: int, counts: dict[MarkState, int], highest: int) -> str:
    """One stack; its parts share its height as they share its bubbles."""
    total, width = sum(counts.values()), (_WIDTH - _LEFT - 20) / _COLUMNS
    bottom, parts = float(_HEIGHT - _BOTTOM), []
    for state, count in counts.items():
        if count:
            height = _level(total, highest) * count / total
            bottom -= height
            parts.append(
                f'<rect x="{_LEFT + number * width + 1:.1f}" y="{bottom:.1f}" width="{width - 2:.1f}"'
                f' height="{height:.1f}" fill="{_COLOURS[state]}">'
                f"<title>{count} ô {_WORDS[state]}</title></rect>"
            )
    return "".join(parts)


def _scale(highest: int) -> list[str]:
    base = _HEIGHT - _BOTTOM
    lines = []
    for count in (c for c in (1, 10, 100, 1000, 10_000, 100_000) if c <= highest):
        y = base - _level(count, highest)
        lines.append(f'<line x1="{_LEFT}" x2="{_WIDTH - 20}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dddddd"/>')
        lines.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" font-size="12" text-anchor="end">{count}</text>')
    for tenth in range(0, 11, 2):
        x = _LEFT + (_WIDTH - _LEFT - 20) * tenth / 10
        words = f"{tenth / 10:.1f}".replace(".", ",")
        lines.append(f'<text x="{x:.1f}" y="{base + 17}" font-size="12" text-anchor="middle">{words}</text>')
    return lines


def _legend(counts: ScoreCounts) -> list[str]:
    parts, x = [], _LEFT
    for state, columns in counts.by_state.items():
        words = f"{_WORDS[state]}: {sum(columns)}"
        parts.append(
            f'<rect x="{x}" y="{_HEIGHT - 28}" width="14" height="14" fill="{_COLOURS[state]}"/>'
            f'<text x="{x + 20}" y="{_HEIGHT - 16}" font-size="14">{words}</text>'
        )
        x += 190
    return parts
