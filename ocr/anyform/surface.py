"""The page as the mark model knows pages: bubbles of our own size, paper white, nothing printed.

Whatever a form's unit and size, its page is laid flat so that its bubbles are as large as our rings; what
is printed there is taken away. Print is known from the blank, or, where a template has none, from the
page itself: bubbles of the same option look alike, and what most of them show is print.
"""

from collections import defaultdict
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.anyform.template import Template
from ocr.layout import Bubble, Field, PageLayout

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

RADIUS_MM = 2.4
"""Our printed rings; on the flat page every form's bubbles have this radius."""
_MARGIN_MM = 8.0
_MAX_FLAT_PX = 40_000_000
PAPER = 245
# Finer than our own pages: what print hides of a foreign bubble is told from its edges.
FORM_PX_PER_MM = 6
_PRINT_STEP = 0.9
_GROWN_PX = 5
_FILL_PX = 3.0
_NEXT_TO_NOTHING = 1e-3
_LEAST_CLEAR = 0.25
_MORE_PRINT = 0.08
_AS_LIGHT = 0.9
_INSIDE_R = 0.74
_REACH_R = 1.9
_LEAST_REACH_R = 1.05
_BRIGHTER = 0.75
_LEAST_ALIKE = 4
_SEARCH_R = 0.35
_LEAST_STEP = 6.0


@dataclass(frozen=True, slots=True)
class Surface:
    """A page ready to be measured.

    Attributes:
        clean: uint8, the flat page without print; paper is about 245.
        clear: uint8, same size: 255 where ink can be seen, 0 where print hides it.
        in_place: per question, whether the print around its bubbles is where it should be.
        trusted: bool (n,), per bubble: enough of its inside can be seen.
        outline: how well outlines lie around the bubbles' places, in [-1, 1]; 1 where a blank was matched.
    """

    clean: Grey
    clear: Grey
    in_place: tuple[bool, ...]
    trusted: NDArray[np.bool_]
    outline: float


def flat_layout(template: Template) -> PageLayout:
    """The template as one of our own printed pages, in millimetres of the flat page."""
    scale = RADIUS_MM / template.radius
    fields = []
    for question in template.questions:
        bubbles = tuple(
            Bubble(b.option, b.x * scale + _MARGIN_MM, b.y * scale + _MARGIN_MM, RADIUS_MM)
            for b in question.bubbles
        )
        left, right = min(b.x_mm for b in bubbles) - RADIUS_MM, max(b.x_mm for b in bubbles) + RADIUS_MM
        top, bottom = min(b.y_mm for b in bubbles) - RADIUS_MM, max(b.y_mm for b in bubbles) + RADIUS_MM
        fields.append(Field(question.code, "choice", left, top, right - left, bottom - top, bubbles))
    width, height = (v * scale + 2 * _MARGIN_MM for v in (template.width, template.height))
    return PageLayout(1, width, height, (), (), 0.0, 0.0, 0.0, 0.0, tuple(fields))


def to_template(template: Template) -> Floats:
    """Homography (3, 3) from millimetres of the flat page to the template's unit."""
    scale = template.radius / RADIUS_MM
    return np.array([[scale, 0, -_MARGIN_MM * scale], [0, scale, -_MARGIN_MM * scale], [0, 0, 1.0]])


def flat_pixels(layout: PageLayout) -> int:
    """How many pixels the flat page has."""
    return round(layout.width_mm * FORM_PX_PER_MM) * round(layout.height_mm * FORM_PX_PER_MM)


def too_large(layout: PageLayout) -> bool:
    """Whether bubbles are so small beside their page that it cannot be held at their size."""
    return flat_pixels(layout) > _MAX_FLAT_PX


# --- print ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Print:
    """What is printed on a flat page, all float32 or uint8 of its size.

    Attributes:
        shade: level of even shading, 1 = paper.
        lines: 1 where lines and letters are.
        seen: 1 where no line hides ink, lines grown by a pixel or two.
        weight: how much of the neighbourhood is seen.
    """

    shade: Floats32
    lines: Grey
    seen: Floats32
    weight: Floats32


def known_print(printed: Floats32) -> Print:
    """Tell shading from lines.

    Args:
        printed: float32, the page without marks, 1 = paper.
    """
    size = 2 * round(RADIUS_MM * FORM_PX_PER_MM * 0.5) + 1
    soft = cv2.GaussianBlur(printed, (0, 0), 0.8)
    # Shading is wider than half a bubble, lines and letters are not.
    shade = cv2.blur(cv2.morphologyEx(soft, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8)), (5, 5))
    lines = (soft < _PRINT_STEP * shade).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_GROWN_PX, _GROWN_PX))
    seen = np.asarray(1 - cv2.dilate(lines, kernel), np.float32)
    weight = np.maximum(cv2.GaussianBlur(seen, (0, 0), _FILL_PX), 1e-6)
    return Print(np.clip(shade, 0.3, 1.0), lines, seen, np.asarray(weight, np.float32))


def blank_print(blank: Grey) -> Print:
    """What a blank, uint8 and flat, has printed."""
    return known_print(blank.astype(np.float32) / _local_white(blank))


