"""Audits of accepted answers: what was committed to, the public seed, what is looked at, what was said.

Rows are only ever added. What an audit proves is never stored: it follows from these rows (webapp.audit).
"""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column, relationship

from webapp.persistence.base import AppendOnly, Base, Id, Sha256, Slug, reference
from webapp.persistence.campaign import Sheet
from webapp.persistence.readings import FieldReading
from webapp.persistence.verification import Decision, ReviewItem


class AnswerAudit(AppendOnly, Base):
    """One commitment: the answers of a campaign, or of one batch, as they stood when they were closed.

    The manifest lies in the scan store under `manifest_sha256`; `answer_count` answers stand in it, of which
    `full_count` are all looked at.
    """

    __tablename__ = "audit"
    __table_args__ = (UniqueConstraint("campaign_id", "number"),)
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id", index=False)
    number: Mapped[int]
    batch_id: Mapped[int | None] = reference("batch.id")
    manifest_sha256: Mapped[Sha256]
    answer_count: Mapped[int]
    full_count: Mapped[int]
    closed_by: Mapped[str] = mapped_column(String(80))
    closed_at: Mapped[dt.datetime]
    seeds: Mapped[list["AuditSeed"]] = relationship(back_populates="audit")

    @property
    def seed(self) -> "AuditSeed | None":
        """The public seed, once it was entered."""
        return self.seeds[0] if self.seeds else None


class AuditSeed(AppendOnly, Base):
    """Twenty digits of dice, entered after the manifest was committed to; one an audit, for ever."""

    __tablename__ = "audit_seed"
    __table_args__ = (UniqueConstraint("audit_id"),)
    id: Mapped[Id]
    audit_id: Mapped[int] = reference("audit.id", index=False)
    seed: Mapped[str] = mapped_column(String(20))
    entered_by: Mapped[str] = mapped_column(String(80))
    entered_at: Mapped[dt.datetime]
    audit: Mapped[AnswerAudit] = relationship(back_populates="seeds")


class AuditTicket(AppendOnly, Base):
    """One answer to look at; `accepted` is what was committed to. The rest as in webapp.audit.draw.Ticket.

    `crop_sha256` names the picture that is looked at: the question's own, or its whole page's.
    """

    __tablename__ = "audit_ticket"
    __table_args__ = (UniqueConstraint("audit_id", "answer_id", "kind"),)
    id: Mapped[Id]
    audit_id: Mapped[int] = reference("audit.id", index=False)
    round: Mapped[int]
    number: Mapped[Sha256]
    answer_id: Mapped[str] = mapped_column(String(80))
    sheet_id: Mapped[int] = reference("sheet.id")
    field_code: Mapped[Slug]
    accepted: Mapped[Slug]
    crop_sha256: Mapped[str] = mapped_column(String(64))
    kind: Mapped[Slug]
    is_double: Mapped[bool]
    sheet: Mapped[Sheet] = relationship()


class AuditAnswer(AppendOnly, Base):
    """What one auditor saw: an option's code, "blank" or "invalid"; or an undo of what he said before."""

    __tablename__ = "audit_answer"
    id: Mapped[Id]
    ticket_id: Mapped[int] = reference("audit_ticket.id")
    auditor: Mapped[str] = mapped_column(String(80), index=True)
    answered_at: Mapped[dt.datetime]
    value: Mapped[Slug | None]
    shown_ms: Mapped[int | None]
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("audit_answer.id"), unique=True)
    ticket: Mapped[AuditTicket] = relationship()


class AskedTicket(NamedTuple):
    """What decides whether a ticket waits for somebody; as in AuditTicket."""

    id: int
    number: str
    sheet_id: int
    field_code: str
    accepted: str
    kind: str
    is_double: bool


class SaidOfTicket(NamedTuple):
    """What an auditor said of a ticket; as in AuditAnswer."""

    ticket_id: int
    auditor: str
    value: str | None


def standing_looks() -> Select[AuditAnswer]:
    """Answers of auditors that were not taken back."""
    undo = aliased(AuditAnswer)
    undone = select(undo.id).where(undo.undoes_id == AuditAnswer.id).exists()
    return select(AuditAnswer).where(AuditAnswer.undoes_id.is_(None), ~undone)


def list_audits(session: Session, campaign_id: int) -> Sequence[AnswerAudit]:
    """All audits of a campaign, the newest first."""
    own = select(AnswerAudit).where(AnswerAudit.campaign_id == campaign_id)
    return session.scalars(own.order_by(AnswerAudit.number.desc())).all()


def find_audit(session: Session, campaign_id: int, number: int) -> AnswerAudit | None:
    """The audit with this number."""
    own = select(AnswerAudit).where(AnswerAudit.campaign_id == campaign_id, AnswerAudit.number == number)
    return session.scalar(own)


def list_tickets(session: Session, audit_id: int) -> Sequence[AuditTicket]:
    """Everything that is looked at, by round and ticket."""
    own = select(AuditTicket).where(AuditTicket.audit_id == audit_id)
    return session.scalars(own.order_by(AuditTicket.round, AuditTicket.number)).all()


def list_looks(session: Session, audit_id: int) -> dict[int, list[AuditAnswer]]:
    """What auditors said, by ticket, oldest first."""
    own = standing_looks().join(AuditTicket, AuditTicket.id == AuditAnswer.ticket_id)
    looks: dict[int, list[AuditAnswer]] = {}
    for look in session.scalars(own.where(AuditTicket.audit_id == audit_id).order_by(AuditAnswer.id)):
        looks.setdefault(look.ticket_id, []).append(look)
    return looks


def list_asked(session: Session, audit_id: int) -> list[AskedTicket]:
    """Everything that is looked at, in no order."""
    columns = [getattr(AuditTicket, name) for name in AskedTicket._fields]
    rows = session.execute(select(*columns).where(AuditTicket.audit_id == audit_id))
    return [AskedTicket._make(row) for row in rows]


def list_said(session: Session, audit_id: int) -> list[SaidOfTicket]:
    """What auditors said, oldest first."""
    columns = [getattr(AuditAnswer, name) for name in SaidOfTicket._fields]
    own = (
        standing_looks()
        .with_only_columns(*columns)
        .join(AuditTicket, AuditTicket.id == AuditAnswer.ticket_id)
    )
    rows = session.execute(own.where(AuditTicket.audit_id == audit_id).order_by(AuditAnswer.id))
    return [SaidOfTicket._make(row) for row in rows]


def answers_settled_by(session: Session, username: str, campaign_id: int) -> set[tuple[int, str]]:
    """The answers, as (sheet, field), about which this person ever said anything in review."""
    said = (
        select(ReviewItem.sheet_id, ReviewItem.field_code)
        .join(Decision, Decision.item_id == ReviewItem.id)
        .where(ReviewItem.campaign_id == campaign_id, Decision.actor == username)
    )
    return {(sheet_id, field_code) for sheet_id, field_code in session.execute(said)}


def has_own_picture(session: Session, ticket: AuditTicket) -> bool:
    """Whether the ticket's picture shows the question alone, not its whole page."""
    cut = select(FieldReading.id).where(
        FieldReading.sheet_id == ticket.sheet_id,
        FieldReading.field_code == ticket.field_code,
        FieldReading.crop_sha256 == ticket.crop_sha256,
    )
    return session.scalar(cut.limit(1)) is not None
