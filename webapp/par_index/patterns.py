"""Sheets that look as if nobody had read the questions: one answer all the way down, or copies of each other.

Both are signs, never proofs: somebody may be content with everything, and two people may agree. So sheets are
named here and counted all the same. Source: ux.md A5; Reuning & Plutzer 2020 (valid straight-lining exists).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

LEAST_ANSWERS: Final = 6  # of fewer questions, the same answer to all is no sign
LEAST_COPIES: Final = 3  # of one pack; two may well agree
_NO_OPTION: Final = ("blank", "invalid")


@dataclass(frozen=True, slots=True)
class PackSheet:
    """One sheet with the pack it came in; `answers`: question → option, "blank" or "invalid"."""

    serial: int
    pack: str
    answers: Mapping[str, str]

    @property
    def options(self) -> list[str]:
        """The options that were chosen."""
        return [said for said in self.answers.values() if said not in _NO_OPTION]

    @property
    def is_straight(self) -> bool:
        """Whether one and the same place was marked all the way down."""
        chosen = self.options
        return len(chosen) >= LEAST_ANSWERS and len(set(chosen)) == 1


@dataclass(frozen=True, slots=True)
class PackPattern:
    """What stands out in one pack: serials that go straight down, and groups of serials that are alike."""

    pack: str
    sheets: int
    straight: Sequence[int]
    copies: Sequence[Sequence[int]]

    @property
    def copied_count(self) -> int:
        """How many sheets are like two others or more."""
        return sum(map(len, self.copies))


def find_patterns(sheets: Iterable[PackSheet]) -> list[PackPattern]:
    """The packs in which something stands out, in the order of their codes.

    A copy says the same as others of its pack to every question, blanks included; sheets that go straight
    down are told as that and not as copies.
    """
    by_pack: defaultdict[str, list[PackSheet]] = defaultdict(list)
    for sheet in sheets:
        by_pack[sheet.pack].append(sheet)
    found = (_pattern(pack, sorted(own, key=lambda s: s.serial)) for pack, own in sorted(by_pack.items()))
    return [pattern for pattern in found if pattern.straight or pattern.copies]


def _pattern(pack: str, sheets: Sequence[PackSheet]) -> PackPattern:
    straight = [sheet.serial for sheet in sheets if sheet.is_straight]
    said = {
        sheet.serial: tuple(sorted(sheet.answers.items()))
        for sheet in sheets
        if not sheet.is_straight and len(sheet.options) >= LEAST_ANSWERS
    }
    often = [answers for answers, count in Counter(said.values()).items() if count >= LEAST_COPIES]
    copies = [[serial for serial, answers in said.items() if answers == one] for one in often]
    return PackPattern(pack, len(sheets), straight, copies)
