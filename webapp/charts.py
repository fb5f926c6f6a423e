"""Pictures as SVG text: strip, funnel, bullet bars, bands. Words come in, nothing is translated here.

Every picture is one `role="img"` whose <title> and <desc> say the finding; what is drawn inside is hidden
from screen readers, and the page puts the same figures into a table beside it. Shares are told by length,
pattern and figure, so that a black-and-white copy says the same; edges and bars have 3 : 1 on white.
All lengths are px of the viewBox; a picture is drawn once for wide and once for narrow screens.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

from markupsafe import Markup, escape

WIDE_PX: Final = 1240
NARROW_PX: Final = 340
NARROW_LIMIT_PX: Final = 600  # below it labels stand above their bars

INK: Final = "#1f2328"
SOFT_INK: Final = "#55595f"
EDGE: Final = "#6b6557"
# Ordered: nothing, some, half, most, all. Ink on each tint has more than 4.5 : 1.
TINTS: Final = ("#ffffff", "#eef3e6", "#d9e6c9", "#bfd6a8", "#9fc285")
SOLID: Final = ("#8d8574", "#5f7d55", "#3f6b4a", "#1d6138")  # of bars, light to dark; 3 : 1 and more on white
_LETTER_EM: Final = 0.62  # the mean width of a bold letter, for breaking lines
_LAST_TINT: Final = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """What the picture shows, for those who do not see it: a name and a sentence."""

    key: str  # unique on the page; ids within the picture begin with it
    title: str
    sentence: str


@dataclass(frozen=True, slots=True)
class StripCell:
    """One unit: its name, `share` in [0, 1], and the figures as written ("28/30", "93 %")."""

    name: str
    share: Fraction
    count: str
    percent: str

    @property
    def tint(self) -> int:
        """0 to 4: nothing, below a third, below two thirds, below all, all."""
        if self.share >= 1:
            return _LAST_TINT
        return 0 if self.share <= 0 else 1 + int(self.share * 3)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the funnel; `share` in [0, 1] is of the first stage."""

    name: str
    share: Fraction
    figure: str


@dataclass(frozen=True, slots=True)
class Bullet:
    """A group: shares of its quota, from the widest bar to the narrowest, and the figures as written."""

    name: str
    shares: Sequence[Fraction]
    figure: str


@dataclass(frozen=True, slots=True)
class BandMark:
    """Answers of about one stated probability; it, what was found, and the interval of that, in [0, 1]."""

    name: str
    stated: float
    found: float
    low: float
    high: float
    figure: str


