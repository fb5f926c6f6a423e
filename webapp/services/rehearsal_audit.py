"""The audit of a rehearsed campaign, played to its end: commit, dice, blind looks, more rounds, the bound."""

import datetime as dt
import hashlib
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ocr.deck.truth import TruthField
from webapp.audit.draw import SEED_DIGITS
from webapp.audit.escalation import Step
from webapp.audit.manifest import BLANK, INVALID
from webapp.persistence.accounts import User
from webapp.persistence.answer_audit import AnswerAudit, AuditTicket
from webapp.services.answer_audits import (
    close_answers,
    draw_again,
    enter_seed,
    record_look,
    waiting_ticket_ids,
)
from webapp.services.audit_effects import AuditEffect, measure_effect
from webapp.services.audit_reports import AuditReport, report_audit
from webapp.services.rehearsal import PACE_S, Answers, Rehearsal
from webapp.storage import ScanStore

AUDITORS = ("auditor", "auditor2", "auditor3")


@dataclass(frozen=True, slots=True)
class PlayedAudit:
    """How it ended: the report, what it means for the index, and how many looks it took."""

    report: AuditReport
    effect: AuditEffect | None
    looks: int

    @property
    def seconds(self) -> float:
        """What the looks would cost a person; a blind look is a second key (ux.md B7)."""
        return self.looks * PACE_S["second"]


def begin_audit(
    session: Session, store: ScanStore, rehearsal: Rehearsal, seed: int, now: dt.datetime
) -> AnswerAudit:
    """Commit to all answers, then throw the dice; the same seed of the rehearsal, the same dice."""
    head = rehearsal.people["head"].username
    audit = close_answers(session, store, head, session.merge(rehearsal.campaign), now)
    enter_seed(session, store, head, audit, seed=throw_dice(seed), now=now)
    return audit


def throw_dice(seed: int) -> str:
    """Twenty digits."""
    number = int.from_bytes(hashlib.sha256(f"dice {seed}".encode()).digest())
    return f"{number % 10**SEED_DIGITS:0{SEED_DIGITS}}"


def look_at_all(
    session: Session, auditor: User, audit: AnswerAudit, answers: Answers, now: dt.datetime
) -> int:
    """Let one auditor, who sees the paper, look at all that waits for him; how many looks."""
    ids = waiting_ticket_ids(session, auditor, audit)
    for ticket_id in ids:
        ticket = session.get_one(AuditTicket, ticket_id)
        value = _value(answers.of_sheet(ticket.sheet, ticket.field_code))
        record_look(session, auditor, ticket, value, shown_ms=None, now=now)
    return len(ids)


def go_on(
    session: Session, store: ScanStore, rehearsal: Rehearsal, audit: AnswerAudit, now: dt.datetime
) -> bool:
    """One more round, where the rule says so."""
    if report_audit(session, audit).step is not Step.GO_ON:
        return False
    draw_again(session, store, rehearsal.people["head"].username, audit, now)
    return True


def end_audit(
    session: Session, store: ScanStore, rehearsal: Rehearsal, audit: AnswerAudit, looks: int
) -> PlayedAudit:
    """What it proves."""
    report = report_audit(session, audit)
    effect = measure_effect(session, store, session.merge(rehearsal.campaign), report)
    return PlayedAudit(report, effect, looks)


def _value(meant: TruthField) -> str:
    """What an auditor says who sees this on paper."""
    if meant.value is None:
        return BLANK
    return INVALID if isinstance(meant.value, tuple) else meant.value