def _local_white(page: Grey) -> Floats32:
    """The paper's level around each pixel."""
    small = cv2.resize(page, None, fx=1 / FORM_PX_PER_MM, fy=1 / FORM_PX_PER_MM, interpolation=cv2.INTER_AREA)
    bright = cv2.blur(cv2.dilate(small, np.ones((9, 9), np.uint8)).astype(np.float32), (9, 9))
    whole = cv2.resize(bright, page.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.maximum(whole, 1.0), np.float32)


def _without_print(light: Floats32, known: Print) -> Grey:
    """Divide even shading out of the page (1 = paper), and fill lines with what lies beside them."""
    ink = np.clip(light / known.shade, 0.0, 1.0)
    beside = cv2.GaussianBlur(ink * known.seen, (0, 0), _FILL_PX) / known.weight
    beside[known.weight < _NEXT_TO_NOTHING] = 1.0
    filled = np.where(known.seen > 0, ink, beside)
    return np.asarray(np.rint(filled * PAPER), np.uint8)


# --- with a blank ---------------------------------------------------------------------------------


def lift_marks(flat: Grey, known: Print, layout: PageLayout, in_place: tuple[bool, ...]) -> Surface:
    """Take what the blank shows out of the flat page.

    Args:
        flat: uint8, the registered page.
        known: `blank_print` of the empty page, same size.
        layout: of the flat page.
        in_place: per question.
    """
    clean = _without_print(flat.astype(np.float32) / _local_white(flat), known)
    return Surface(clean, visible(known), in_place, _trusted(known, layout), 1.0)


def visible(known: Print) -> Grey:
    """255 where no print hides ink, uint8."""
    return np.asarray(known.seen * 255, np.uint8)


def _centres(layout: PageLayout) -> NDArray[np.int64]:
    at = [(b.x_mm, b.y_mm) for f in layout.fields for b in f.bubbles]
    return np.rint(np.array(at) * FORM_PX_PER_MM - 0.5).astype(np.int64)


def _trusted(known: Print, layout: PageLayout) -> NDArray[np.bool_]:
    """Bubbles whose inside is known to be open paper, as that of the others.

    Where most of a group are marked, or the blank is no blank, marks would pass for print.
    """
    radius = RADIUS_MM * FORM_PX_PER_MM * _INSIDE_R
    reach = int(radius)
    dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    inside = np.hypot(dx, dy) <= radius
    parts = [np.s_[y - reach : y + reach + 1, x - reach : x + reach + 1] for x, y in _centres(layout)]
    open_ = np.array([1.0 - known.lines[p][inside].mean() for p in parts])
    shade = np.array([known.shade[p][inside].mean() for p in parts])
    usual = 1.0 - np.median(open_)
    alike = (1.0 - open_ <= 1.4 * usual + _MORE_PRINT) & (shade >= _AS_LIGHT * np.quantile(shade, 0.75))
    return np.asarray(alike & (open_ >= _LEAST_CLEAR), np.bool_)


# --- without one ----------------------------------------------------------------------------------


def lift_marks_alone(flat: Grey, layout: PageLayout) -> Surface:
    """Take out of the flat page what bubbles of the same option have in common.

    Only the bubbles and what is close to them can be seen then: all else may be print.

    Args:
        flat: uint8, the registered page.
        layout: of the flat page.
    """
    centres = _centres(layout)
    reach = _reach(centres)
    groups = _groups(layout)
    shifts = np.zeros_like(centres)
    # A template's places may be off by a pixel or two: questions are moved to where the others agree.
    for _ in range(2):
        patches = _patches(flat, centres + shifts, reach)
        common = _common(patches, groups)
        shifts = shifts + _question_shifts(flat, centres + shifts, reach, common, layout)
    patches = _patches(flat, centres + shifts, reach)
    common = _common(patches, groups)
    alike = _correlations(patches, common)
    page, printed = np.ones(flat.shape, np.float32), np.zeros(flat.shape, np.float32)
    for (x, y), patch, prints in zip(centres, patches, common, strict=True):
        part = np.s_[y - reach[1] : y + reach[1] + 1, x - reach[0] : x + reach[0] + 1]
        page[part], printed[part] = patch, prints
    beyond = printed == 0
    printed[beyond] = 1.0
    known = known_print(printed)
    clean, clear = _without_print(page, known), visible(known)
    clean[beyond], clear[beyond] = PAPER, 0
    by_question = _by_question(alike, layout)
    # Marked bubbles look otherwise; of every question some are not marked.
    in_place = tuple(bool(np.quantile(own, 0.75) >= _LEAST_LIKENESS) for own in by_question)
    return Surface(clean, clear, in_place, _trusted(known, layout), _outline(patches))


_LEAST_LIKENESS = 0.35