def draw_strip(finding: Finding, cells: Sequence[StripCell], width_px: int) -> Markup:
    """One cell a unit, in the given order: name, figures, and a patterned bar as long as the share."""
    columns = 2 if width_px < NARROW_LIMIT_PX else 8
    gap, height = 6, 62
    cell_width = (width_px - gap * (columns - 1)) / columns
    rows = -(-len(cells) // columns)
    patterns = f"{finding.key}-{width_px}-p"  # a picture that is not shown lends its patterns to no other
    drawn = [
        _strip_cell(
            patterns,
            cell,
            (place % columns) * (cell_width + gap),
            (place // columns) * (height + gap),
            cell_width,
        )
        for place, cell in enumerate(cells)
    ]
    return _picture(finding, width_px, max(1, rows * (height + gap) - gap), [_patterns(patterns), *drawn])


def draw_funnel(finding: Finding, stages: Sequence[Stage], width_px: int) -> Markup:
    """One bar a stage, as long as what is left of the first."""
    label, row = (0, 46) if width_px < NARROW_LIMIT_PX else (230, 34)
    figure = 0 if width_px < NARROW_LIMIT_PX else 190
    drawn = []
    for place, stage in enumerate(stages):
        top, track = place * row, width_px - label - figure
        bar_top = top + (22 if label == 0 else 4)
        colour = SOLID[min(place, len(SOLID) - 1)]
        drawn += [
            _text(0, top + (16 if label == 0 else 23), stage.name, weight=600),
            _text(width_px, top + (16 if label == 0 else 23), stage.figure, anchor="end"),
            _box(label, bar_top, track, 18 if label == 0 else 24, fill="#ffffff"),
            _box(label, bar_top, track * stage.share, 18 if label == 0 else 24, fill=colour),
        ]
    return _picture(finding, width_px, len(stages) * row, drawn)


def draw_bullets(finding: Finding, bullets: Sequence[Bullet], width_px: int) -> Markup:
    """One row a group: bars within bars, and the quota as an upright line at the end of the track."""
    narrow = width_px < NARROW_LIMIT_PX
    label, figure, row = (0, 0, 60) if narrow else (480, 190, 36)
    track = width_px - label - figure - 12
    drawn: list[Markup] = []
    for place, bullet in enumerate(bullets):
        top = place * row
        middle = top + (46 if narrow else 17)
        lines = _broken(bullet.name, width_px - 130 if narrow else label - 12, 14, 1)
        drawn += [
            _text(0, top + (16 if narrow else 22), lines[0] if lines else "", weight=600),
            _text(width_px, top + (16 if narrow else 22), bullet.figure, anchor="end"),
            _box(label, middle - 10, track, 20, fill="#ffffff"),
            *_nested_bars(label, middle, track, bullet.shares),
            Markup('<path d="M{} {}v{}" stroke="{}" stroke-width="4"/>').format(
                _px(label + track), middle - 14, 28, INK
            ),
        ]
    return _picture(finding, width_px, len(bullets) * row, drawn)


def draw_bands(finding: Finding, bands: Sequence[BandMark], width_px: int) -> Markup:
    """One row a band on a track from 0 to 1: the interval as a bar, what was found in it, what was stated."""
    narrow = width_px < NARROW_LIMIT_PX
    label, figure, row = (0, 0, 70) if narrow else (200, 330, 34)
    track = width_px - label - figure - 12
    drawn: list[Markup] = []
    for place, band in enumerate(bands):
        top = place * row
        middle = top + (50 if narrow else 17)
        low, width = label + track * band.low, track * (band.high - band.low)
        drawn += [
            _text(0, top + (16 if narrow else 22), band.name, weight=600),
            _text(
                0 if narrow else width_px,
                top + (34 if narrow else 22),
                band.figure,
                anchor="start" if narrow else "end",
                size=13,
            ),
            _box(label, middle - 9, track, 18, fill="#ffffff"),
            _box(low, middle - 6, max(width, 2.0), 12, fill=TINTS[-1]),
            _upright(label + track * band.found, middle, 18, 5),
            _diamond(label + track * band.stated, middle),
        ]
    return _picture(finding, width_px, max(1, len(bands) * row), drawn)


def _upright(x: float, middle: float, height: float, width: int) -> Markup:
    return Markup('<path d="M{} {}v{}" stroke="{}" stroke-width="{}"/>').format(
        _px(x), _px(middle - height / 2), _px(height), INK, width
    )


def _diamond(x: float, middle: float) -> Markup:
    """Open, so that it shows on the bar and on what was found alike."""
    return Markup('<path d="M{} {}l6 7l-6 7l-6 -7z" fill="#ffffff" stroke="{}" stroke-width="2"/>').format(
        _px(x), _px(middle - 7), INK
    )


def _nested_bars(left: float, middle: float, track: float, shares: Sequence[Fraction]) -> Iterator[Markup]:
    """The first share is the highest bar, each next one lower and darker."""
    for place, share in enumerate(shares):
        height = 20 - 6 * place
        yield _box(left, middle - height / 2, track * min(share, Fraction(1)), height, fill=SOLID[place])


@lru_cache(maxsize=2048)  # of all units few change between two drawings
def _strip_cell(patterns: str, cell: StripCell, left: float, top: float, width: float) -> Markup:
    dash = "4 3" if cell.tint == 0 else None
    lines = _broken(cell.name, width - 16, 13, 2)
    parts = [
        _box(left + 0.5, top + 0.5, width - 1, 61, fill=TINTS[cell.tint], dash=dash),
        *(_text(left + 8, top + 16 + 15 * n, line, size=13, weight=600) for n, line in enumerate(lines)),
        _text(left + 8, top + 47, cell.count, size=13),
        _text(left + width - 8, top + 47, cell.percent, size=13, weight=700, anchor="end"),
        _box(left + 6, top + 51, width - 12, 7, fill="#ffffff"),
    ]
    if cell.tint:
        pattern = f"url(#{patterns}{cell.tint})"
        parts.append(_box(left + 6, top + 51, (width - 12) * min(cell.share, Fraction(1)), 7, fill=pattern))
    return Markup("").join(parts)


def _patterns(key: str) -> Markup:
    """Four fills that a photocopy tells apart: dots, stripes, denser stripes, full."""
    stripes = (("1", "M0 6L6 0", 1.2), ("2", "M0 6L6 0", 2.6), ("3", "M0 6L6 0M0 0L6 6", 2.2))
    drawn = [
        Markup(
            '<pattern id="{}{}" width="6" height="6" patternUnits="userSpaceOnUse">'
            '<rect width="6" height="6" fill="#ffffff"/>'
            '<path d="{}" stroke="{}" stroke-width="{}"/></pattern>'
        ).format(key, name, path, SOLID[3], width)
        for name, path, width in stripes
    ]
    full = Markup(
        '<pattern id="{}4" width="6" height="6" patternUnits="userSpaceOnUse">'
        '<rect width="6" height="6" fill="{}"/></pattern>'
    ).format(key, SOLID[3])
    return Markup("<defs>{}</defs>").format(Markup("").join([*drawn, full]))


def _picture(finding: Finding, width_px: int, height_px: float, parts: Sequence[Markup]) -> Markup:
    """The frame: named and described for everybody, its inside for eyes only."""
    key = f"{finding.key}-{width_px}"
    return Markup(
        '<svg class="chart" role="img" aria-labelledby="{key}-t {key}-d" viewBox="0 0 {width} {height}" '
        'width="{width}" height="{height}" font-size="14">'
        '<title id="{key}-t">{title}</title><desc id="{key}-d">{sentence}</desc>'
        '<g aria-hidden="true">{inside}</g></svg>'
    ).format(
        key=key,
        width=width_px,
        height=_px(height_px),
        title=finding.title,
        sentence=finding.sentence,
        inside=Markup("").join(parts),
    )


def _box(
    left: float, top: float, width: float | Fraction, height: float, *, fill: str, dash: str | None = None
) -> Markup:
    """A rectangle with a dark edge; one without width is not drawn."""
    if width <= 0:
        return Markup("")
    dashed = Markup(' stroke-dasharray="{}"').format(dash) if dash else ""
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="{}" stroke="{}"{}/>').format(
        _px(left), _px(top), _px(width), _px(height), fill, EDGE, dashed
    )


def _text(
    x: float, y: float, text: str, *, size: int = 14, weight: int = 400, anchor: str = "start"
) -> Markup:
    return Markup(
        '<text x="{}" y="{}" font-size="{}" font-weight="{}" text-anchor="{}" fill="{}">{}</text>'
    ).format(_px(x), _px(y), size, weight, anchor, INK, escape(text))


def _broken(text: str, width_px: float, size_px: int, most: int) -> list[str]:
    """The text in at most so many lines; what does not fit ends in an ellipsis (the table has it whole)."""
    room = max(1, int(width_px / (size_px * _LETTER_EM)))
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    if len(lines) > most:
        rest = " ".join(lines[most - 1 :])
        lines = [*lines[: most - 1], rest[: room - 1].rstrip() + "…"]
    return lines


def _px(value: float | Fraction) -> str:
    """At most two decimals: places on a screen, not figures anybody relies on."""
    return f"{float(value):.2f}".rstrip("0").rstrip(".")
