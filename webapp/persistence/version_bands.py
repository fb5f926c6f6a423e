"""The rank bands of a version of the index, with all that they were computed from: added with the version."""

from typing import Any

from sqlalchemy import JSON, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from webapp.persistence.base import AppendOnly, Base, Id, Sha256, reference
from webapp.persistence.results import IndexVersion


class VersionBands(AppendOnly, Base):
    """The bands of one version, once computed.

    `inputs` is webapp.par_index.bands.BandInputs as plain values, `sha256` its hash, `bands` the RankBand of
    every ranked unit, `basis` what `inputs` says beside the units.
    """

    __tablename__ = "version_bands"
    __table_args__ = (UniqueConstraint("version_id"),)
    id: Mapped[Id]
    version_id: Mapped[int] = reference("index_version.id", index=False)
    sha256: Mapped[Sha256]
    basis: Mapped[dict[str, Any]]
    bands: Mapped[list[Any]]
    inputs: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)
    version: Mapped[IndexVersion] = relationship()


def bands_of_version(session: Session, version_id: int) -> VersionBands | None:
    """The bands of a version; None where it was computed before there were any."""
    return session.scalars(select(VersionBands).where(VersionBands.version_id == version_id)).first()
