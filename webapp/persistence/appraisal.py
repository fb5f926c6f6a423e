"""Self-scores, their evidence, and appraised scores. Rows of scores and links are only ever added."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from webapp.persistence.base import AppendOnly, Base, Id, Sha256, Slug, reference
from webapp.persistence.campaign import Unit


class Submission(Base):
    """A unit's way through its campaign: filling in, sent, appraised. One row a unit, from its first entry.

    `state` is a webapp.par_index.workflow state. `receipt_sha256` is the hash of everything that was sent.
    `returned_…`: when round one ended with questions; `replied_at` stays None where the unit
    let the time pass.
    """

    __tablename__ = "submission"
    id: Mapped[Id]
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), unique=True)
    campaign_id: Mapped[int] = reference("campaign.id")
    scheme_version_id: Mapped[int] = reference("scheme_version.id")
    state: Mapped[Slug] = mapped_column(index=True)
    submitted_at: Mapped[dt.datetime | None]
    submitted_by: Mapped[str | None] = mapped_column(String(80))
    receipt_sha256: Mapped[str | None] = mapped_column(String(64))
    returned_at: Mapped[dt.datetime | None]
    returned_by: Mapped[str | None] = mapped_column(String(80))
    replied_at: Mapped[dt.datetime | None]
    replied_by: Mapped[str | None] = mapped_column(String(80))
    appraised_at: Mapped[dt.datetime | None]
    appraised_by: Mapped[str | None] = mapped_column(String(80))
    unit: Mapped[Unit] = relationship()

    @property
    def round_number(self) -> int:
        """1 until the appraisal was returned to the unit, which happens once; then 2."""
        return 1 if self.returned_at is None else 2


class SelfScoreEntry(AppendOnly, Base):
    """One revision of what a unit declared for one component.

    `typed` keeps the facts as they were typed, right or wrong; `points` is None while they give no points.
    """

    __tablename__ = "self_score_entry"
    __table_args__ = (UniqueConstraint("unit_id", "component_code", "revision"),)
    id: Mapped[Id]
    unit_id: Mapped[int] = reference("unit.id")
    component_code: Mapped[Slug]
    revision: Mapped[int]
    typed: Mapped[dict[str, Any]]
    points: Mapped[Decimal | None]
    not_applicable: Mapped[bool] = mapped_column(default=False)
    not_applicable_reason: Mapped[str] = mapped_column(Text, default="")
    explanation: Mapped[str] = mapped_column(Text, default="")
    entered_by: Mapped[str] = mapped_column(String(80))
    entered_at: Mapped[dt.datetime]


class EvidenceFile(AppendOnly, Base):
    """A document that a unit uploaded; the original and its page images lie in the scan store.

    `kind`: pdf, png, jpeg, docx, xlsx, doc or xls, found from the content. `page_images` are SHA-256 names in
    page order; a document may have more pages (`page_count`) than images.
    """

    __tablename__ = "evidence_file"
    id: Mapped[Id]
    unit_id: Mapped[int] = reference("unit.id")
    sha256: Mapped[Sha256]
    name: Mapped[str] = mapped_column(String(200))
    size_bytes: Mapped[int]
    kind: Mapped[Slug]
    page_count: Mapped[int | None]
    page_images: Mapped[list[Any]]
    document_number: Mapped[str] = mapped_column(String(80), default="")
    document_date: Mapped[str] = mapped_column(String(20), default="")
    issuer: Mapped[str] = mapped_column(String(200), default="")
    abstract: Mapped[str] = mapped_column(Text, default="")
    uploaded_by: Mapped[str] = mapped_column(String(80))
    uploaded_at: Mapped[dt.datetime]

    @property
    def description(self) -> str:
        """What is known of the document in one line: number, date, issuer, what it is about."""
        parts = (self.document_number, self.document_date, self.issuer, self.abstract)
        return " · ".join(part for part in parts if part)


class EvidenceLink(AppendOnly, Base):
    """A component was given a file, at a page, or it was taken away again: the last such row counts.

    `in_reply`: it came with the unit's explanation between the rounds, and not with the self-score.
    """

    __tablename__ = "evidence_link"
    id: Mapped[Id]
    unit_id: Mapped[int] = reference("unit.id")
    component_code: Mapped[Slug]
    file_id: Mapped[int] = reference("evidence_file.id")
    page_number: Mapped[int | None]
    is_removal: Mapped[bool] = mapped_column(default=False)
    in_reply: Mapped[bool] = mapped_column(default=False)
    made_by: Mapped[str] = mapped_column(String(80))
    made_at: Mapped[dt.datetime]
    file: Mapped[EvidenceFile] = relationship()


class AppraisedScoreEntry(AppendOnly, Base):
    """One version of the appraised score of one component; `seen_version` is what its author had seen.

    `not_applicable`: the appraiser agrees that the component does not apply to the unit. `question`: what the
    unit is asked to explain (round one only; "": nothing). `awaits_meeting`: proposed, the team decides;
    `in_meeting`: the team has decided it.
    """

    __tablename__ = "appraised_score_entry"
    __table_args__ = (UniqueConstraint("unit_id", "component_code", "version"),)
    id: Mapped[Id]
    unit_id: Mapped[int] = reference("unit.id")
    component_code: Mapped[Slug]
    version: Mapped[int]
    seen_version: Mapped[int]
    points: Mapped[Decimal]
    not_applicable: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(Text, default="")
    round_number: Mapped[int] = mapped_column(default=1)
    question: Mapped[str] = mapped_column(Text, default="")
    awaits_meeting: Mapped[bool] = mapped_column(default=False)
    in_meeting: Mapped[bool] = mapped_column(default=False)
    appraised_by: Mapped[str] = mapped_column(String(80))
    appraised_at: Mapped[dt.datetime]


class ExplanationReply(AppendOnly, Base):
    """One revision of what a unit says to a question of round one; the newest counts once it is sent."""

    __tablename__ = "explanation_reply"
    __table_args__ = (UniqueConstraint("unit_id", "component_code", "revision"),)
    id: Mapped[Id]
    unit_id: Mapped[int] = reference("unit.id")
    component_code: Mapped[Slug]
    revision: Mapped[int]
    words: Mapped[str] = mapped_column(Text)
    written_by: Mapped[str] = mapped_column(String(80))
    written_at: Mapped[dt.datetime]


def find_submission(session: Session, unit_id: int) -> Submission | None:
    """The unit's submission as it is now (also where it was read before), once it has entered anything."""
    asked = select(Submission).where(Submission.unit_id == unit_id)
    return session.scalars(asked.execution_options(populate_existing=True)).first()


