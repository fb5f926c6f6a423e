"""What an audit proves as it stands: counted from its rows each time, never stored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from webapp.audit.bounds import Looks, anytime_bound, exact_bound
from webapp.audit.draw import DRAWN, PLANTED
from webapp.audit.escalation import PROMISE, Difference, Finding, Step, next_step, shared_class
from webapp.audit.looks import settled_value
from webapp.audit.manifest import BLANK
from webapp.audit.sensitivity import Planted, bound_with_misses
from webapp.persistence.answer_audit import (
    AnswerAudit,
    AuditAnswer,
    AuditTicket,
    list_audits,
    list_looks,
    list_tickets,
)
from webapp.services.answer_audits import needs_look

_ROUNDING = 1e-6  # a whole number of answers, divided and multiplied again, stays that number


@dataclass(frozen=True, slots=True)
class WrongAnswer:
    """An answer that the auditors read otherwise than it was accepted."""

    ticket: AuditTicket
    found: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """Everything that the report says.

    `looked` and `wrong` count drawn answers; `full_looked` and `full_wrong` those that are all looked at.
    `bound` is a rate in [0, 1] over the whole manifest: of the drawn part at 95 %, and of the rest as
    found; `bound_with_misses` allows for what auditors overlook. None before all of a round was looked at.
    """

    audit: AnswerAudit
    rounds: int
    looked: int
    wrong: int
    full_looked: int
    full_wrong: int
    waiting: int
    doubles: int
    planted: Planted
    differences: Sequence[WrongAnswer]
    auditors: Sequence[str]
    bound: float | None
    bound_with_misses: float | None
    step: Step
    cause: str | None

    @property
    def wrong_at_most(self) -> int | None:
        """The bound as a number of answers, of those drawn from: all but the ones that were all looked at."""
        if self.bound is None:
            return None
        return int(self.bound * self.audit.answer_count - self.full_wrong + _ROUNDING)


def report_audit(session: Session, audit: AnswerAudit) -> AuditReport:
    """The audit as it stands."""
    tickets, looks = list_tickets(session, audit.id), list_looks(session, audit.id)
    earnest = [ticket for ticket in tickets if ticket.kind != PLANTED]
    found = {ticket.id: found_value(ticket, looks.get(ticket.id, ())) for ticket in earnest}
    differences = [
        WrongAnswer(ticket, value)
        for ticket in earnest
        if (value := found[ticket.id]) is not None and value != ticket.accepted
    ]
    waiting = sum(needs_look(ticket, looks.get(ticket.id, ())) for ticket in tickets)
    drawn = [ticket for ticket in earnest if ticket.kind == DRAWN]
    full = [ticket for ticket in earnest if ticket.kind != DRAWN]
    planted = _planted(tickets, looks)
    wrong_ids = {wrong.ticket.id for wrong in differences}
    full_wrong = sum(ticket.id in wrong_ids for ticket in full)
    rounds = _rounds(drawn, wrong_ids)
    is_whole = audit.seed is not None and not waiting
    bound = _bound(audit, rounds, full_wrong) if is_whole else None
    finding = Finding(len(rounds), waiting, _classes(differences), 1.0 if bound is None else bound)
    return AuditReport(
        audit=audit,
        rounds=len(rounds),
        looked=sum(found[ticket.id] is not None for ticket in drawn),
        wrong=len(wrong_ids) - full_wrong,
        full_looked=sum(found[ticket.id] is not None for ticket in full),
        full_wrong=full_wrong,
        waiting=waiting,
        doubles=sum(len(looks.get(ticket.id, ())) > 1 for ticket in earnest),
        planted=planted,
        differences=differences,
        auditors=sorted({look.auditor for said in looks.values() for look in said}),
        bound=bound,
        bound_with_misses=_with_misses(audit, rounds, full_wrong, planted) if is_whole else None,
        step=next_step(finding),
        cause=shared_class(finding.differences),
    )


def finished_reports(session: Session, campaign_id: int) -> Iterator[AuditReport]:
    """The audits of the whole campaign whose looks are done, the newest first."""
    for audit in list_audits(session, campaign_id):
        if audit.batch_id is None and audit.seed is not None:
            report = report_audit(session, audit)
            if report.bound is not None:
                yield report


def newest_report(session: Session, campaign_id: int) -> AuditReport | None:
    """The newest of them, or None."""
    return next(finished_reports(session, campaign_id), None)


def keeps_promise(report: AuditReport) -> bool:
    """Whether the bound is what the office promises."""
    return report.bound is not None and report.bound <= PROMISE


def found_value(ticket: AuditTicket, looks: Sequence[AuditAnswer]) -> str | None:
    """What the auditors say of an answer, or None while another of them must look."""
    values = [look.value or BLANK for look in looks]
    return settled_value(values, ticket.accepted, is_double=ticket.is_double)


def _planted(tickets: Sequence[AuditTicket], looks: dict[int, list[AuditAnswer]]) -> Planted:
    said = [
        looks[ticket.id][0].value == ticket.accepted
        for ticket in tickets
        if ticket.kind == PLANTED and looks.get(ticket.id)
    ]
    return Planted(len(said), sum(said))


def _rounds(drawn: Sequence[AuditTicket], wrong_ids: set[int]) -> list[Looks]:
    numbers = sorted({ticket.round for ticket in drawn})
    of_round = [[ticket for ticket in drawn if ticket.round == number] for number in numbers]
    return [Looks(len(tickets), sum(t.id in wrong_ids for t in tickets)) for tickets in of_round]


def _bound(audit: AnswerAudit, rounds: Sequence[Looks], full_wrong: int) -> float:
    """Of the drawn part the exact bound in the first round, later the any-time bound; the rest as found."""
    sampled = audit.answer_count - audit.full_count
    if not rounds:
        return full_wrong / audit.answer_count
    is_first = len(rounds) == 1
    rate = exact_bound(rounds[0]) if is_first else anytime_bound(rounds, sampled) / sampled
    return (rate * sampled + full_wrong) / audit.answer_count


def _with_misses(audit: AnswerAudit, rounds: Sequence[Looks], full_wrong: int, planted: Planted) -> float:
    looks = Looks(sum(one.looked for one in rounds), sum(one.wrong for one in rounds))
    if not looks.looked:
        return full_wrong / audit.answer_count
    sampled = audit.answer_count - audit.full_count
    return (bound_with_misses(looks, planted) * sampled + full_wrong) / audit.answer_count


def _classes(differences: Sequence[WrongAnswer]) -> list[Difference]:
    return [
        Difference(wrong.ticket.sheet.form_code, wrong.ticket.field_code, str(wrong.ticket.sheet.unit_id))
        for wrong in differences
    ]
