"""Who must look at an answer next: a first person, a second one who sees neither value, a third one, nobody.

`state_after` is the whole story of an item, told from what was said about it; it is derived anew each time.
Two people who agree settle an answer; two who differ never come to an agreement themselves (Barchard 2019).
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import asdict, dataclass
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.persistence.campaign import RespondentGroup, Sheet
from webapp.persistence.readings import FieldReading
from webapp.persistence.verification import (
    Decision,
    ReviewItem,
    SecondKeyRule,
    opinions_this_round,
    said_this_round,
    standing_decisions,
)

Value = tuple[str, str | None]  # kind and value of a decision: what two people must agree on


class Because(StrEnum):
    """Why an answer is keyed twice, the weightiest first."""

    FULL_CHECK = "full_check"
    DOUBLE_MARK = "double_mark"
    OVERRIDDEN = "overridden"
    SAMPLE = "sample"


@dataclass(frozen=True, slots=True)
class RuleValues:
    """What an office may choose of its rule (`SecondKeyRule`); as it begins: `RuleValues()`."""

    double_marks: bool = True
    overridden: bool = True
    sample_percent: int = 10
    full_up_to_sheets: int = 3


def rule_of(session: Session, campaign_id: int) -> SecondKeyRule:
    """The campaign's rule; its seed is drawn the first time."""
    rule = session.scalar(select(SecondKeyRule).where(SecondKeyRule.campaign_id == campaign_id))
    if rule is None:
        rule = SecondKeyRule(campaign_id=campaign_id, seed=secrets.token_hex(16), **asdict(RuleValues()))
        session.add(rule)
        session.flush()
    return rule


def is_checked_in_full(session: Session, sheet: Sheet) -> bool:
    """Whether so few sheets of this form are filled in about a unit that people look at every answer."""
    return _has_few_sheets(session, rule_of(session, sheet.campaign_id), sheet)


def _has_few_sheets(session: Session, rule: SecondKeyRule, sheet: Sheet) -> bool:
    about_a_unit = select(func.sum(RespondentGroup.sheets_per_unit)).where(
        RespondentGroup.campaign_id == sheet.campaign_id, RespondentGroup.form_code == sheet.form_code
    )
    return (
        session.scalar(about_a_unit.where(RespondentGroup.level == sheet.unit.level)) or 0
    ) <= rule.full_up_to_sheets


def settle_state(session: Session, item: ReviewItem) -> None:
    """Give the item the state that follows from what was said about it, in its present round."""
    said = {decision.stage: decision for decision in said_this_round(session, item)}  # the last of each stage
    first = said.get("first")
    if first is not None:
        item.second_because = second_key_because(session, item, first)
    item.state = state_after(
        {str(stage): value_of(decision) for stage, decision in said.items()},
        late_values(session, item),
        machine=_machine_value(item),
        is_keyed_twice=item.second_because is not None,
    )


def state_after(
    said: dict[str, Value], opinions: Collection[Value], *, machine: Value | None, is_keyed_twice: bool
) -> str:
    """The state of an item.

    Args:
        said: the last word of each stage.
        opinions: what came too late to count, the last word of each person.
        machine: its sure answer, which stands for a first key where people check everything; else None.
        is_keyed_twice: whether a second person must key it.
    """
    if "arbitration" in said:
        return "done"
    if any(kind == "escalate" for kind, _ in said.values()):
        return "arbitration"
    first = said.get("first", machine)
    if first is None:
        return "open"
    values = {first, *opinions, said.get("second", first)}
    if len(values) > 1:
        return "arbitration"
    return "second" if is_keyed_twice and "second" not in said else "done"


def late_values(session: Session, item: ReviewItem) -> set[Value]:
    """What came too late to count, the last word of each person."""
    return set({late.actor: value_of(late) for late in opinions_this_round(session, item)}.values())


def value_of(decision: Decision) -> Value:
    """What two people must agree on; why a mark is invalid is not."""
    return decision.kind, decision.value


def second_key_because(session: Session, item: ReviewItem, first: Decision) -> Because | None:
    """Why this first key needs a second one, or None."""
    if item.queue == "comment" or first.kind == "escalate":
        return None
    rule = rule_of(session, item.campaign_id)
    if _has_few_sheets(session, rule, item.sheet):
        return Because.FULL_CHECK
    if rule.double_marks and "multiple_marks" in item.field_reading.flags:
        return Because.DOUBLE_MARK
    if rule.overridden and first_choice(item.field_reading) != value_of(first):
        return Because.OVERRIDDEN
    if is_drawn(rule, item) or _is_short(session, rule, item, first):
        return Because.SAMPLE
    return None


def first_choice(field: FieldReading) -> Value | None:
    """What the machine would have answered: its value, blank, or its only mark; None: no choice."""
    if field.value is not None:
        return "option", field.value
    marked = [str(bubble["option"]) for bubble in field.bubbles if bubble["state"] != "empty"]
    if not marked:
        return "blank", None
    return ("option", marked[0]) if len(marked) == 1 else None


def is_drawn(rule: SecondKeyRule, item: ReviewItem) -> bool:
    """Whether the answer is in the sample: fixed by the seed before anybody sees it, whoever keys it."""
    name = f"{rule.seed}:{item.sheet.serial}:{item.field_code}"
    lot = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    return lot % 10_000 < rule.sample_percent * 100


def _is_short(session: Session, rule: SecondKeyRule, item: ReviewItem, first: Decision) -> bool:
    """Whether too few of this person's answers would be keyed twice without this one."""
    own = standing_decisions().where(Decision.actor == first.actor, Decision.stage == "first").subquery()
    others, twice = session.execute(
        select(
            func.count(ReviewItem.id.distinct()),
            func.count(ReviewItem.id.distinct()).filter(ReviewItem.second_because.is_not(None)),
        )
        .join(own, own.c.item_id == ReviewItem.id)
        .where(ReviewItem.campaign_id == item.campaign_id, ReviewItem.id != item.id)
        .where(ReviewItem.queue != "comment")
    ).one()
    return bool(twice < rule.sample_percent * (others + 1) // 100)


def _machine_value(item: ReviewItem) -> Value | None:
    """The machine's sure answer, where people check everything and nothing makes their first key necessary.

    Elsewhere it stands for nobody's: who takes back what they said about an answer has it to look at again.
    """
    field = item.field_reading
    if item.second_because != Because.FULL_CHECK or not field.accepted:
        return None
    if item.reopened_at is not None or item.set_aside_at is not None:
        return None
    return first_choice(field)
