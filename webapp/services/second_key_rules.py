"""The office's rule for second keys: which answers two people key, shown, and changed with a reason.

A change touches no answer that is settled: `services.second_key` asks the rule when a first person keys, and
of forms that people check in full when a page is read. Seed and the log's lines of changes tell afterwards
which answers the sample had to hold at any moment.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput
from webapp.persistence.audit import LogEntry, write_log
from webapp.persistence.campaign import Campaign, RespondentGroup
from webapp.persistence.verification import SecondKeyRule
from webapp.services.second_key import RuleValues, rule_of

_ACT = "second_key_rule_set"
_LONGEST_REASON = 500
_ALL_PERCENT = 100
_MOST_SHEETS = 1000


@dataclass(frozen=True, slots=True)
class FormShare:
    """How many sheets of a form are filled in about each unit of a level; few are keyed in full."""

    form_code: str
    level: str
    sheets_per_unit: int
    in_full: bool


def present_values(session: Session, campaign: Campaign) -> RuleValues:
    """The rule in force; reading only, so before the first page was read it is what a rule begins with."""
    rule = session.scalar(select(SecondKeyRule).where(SecondKeyRule.campaign_id == campaign.id))
    return RuleValues() if rule is None else _values_of(rule)


def list_forms(session: Session, campaign: Campaign) -> list[FormShare]:
    """Every form with its levels, and what the present rule makes of it."""
    most = present_values(session, campaign).full_up_to_sheets
    sheets = func.sum(RespondentGroup.sheets_per_unit)
    rows = session.execute(
        select(RespondentGroup.form_code, RespondentGroup.level, sheets)
        .where(RespondentGroup.campaign_id == campaign.id)
        .group_by(RespondentGroup.form_code, RespondentGroup.level)
        .order_by(RespondentGroup.form_code, RespondentGroup.level)
    )
    names = {level.code: level.name for level in campaign.levels}
    return [FormShare(form, names[level], count, in_full=count <= most) for form, level, count in rows]


def list_changes(session: Session, campaign: Campaign) -> Sequence[LogEntry]:
    """Who changed the rule, when, why, from what and to what; the newest first."""
    own = select(LogEntry).where(LogEntry.act == _ACT, LogEntry.subject == _subject(campaign))
    return session.scalars(own.order_by(LogEntry.seq.desc())).all()


def change_rule(
    session: Session, actor: str, campaign: Campaign, wanted: RuleValues, *, reason: str, now: dt.datetime
) -> None:
    """Let the rule be this from now on.

    Raises:
        InvalidInput: no reason, a figure that makes no sense, or nothing would change.
    """
    reason = reason.strip()[:_LONGEST_REASON]
    if not reason:
        raise InvalidInput("Ghi lý do đổi quy tắc, rồi bấm lại. Chưa có gì thay đổi.")
    if not 0 <= wanted.sample_percent <= _ALL_PERCENT:
        raise InvalidInput("Phần bốc thăm phải từ 0 đến 100 %. Chưa có gì thay đổi.")
    if not 0 <= wanted.full_up_to_sheets <= _MOST_SHEETS:
        raise InvalidInput("Số phiếu một đơn vị phải từ 0 đến 1000. Chưa có gì thay đổi.")
    rule = rule_of(session, campaign.id)
    before = _values_of(rule)
    if wanted == before:
        raise InvalidInput("Quy tắc đang đúng như vậy. Chưa có gì thay đổi.")
    for name, value in asdict(wanted).items():
        setattr(rule, name, value)
    changed = {"before": asdict(before), "after": asdict(wanted), "reason": reason}
    write_log(session, now, actor, _ACT, _subject(campaign), **changed)


def _values_of(rule: SecondKeyRule) -> RuleValues:
    return RuleValues(rule.double_marks, rule.overridden, rule.sample_percent, rule.full_up_to_sheets)


def _subject(campaign: Campaign) -> str:
    return f"campaign/{campaign.year}"
