"""The year's schemes as loaded: versions are only ever added, the newest of a level counts."""

import datetime as dt
from typing import Any

from sqlalchemy import JSON, String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.persistence.base import AppendOnly, Base, Id, Sha256, Slug, reference


class SchemeVersion(AppendOnly, Base):
    """One level's scheme as it was loaded: `plain` is par_index's JSON form, `sha256` its canonical hash.

    `status` says in words how far the scheme can be trusted; it is shown wherever its points are. `reason`
    says why the version was made, which a change in mid-round must; `report` is then what it changed, as it
    stood at that moment (services.scheme_effects).
    """

    __tablename__ = "scheme_version"
    __table_args__ = (UniqueConstraint("campaign_id", "level", "version"),)
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    level: Mapped[Slug]
    version: Mapped[int]
    title: Mapped[str]
    status: Mapped[str]
    plain: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)  # long, and parsed once in a process
    sha256: Mapped[Sha256]
    loaded_by: Mapped[str] = mapped_column(String(80))
    loaded_at: Mapped[dt.datetime]
    reason: Mapped[str] = mapped_column(Text, default="")
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), deferred=True)


class SchemeDraft(AppendOnly, Base):
    """One saved state of a catalogue that is being edited, as rows of its tables (webapp.scheme_tables).

    The newest of the newest version counts, unless it was discarded. `reason` opened it in mid-round.
    """

    __tablename__ = "scheme_draft"
    __table_args__ = (UniqueConstraint("base_id", "revision"),)
    id: Mapped[Id]
    base_id: Mapped[int] = reference("scheme_version.id")
    revision: Mapped[int]
    tables: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(Text, default="")
    is_discarded: Mapped[bool] = mapped_column(default=False)
    made_by: Mapped[str] = mapped_column(String(80))
    made_at: Mapped[dt.datetime]


def newest_scheme_version(session: Session, campaign_id: int, level: str) -> SchemeVersion | None:
    """The version that counts for a level."""
    return session.scalars(
        select(SchemeVersion)
        .where(SchemeVersion.campaign_id == campaign_id, SchemeVersion.level == level)
        .order_by(SchemeVersion.version.desc())
        .limit(1)
    ).first()


def levels_with_scheme(session: Session, campaign_id: int) -> set[str]:
    """The levels of which there is a version."""
    levels = select(SchemeVersion.level).where(SchemeVersion.campaign_id == campaign_id)
    return set(session.scalars(levels.distinct()))


def newest_scheme_versions(session: Session, campaign_id: int) -> dict[str, SchemeVersion]:
    """The version that counts, of each level that has one."""
    newest = (
        select(func.max(SchemeVersion.id))
        .where(SchemeVersion.campaign_id == campaign_id)
        .group_by(SchemeVersion.level)
    )
    rows = session.scalars(select(SchemeVersion).where(SchemeVersion.id.in_(newest)))
    return {row.level: row for row in rows}


def scheme_versions(session: Session, campaign_id: int, level: str) -> list[SchemeVersion]:
    """All versions of a level, the newest first."""
    return list(
        session.scalars(
            select(SchemeVersion)
            .where(SchemeVersion.campaign_id == campaign_id, SchemeVersion.level == level)
            .order_by(SchemeVersion.version.desc())
        )
    )


def newest_draft(session: Session, base_id: int) -> SchemeDraft | None:
    """The last saved state of an edit of this version, discarded or not."""
    return session.scalars(
        select(SchemeDraft)
        .where(SchemeDraft.base_id == base_id)
        .order_by(SchemeDraft.revision.desc())
        .limit(1)
    ).first()
