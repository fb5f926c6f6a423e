"""What is due at each place of issue, what was paid, and where lists and forms do not agree.

Forms come in as counts of a place and a group (services.sheet_counts), people as counts of their lists
(services.people): that is all the two ever have in common.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, NotFound, StaleVersion
from webapp.payments.sums import (
    Basis,
    FormCount,
    Payee,
    Place,
    PlaceDue,
    Rate,
    due_at_place,
    form_rate,
    total_due,
    with_group_paid,
)
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign, RespondentGroup, Unit
from webapp.persistence.payments import PaymentEvent, newest_events
from webapp.services.payment_rates import current_basis, current_rates
from webapp.services.people import count_enumerators, count_respondents
from webapp.services.sheet_counts import forms_by_place, list_groups

OFFICE_CODE = "co-quan"  # the office itself, in addresses and files; no unit may have it as its code


@dataclass(frozen=True, slots=True)
class GroupPay:
    """One group at one place: its forms, its people, its rate, and how many people are listed."""

    group: RespondentGroup
    forms: int
    people: int
    rate_dong: int
    listed: int

    @property
    def dong(self) -> int:
        """All its forms together."""
        return self.forms * self.rate_dong

    @property
    def differs(self) -> bool:
        """Somebody is listed, it is paid for, and the list has more or fewer people than the forms."""
        return self.rate_dong > 0 and self.listed > 0 and self.listed != self.people


@dataclass(frozen=True, slots=True)
class PlacePay:
    """One place of issue: what is due, its groups, its enumerators, and the last fact of paying."""

    unit: Unit | None
    due: PlaceDue
    groups: Sequence[GroupPay]
    enumerators_listed: int
    event: PaymentEvent | None

    @property
    def code(self) -> str:
        """As it stands in addresses."""
        return OFFICE_CODE if self.unit is None else self.unit.code

    @property
    def is_paid(self) -> bool:
        """The money was handed out."""
        return self.event is not None and self.event.kind == "paid"

    @property
    def paid_dong(self) -> int:
        """What was handed out."""
        return self.event.dong if self.event is not None and self.is_paid else 0


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to pay, with its sum on each basis; `group` is the one that is switched, None as it is set."""

    group: RespondentGroup | None
    is_paid: bool
    sums: Mapping[Basis, PlaceDue]


@dataclass(frozen=True, slots=True)
class Payments:
    """The whole page of payments on one basis."""

    basis: Basis
    rates: Sequence[Rate]
    places: Sequence[PlacePay]
    total: PlaceDue
    choices: Sequence[Choice]

    @property
    def payable(self) -> list[PlacePay]:
        """Places where something is due or was paid."""
        return [place for place in self.places if place.due.total_dong or place.is_paid]

    @property
    def paid_count(self) -> int:
        """Places whose money was handed out."""
        return sum(place.is_paid for place in self.places)

    @property
    def paid_dong(self) -> int:
        """Handed out in all."""
        return sum(place.paid_dong for place in self.places)


def load_payments(session: Session, campaign: Campaign, basis: Basis | None = None) -> Payments:
    """Everything on the chosen basis (the campaign's own where None)."""
    basis = basis or current_basis(session, campaign)
    rates = current_rates(session, campaign)
    groups = {group.id: group for group in list_groups(session, campaign)}
    counted = _places(session, campaign)
    book = _Book(
        basis=basis,
        rates=rates,
        groups=groups,
        respondents=count_respondents(session, campaign),
        enumerators=count_enumerators(session, campaign),
        events=newest_events(session, campaign.id),
    )
    places = [book.place_pay(unit, place) for unit, place in counted]
    arithmetic = [place for _, place in counted]
    choices = _choices(rates, arithmetic, groups)
    return Payments(basis, rates, places, total_due(rates, basis, arithmetic), choices)


def find_place(payments: Payments, code: str) -> PlacePay:
    """A place of issue by its code.

    Raises:
        NotFound: no such place.
    """
    for place in payments.places:
        if place.code == code:
            return place
    raise NotFound("Không có nơi phát này.")


def record_paid(
    session: Session, actor: str, campaign: Campaign, code: str, *, seen_dong: int, now: dt.datetime
) -> PlacePay:
    """The money of a place was handed out: what is due now, which must be what the person saw.

    Raises:
        NotFound: no such place.
        InvalidInput: nothing is due, or it was paid already.
        StaleVersion: the sum has changed since the page was shown.
    """
    place = find_place(load_payments(session, campaign), code)
    if place.is_paid:
        raise InvalidInput("Nơi này đã ghi là đã chi. Hoàn tác trước khi ghi lại.")
    if not place.due.total_dong:
        raise InvalidInput("Nơi này chưa có khoản nào phải chi.")
    if place.due.total_dong != seen_dong:
        raise StaleVersion("Số tiền vừa thay đổi vì có phiếu mới thu về. Xem lại số tiền rồi ghi đã chi.")
    _add_event(session, actor, campaign, place, kind="paid", now=now)
    return place


