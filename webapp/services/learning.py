"""What people's decisions teach about the reader, and the limits that an administrator sets because of it.

Setting limits changes nothing that was read or said: pages on which answers still wait for a first person are
read again under them, all others stay as they are, and every reading made afterwards names them by hash.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from ocr.certainty import Certainty, built_in_certainty
from ocr.model import Flag, MarkState
from webapp.audit.draw import PLANTED
from webapp.errors import InvalidInput
from webapp.learning.advice import Advice, advise
from webapp.learning.answers import MachineAnswer, Said
from webapp.learning.calibration import Band, audited, reviewed
from webapp.learning.rates import Counts, RateLine, rate_lines
from webapp.persistence.answer_audit import list_audits, list_looks, list_tickets
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign, PrintOrder, Sheet
from webapp.persistence.certainty import CertaintyDecision, find_certainty, list_certainty_decisions
from webapp.persistence.readings import FieldReading, Reading
from webapp.persistence.responses import SettledByPeople, latest_fields, settled_by_people
from webapp.persistence.scans import Batch, Page
from webapp.persistence.verification import ANSWER_QUEUES, ReviewItem
from webapp.services.audit_reports import found_value
from webapp.services.rereading import read_anew

_LONGEST_REASON = 500
_DPI_STEP = 10
_LIMITS_ALONE = frozenset({Flag.LOW_CONFIDENCE.value, Flag.MARGINAL_MARK.value})
_MAYBE_MARKED = (MarkState.FILLED.value, MarkState.MARGINAL.value)

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Template:
    """A form and its version."""

    form: str
    version: int


@dataclass(frozen=True, slots=True)
class Scanner:
    """How pictures came (`Batch.source`), and at which resolution, to the nearest ten dpi; None: unknown."""

    source: str
    dpi: int | None


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """One answer of a latest reading with where it comes from; `machine` is None where no value was named.

    `ordered_at`: when its sheet was ordered from the printer; None where that is not known.
    """

    template: Template
    ordered_at: dt.datetime | None
    scanner: Scanner
    accepted: bool
    machine: MachineAnswer | None


@dataclass(frozen=True, slots=True)
class LearningReport:
    """All that the page shows.

    `passed_wrong`: accepted answers of which people are known to have said otherwise, however they came to
    look. `is_own`: the limits in force (`current`) were set here, and are not the reader's own.
    """

    answers: int
    reviewed: Sequence[Band]
    audited: Sequence[Band]
    passed_wrong: int
    templates: Sequence[RateLine[Template]]
    prints: Sequence[RateLine[dt.datetime | None]]
    scanners: Sequence[RateLine[Scanner]]
    current: Certainty
    is_own: bool
    advice: Advice
    decisions: Sequence[CertaintyDecision]


def report_learning(session: Session, campaign: Campaign) -> LearningReport:
    """The report as it stands."""
    answers = load_answers(session, campaign.id)
    machine = [answer.machine for answer in answers if answer.machine is not None]
    own = find_certainty(session, campaign.id)
    current = own or built_in_certainty()
    return LearningReport(
        answers=len(answers),
        reviewed=reviewed(machine),
        audited=audited(machine),
        passed_wrong=sum(answer.accepted and answer.is_wrong for answer in machine),
        templates=_rates(answers, lambda answer: answer.template),
        prints=_rates(answers, lambda answer: answer.ordered_at),
        scanners=_rates(answers, lambda answer: answer.scanner),
        current=current,
        is_own=current != built_in_certainty(),
        advice=advise(machine, current),
        decisions=list_certainty_decisions(session, campaign.id),
    )


def _rates(answers: Sequence[ReadAnswer], key_of: Callable[[ReadAnswer], Key]) -> list[RateLine[Key]]:
    all_of = Counter(map(key_of, answers))
    sent = Counter(key_of(answer) for answer in answers if not answer.accepted)
    counts = {key: Counts(number, sent[key]) for key, number in all_of.items()}
    return rate_lines(counts, ((key_of(a), a.machine) for a in answers if a.machine is not None))


# -- what was read, and what people said of it -------------------------------------------------------


def load_answers(session: Session, campaign_id: int) -> list[ReadAnswer]:
    """Every answer of the latest readings of a campaign."""
    said = settled_by_people(session, campaign_id)
    looked = _audit_values(session, campaign_id)
    scanners = _scanners(session, campaign_id)
    doubts = _doubts(session, campaign_id)
    columns = (FieldReading.id, FieldReading.reading_id, FieldReading.value, FieldReading.confidence)
    fields = latest_fields(
        campaign_id, "choice", Sheet.form_version, PrintOrder.ordered_at, FieldReading.accepted, *columns
    ).outerjoin(PrintOrder, PrintOrder.id == Sheet.print_order_id)
    answers = []
    for (
        sheet_id,
        _unit,
        form,
        _group,
        code,
        version,
        ordered,
        accepted,
        id_,
        reading,
        value,
        stated,
    ) in session.execute(fields):
        place = (sheet_id, code)
        machine = None
        if value is not None:
            how, agrees = _said_of(value, looked.get(place) if accepted else None, said.get(place))
            mark, is_plain = (1.0, True) if accepted else doubts[id_]
            machine = MachineAnswer(stated, mark, accepted, is_plain, how, agrees)
        answers.append(ReadAnswer(Template(form, version), ordered, scanners[reading], accepted, machine))
    return answers


def _said_of(value: str, looked: str | None, said: SettledByPeople | None) -> tuple[Said, bool | None]:
    """How people came to look, and whether they agree; an audit's look is the fairer one."""
    if looked is not None:
        return Said.AUDIT, looked == value
    if said is None:
        return Said.NOBODY, None
    how = Said.GLANCE if said.at_a_glance else Said.ALONE
    return how, (said.kind, said.value) == ("option", value)


