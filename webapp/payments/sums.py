"""What is due to whom: forms and units times rates. Whole đồng; shapes name groups and levels, never people.

rates = [Rate(Payee.RESPONDENT, 10_000, level="commune"), Rate(Payee.ENUMERATOR, 200_000, level="commune")]
due_at_place(rates, Basis.RETURNED, place)      # PlaceDue(respondents=…, enumerators=…)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Payee(StrEnum):
    """Who is paid: for each form answered, or for each unit surveyed."""

    RESPONDENT = "respondent"
    ENUMERATOR = "enumerator"


class Basis(StrEnum):
    """Which forms are paid: those of the plan, those that came back, or those that count."""

    PLANNED = "planned"
    RETURNED = "returned"
    VALID = "valid"


@dataclass(frozen=True, slots=True)
class Rate:
    """đồng for one form (respondents) or one unit (enumerators), for a whole level or for one group.

    A group's own rate stands before its level's; `is_paid` false means that the group gets nothing.
    """

    payee: Payee
    dong: int
    level: str | None = None
    group_id: int | None = None
    is_paid: bool = True

    @property
    def paid_dong(self) -> int:
        """What it comes to."""
        return self.dong if self.is_paid else 0


@dataclass(frozen=True, slots=True)
class FormCount:
    """The forms of one group at one place of issue, and how many people filled in those that are paid.

    `people_…` is the number of forms where everyone fills in one; where one person rates all units it is
    the number of persons.
    """

    group_id: int
    level: str  # of the units that are rated
    planned: int
    returned: int
    valid: int
    people_planned: int
    people_returned: int
    people_valid: int

    def forms(self, basis: Basis) -> int:
        """Forms that this basis pays."""
        return {Basis.PLANNED: self.planned, Basis.RETURNED: self.returned, Basis.VALID: self.valid}[basis]

    def people(self, basis: Basis) -> int:
        """Who filled them in."""
        return {
            Basis.PLANNED: self.people_planned,
            Basis.RETURNED: self.people_returned,
            Basis.VALID: self.people_valid,
        }[basis]


@dataclass(frozen=True, slots=True)
class Place:
    """A place of issue: its own level if it is a unit, None for the office; the groups that answer there."""

    key: str
    unit_level: str | None
    counts: Sequence[FormCount]


@dataclass(frozen=True, slots=True)
class PlaceDue:
    """đồng due at one place."""

    forms: int
    respondents_dong: int
    enumerators_dong: int

    @property
    def total_dong(self) -> int:
        """All of it."""
        return self.respondents_dong + self.enumerators_dong

    def __add__(self, other: "PlaceDue") -> "PlaceDue":
        """Two places together."""
        return PlaceDue(
            self.forms + other.forms,
            self.respondents_dong + other.respondents_dong,
            self.enumerators_dong + other.enumerators_dong,
        )


NOTHING_DUE = PlaceDue(0, 0, 0)


def form_rate(rates: Iterable[Rate], group_id: int, level: str) -> int:
    """đồng for one form of the group: the group's own rate, else its level's, else nothing."""
    own = level_rate = None
    for rate in rates:
        if rate.payee is Payee.RESPONDENT and rate.group_id == group_id:
            own = rate.paid_dong
        elif rate.payee is Payee.RESPONDENT and rate.group_id is None and rate.level == level:
            level_rate = rate.paid_dong
    return own if own is not None else level_rate or 0


def unit_rate(rates: Iterable[Rate], level: str | None) -> int:
    """đồng for surveying one unit of the level; nothing for the office itself."""
    found = (rate.paid_dong for rate in rates if rate.payee is Payee.ENUMERATOR and rate.level == level)
    return 0 if level is None else next(found, 0)


def due_at_place(rates: Sequence[Rate], basis: Basis, place: Place) -> PlaceDue:
    """What is due at one place of issue; `forms` counts only forms that are paid for.

    An enumerator is paid for a unit where forms were collected, whether those are paid for or not.
    """
    forms = dong = 0
    for count in place.counts:
        rate = form_rate(rates, count.group_id, count.level)
        if rate:
            forms += count.forms(basis)
            dong += rate * count.forms(basis)
    is_surveyed = any(count.forms(basis) for count in place.counts)
    return PlaceDue(forms, dong, unit_rate(rates, place.unit_level) if is_surveyed else 0)


def total_due(rates: Sequence[Rate], basis: Basis, places: Iterable[Place]) -> PlaceDue:
    """The sum over all places."""
    return sum((due_at_place(rates, basis, place) for place in places), NOTHING_DUE)


def with_group_paid(rates: Sequence[Rate], group_id: int, *, is_paid: bool) -> list[Rate]:
    """The same rates with one group's own rate switched on or off: the other choice, to be compared."""
    return [replace(rate, is_paid=is_paid) if rate.group_id == group_id else rate for rate in rates]


def share_forms(forms: int, people: int) -> list[int]:
    """Forms dealt out evenly over people, the first ones getting one more; the sum is `forms`.

    Raises:
        ValueError: forms, but nobody; or a negative number.
    """
    if forms < 0 or people < 0 or (forms and not people):
        raise ValueError(f"{forms} forms over {people} people")
    whole, over = divmod(forms, people) if people else (0, 0)
    return [whole + (place < over) for place in range(people)]


def share_dong(dong: int, people: int, step: int = 1_000) -> list[int]:
    """An amount shared in whole steps (no coins are handed out); the first get the remainder.

    Raises:
        ValueError: an amount, but nobody; or a negative number.
    """
    steps, small = divmod(dong, step)
    shares = [share * step for share in share_forms(steps, people)]
    if small and not shares:
        raise ValueError(f"{dong} đồng over nobody")
    return [shares[0] + small, *shares[1:]] if shares else []
