"""What the appraiser's form sends: points, or "not applicable", a reason, and the version that was seen."""

import re
from dataclasses import dataclass
from decimal import Decimal

from werkzeug.datastructures import MultiDict

from webapp.errors import InvalidInput
from webapp.par_index.errors import FactsInvalid
from webapp.par_index.rules import FactField, FactKind, read_fact
from webapp.services.appraisal import Decision

_VERSION = re.compile(r"\d{1,6}", re.ASCII)
NOT_APPLICABLE = "na"
OTHER = "other"


@dataclass(frozen=True, slots=True)
class TypedDecision:
    """The form exactly as it was sent, to show again whatever is wrong with it."""

    choice: str = ""
    other: str = ""
    reason: str = ""
    seen_version: str = "0"
    question: str = ""
    awaits_meeting: bool = False


def read_typed(form: MultiDict[str, str]) -> TypedDecision:
    """The form as sent."""
    return TypedDecision(
        choice=form.get("choice", ""),
        other=form.get("other", ""),
        reason=form.get("reason", ""),
        seen_version=form.get("seen_version", "0"),
        question=form.get("question", ""),
        awaits_meeting=form.get("awaits_meeting") == "1",
    )


def read_decision(typed: TypedDecision, code: str) -> Decision:
    """The decision that the form means.

    Raises:
        InvalidInput: points that are no number, or can be read in two ways.
    """
    seen_version = int(typed.seen_version) if _VERSION.fullmatch(typed.seen_version) else 0
    is_aside = typed.choice == NOT_APPLICABLE
    if not typed.choice:
        raise InvalidInput("Chọn điểm thẩm định của tiêu chí %(code)s.", code=code)
    points = None if is_aside else _read_points(typed.other if typed.choice == OTHER else typed.choice)
    return Decision(
        points,
        not_applicable=is_aside,
        reason=typed.reason,
        seen_version=seen_version,
        question=typed.question,
        awaits_meeting=typed.awaits_meeting,
    )


def _read_points(text: str) -> Decimal:
    field = FactField("points", "Điểm thẩm định", FactKind.AMOUNT)
    try:
        return Decimal(str(read_fact(field, text)))
    except FactsInvalid as problem:
        raise InvalidInput(problem.message, **problem.values) from problem
