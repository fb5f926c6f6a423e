"""The report's tables by family: faults, pens, styles, events, forms; and which family is the worst."""

from collections.abc import Iterator

from ocr.accuracy.results import ChunkResult
from ocr.accuracy.tally import Tally
from ocr.accuracy.words import bound_words, percent, share_words, table
from ocr.deck.bounds import Rate, rate

_ENOUGH_ANSWERS = 100


def family_sections(profile: str, result: ChunkResult) -> Iterator[str]:
    """One profile's families, subject after subject."""
    if not result.families:
        return
    yield ""
    yield f"## Families of `{profile}`"
    yield ""
    yield _worst_silent(result.families)
    yield ""
    yield _worst_review(result.families)
    yield ""
    yield from table(
        (
            "family",
            "pages",
            "refused",
            "accepted answers",
            "accepted positions",
            "silent errors",
            "share of positions wrong",
            "95 % bound",
            "answers",
            "review beyond true cases",
        ),
        [_family_row(name, tally) for name, tally in sorted(result.families.items())],
    )


def _family_row(name: str, tally: Tally) -> tuple[str, ...]:
    wrong = _wrong(tally)
    by_page = tally.pages > 0
    return (
        name,
        f"{tally.pages:,}" if by_page else "–",
        f"{tally.refused:,}" if by_page else "–",
        f"{tally.accepted:,}",
        f"{tally.positions_accepted:,}",
        f"{tally.silent:,}",
        share_words(wrong),
        bound_words(wrong),
        f"{tally.answers:,}",
        share_words(rate(tally.avoidable, tally.answers)),
    )


def _wrong(tally: Tally) -> Rate:
    wrong = max(tally.positions_wrong, tally.silent)
    return rate(wrong, max(tally.positions_accepted, wrong))


def _worst_silent(families: dict[str, Tally]) -> str:
    """By the share of positions; where nothing is wrong anywhere, what is known least of."""
    wrong = {name: _wrong(tally) for name, tally in families.items()}
    guilty = {name: known for name, known in wrong.items() if known.count and known.share is not None}
    if guilty:
        name = max(guilty, key=lambda each: guilty[each].share or 0.0)
        return (
            f"Worst family by silent errors: **{name}**, {families[name].silent:,} in "
            f"{families[name].positions_accepted:,} accepted positions "
            f"({share_words(guilty[name])}, bound {bound_words(guilty[name])})."
        )
    known = {name: each.upper_95 for name, each in wrong.items() if each.upper_95 is not None}
    if not known:
        return "Nothing was accepted in any family."
    name = max(known, key=lambda each: known[each])
    return (
        f"No family has a silent error. Least is known of **{name}**: "
        f"{families[name].positions_accepted:,} accepted positions, bound {bound_words(wrong[name])}."
    )


def _worst_review(families: dict[str, Tally]) -> str:
    shares = {
        name: tally.avoidable / tally.answers
        for name, tally in families.items()
        if tally.answers >= _ENOUGH_ANSWERS
    }
    if not shares:
        return f"No family has {_ENOUGH_ANSWERS} answers."
    name = max(shares, key=lambda each: shares[each])
    share = percent(shares[name])
    return f"Worst family by review (of those with {_ENOUGH_ANSWERS} answers): **{name}**, {share}."
