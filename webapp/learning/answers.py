"""One answer of the machine, with its stated probability, and whether people who looked agree."""

from dataclasses import dataclass
from enum import StrEnum


class Said(StrEnum):
    """How people came to look at it. Only AUDIT is a fair sample of what the machine accepted."""

    NOBODY = "nobody"
    AUDIT = "audit"  # drawn, or all of a group, and looked at blind
    GLANCE = "glance"  # on a grid, its predicted value before the eyes
    ALONE = "alone"  # keyed one by one


@dataclass(frozen=True, slots=True)
class MachineAnswer:
    """An answer of which the machine named a value.

    `stated`: its probability that the value is right; `mark`: that the value's own bubble is marked; both
    in [0, 1]; of an accepted answer, whose bubble was sure enough when it was read, `mark` is 1. `is_plain`:
    every other bubble is surely empty, and nothing but the two probabilities can be in the way. `agrees`:
    whether people gave the same value; None where `said` is NOBODY.
    """

    stated: float
    mark: float
    accepted: bool
    is_plain: bool
    said: Said = Said.NOBODY
    agrees: bool | None = None

    @property
    def is_wrong(self) -> bool:
        """Whether people are known to have answered otherwise."""
        return self.agrees is False
