"""How much goes to people, and how often they answer otherwise, apart by what the answers have in common."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from webapp.learning.answers import MachineAnswer, Said
from webapp.learning.calibration import Share, share_of

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Counts:
    """Answers of one template, print or scanner, blank ones among them, and how many went to people."""

    answers: int
    sent: int


@dataclass(frozen=True, slots=True)
class RateLine(Generic[Key]):
    """`sent` of all answers went to people; `otherwise` of those settled were answered otherwise than read.

    `audit_wrong`: accepted answers that the audit looked at, and found wrong.
    """

    key: Key
    sent: Share
    otherwise: Share
    audit_wrong: Share


def rate_lines(
    counts: dict[Key, Counts], answers: Iterable[tuple[Key, MachineAnswer]]
) -> list[RateLine[Key]]:
    """One line for each key, the one with the most answers first."""
    named: defaultdict[Key, list[MachineAnswer]] = defaultdict(list)
    for key, answer in answers:
        named[key].append(answer)
    ordered = sorted(counts.items(), key=lambda one: -one[1].answers)
    return [_line(key, count, named[key]) for key, count in ordered]


def _line(key: Key, count: Counts, answers: list[MachineAnswer]) -> RateLine[Key]:
    settled = [a for a in answers if not a.accepted and a.agrees is not None]
    looked = [a for a in answers if a.accepted and a.said is Said.AUDIT]
    return RateLine(
        key,
        sent=share_of(count.sent, count.answers),
        otherwise=share_of(sum(a.is_wrong for a in settled), len(settled)),
        audit_wrong=share_of(sum(a.is_wrong for a in looked), len(looked)),
    )
