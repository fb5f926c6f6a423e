"""What is paid: the campaign's rates, which forms are paid, and the facts of paying, which are only added."""

import datetime as dt

from sqlalchemy import CheckConstraint, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.persistence.base import AppendOnly, Base, Id, Slug, reference


class PaymentRate(Base):
    """đồng a form (`payee` "respondent") or a unit ("enumerator"), for a level or for one group."""

    __tablename__ = "payment_rate"
    __table_args__ = (
        CheckConstraint("(level IS NULL) <> (group_id IS NULL)", name="names_level_or_group"),
        CheckConstraint("dong >= 0", name="dong_not_negative"),
    )
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    payee: Mapped[Slug]
    level: Mapped[str | None] = mapped_column(String(40))
    group_id: Mapped[int | None] = reference("respondent_group.id")
    dong: Mapped[int] = mapped_column(Integer)
    is_paid: Mapped[bool] = mapped_column(default=True)


class PaymentBasis(AppendOnly, Base):
    """Which forms the campaign pays: "returned" or "valid"; the newest row counts, the others stay."""

    __tablename__ = "payment_basis"
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    basis: Mapped[Slug]
    chosen_by: Mapped[str] = mapped_column(String(80))
    chosen_at: Mapped[dt.datetime]


class PaymentEvent(AppendOnly, Base):
    """Money was handed to one place of issue, or that entry was taken back (`kind` "paid" or "undone").

    `forms` and `dong` are what was due at that moment; `place_unit_id` None is the office itself.
    """

    __tablename__ = "payment_event"
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    place_unit_id: Mapped[int | None] = reference("unit.id")
    kind: Mapped[Slug]
    forms: Mapped[int] = mapped_column(Integer)
    dong: Mapped[int] = mapped_column(Integer)
    by: Mapped[str] = mapped_column(String(80))
    at: Mapped[dt.datetime]


def list_rates(session: Session, campaign_id: int) -> list[PaymentRate]:
    """All rates of the campaign, levels before groups."""
    rates = select(PaymentRate).where(PaymentRate.campaign_id == campaign_id)
    return list(session.scalars(rates.order_by(PaymentRate.group_id.is_not(None), PaymentRate.id)))


def newest_basis(session: Session, campaign_id: int) -> str | None:
    """What was chosen last, or None before the first choice."""
    chosen = select(PaymentBasis.basis).where(PaymentBasis.campaign_id == campaign_id)
    return session.scalars(chosen.order_by(PaymentBasis.id.desc()).limit(1)).first()


def newest_events(session: Session, campaign_id: int) -> dict[int | None, PaymentEvent]:
    """The last event of each place of issue, by its unit's id."""
    events = select(PaymentEvent).where(PaymentEvent.campaign_id == campaign_id).order_by(PaymentEvent.id)
    return {event.place_unit_id: event for event in session.scalars(events)}
