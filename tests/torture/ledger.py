"""What was acknowledged to people: kept by them, outside the program, and compared with what it kept."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A scan that the program said it has: the batch it named, and the file."""

    batch_number: int
    sha256: str
    pages: int


@dataclass(frozen=True, slots=True)
class Said:
    """A decision that the program took: who, on which item, what."""

    actor: str
    item_id: int
    kind: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Proof:
    """An evidence file that the program took, by the unit's code."""

    unit: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the index that the program fixed or published."""

    number: int
    kind: str


@dataclass
class Ledger:
    """All that was acknowledged; threads only ever append. `drafts`: the texts of a component in order."""

    handed_in: list[HandedIn] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    drafts: defaultdict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def counts(self) -> dict[str, int]:
        """How much of each kind."""
        return {
            "scans": len(self.handed_in),
            "pages": sum(scan.pages for scan in self.handed_in),
            "decisions": len(self.said),
            "drafts": sum(len(texts) for texts in self.drafts.values()),
            "evidence": len(self.proofs),
            "versions": len(self.versions),
        }

    def total(self) -> int:
        """How often somebody was told that something is done."""
        drafts = sum(len(texts) for texts in list(self.drafts.values()))
        return drafts + len(self.handed_in) + len(self.said) + len(self.proofs) + len(self.versions)


def sha256_of(content: bytes) -> str:
    """The name under which the program keeps these bytes."""
    return hashlib.sha256(content).hexdigest()


def repeated(things: Sequence[object]) -> list[object]:
    """What stands there more than once."""
    seen: set[object] = set()
    return [thing for thing in things if thing in seen or seen.add(thing)]  # type: ignore[func-returns-value]
