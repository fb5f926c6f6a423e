"""Computed indexes: numbered versions with all that they were computed from; published, never changed."""

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from webapp.persistence.base import AppendOnly, Base, Id, Sha256, Slug, reference
from webapp.persistence.campaign import Level

TRIAL, FROZEN, PUBLISHED = "trial", "frozen", "published"


class IndexVersion(Base):
    """One computation of the year's index.

    `kind`: trial (may lack parts) | frozen (complete, waits for the signature) | published. `snapshot` holds
    all inputs (chamdiem-snapshot/1), `sha256` their hash; `result_sha256` is the hash of what they give.
    """

    __tablename__ = "index_version"
    __table_args__ = (UniqueConstraint("campaign_id", "number"),)
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    number: Mapped[int]
    kind: Mapped[Slug] = mapped_column(index=True)
    made_by: Mapped[str] = mapped_column(String(80))
    made_at: Mapped[dt.datetime]
    sha256: Mapped[Sha256]
    result_sha256: Mapped[Sha256]
    missing_count: Mapped[int]
    published_by: Mapped[str | None] = mapped_column(String(80))
    published_at: Mapped[dt.datetime | None]
    levels: Mapped[dict[str, Any]]  # level -> par_index title, maxima, status, mean: see services.publication
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)
    units: Mapped[list["IndexUnit"]] = relationship(back_populates="version", order_by="IndexUnit.position")

    @property
    def standing(self) -> tuple[dt.datetime, int]:
        """What puts versions in order: when it was published, or where it never was, made; its number."""
        return self.published_at or self.made_at, self.number


class IndexUnit(AppendOnly, Base):
    """One unit's line of a version; `detail` is the whole par_index.outcome.UnitIndex with its parts.

    `position` is the place in the printed table of the level: by rank, joint ranks in the office's order.
    """

    __tablename__ = "index_unit"
    __table_args__ = (UniqueConstraint("version_id", "code"),)
    id: Mapped[Id]
    version_id: Mapped[int] = reference("index_version.id")
    code: Mapped[Slug]
    name: Mapped[str]
    level: Mapped[Slug]
    position: Mapped[int]
    rank: Mapped[int | None]
    appraised_points: Mapped[Decimal]
    survey_points: Mapped[Decimal]
    total: Mapped[Decimal]
    applicable: Mapped[Decimal]
    index_percent: Mapped[Decimal | None]
    class_label: Mapped[str]
    missing_count: Mapped[int]
    areas: Mapped[list[Any]]  # par_index.outcome.AreaSum each
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)
    version: Mapped[IndexVersion] = relationship(back_populates="units")


def list_index_versions(session: Session, campaign_id: int) -> list[IndexVersion]:
    """All versions, newest first."""
    return list(
        session.scalars(
            select(IndexVersion)
            .where(IndexVersion.campaign_id == campaign_id)
            .order_by(IndexVersion.number.desc())
        )
    )


def find_index_version(session: Session, campaign_id: int, number: int) -> IndexVersion | None:
    """The version with this number."""
    return session.scalars(
        select(IndexVersion).where(IndexVersion.campaign_id == campaign_id, IndexVersion.number == number)
    ).first()


def published_index_version(session: Session, campaign_id: int) -> IndexVersion | None:
    """What counts for the public: the version that was published last."""
    return session.scalars(
        select(IndexVersion)
        .where(IndexVersion.campaign_id == campaign_id, IndexVersion.kind == PUBLISHED)
        .order_by(IndexVersion.published_at.desc(), IndexVersion.number.desc())
        .limit(1)
    ).first()


def last_version_number(session: Session, campaign_id: int) -> int:
    """The highest number so far; 0 before the first."""
    highest = select(func.max(IndexVersion.number)).where(IndexVersion.campaign_id == campaign_id)
    return session.scalar(highest) or 0


def units_of_version(session: Session, version_id: int, level: str | None = None) -> list[IndexUnit]:
    """The lines of a version in printed order, of one level or of all."""
    lines = (
        select(IndexUnit)
        .join(IndexVersion, IndexVersion.id == IndexUnit.version_id)
        .outerjoin(Level, (Level.campaign_id == IndexVersion.campaign_id) & (Level.code == IndexUnit.level))
        .where(IndexUnit.version_id == version_id)
    )
    if level is not None:
        lines = lines.where(IndexUnit.level == level)
    return list(session.scalars(lines.order_by(Level.position, IndexUnit.level, IndexUnit.position)))


def find_index_unit(session: Session, version_id: int, code: str) -> IndexUnit | None:
    """One unit's line."""
    return session.scalars(
        select(IndexUnit).where(IndexUnit.version_id == version_id, IndexUnit.code == code)
    ).first()
