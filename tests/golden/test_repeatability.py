"""Two scans of one paper never turn a mark into no mark, nor no mark into a mark (VVSG 2.0, 1.1.6-K)."""

from collections import defaultdict

import pytest

from ocr.deck.build import print_deck, scan_print
from ocr.deck.order import DeckOrder
from ocr.deck.stack import Feed
from ocr.deck.truth import PageKind
from ocr.model import FieldReading, MarkState
from ocr.pipeline import read_page
from ocr.source import iter_pages
from tests.worlds.scanned_pages import FORMS, LIBRARY

_SHEETS, _SCANS = 10, 4
Scans = dict[tuple[int, str], list[FieldReading]]


@pytest.fixture(scope="module", params=["office", "odd"])
def scans(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scans:
    """Per question of a sheet what was read of it on each of four scans, each with its own faults."""
    folder = tmp_path_factory.mktemp("again")
    unit = ("19186", "xã Đại Trạch")
    order = DeckOrder(FORMS, "CX4", 1, "DN", *unit, _SHEETS, 416, profile=request.param, part="test")
    print_deck(order, folder / "printed.pdf")
    feeds = [
        Feed(PageKind.DUPLICATE if scan else PageKind.SHEET, sheet, page, page_index=index)
        for index, (scan, sheet, page) in enumerate(
            (scan, sheet, page) for scan in range(_SCANS) for sheet in range(_SHEETS) for page in (1, 2)
        )
    ]
    stack = scan_print(order, folder / "printed.pdf", folder, map, feeds)
    read: Scans = defaultdict(list)
    for page in (page for path in stack.files for page in iter_pages(path)):
        reading = read_page(page, LIBRARY).reading
        for field in reading.fields:
            assert reading.identity is not None
            read[reading.identity.serial, field.code].append(field)
    return read


def test_every_question_was_seen_again_and_again(scans: Scans) -> None:
    assert len(scans) == _SHEETS * 22
    assert sum(map(len, scans.values())) > 0.97 * _SCANS * len(scans)


def test_no_mark_turns_into_no_mark(scans: Scans) -> None:
    for (serial, code), fields in scans.items():
        for bubbles in zip(*(field.bubbles for field in fields), strict=True):
            states = {bubble.state for bubble in bubbles}
            assert not {MarkState.EMPTY, MarkState.FILLED} <= states, (serial, code, bubbles)


def test_what_is_accepted_twice_is_the_same_twice(scans: Scans) -> None:
    for place, fields in scans.items():
        assert len({field.value for field in fields if field.accepted}) <= 1, place