def _audit_values(session: Session, campaign_id: int) -> dict[tuple[int, str], str]:
    """What auditors settled, by (sheet, field); planted answers were chosen, not drawn."""
    values = {}
    for audit in reversed(list_audits(session, campaign_id)):  # what was seen last stands
        looks = list_looks(session, audit.id)
        for ticket in list_tickets(session, audit.id):
            value = found_value(ticket, looks.get(ticket.id, ()))
            if ticket.kind != PLANTED and value is not None:
                values[ticket.sheet_id, ticket.field_code] = value
    return values


def _scanners(session: Session, campaign_id: int) -> dict[int, Scanner]:
    """Where each reading's picture came from."""
    rows = session.execute(
        select(Reading.id, Batch.source, Reading.quality)
        .join(Page, Page.id == Reading.page_id)
        .join(Batch, Batch.id == Page.batch_id)
        .where(Batch.campaign_id == campaign_id)
    )
    return {reading_id: Scanner(source, _rounded_dpi(quality)) for reading_id, source, quality in rows}


def _rounded_dpi(quality: Mapping[str, Any]) -> int | None:
    dpi = quality.get("dpi")
    return None if dpi is None else round(dpi / _DPI_STEP) * _DPI_STEP


def _doubts(session: Session, campaign_id: int) -> dict[int, tuple[float, bool]]:
    """Of each answer that went to people, by its reading's id: `mark` and `is_plain` of MachineAnswer."""
    fields = latest_fields(campaign_id, "choice").where(FieldReading.accepted.is_(False))
    rows = session.execute(
        fields.with_only_columns(
            FieldReading.id, FieldReading.value, FieldReading.flags, FieldReading.bubbles
        )
    )
    return {field_id: _doubt(value, flags, bubbles) for field_id, value, flags, bubbles in rows}


def _doubt(
    value: str | None, flags: Sequence[str], bubbles: Sequence[Mapping[str, Any]]
) -> tuple[float, bool]:
    own = [bubble for bubble in bubbles if bubble["option"] == value]
    others = [bubble for bubble in bubbles if bubble["option"] != value]
    is_plain = (
        _LIMITS_ALONE.issuperset(flags)
        and all(bubble["state"] in _MAYBE_MARKED for bubble in own)
        and all(bubble["state"] == MarkState.EMPTY for bubble in others)
    )
    return max((float(bubble["score"]) for bubble in own), default=0.0), is_plain and bool(own)


# -- limits ------------------------------------------------------------------------------------------


def set_certainty(
    session: Session, actor: str, campaign: Campaign, certainty: Certainty, *, reason: str, now: dt.datetime
) -> CertaintyDecision:
    """Set the limits that are proposed now, or the reader's own again; open pages are read again.

    Raises:
        InvalidInput: no reason; these limits are in force; or they are not what is proposed (any more).
    """
    reason = reason.strip()[:_LONGEST_REASON]
    if not reason:
        raise InvalidInput("Ghi lý do đổi ngưỡng, rồi bấm lại. Chưa có gì thay đổi.")
    report = report_learning(session, campaign)
    proposal = report.advice.proposal
    if certainty == report.current:
        raise InvalidInput("Ngưỡng này đang được dùng. Chưa có gì thay đổi.")
    if certainty != built_in_certainty() and (proposal is None or certainty != proposal.certainty):
        raise InvalidInput(
            "Số liệu đã khác từ lúc mở trang, đề nghị này không còn. Tải lại trang rồi xem lại."
        )
    pages = list(_open_pages(session, campaign.id))
    for page in pages:
        read_anew(session, actor, page, now)
    decision = CertaintyDecision(
        campaign_id=campaign.id,
        filled=certainty.filled,
        accept=certainty.accept,
        sha256=certainty.sha256,
        reason=reason,
        decided_by=actor,
        decided_at=now,
        pages_reread=len(pages),
    )
    session.add(decision)
    write_log(
        session,
        now,
        actor,
        "certainty_set",
        f"campaign/{campaign.year}",
        filled=certainty.filled,
        accept=certainty.accept,
        sha256=certainty.sha256,
        reason=reason,
        pages=len(pages),
    )
    session.flush()
    return decision


def _open_pages(session: Session, campaign_id: int) -> Iterator[Page]:
    """Pages that count, on which an answer waits for a first person, each locked."""
    waiting = (
        select(Reading.page_id)
        .join(FieldReading, FieldReading.reading_id == Reading.id)
        .join(ReviewItem, ReviewItem.field_reading_id == FieldReading.id)
        .where(ReviewItem.campaign_id == campaign_id, ReviewItem.state == "open")
        .where(ReviewItem.queue.in_(ANSWER_QUEUES))
    )
    pages = select(Page).where(Page.id.in_(waiting), Page.state == "read")
    yield from session.scalars(pages.order_by(Page.id).with_for_update())
