"""The year's schemes as loaded: versions are only ever added, the newest of a level counts."""

import datetime as dt
from typing import Any

from sqlalchemy import String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.persistence.base import AppendOnly, Base, Id, Sha256, Slug, reference


class SchemeVersion(AppendOnly, Base):
    """One level's scheme as it was loaded: `plain` is par_index's JSON form, `sha256` its canonical hash.

    `status` says in words how far the scheme can be trusted; it is shown wherever its points are.
    """

    __tablename__ = "scheme_version"
    __table_args__ = (UniqueConstraint("campaign_id", "level", "version"),)
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    level: Mapped[Slug]
    version: Mapped[int]
    title: Mapped[str]
    status: Mapped[str]
    plain: Mapped[dict[str, Any]]
    sha256: Mapped[Sha256]
    loaded_by: Mapped[str] = mapped_column(String(80))
    loaded_at: Mapped[dt.datetime]


def newest_scheme_version(session: Session, campaign_id: int, level: str) -> SchemeVersion | None:
    """The version that counts for a level."""
    return session.scalars(
        select(SchemeVersion)
        .where(SchemeVersion.campaign_id == campaign_id, SchemeVersion.level == level)
        .order_by(SchemeVersion.version.desc())
        .limit(1)
    ).first()


def newest_scheme_versions(session: Session, campaign_id: int) -> dict[str, SchemeVersion]:
    """The version that counts, of each level that has one."""
    newest = (
        select(func.max(SchemeVersion.id))
        .where(SchemeVersion.campaign_id == campaign_id)
        .group_by(SchemeVersion.level)
    )
    rows = session.scalars(select(SchemeVersion).where(SchemeVersion.id.in_(newest)))
    return {row.level: row for row in rows}
