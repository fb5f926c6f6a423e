"""Complaints about a published index, and what was answered; only ever added."""

import datetime as dt

from sqlalchemy import String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from webapp.persistence.base import AppendOnly, Base, Id, Slug, reference
from webapp.persistence.campaign import Unit
from webapp.persistence.results import IndexVersion


class Complaint(AppendOnly, Base):
    """What somebody says is wrong with a published version, about one unit and perhaps one component.

    `petitioner`: who complains, as it was written. An attached file lies in the scan store under its
    SHA-256; `file_kind` is a key of services.evidence_kinds.MEDIA_TYPES.
    """

    __tablename__ = "complaint"
    __table_args__ = (UniqueConstraint("campaign_id", "number"),)
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    number: Mapped[int]
    version_id: Mapped[int] = reference("index_version.id")
    unit_id: Mapped[int] = reference("unit.id")
    component_code: Mapped[str | None] = mapped_column(String(40))
    petitioner: Mapped[str] = mapped_column(String(200))
    words: Mapped[str] = mapped_column(Text)
    file_sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    file_name: Mapped[str | None] = mapped_column(String(200))
    file_kind: Mapped[str | None] = mapped_column(String(40))
    recorded_by: Mapped[str] = mapped_column(String(80))
    recorded_at: Mapped[dt.datetime]
    unit: Mapped[Unit] = relationship()
    version: Mapped[IndexVersion] = relationship()
    answers: Mapped[list["ComplaintAnswer"]] = relationship(
        order_by="ComplaintAnswer.position", back_populates="complaint"
    )

    @property
    def is_open(self) -> bool:
        """Whether nobody has answered yet."""
        return not self.answers


class ComplaintAnswer(AppendOnly, Base):
    """What the office says to a complaint; a later answer adds to it. `version_id`: where it was put right.

    `outcome` is a services.complaints.Outcome.
    """

    __tablename__ = "complaint_answer"
    __table_args__ = (UniqueConstraint("complaint_id", "position"),)
    id: Mapped[Id]
    complaint_id: Mapped[int] = reference("complaint.id")
    position: Mapped[int]  # counts from 1 within the complaint
    outcome: Mapped[Slug]
    reason: Mapped[str] = mapped_column(Text)
    version_id: Mapped[int | None] = reference("index_version.id")
    answered_by: Mapped[str] = mapped_column(String(80))
    answered_at: Mapped[dt.datetime]
    complaint: Mapped[Complaint] = relationship(back_populates="answers")
    version: Mapped[IndexVersion | None] = relationship()


def list_complaints(session: Session, campaign_id: int, unit_id: int | None = None) -> list[Complaint]:
    """All of a campaign, or those about one unit; the newest first."""
    asked = select(Complaint).where(Complaint.campaign_id == campaign_id)
    if unit_id is not None:
        asked = asked.where(Complaint.unit_id == unit_id)
    loaded = asked.options(joinedload(Complaint.unit), joinedload(Complaint.version))
    return list(session.scalars(loaded.order_by(Complaint.number.desc())))


def last_complaint_number(session: Session, campaign_id: int) -> int:
    """The highest number so far; 0 before the first."""
    highest = select(func.max(Complaint.number)).where(Complaint.campaign_id == campaign_id)
    return session.scalar(highest) or 0


def count_open_complaints(session: Session, campaign_id: int) -> int:
    """How many nobody has answered."""
    unanswered = ~select(ComplaintAnswer.id).where(ComplaintAnswer.complaint_id == Complaint.id).exists()
    counted = select(func.count(Complaint.id)).where(Complaint.campaign_id == campaign_id, unanswered)
    return session.scalar(counted) or 0


def complaints_put_right_by(session: Session, version_id: int) -> list[Complaint]:
    """The complaints whose answer names this version, in the order of their numbers."""
    named = select(ComplaintAnswer.complaint_id).where(ComplaintAnswer.version_id == version_id)
    return list(session.scalars(select(Complaint).where(Complaint.id.in_(named)).order_by(Complaint.number)))
