"""Shares, bounds and tables as they stand in the report."""

from collections.abc import Iterable, Iterator, Sequence

from ocr.deck.bounds import Rate

_PERCENT_FROM = 0.001


def percent(share: float) -> str:
    """A share of 1, with the digits that matter."""
    return "0 %" if share == 0 else f"{share * 100:.3g} %" if share < 1 else "100 %"


def share_words(measured: Rate) -> str:
    """The share that was measured."""
    return "–" if measured.share is None else _small(measured.share)


def bound_words(measured: Rate) -> str:
    """Its exact upper bound."""
    return "–" if measured.upper_95 is None else _small(measured.upper_95)


def _small(share: float) -> str:
    """Percent, or one in so many (rounded to the unfavourable side) where percent would be all zeros."""
    if share == 0 or share >= _PERCENT_FROM:
        return percent(share)
    return f"1 in {int(1 / share):,}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A Markdown table; the first column is words, the others are set to the right."""
    yield _row(head)
    yield _row(["---", *("---:" for _ in head[1:])])
    for cells in rows:
        yield _row(cells)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
