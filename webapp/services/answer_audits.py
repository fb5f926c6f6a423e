"""The proof, step by step: close and commit, enter the seed, look blind, take back, go on.

What it all proves: services.audit_reports. The order of steps is the point: nobody knows the seed when the
answers are committed to, and nobody can change the answers once the seed is known.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ocr.sheet_code import serial_text
from webapp.audit import draw
from webapp.audit.draw import Ticket
from webapp.audit.looks import settled_value
from webapp.audit.manifest import (
    BLANK,
    FULL,
    INVALID,
    SAMPLED,
    ManifestLine,
    manifest_sha256,
    read_manifest,
    write_manifest,
)
from webapp.errors import InvalidInput, NotFound
from webapp.par_index.influence import answer_weights
from webapp.persistence.accounts import User
from webapp.persistence.answer_audit import (
    AnswerAudit,
    AskedTicket,
    AuditAnswer,
    AuditSeed,
    AuditTicket,
    SaidOfTicket,
    answers_settled_by,
    list_asked,
    list_said,
    standing_looks,
)
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign, Sheet
from webapp.persistence.responses import (
    AcceptedAnswer,
    accepted_answers,
    answer_pictures,
    count_unaccounted,
    open_item_counts,
)
from webapp.persistence.scans import Batch
from webapp.services.preflight import COMMENTS
from webapp.services.schemes import schemes_of_campaign
from webapp.services.surveys import survey_units
from webapp.storage import ScanStore

HEAVY_POINTS = Fraction(1, 4)  # a group of which one answer can move its unit so much is looked at in full


# -- commit ------------------------------------------------------------------------------------------


def close_answers(
    session: Session,
    store: ScanStore,
    actor: str,
    campaign: Campaign,
    now: dt.datetime,
    *,
    batch: Batch | None = None,
) -> AnswerAudit:
    """Commit to every accepted answer of the campaign, or of one batch.

    Raises:
        InvalidInput: answers still wait for people, or there is none.
    """
    waiting = sum(
        c.open + c.second + c.arbitration
        for c in open_item_counts(session, campaign.id)
        if c.queue != COMMENTS
    )
    waiting += count_unaccounted(session, campaign.id)
    if waiting:
        raise InvalidInput(
            "Chưa chốt được: còn %(count)s ô chờ rà soát hoặc phân xử. Làm xong rồi chốt.", count=waiting
        )
    lines = manifest_lines(session, campaign, batch)
    if not lines:
        raise InvalidInput("Chưa có câu trả lời nào để kiểm toán. Quét và đọc phiếu trước.")
    text = write_manifest(lines)
    store.put_bytes(text.encode())
    number = 1 + (
        session.scalar(select(func.max(AnswerAudit.number)).where(AnswerAudit.campaign_id == campaign.id))
        or 0
    )
    audit = AnswerAudit(
        campaign_id=campaign.id,
        number=number,
        batch_id=None if batch is None else batch.id,
        manifest_sha256=manifest_sha256(text),
        answer_count=len(lines),
        full_count=sum(line.stratum == FULL for line in lines),
        closed_by=actor,
        closed_at=now,
    )
    session.add(audit)
    session.flush()
    write_log(session, now, actor, "audit_closed", f"audit/{number}", sha256=audit.manifest_sha256)
    return audit


def manifest_lines(session: Session, campaign: Campaign, batch: Batch | None = None) -> list[ManifestLine]:
    """The accepted answers as they stand now, those about units that have ended among them."""
    answers = accepted_answers(session, campaign.id)
    pictures = answer_pictures(session, campaign.id)
    sheets = {
        sheet_id: serial_text(serial)
        for sheet_id, serial in session.execute(
            select(Sheet.id, Sheet.serial).where(Sheet.campaign_id == campaign.id)
        )
    }
    units = {unit.id: unit.code for unit in campaign.all_units}
    heavy = _heavy_groups(session, campaign)
    lines = []
    for answer in answers:
        picture, batch_id = pictures[answer.sheet_id, answer.field_code]
        if batch is not None and batch_id != batch.id:
            continue
        is_heavy = (answer.unit_id, answer.form_code, answer.group_code) in heavy
        lines.append(
            _line(answer, sheets[answer.sheet_id], units[answer.unit_id], picture, is_heavy=is_heavy)
        )
    return lines


def _line(answer: AcceptedAnswer, sheet: str, unit: str, picture: str, *, is_heavy: bool) -> ManifestLine:
    value = {"blank": BLANK, "invalid": INVALID}.get(answer.validity) or answer.value or BLANK
    return ManifestLine(
        answer_id=f"{sheet}.{answer.field_code}",
        sheet=sheet,
        form=answer.form_code,
        group=answer.group_code,
        unit=unit,
        field=answer.field_code,
        value=value,
        crop_sha256=picture,
        stratum=FULL if is_heavy else SAMPLED,
    )


def _heavy_groups(session: Session, campaign: Campaign) -> set[tuple[int, str, str]]:
    """Respondent groups of which one answer can move its unit by HEAVY_POINTS: (unit, form, group)."""
    schemes = schemes_of_campaign(session, campaign.id)
    surveys = survey_units(session, campaign, schemes)
    return {
        (unit.id, form, group)
        for unit in campaign.units
        if unit.id in surveys
        for (form, group, _question), points in answer_weights(schemes[unit.level], surveys[unit.id]).items()
        if points >= HEAVY_POINTS
    }


# -- seed and draw -----------------------------------------------------------------------------------


def enter_seed(
    session: Session, store: ScanStore, actor: str, audit: AnswerAudit, *, seed: str, now: dt.datetime
) -> int:
    """Keep the public seed and draw the first round; how many answers are to be looked at.

    Raises:
        InvalidInput: not twenty digits, or this audit has its seed.
    """
    digits = "".join(seed.split())
    if not draw.is_seed(digits):
        raise InvalidInput("Hạt giống phải đúng 20 chữ số (0–9), lấy từ xúc xắc mười mặt.")
    if audit.seed is not None:
        raise InvalidInput("Lần kiểm toán này đã có hạt giống; hạt giống không sửa được.")
    audit.seeds.append(AuditSeed(seed=digits, entered_by=actor, entered_at=now))
    lines = load_manifest(store, audit)
    drawn = [*draw.list_full(lines, digits), *draw.draw_round(lines, digits, 1)]
    planted = draw.plant([line for line in lines if _is_known(line)], drawn, digits)
    count = _add_tickets(session, audit, [*draw.mark_doubles(drawn, digits), *planted])
    write_log(session, now, actor, "audit_seeded", f"audit/{audit.number}", seed=digits, tickets=count)
    return count


def draw_again(session: Session, store: ScanStore, actor: str, audit: AnswerAudit, now: dt.datetime) -> int:
    """One more answer of every sheet; how many."""
    if audit.seed is None:
        raise InvalidInput("Nhập hạt giống trước.")
    last = session.scalar(select(func.max(AuditTicket.round)).where(AuditTicket.audit_id == audit.id)) or 0
    lines, seed = load_manifest(store, audit), audit.seed.seed
    drawn = draw.mark_doubles(draw.draw_round(lines, seed, last + 1), seed)
    count = _add_tickets(session, audit, drawn)
    write_log(session, now, actor, "audit_went_on", f"audit/{audit.number}", round=last + 1, tickets=count)
    return count


def load_manifest(store: ScanStore, audit: AnswerAudit) -> list[ManifestLine]:
    """The committed answers, from the stored file."""
    return read_manifest(store.path(audit.manifest_sha256).read_bytes().decode())


def _is_known(line: ManifestLine) -> bool:
    """A marked option with a picture: plain to see, so that a wrong look is the auditor's."""
    return line.value not in (BLANK, INVALID) and bool(line.crop_sha256)


