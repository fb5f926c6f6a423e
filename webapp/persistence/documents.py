"""What people wrote into the official documents of a campaign; only ever added."""

import datetime as dt
from typing import Any

from sqlalchemy import String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.persistence.base import AppendOnly, Base, Id, Slug, reference


class DocumentWording(AppendOnly, Base):
    """One revision of a document's texts, passage → text; the newest counts.

    `document` is a papers.official.wording.Kind.
    """

    __tablename__ = "document_wording"
    __table_args__ = (UniqueConstraint("campaign_id", "document", "revision"),)
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    document: Mapped[Slug]
    revision: Mapped[int]
    texts: Mapped[dict[str, Any]]
    written_by: Mapped[str] = mapped_column(String(80))
    written_at: Mapped[dt.datetime]


def newest_wording(session: Session, campaign_id: int, document: str) -> DocumentWording | None:
    """The revision that counts."""
    return session.scalars(
        select(DocumentWording)
        .where(DocumentWording.campaign_id == campaign_id, DocumentWording.document == document)
        .order_by(DocumentWording.revision.desc())
        .limit(1)
    ).first()
