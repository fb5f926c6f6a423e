"""Lists of respondents and enumerators. This module knows places and groups; it never sees a sheet.

Logs hold places, groups and numbers, never a name: what is erased must not live on in them.
"""

import datetime as dt
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.errors import InvalidInput, NotFound
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign, RespondentGroup, Unit
from webapp.persistence.people import NAME_LENGTH, Enumerator, Respondent

MAX_PEOPLE_AT_ONCE = 5_000
Person = Respondent | Enumerator


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody to be listed: a respondent has a group, an enumerator a unit and perhaps a telephone."""

    name: str
    unit: Unit | None
    group: RespondentGroup | None = None
    post: str = ""
    phone: str = ""

    @property
    def key(self) -> tuple[int | None, int | None, str]:
        """Where, in which group, and the name as names are compared: nobody is listed twice there."""
        place_id = None if self.unit is None else self.unit.id
        return place_id, None if self.group is None else self.group.id, name_key(self.name)


def list_respondents(session: Session, campaign: Campaign, unit: Unit | None) -> list[Respondent]:
    """Everybody listed at a place of issue; the office is None."""
    at_place = _at_place(Respondent.place_unit_id, unit)
    found = select(Respondent).where(Respondent.campaign_id == campaign.id, at_place)
    return list(session.scalars(found))


def list_enumerators(session: Session, campaign: Campaign, unit: Unit | None) -> list[Enumerator]:
    """The enumerators of a unit; the office has none."""
    at_place = _at_place(Enumerator.place_unit_id, unit)
    found = select(Enumerator).where(Enumerator.campaign_id == campaign.id, at_place)
    return list(session.scalars(found))


def count_respondents(session: Session, campaign: Campaign) -> dict[tuple[int | None, int], int]:
    """How many are listed, erased ones included, by (place's unit id, group id)."""
    rows = session.execute(
        select(Respondent.place_unit_id, Respondent.group_id, func.count())
        .where(Respondent.campaign_id == campaign.id)
        .group_by(Respondent.place_unit_id, Respondent.group_id)
    )
    return {(place_id, group_id): count for place_id, group_id, count in rows}


def count_enumerators(session: Session, campaign: Campaign) -> dict[int, int]:
    """How many are listed, erased ones included, by unit id."""
    rows = session.execute(
        select(Enumerator.place_unit_id, func.count())
        .where(Enumerator.campaign_id == campaign.id)
        .group_by(Enumerator.place_unit_id)
    )
    return {place_id: count for place_id, count in rows}  # noqa: C416 - a row is no tuple for the types


def add_people(
    session: Session, actor: str, campaign: Campaign, people: Sequence[NewPerson], now: dt.datetime
) -> int:
    """Add those who are not on their list yet; gives how many were added.

    Raises:
        InvalidInput: a name is missing or too long, or too many people come at once.
    """
    if len(people) > MAX_PEOPLE_AT_ONCE:
        raise InvalidInput("Mỗi lần thêm nhiều nhất %(most)s người.", most=MAX_PEOPLE_AT_ONCE)
    known = listed_names(session, campaign)
    added: dict[tuple[str, str], int] = {}
    for person in people:
        name = checked_name(person.name)
        if person.key in known:
            continue
        known.add(person.key)
        session.add(_row(campaign, person, name))
        where = (_place_code(person.unit), _group_code(person.group))
        added[where] = added.get(where, 0) + 1
    for (place_code, group_code), count in added.items():
        write_log(session, now, actor, "people_added", f"place/{place_code}", group=group_code, count=count)
    session.flush()
    return sum(added.values())


def listed_names(session: Session, campaign: Campaign) -> set[tuple[int | None, int | None, str]]:
    """Who is listed where: (place's unit id, group id or None for enumerators, name as compared)."""
    respondents = session.execute(
        select(Respondent.place_unit_id, Respondent.group_id, Respondent.name).where(
            Respondent.campaign_id == campaign.id, Respondent.name.is_not(None)
        )
    )
    enumerators = session.execute(
        select(Enumerator.place_unit_id, Enumerator.name).where(
            Enumerator.campaign_id == campaign.id, Enumerator.name.is_not(None)
        )
    )
    named = {(place_id, group_id, name_key(name)) for place_id, group_id, name in respondents if name}
    return named | {(place_id, None, name_key(name)) for place_id, name in enumerators if name}


def find_person(session: Session, campaign: Campaign, kind: str, person_id: int) -> Person:
    """A listed person of this campaign.

    Raises:
        NotFound: nobody, or another campaign's.
    """
    person: Person | None = None
    if kind == Respondent.__tablename__:
        person = session.get(Respondent, person_id)
    elif kind == Enumerator.__tablename__:
        person = session.get(Enumerator, person_id)
    if person is None or person.campaign_id != campaign.id:
        raise NotFound("Không có người này trong danh sách.")
    return person


def list_named(session: Session, campaign_ids: Sequence[int]) -> list[Person]:
    """Everybody on the lists of these campaigns whose name was not erased."""
    people: list[Person] = []
    for kind in (Respondent, Enumerator):
        found = select(kind).where(kind.campaign_id.in_(campaign_ids), kind.name.is_not(None))
        people.extend(session.scalars(found.order_by(kind.id)))
    return people


def person_data(session: Session, person: Person) -> dict[str, str | int | None]:
    """Everything that is held about a listed person; no answer is, as none is tied to a name."""
    campaign = session.get(Campaign, person.campaign_id)
    place = None if person.place_unit_id is None else session.get(Unit, person.place_unit_id)
    group = session.get(RespondentGroup, person.group_id) if isinstance(person, Respondent) else None
    return {
        "list": person.__tablename__,
        "year": None if campaign is None else campaign.year,
        "place": None if place is None else place.name,
        "group": None if group is None else f"{group.form_code} {group.name}",
        "name": person.name,
        "post": person.post,
        "phone": person.phone if isinstance(person, Enumerator) else None,
    }


def erase_person(session: Session, actor: str, person: Person, now: dt.datetime) -> None:
    """Erase what identifies the person; the row stays, so that counts and sums stay (law 91/2025/QH15)."""
    person.name = person.post = None
    if isinstance(person, Enumerator):
        person.phone = None
    person.erased_on = now.date()
    write_log(session, now, actor, "person_erased", f"{person.__tablename__}/{person.id}")
    session.flush()


def remove_person(session: Session, actor: str, person: Person, now: dt.datetime) -> None:
    """Take somebody off the list who should not stand there: a slip, or somebody who was not asked."""
    write_log(session, now, actor, "person_removed", f"{person.__tablename__}/{person.id}")
    session.delete(person)
    session.flush()


def checked_name(name: str) -> str:
    """The name with single spaces.

    Raises:
        InvalidInput: empty, too long, or without any letter.
    """
    plain = " ".join(name.split())
    if not any(character.isalpha() for character in plain):
        raise InvalidInput("Nhập họ tên, mỗi dòng một người.")
    if len(plain) > NAME_LENGTH:
        raise InvalidInput("Họ tên dài nhất %(most)s ký tự.", most=NAME_LENGTH)
    return plain


def name_key(name: str) -> str:
    """As names are compared: composed, without differences of case and spaces."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _at_place(column: InstrumentedAttribute[Any], unit: Unit | None) -> ColumnElement[bool]:
    return column.is_(None) if unit is None else column == unit.id


def _row(campaign: Campaign, person: NewPerson, name: str) -> Person:
    post = person.post.strip()[:NAME_LENGTH] or None
    if person.group is not None:
        return Respondent(
            campaign_id=campaign.id,
            place_unit_id=person.unit and person.unit.id,
            group_id=person.group.id,
            name=name,
            post=post,
        )
    if person.unit is None:
        raise InvalidInput("Người điều tra phải gắn với một đơn vị.")
    phone = person.phone.strip()[:40] or None
    return Enumerator(
        campaign_id=campaign.id, place_unit_id=person.unit.id, name=name, post=post, phone=phone
    )


def _place_code(unit: Unit | None) -> str:
    return "office" if unit is None else unit.code


def _group_code(group: RespondentGroup | None) -> str:
    return "enumerators" if group is None else f"{group.form_code}.{group.code}"
