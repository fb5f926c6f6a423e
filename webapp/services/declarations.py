"""What stands in a component's form, and what it comes to under the component's rule."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from webapp.par_index.errors import AppraisalError, FactsInvalid
from webapp.par_index.exact import ZERO, Words, words
from webapp.par_index.rules import FactValue, facts_asked, points_for, read_fact
from webapp.par_index.scheme import ComponentCriterion, Policy
from webapp.par_index.scores import settle
from webapp.persistence.appraisal import SelfScoreEntry


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in a component's form, exactly as it was typed."""

    typed: Mapping[str, str] = field(default_factory=dict)
    not_applicable: bool = False
    not_applicable_reason: str = ""
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a draft comes to: points with the sum in words, or the facts still wrong, by field code."""

    points: Decimal | None
    words: Words | None = None
    warning: str | None = None
    problems: Mapping[str, AppraisalError] = field(default_factory=dict)


def declare_points(component: ComponentCriterion, draft: Draft) -> Declared:
    """Compute what the draft gives under the component's rule; never refuses, only says what is missing."""
    if draft.not_applicable:
        return _set_aside(component)
    facts: dict[str, FactValue] = {}
    problems: dict[str, AppraisalError] = {}
    for asked in facts_asked(component.rule):
        try:
            facts[asked.code] = read_fact(asked, draft.typed.get(asked.code, ""))
        except FactsInvalid as problem:
            problems[asked.code] = problem
    if problems:
        return Declared(None, problems=problems)
    try:
        result = points_for(component.rule, facts)
    except FactsInvalid as problem:
        return Declared(None, problems={problem.field: problem})
    if result.points is None:
        return _nothing_arose(component, result.words)
    return Declared(result.points, result.words, result.warning)


def _set_aside(component: ComponentCriterion) -> Declared:
    try:
        settled = settle(component, ZERO, not_applicable=True)
    except AppraisalError as problem:
        return Declared(None, problems={"not_applicable": problem})
    if settled.maximum == 0:
        return Declared(settled.points, words("Không áp dụng: không tính vào điểm và điểm tối đa"))
    return Declared(
        settled.points, words("Không áp dụng: được tính điểm tối đa %(points)s", points=settled.points)
    )


def _nothing_arose(component: ComponentCriterion, reason: Words) -> Declared:
    """0 of 0: where "not applicable" is forbidden it gives no points; elsewhere the unit has to choose it."""
    if component.not_applicable.policy == Policy.NOT_ALLOWED:
        return Declared(ZERO, words("0/0: tiêu chí này không được ghi “không áp dụng” nên tính 0 điểm"))
    problem = AppraisalError("Cả hai số bằng 0: hãy chọn “Không áp dụng” và ghi lý do.")
    return Declared(None, reason, problems={"not_applicable": problem})


def draft_of(entry: SelfScoreEntry | None) -> Draft:
    """The form as it was left."""
    if entry is None:
        return Draft()
    typed = {code: str(text) for code, text in entry.typed.items()}
    return Draft(typed, entry.not_applicable, entry.not_applicable_reason, entry.explanation)


def with_facts(draft: Draft, facts: Mapping[str, str]) -> Draft:
    """The form with the unit's facts in the fields that nobody has filled in yet; `facts` by field code."""
    return replace(draft, typed={**facts, **draft.typed})