def _add_tickets(session: Session, audit: AnswerAudit, tickets: Sequence[Ticket]) -> int:
    serials = {
        serial_text(serial): sheet_id
        for serial, sheet_id in session.execute(
            select(Sheet.serial, Sheet.id).where(Sheet.campaign_id == audit.campaign_id)
        )
    }
    session.add_all(
        AuditTicket(
            audit_id=audit.id,
            round=ticket.round,
            number=ticket.number,
            answer_id=ticket.line.answer_id,
            sheet_id=serials[ticket.line.sheet],
            field_code=ticket.line.field,
            accepted=ticket.line.value,
            crop_sha256=ticket.line.crop_sha256,
            kind=ticket.kind,
            is_double=ticket.is_double,
        )
        for ticket in tickets
    )
    session.flush()
    return len(tickets)


# -- look --------------------------------------------------------------------------------------------


def needs_look(ticket: AuditTicket | AskedTicket, looks: Sequence[AuditAnswer | SaidOfTicket]) -> bool:
    """Whether an auditor must still look at it; planted answers are looked at once."""
    values = [look.value or BLANK for look in looks]
    if ticket.kind == draw.PLANTED:
        return not values
    return settled_value(values, ticket.accepted, is_double=ticket.is_double) is None


def next_ticket(session: Session, user: User, audit: AnswerAudit) -> AuditTicket | None:
    """What this person looks at next."""
    ids = waiting_ticket_ids(session, user, audit)
    return session.get_one(AuditTicket, ids[0]) if ids else None


