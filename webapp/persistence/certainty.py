"""From which probability on answers are accepted unseen: an administrator's decisions, only ever added."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Select, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ocr.certainty import Certainty
from webapp.persistence.base import AppendOnly, Base, Id, Sha256, reference


class CertaintyDecision(AppendOnly, Base):
    """Limits that an administrator set, and why; the newest one of a campaign is in force.

    `sha256` is `Certainty.sha256`, of which every reading made under the limits holds the beginning.
    `pages_reread`: pages with answers that nobody had settled, which were given to the reader again.
    """

    __tablename__ = "certainty_decision"
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    filled: Mapped[float]
    accept: Mapped[float]
    sha256: Mapped[Sha256]
    reason: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str] = mapped_column(String(80))
    decided_at: Mapped[dt.datetime]
    pages_reread: Mapped[int]

    @property
    def certainty(self) -> Certainty:
        """The limits."""
        return Certainty(self.filled, self.accept)


def list_certainty_decisions(session: Session, campaign_id: int) -> Sequence[CertaintyDecision]:
    """All decisions about a campaign's limits, the newest first."""
    return session.scalars(_newest_first(campaign_id)).all()


def find_certainty(session: Session, campaign_id: int) -> Certainty | None:
    """The limits in force; None where the reader's own are."""
    newest = session.scalar(_newest_first(campaign_id).limit(1))
    return None if newest is None else newest.certainty


def _newest_first(campaign_id: int) -> Select[CertaintyDecision]:
    own = select(CertaintyDecision).where(CertaintyDecision.campaign_id == campaign_id)
    return own.order_by(CertaintyDecision.id.desc())
