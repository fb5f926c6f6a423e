"""What to do after a round of looks, as a pure decision (the rules: docs/audit.md)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

PROMISE = Fraction(1, 1000)
LAST_ROUND = 3  # three answers of every sheet: 9,300 of 3,100 sheets
_STOP_AT = 3
_ONE_CAUSE = 2  # so many differences that share a class are one cause, not two chances


class Step(StrEnum):
    """What the office does next."""

    LOOK = "look"  # answers wait for an auditor
    PASS = "pass"  # noqa: S105 - the audit is passed; no password
    GO_ON = "go_on"  # find the cause; one more answer of every sheet
    STOP = "stop"  # fix, read or review the class again, close again under a new seed
    TOO_SMALL = "too_small"  # no error, but the run is too small to prove the promise by drawing


@dataclass(frozen=True, slots=True)
class Difference:
    """An answer that was wrong, by what it may share with others: form, question and rated unit."""

    form: str
    field: str
    unit: str


@dataclass(frozen=True, slots=True)
class Finding:
    """How an audit stands: rounds done, answers that wait, what was wrong, and the bound as a rate."""

    rounds: int
    waiting: int
    differences: Sequence[Difference]
    bound: float


def next_step(finding: Finding, promise: Fraction = PROMISE) -> Step:
    """The rule of the table: pass, go on, or stop."""
    if len(finding.differences) >= _STOP_AT or shared_class(finding.differences) is not None:
        return Step.STOP
    if finding.waiting:
        return Step.LOOK
    if finding.bound <= promise:
        return Step.PASS
    if finding.rounds >= LAST_ROUND:
        return Step.STOP if finding.differences else Step.TOO_SMALL
    return Step.GO_ON


def shared_class(differences: Sequence[Difference]) -> str | None:
    """The question or the unit that two differences share: one cause that touches a class."""
    questions = Counter(f"{one.form} {one.field}" for one in differences)
    units = Counter(one.unit for one in differences)
    for counted in (questions, units):
        name, times = next(iter(counted.most_common(1)), ("", 0))
        if times >= _ONE_CAUSE:
            return name
    return None