def waiting_ticket_ids(session: Session, user: User, audit: AnswerAudit) -> list[int]:
    """What waits for this person: nothing that he settled in review, nothing that he has looked at.

    Each person has an order of his own, so that two seldom meet at one answer; where they do, it was looked
    at twice, which harms nobody. Plain rows, no objects: it is asked before every look.
    """
    looks: defaultdict[int, list[SaidOfTicket]] = defaultdict(list)
    for look in list_said(session, audit.id):
        looks[look.ticket_id].append(look)
    own = answers_settled_by(session, user.username, audit.campaign_id)
    waiting = [
        (draw.ticket_number(user.username, ticket.number), ticket.id)
        for ticket in list_asked(session, audit.id)
        if needs_look(ticket, looks[ticket.id])
        and (ticket.sheet_id, ticket.field_code) not in own
        and all(look.auditor != user.username for look in looks[ticket.id])
    ]
    return [ticket_id for _order, ticket_id in sorted(waiting)]


def record_look(
    session: Session, user: User, ticket: AuditTicket, value: str, *, shown_ms: int | None, now: dt.datetime
) -> None:
    """Keep what an auditor saw; the same again changes nothing.

    Raises:
        InvalidInput: he settled this answer in review, or has looked at it.
    """
    audit = session.get_one(AnswerAudit, ticket.audit_id)
    if (ticket.sheet_id, ticket.field_code) in answers_settled_by(session, user.username, audit.campaign_id):
        raise InvalidInput("Bạn đã rà soát ô này nên không kiểm toán nó. Người khác sẽ xem.")
    own = standing_looks().where(AuditAnswer.ticket_id == ticket.id, AuditAnswer.auditor == user.username)
    before = session.scalar(own)
    if before is not None:
        if before.value == value:
            return
        raise InvalidInput("Bạn đã trả lời ô này. Bấm Hoàn tác nếu muốn sửa.")
    session.add(
        AuditAnswer(
            ticket_id=ticket.id, auditor=user.username, answered_at=now, value=value, shown_ms=shown_ms
        )
    )


def undo_look(session: Session, user: User, audit: AnswerAudit, now: dt.datetime) -> AuditTicket | None:
    """Take back this person's last look, and give its answer to look at again; None without one."""
    own = standing_looks().join(AuditTicket, AuditTicket.id == AuditAnswer.ticket_id)
    last = session.scalar(
        own.where(AuditTicket.audit_id == audit.id, AuditAnswer.auditor == user.username)
        .order_by(AuditAnswer.id.desc())
        .limit(1)
    )
    if last is None:
        return None
    session.add(
        AuditAnswer(
            ticket_id=last.ticket_id, auditor=user.username, answered_at=now, value=None, undoes_id=last.id
        )
    )
    return last.ticket


def require_ticket(session: Session, audit: AnswerAudit, ticket_id: int) -> AuditTicket:
    """An answer of this audit.

    Raises:
        NotFound: there is none.
    """
    ticket = session.get(AuditTicket, ticket_id)
    if ticket is None or ticket.audit_id != audit.id:
        raise NotFound("Không có ô này trong lần kiểm toán.")
    return ticket
