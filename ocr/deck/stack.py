"""The stack on the scanner's tray: which side of which sheet is scanned when, and what goes wrong there."""

from dataclasses import dataclass, replace

import numpy as np

from ocr.deck.behaviour import Profile, StackProfile
from ocr.deck.faults import Streak, draw_streak
from ocr.deck.truth import PageKind

_ONE_AT_LEAST_FROM = 50


@dataclass(frozen=True, slots=True)
class Feed:
    """One side that passes the scanner (`MISSING`: never). `sheet` counts from 0; `batch` is the file.

    A `foreign` side is of another form of the library; its `sheet` counts among the foreign ones.
    """

    kind: PageKind
    sheet: int
    page: int
    upside_down: bool = False
    batch: int = 0
    page_index: int = 0
    streaks: tuple[Streak, ...] = ()
    foreign: bool = False


def plan_feeds(sheets: int, profile: Profile, sheets_per_file: int, rng: np.random.Generator) -> list[Feed]:
    """Lay the stack, shuffle it, cut it into files of `sheets_per_file` sheets, and dirty the glass."""
    turned = _chosen(sheets, profile.stack.upside_down, rng)
    groups = _sheets_with_mishaps(sheets, profile.stack, turned, rng)
    if profile.stack.shuffled:
        groups = [groups[int(i)] for i in rng.permutation(len(groups))]
    feeds = _numbered(groups, sheets_per_file)
    if profile.stack.pages_apart:
        feeds = _pages_apart(feeds, rng)
    return _with_streaks(feeds, profile.scanner.streak_share, rng)


def _sheets_with_mishaps(
    sheets: int, stack: StackProfile, turned: frozenset[int], rng: np.random.Generator
) -> list[list[Feed]]:
    missing = _chosen(sheets, stack.missing_page, rng)
    twice = _chosen(sheets, stack.scanned_twice, rng, spared=missing)
    swapped = _chosen(sheets, stack.sides_swapped, rng)
    groups = []
    for sheet in range(sheets):
        sides = [Feed(PageKind.SHEET, sheet, page, sheet in turned) for page in (1, 2)]
        if sheet in swapped:
            sides.reverse()
        if sheet in missing:
            lost = int(rng.integers(0, 2))
            sides[lost] = replace(sides[lost], kind=PageKind.MISSING)
        groups.append(sides)
        if sheet in twice:
            groups.append([replace(side, kind=PageKind.DUPLICATE) for side in sides])
    blanks = len(_chosen(sheets, stack.blank_between, rng))
    groups += [[Feed(PageKind.BLANK, -1, page) for page in (1, 2)] for _blank in range(blanks)]
    strangers = len(_chosen(sheets, stack.foreign, rng))
    return groups + [
        [Feed(PageKind.SHEET, sheet, page, foreign=True) for page in (1, 2)] for sheet in range(strangers)
    ]


def _numbered(groups: list[list[Feed]], sheets_per_file: int) -> list[Feed]:
    return _indexed(
        [
            replace(feed, batch=place // sheets_per_file)
            for place, group in enumerate(groups)
            for feed in group
        ]
    )


def _pages_apart(feeds: list[Feed], rng: np.random.Generator) -> list[Feed]:
    """Sides in any order within their batch, as when loose pages are gathered up."""
    mixed: list[Feed] = []
    for batch in sorted({feed.batch for feed in feeds}):
        pages = [feed for feed in feeds if feed.batch == batch]
        mixed += [pages[int(i)] for i in rng.permutation(len(pages))]
    return _indexed(mixed)


def _indexed(feeds: list[Feed]) -> list[Feed]:
    """Number the scanned pages of each batch from 0, and make each sheet's first scan the `SHEET` one."""
    scanned: dict[int, int] = {}
    seen: set[tuple[bool, int, int]] = set()
    numbered = []
    for feed in feeds:
        if feed.kind is PageKind.MISSING:
            numbered.append(feed)
            continue
        index = scanned.get(feed.batch, 0)
        scanned[feed.batch] = index + 1
        numbered.append(replace(feed, kind=_kind(feed, seen), page_index=index))
    return numbered


def _kind(feed: Feed, seen: set[tuple[bool, int, int]]) -> PageKind:
    if feed.kind is PageKind.BLANK:
        return PageKind.BLANK
    place = (feed.foreign, feed.sheet, feed.page)
    again = place in seen
    seen.add(place)
    return PageKind.DUPLICATE if again else PageKind.SHEET


def _with_streaks(feeds: list[Feed], share: float, rng: np.random.Generator) -> list[Feed]:
    """Dirt stays for one to four pages in a row, at the same place."""
    if share <= 0:
        return feeds
    left, streak, dirty = 0, draw_streak(rng), []
    for feed in feeds:
        if left == 0 and rng.random() < share / 2.5:
            left, streak = int(rng.integers(1, 5)), draw_streak(rng)
        dirty.append(replace(feed, streaks=(streak,)) if left else feed)
        left = max(0, left - 1)
    return dirty


def _chosen(
    sheets: int, share: float, rng: np.random.Generator, spared: frozenset[int] = frozenset()
) -> frozenset[int]:
    """Some of the sheets, the spared ones never; at least one of fifty or more if the share is above 0."""
    if share <= 0:
        return frozenset()
    count = int(share * sheets + rng.random())  # the share is right on average
    if sheets >= _ONE_AT_LEAST_FROM:
        count = max(1, count)
    order = [int(i) for i in rng.permutation(sheets) if int(i) not in spared]
    return frozenset(order[:count])
