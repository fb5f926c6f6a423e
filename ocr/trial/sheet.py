"""The trial sheet on paper: a form that is about no unit, with a printed mark in every question."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final, Literal

import pikepdf

from ocr.layout import Bubble, Layout, PageLayout
from ocr.model import SheetIdentity
from ocr.printing import POINTS_PER_MM, PrintRun, print_runs
from ocr.template import FormLibrary
from ocr.typeset import Imprint

TRIAL_UNIT: Final = "THU"
TRIAL_SERIAL: Final = 0
TRIAL_UNIT_NAME: Final = "PHIẾU THỬ MÁY – không phát cho ai"

MarkLook = Literal["filled", "tick", "cross", "pencil"]
_LOOKS: Final[tuple[MarkLook, ...]] = ("filled", "tick", "cross", "pencil")
# How dark each is printed, 0 = black: as a ball pen fills, and a grey that a scanner set too light loses.
_GREY: Final[dict[MarkLook, float]] = {"filled": 0.3, "tick": 0.1, "cross": 0.1, "pencil": 0.45}
_LINE_MM: Final = 0.6
_ROUND: Final = 0.5523  # a quarter of a circle as a Bézier curve, in radii


def is_trial(identity: SheetIdentity) -> bool:
    """Whether a page's code says that it is a trial sheet."""
    return identity.unit == TRIAL_UNIT and identity.serial == TRIAL_SERIAL


def trial_answers(layout: Layout) -> dict[str, str]:
    """The option that is marked in each question, by its code: one further in every question."""
    choices = [field for page in layout.pages for field in page.fields if field.bubbles]
    return {
        field.code: field.bubbles[number % len(field.bubbles)].option for number, field in enumerate(choices)
    }


def print_trial(library: FormLibrary, form: str, imprint: Imprint, out: Path | BinaryIO) -> None:
    """Write the trial sheet of a form's newest version, two pages.

    Raises:
        TemplateInvalid: no such form, or its print would no longer match the committed layout.
    """
    template = library.latest(form)
    layout = library.layout(form, template.version)
    run = PrintRun(
        form,
        template.version,
        template.groups[0],
        TRIAL_UNIT,
        TRIAL_UNIT_NAME,
        serials=[TRIAL_SERIAL],
        imprint=imprint,
    )
    plain = BytesIO()
    print_runs(library, [run], plain)
    with pikepdf.open(plain) as pdf:
        answers = trial_answers(layout)
        for page, side in zip(pdf.pages, layout.pages, strict=True):
            page.contents_add(pdf.make_stream(_marks(side, answers).encode("ascii")))
        pdf.save(out, deterministic_id=True)


def _marks(page: PageLayout, answers: dict[str, str]) -> str:
    """All marks of a side as PDF drawing."""
    chosen = [
        bubble
        for field in page.fields
        for bubble in field.bubbles
        if answers.get(field.code) == bubble.option
    ]
    drawn = [
        _mark(bubble, _LOOKS[number % len(_LOOKS)], page.height_mm) for number, bubble in enumerate(chosen)
    ]
    return "".join(drawn)


def _mark(bubble: Bubble, look: MarkLook, height_mm: float) -> str:
    """One mark; PDF counts in points from the bottom left."""
    x, y = bubble.x_mm * POINTS_PER_MM, (height_mm - bubble.y_mm) * POINTS_PER_MM
    r = bubble.r_mm * POINTS_PER_MM
    grey = _GREY[look]
    if look in {"filled", "pencil"}:
        return f"q {grey:g} g {_disc(x, y, 0.85 * r)} f Q\n"
    strokes = _TICK if look == "tick" else _CROSS
    paths = [_path([(x + dx * r, y + dy * r) for dx, dy in stroke]) for stroke in strokes]
    return f"q {grey:g} G 1 J {_LINE_MM * POINTS_PER_MM:.2f} w {' '.join(paths)} S Q\n"


# Strokes in radii from the bubble's middle, upwards.
_TICK: Final = (((-0.6, 0.1), (-0.15, -0.55), (0.8, 0.8)),)
_CROSS: Final = (((-0.75, -0.75), (0.75, 0.75)), ((-0.75, 0.75), (0.75, -0.75)))


def _path(points: Sequence[tuple[float, float]]) -> str:
    """A line through the points, as PDF draws it."""
    return " ".join(f"{x:.2f} {y:.2f} {'l' if number else 'm'}" for number, (x, y) in enumerate(points))


def _disc(x: float, y: float, r: float) -> str:
    k = _ROUND * r
    curves = (
        (x + r, y + k, x + k, y + r, x, y + r),
        (x - k, y + r, x - r, y + k, x - r, y),
        (x - r, y - k, x - k, y - r, x, y - r),
        (x + k, y - r, x + r, y - k, x + r, y),
    )
    drawn = " ".join(" ".join(f"{v:.2f}" for v in curve) + " c" for curve in curves)
    return f"{x + r:.2f} {y:.2f} m {drawn}"