def latest_self_scores(session: Session, unit_ids: Sequence[int]) -> dict[tuple[int, str], SelfScoreEntry]:
    """The newest revision of each component of these units, by (unit, component)."""
    newest = (
        select(func.max(SelfScoreEntry.id))
        .where(SelfScoreEntry.unit_id.in_(unit_ids))
        .group_by(SelfScoreEntry.unit_id, SelfScoreEntry.component_code)
    )
    rows = session.scalars(select(SelfScoreEntry).where(SelfScoreEntry.id.in_(newest)))
    return {(row.unit_id, row.component_code): row for row in rows}


def latest_appraised_scores(
    session: Session, unit_ids: Sequence[int], *, last_round: int = 2
) -> dict[tuple[int, str], AppraisedScoreEntry]:
    """The newest version of each appraised component of these units, by (unit, component).

    `last_round`: 1 for how round one left them.
    """
    newest = (
        select(func.max(AppraisedScoreEntry.id))
        .where(AppraisedScoreEntry.unit_id.in_(unit_ids))
        .where(AppraisedScoreEntry.round_number <= last_round)
        .group_by(AppraisedScoreEntry.unit_id, AppraisedScoreEntry.component_code)
    )
    rows = session.scalars(select(AppraisedScoreEntry).where(AppraisedScoreEntry.id.in_(newest)))
    return {(row.unit_id, row.component_code): row for row in rows}


def appraised_versions(session: Session, unit_id: int, component_code: str) -> list[AppraisedScoreEntry]:
    """Every version of one component's appraised score, oldest first."""
    return list(
        session.scalars(
            select(AppraisedScoreEntry)
            .where(AppraisedScoreEntry.unit_id == unit_id)
            .where(AppraisedScoreEntry.component_code == component_code)
            .order_by(AppraisedScoreEntry.version)
        )
    )


def latest_replies(session: Session, unit_id: int) -> dict[str, ExplanationReply]:
    """The newest words of the unit to each question, by component."""
    rows = session.scalars(
        select(ExplanationReply).where(ExplanationReply.unit_id == unit_id).order_by(ExplanationReply.id)
    )
    return {row.component_code: row for row in rows}


def current_links(session: Session, unit_id: int, *, in_reply: bool = False) -> dict[str, list[EvidenceLink]]:
    """The evidence of each component as it stands now, in the order in which it was added.

    `in_reply`: what came with the explanation between the rounds, instead of what came with the self-score.
    """
    rows = session.scalars(
        select(EvidenceLink)
        .where(EvidenceLink.unit_id == unit_id, EvidenceLink.in_reply == in_reply)
        .order_by(EvidenceLink.id)
    )
    standing: dict[tuple[str, int, int | None], EvidenceLink] = {}
    for row in rows:
        place = (row.component_code, row.file_id, row.page_number)
        standing.pop(place, None)
        if not row.is_removal:
            standing[place] = row
    by_component: dict[str, list[EvidenceLink]] = {}
    for row in standing.values():
        by_component.setdefault(row.component_code, []).append(row)
    return by_component


def evidence_changes(session: Session, unit_ids: Sequence[int]) -> dict[tuple[int, str], dt.datetime]:
    """When evidence of a self-score was last added or taken away, by (unit, component)."""
    rows = session.execute(
        select(EvidenceLink.unit_id, EvidenceLink.component_code, func.max(EvidenceLink.made_at))
        .where(EvidenceLink.unit_id.in_(unit_ids), EvidenceLink.in_reply.is_(False))
        .group_by(EvidenceLink.unit_id, EvidenceLink.component_code)
    )
    return {(unit_id, code): changed_at for unit_id, code, changed_at in rows}


def unit_files(session: Session, unit_id: int) -> list[EvidenceFile]:
    """What the unit has uploaded, newest first."""
    return list(
        session.scalars(
            select(EvidenceFile).where(EvidenceFile.unit_id == unit_id).order_by(EvidenceFile.id.desc())
        )
    )
