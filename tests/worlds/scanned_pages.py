"""Pages of CX4 as a scanner gives them: printed by the press, marked with a pen, skewed and dirtied."""

import io
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.blank import render_pdf_page
from ocr.layout import Bubble, PageLayout
from ocr.printing import PrintRun, print_sheets
from ocr.source import PageImage
from ocr.template import FormLibrary

FORMS = Path(__file__).parents[2] / "forms_templates"
LIBRARY = FormLibrary(FORMS)

Grey = NDArray[np.uint8]
Draw = Callable[[Grey, tuple[float, float], float], None]

# One answer for every question of either side; option 2 is there in all of them.
FRONT = ("doi_tuong", "gioi_tinh", "do_tuoi", "trinh_do", "nghe_nghiep")


def side(number: int) -> PageLayout:
    """The geometry of CX4's front (1) or back (2)."""
    return LIBRARY.layout("CX4", 1).page(number)


@lru_cache(maxsize=8)
def printed_side(number: int, dpi: int = 200, serial: int = 7) -> Grey:
    """One side of sheet 00007-…, with its codes, as the press leaves it (read-only)."""
    out = io.BytesIO()
    run = PrintRun("CX4", 1, "DN", "19186", "xã Đại Trạch", [serial])
    print_sheets(LIBRARY, run, out)
    page = render_pdf_page(out.getvalue(), number - 1, dpi)
    page.setflags(write=False)
    return page


def fill(page: Grey, centre: tuple[float, float], radius: float) -> None:
    """Blacken a bubble."""
    cv2.circle(page, _whole(centre), round(0.85 * radius), 45, cv2.FILLED)


def tick(page: Grey, centre: tuple[float, float], radius: float) -> None:
    """A tick whose long arm leaves the bubble."""
    x, y = centre
    corner = (x - 0.1 * radius, y + 0.7 * radius)
    for end in ((x - 0.8 * radius, y), (x + 1.1 * radius, y - 1.3 * radius)):
        cv2.line(page, _whole(corner), _whole(end), 70, max(2, round(radius * 0.2)), cv2.LINE_AA)


def cross(page: Grey, centre: tuple[float, float], radius: float) -> None:
    """An X through a bubble and beyond."""
    x, y = centre
    reach = 1.0 * radius
    for sign in (1, -1):
        ends = ((x - reach, y - sign * reach), (x + reach, y + sign * reach))
        cv2.line(page, _whole(ends[0]), _whole(ends[1]), 60, max(2, round(radius * 0.2)), cv2.LINE_AA)


def crossed_out(page: Grey, centre: tuple[float, float], radius: float) -> None:
    """A blackened bubble with a large X over it."""
    fill(page, centre, radius)
    cross(page, centre, 1.7 * radius)


def faint(page: Grey, centre: tuple[float, float], radius: float) -> None:
    """A pale pencil shade."""
    cv2.circle(page, _whole(centre), round(0.6 * radius), 226, cv2.FILLED)


def _whole(point: tuple[float, float]) -> tuple[int, int]:
    return round(point[0]), round(point[1])


def mark(page: Grey, number: int, marks: Mapping[tuple[str, str], Draw]) -> Grey:
    """A copy of a printed side with marks drawn: (field code, option) -> how."""
    layout = side(number)
    marked = page.copy()
    px_per_mm = page.shape[1] / layout.width_mm
    for field in layout.fields:
        for bubble in field.bubbles:
            draw = marks.get((field.code, bubble.option))
            if draw is not None:
                draw(marked, _centre(bubble, px_per_mm), bubble.r_mm * px_per_mm)
    return marked


def _centre(bubble: Bubble, px_per_mm: float) -> tuple[float, float]:
    return bubble.x_mm * px_per_mm - 0.5, bubble.y_mm * px_per_mm - 0.5


def answered(number: int, draw: Draw = fill, dpi: int = 200, serial: int = 7) -> Grey:
    """A side with option 2 chosen everywhere."""
    chosen = {(f.code, "2"): draw for f in side(number).fields if f.bubbles}
    return mark(printed_side(number, dpi, serial), number, chosen)


def scanned(page: Grey, angle_deg: float = 0.0, noise: float = 3.0, seed: int = 1) -> Grey:
    """The page as a scanner sees it: turned, a little blurred, greyish paper, noisy; same size."""
    height, width = page.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0)
    turned = cv2.warpAffine(page, turn, (width, height), borderValue=255)
    soft = cv2.GaussianBlur(turned, (0, 0), 0.8).astype(np.float64)
    toned = 30 + soft * (240 - 30) / 255
    grain = np.random.default_rng(seed).normal(0, noise, page.shape)
    return np.clip(toned + grain, 0, 255).astype(np.uint8)


def as_page(grey: Grey, index: int = 0, source: str = "scan.pdf") -> PageImage:
    """A picture as `iter_pages` gives it."""
    return PageImage(source, index, grey)