def _reach(centres: NDArray[np.int64]) -> tuple[int, int]:
    """How far around each bubble, across and down, no other bubble's own area begins."""
    radius = RADIUS_MM * FORM_PX_PER_MM
    reaches = []
    for axis in (0, 1):
        off = np.abs(centres[:, None, :] - centres[None, :, :])
        beside = (off[:, :, 1 - axis] < radius) & (off[:, :, axis] > radius)
        gap = float(off[:, :, axis][beside].min()) if beside.any() else np.inf
        reaches.append(int(np.clip(gap / 2 - 0.5, _LEAST_REACH_R * radius, _REACH_R * radius)))
    return reaches[0], reaches[1]


def _groups(layout: PageLayout) -> list[list[int]]:
    """Numbers of the bubbles that print the same: those of one option."""
    by_option: dict[str, list[int]] = defaultdict(list)
    for number, bubble in enumerate(b for f in layout.fields for b in f.bubbles):
        by_option[bubble.option].append(number)
    return list(by_option.values())


def _patches(flat: Grey, centres: NDArray[np.int64], reach: tuple[int, int]) -> Floats:
    """What is around each bubble, (n, height, width), 1 = the level of its own surroundings."""
    across, down = reach
    cut = np.stack([flat[y - down : y + down + 1, x - across : x + across + 1] for x, y in centres])
    level = np.quantile(cut, 0.8, axis=(1, 2), keepdims=True)
    # A patch that is all ink has no paper of its own: the page's has to do.
    level = np.maximum(level, 0.75 * np.median(level))
    return np.minimum(cut / level, 1.1)


def _common(patches: Floats, groups: list[list[int]]) -> Floats:
    """The print of each bubble: what the brighter ones of its group still show.

    Too small a group cannot tell print from marks: there only what all bubbles have in common is print.
    """
    common = np.empty_like(patches)
    for group in groups:
        alike = patches[group] if len(group) >= _LEAST_ALIKE else patches
        common[group] = np.quantile(alike, _BRIGHTER, axis=0)
    return common


def _correlations(patches: Floats, common: Floats) -> Floats:
    """Of each patch with its print, in [-1, 1]; 0 where there is no print to compare."""
    one = patches - patches.mean(axis=(1, 2), keepdims=True)
    other = common - common.mean(axis=(1, 2), keepdims=True)
    size = np.sqrt((one**2).sum(axis=(1, 2)) * (other**2).sum(axis=(1, 2)))
    plain = other.std(axis=(1, 2)) * 255 < _LEAST_STEP
    return np.where(plain, 0.0, (one * other).sum(axis=(1, 2)) / np.maximum(size, 1e-9))


def _outline(patches: Floats) -> float:
    """How well a ring or a box lies around the middle of what all bubbles show, in [-1, 1].

    Likeness alone cannot tell bubbles from the gaps between them, which are all alike too.
    """
    shown = np.median(patches, axis=0)
    if shown.std() * 255 < _LEAST_STEP:
        return 0.0
    radius = RADIUS_MM * FORM_PX_PER_MM
    down, across = shown.shape[0] // 2, shown.shape[1] // 2
    y, x = np.mgrid[-down : down + 1, -across : across + 1]
    slip = round(_SLIP_R * radius)
    best = -1.0
    for dy in range(-slip, slip + 1, 2):
        for dx in range(-slip, slip + 1, 2):
            round_, square = np.hypot(x - dx, y - dy), np.maximum(np.abs(x - dx), np.abs(y - dy))
            for size in np.arange(0.8, 1.5, 0.07) * radius:
                for off in (round_, square):
                    line = -np.exp(-0.5 * ((off - size) / 1.2) ** 2)
                    zone = round_ > 0.65 * radius  # letters stand further in
                    best = max(best, float(np.corrcoef(line[zone], shown[zone])[0, 1]))
    return best


_SLIP_R = 0.3


def _by_question(values: Floats, layout: PageLayout) -> list[Floats]:
    ends = np.cumsum([len(f.bubbles) for f in layout.fields])[:-1]
    return np.split(values, ends)


def _question_shifts(
    flat: Grey, centres: NDArray[np.int64], reach: tuple[int, int], common: Floats, layout: PageLayout
) -> NDArray[np.int64]:
    """By how many whole pixels each question's bubbles lie beside their places, (n, 2)."""
    search = round(_SEARCH_R * RADIUS_MM * FORM_PX_PER_MM)
    across, down = reach[0] + search, reach[1] + search
    found = np.zeros((len(centres), 2 * search + 1, 2 * search + 1))
    for number, ((x, y), prints) in enumerate(zip(centres, common, strict=True)):
        if prints.std() * 255 >= _LEAST_STEP:
            window = flat[y - down : y + down + 1, x - across : x + across + 1].astype(np.float32)
            found[number] = cv2.matchTemplate(window, prints.astype(np.float32), cv2.TM_CCOEFF_NORMED)
    shifts = np.zeros_like(centres)
    ends = np.cumsum([len(f.bubbles) for f in layout.fields])
    for first, last in zip([0, *ends[:-1]], ends, strict=True):
        dy, dx = np.unravel_index(int(found[first:last].sum(axis=0).argmax()), found.shape[1:])
        shifts[first:last] = (dx - search, dy - search)
    return shifts
