"""Draws the golden pages: `python -m tests.golden.draw_pages`. Only for new cases; pages once kept stay.

A case is a folder: `page.jpg`, `truth.json` (what was meant), `expected.json` (what is read), `why.md`.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np

from tests.worlds.scanned_pages import (
    Draw,
    Grey,
    cross,
    crossed_out,
    faint,
    fill,
    mark,
    printed_side,
    scanned,
    side,
    tick,
)

HERE = Path(__file__).parent
DPI = 150


def _page(
    number: int,
    draw: Draw,
    odd: Mapping[tuple[str, str], Draw] | None = None,
    blank: tuple[str, ...] = (),
    dpi: int = DPI,
) -> tuple[Grey, dict[str, list[str]]]:
    """A side where question k has option k modulo its options, but for the odd ones; and what was meant."""
    fields = [f for f in side(number).fields if f.bubbles]
    chosen = {
        f.code: f.bubbles[k % len(f.bubbles)].option for k, f in enumerate(fields) if f.code not in blank
    }
    marks: dict[tuple[str, str], Draw] = dict.fromkeys(chosen.items(), draw) | dict(odd or {})
    meant: dict[str, list[str]] = {f.code: [] for f in fields}
    for (code, option), how in marks.items():
        if how is not crossed_out:
            meant[code].append(option)
    return mark(printed_side(number, dpi), number, marks), meant


def _upside_down(page: Grey) -> Grey:
    return np.ascontiguousarray(np.rot90(page, 2))


def _bilevel(page: Grey) -> Grey:
    return np.where(page > 150, 255, 0).astype(np.uint8)


def _streaked(page: Grey) -> Grey:
    streaked = page.copy()
    column = round(side(2).fields[1].bubbles[1].x_mm * DPI / 25.4)
    streaked[:, column : column + 2] = np.minimum(streaked[:, column : column + 2], 120)
    return streaked


def _code_covered(page: Grey) -> Grey:
    covered = page.copy()
    area = side(1).codes[0]
    cv2.circle(covered, (round(area.x_mm * DPI / 25.4), round(area.y_mm * DPI / 25.4)), 45, 90, 14)
    return covered


def _torn(page: Grey) -> Grey:
    torn = page.copy()
    torn[-190:, :210] = 250
    return torn


CASES: Mapping[str, tuple[str, Callable[[], tuple[Grey, dict[str, list[str]]]], Callable[[Grey], Grey]]] = {
    "plain_fill": ("Both the print and the hand as they should be.", lambda: _page(1, fill), scanned),
    "ticks_upside_down": (
        "Ticks leave their bubbles; the sheet went in head first.",
        lambda: _page(2, tick),
        lambda p: _upside_down(scanned(p, 1.2)),
    ),
    "crosses_skewed": (
        "Crosses on a page that lay four degrees askew.",
        lambda: _page(1, cross),
        lambda p: scanned(p, 4.0),
    ),
    "bilevel": (
        "A copier's black and white.",
        lambda: _page(2, fill, dpi=200),
        lambda p: _bilevel(scanned(p, -0.8)),
    ),
    "streak_on_blanks": (
        "Dirt on the glass runs through a column in which two questions are blank.",
        lambda: _page(2, fill, blank=("CX4.8", "CX4.9")),
        lambda p: _streaked(scanned(p, 0.5)),
    ),
    "stamp_on_code": (
        "An office stamp covers one of the two codes.",
        lambda: _page(1, tick),
        lambda p: _code_covered(scanned(p)),
    ),
    "torn_corner": (
        "A corner with its marker is gone.",
        lambda: _page(2, cross),
        lambda p: _torn(scanned(p, -1.0)),
    ),
    "corrections": (
        "Crossed out and chosen anew; crossed out and left; two marks; a pale second mark; a blank.",
        lambda: _page(
            2,
            fill,
            {
                ("CX4.7", "1"): crossed_out,
                ("CX4.7", "4"): fill,
                ("CX4.8", "5"): crossed_out,
                ("CX4.9", "2"): fill,
                ("CX4.9", "5"): fill,
                ("CX4.10", "1"): fill,
                ("CX4.10", "3"): faint,
            },
            blank=("CX4.7", "CX4.8", "CX4.9", "CX4.10", "CX4.15"),
        ),
        lambda p: scanned(p, 0.6),
    ),
}


def main() -> None:
    """Draw every case that is not there yet."""
    for name, (why, draw, scan) in CASES.items():
        folder = HERE / "CX4" / name
        if folder.exists():
            continue
        folder.mkdir(parents=True)
        page, meant = draw()
        cv2.imwrite(str(folder / "page.jpg"), scan(page), [cv2.IMWRITE_JPEG_QUALITY, 55])
        (folder / "truth.json").write_text(json.dumps(meant, indent=1) + "\n", encoding="utf-8")
        (folder / "why.md").write_text(f"{why}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