def undo_paid(session: Session, actor: str, campaign: Campaign, code: str, now: dt.datetime) -> PlacePay:
    """Take the entry back; both stay in the book.

    Raises:
        NotFound: no such place.
        InvalidInput: it was not paid.
    """
    place = find_place(load_payments(session, campaign), code)
    if not place.is_paid:
        raise InvalidInput("Nơi này chưa ghi là đã chi.")
    _add_event(session, actor, campaign, place, kind="undone", now=now)
    return place


def place_history(session: Session, campaign: Campaign, unit: Unit | None) -> list[PaymentEvent]:
    """All entries of a place, the newest first."""
    at_place = PaymentEvent.place_unit_id.is_(None) if unit is None else PaymentEvent.place_unit_id == unit.id
    events = select(PaymentEvent).where(PaymentEvent.campaign_id == campaign.id, at_place)
    return list(session.scalars(events.order_by(PaymentEvent.id.desc())))


def _places(session: Session, campaign: Campaign) -> list[tuple[Unit | None, Place]]:
    """Every unit in the office's order, then the office itself if forms are issued there."""
    forms = forms_by_place(session, campaign)
    units: list[Unit | None] = [*campaign.units, *([None] if None in forms else [])]
    return [
        (unit, Place(str(_id(unit)), None if unit is None else unit.level, forms.get(_id(unit), ())))
        for unit in units
    ]


@dataclass(frozen=True, slots=True)
class _Book:
    """What stands beside the forms: rates and basis, listed people, and facts of paying."""

    basis: Basis
    rates: Sequence[Rate]
    groups: Mapping[int, RespondentGroup]
    respondents: Mapping[tuple[int | None, int], int]
    enumerators: Mapping[int, int]
    events: Mapping[int | None, PaymentEvent]

    def place_pay(self, unit: Unit | None, place: Place) -> PlacePay:
        """One place with all that belongs to it."""
        return PlacePay(
            unit,
            due_at_place(self.rates, self.basis, place),
            [self._group_pay(unit, count) for count in place.counts],
            0 if unit is None else self.enumerators.get(unit.id, 0),
            self.events.get(_id(unit)),
        )

    def _group_pay(self, unit: Unit | None, count: FormCount) -> GroupPay:
        group = self.groups[count.group_id]
        rate = form_rate(self.rates, group.id, group.level)
        listed = self.respondents.get((_id(unit), group.id), 0)
        return GroupPay(group, count.forms(self.basis), count.people(self.basis), rate, listed)


def _choices(
    rates: Sequence[Rate], places: Sequence[Place], groups: Mapping[int, RespondentGroup]
) -> list[Choice]:
    """As it is set, and with each group that has a rate of its own switched the other way."""

    def sums(chosen: Sequence[Rate]) -> dict[Basis, PlaceDue]:
        return {basis: total_due(chosen, basis, places) for basis in Basis}

    own = [rate for rate in rates if rate.payee is Payee.RESPONDENT and rate.group_id is not None]
    switched = [
        Choice(
            groups[rate.group_id],
            not rate.is_paid,
            sums(with_group_paid(rates, rate.group_id, is_paid=not rate.is_paid)),
        )
        for rate in own
        if rate.group_id is not None
    ]
    return [Choice(None, True, sums(rates)), *switched]


def _add_event(
    session: Session, actor: str, campaign: Campaign, place: PlacePay, *, kind: str, now: dt.datetime
) -> None:
    """Undoing repeats what it takes back."""
    undone = place.event if kind == "undone" else None
    forms = place.due.forms if undone is None else undone.forms
    dong = place.due.total_dong if undone is None else undone.dong
    session.add(
        PaymentEvent(
            campaign_id=campaign.id, place_unit_id=_id(place.unit), kind=kind, forms=forms, dong=dong,
            by=actor, at=now,
        )
    )  # fmt: skip
    write_log(session, now, actor, f"payment_{kind}", f"place/{place.code}", forms=forms, dong=dong)
    session.flush()


def _id(unit: Unit | None) -> int | None:
    return None if unit is None else unit.id
