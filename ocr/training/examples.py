"""Windows cut from decks, each with what a reader may call it: the examples that the network learns from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr.deck.behaviour import Event, Style
from ocr.deck.truth import TruthField, TruthPage, read_truth
from ocr.errors import TemplateInvalid
from ocr.layout import Field
from ocr.locate import LocatedPage, locate_page
from ocr.second_reader import EMPTY, MARKED, ODD, WindowPlaces, cut_windows
from ocr.source import iter_pages
from ocr.template import FormLibrary

LEVELS = 200.0
"""Levels of stored darkness per step from paper to print black: a byte holds 0 to 1.275."""

_PLAINLY_CROSSED_OUT = frozenset({Style.FILL, Style.HATCH, Style.SPIRAL})

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Examples:
    """Windows with their allowed classes.

    Attributes:
        seen: uint8 (n, 40, 64), darkness as scanned times `LEVELS`.
        printed: uint8 (m, 40, 64), darkness as printed times `LEVELS`.
        print_of: int32 (n,), which of `printed` belongs to each.
        allowed: bool (n, 3), the classes that are no mistake.
        question: int32 (n,), which question each belongs to; -1 for windows that no page held.
    """

    seen: Bytes
    printed: Bytes
    print_of: NDArray[np.int32]
    allowed: Flags
    question: NDArray[np.int32]


def collect_examples(decks: Sequence[Path], library: FormLibrary) -> Examples:
    """Cut the windows of every page of the decks; pages that get lost teach nothing here.

    Raises:
        TemplateInvalid: there is no readable page.
    """
    seen: list[Bytes] = []
    allowed: list[Flags] = []
    print_of: list[NDArray[np.int32]] = []
    question: list[NDArray[np.int32]] = []
    questions = 0
    printed: list[Bytes] = []
    known: dict[tuple[str, int], tuple[WindowPlaces, int]] = {}
    for located, truth in located_pages(decks, library):
        page = (located.printed.template_sha256, located.printed.layout.page)
        if page not in known:
            places = located.printed.windows
            known[page] = places, sum(len(p) for p in printed)
            printed.append(as_bytes(places.printed))
        places, first = known[page]
        classes = page_classes(located.printed.choices, truth)
        keep = np.flatnonzero(classes.any(axis=1))
        seen.append(as_bytes(cut_windows(located.flat, places, located.print_black)[keep, 0]))
        allowed.append(classes[keep])
        print_of.append((first + keep).astype(np.int32))
        question.append((questions + located.printed.marks.field_of[keep]).astype(np.int32))
        questions += len(located.printed.choices)
    if not seen:
        raise TemplateInvalid("Không có trang nào để luyện: xem lại thư mục bộ phiếu.")
    return Examples(
        np.concatenate(seen),
        np.concatenate(printed),
        np.concatenate(print_of),
        np.concatenate(allowed),
        np.concatenate(question),
    )


def located_pages(decks: Sequence[Path], library: FormLibrary) -> Iterator[tuple[LocatedPage, TruthPage]]:
    """Every page of the decks that was found, beside what is really on it; decks and pages in order."""
    for deck in decks:
        pages = {(t.source, t.page_index): t for t in read_truth(deck / "truth.jsonl") if t.fields}
        for name in sorted({source for source, _ in pages if source}):
            for page in iter_pages(deck / name):
                truth = pages.get((page.source, page.page_index))
                located = locate_page(page, library) if truth else None
                if truth and isinstance(located, LocatedPage):
                    yield located, truth


def as_bytes(darkness: NDArray[np.float32]) -> Bytes:
    """Darkness as it is stored."""
    return np.asarray(np.rint(darkness * LEVELS).clip(0, 255), np.uint8)


def page_classes(choices: Sequence[Field], truth: TruthPage) -> Flags:
    """Allowed classes (n, 3) of a page's bubbles; none where a bubble is to be left out."""
    fields = {f.code: f for f in truth.fields}
    rows = [_allowed(fields[field.code], bubble.option) for field in choices for bubble in field.bubbles]
    allowed = np.zeros((len(rows), 3), bool)
    for row, classes in zip(allowed, rows, strict=True):
        row[list(classes)] = True
    return allowed


def _allowed(field: TruthField, option: str) -> tuple[int, ...]:
    """A crossed-out mark alone may look like a mark: who ticks or crosses blackens what was wrong."""
    marks = (field.value,) if isinstance(field.value, str) else field.value or ()
    if option in field.cancelled:
        plainly = field.event != Event.ERASURE and field.style in _PLAINLY_CROSSED_OUT
        return (ODD,) if plainly else (MARKED, ODD)
    if option in marks and field.style == Style.LABEL_CIRCLE:
        # A window holds no more than the near end of the loop.
        return (MARKED, ODD)
    if option in marks:
        # What no eye can see on the paper is no example of a mark, nor of an empty bubble.
        return (MARKED,) if field.visible else ()
    return (EMPTY,)
