"""Lists of people from a workbook: checked line by line and shown before anything is saved.

Two worksheets are looked for by their names; columns by their headings, in any order. Units and groups may be
written by code or by name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.orm import Session

from webapp.errors import InvalidInput
from webapp.persistence.campaign import Campaign, RespondentGroup, Unit
from webapp.services.people import NewPerson, checked_name, listed_names, name_key
from webapp.services.sheet_counts import list_groups

RESPONDENTS: Final = "Người trả lời"
ENUMERATORS: Final = "Người điều tra"
PLACE, GROUP, NAME, POST, PHONE = "Nơi phát", "Nhóm", "Họ và tên", "Chức vụ hoặc địa chỉ", "Điện thoại"
HEADINGS: Final[Mapping[str, tuple[str, ...]]] = {
    RESPONDENTS: (PLACE, GROUP, NAME, POST),
    ENUMERATORS: (PLACE, NAME, POST, PHONE),
}
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    RESPONDENTS: (PLACE, GROUP, NAME),
    ENUMERATORS: (PLACE, NAME),
}

Line = dict[str, str]  # heading → text


@dataclass(frozen=True, slots=True)
class LineProblem:
    """A line that cannot be taken: where it stands, and why."""

    worksheet: str
    row: int
    why: InvalidInput


@dataclass(slots=True)
class ListPreview:
    """What saving would do: people to be added, how many stand there already, and lines that are left out."""

    people: list[NewPerson] = field(default_factory=list)
    known: int = 0
    problems: list[LineProblem] = field(default_factory=list)

    def counts(self) -> dict[tuple[Unit | None, RespondentGroup | None], int]:
        """How many are added to each list."""
        counts: dict[tuple[Unit | None, RespondentGroup | None], int] = {}
        for person in self.people:
            key = (person.unit, person.group)
            counts[key] = counts.get(key, 0) + 1
        return counts


def preview_lists(
    session: Session, campaign: Campaign, worksheets: Mapping[str, Sequence[Sequence[str]]]
) -> ListPreview:
    """Check every line of both worksheets.

    Raises:
        InvalidInput: neither worksheet is there, or a heading is missing.
    """
    wanted = {name_key(title): title for title in HEADINGS}
    found = {wanted[name_key(t)]: rows for t, rows in worksheets.items() if name_key(t) in wanted}
    if not found:
        raise InvalidInput(
            "Tệp phải có trang tính “%(one)s” hoặc “%(other)s”. Tải tệp mẫu để điền.",
            one=RESPONDENTS,
            other=ENUMERATORS,
        )
    reader = _Reader(campaign, list_groups(session, campaign), listed_names(session, campaign))
    for title, rows in found.items():
        for number, line in _lines(title, rows):
            reader.take(title, number, line)
    return reader.preview


def lines_of(people: Iterable[NewPerson], campaign: Campaign) -> dict[str, list[list[str]]]:
    """The same people as rows again: what the preview's form sends back, and what the sample file holds."""
    rows: dict[str, list[list[str]]] = {title: [list(headings)] for title, headings in HEADINGS.items()}
    for person in people:
        place = campaign.office_name if person.unit is None else person.unit.code
        if person.group is None:
            rows[ENUMERATORS].append([place, person.name, person.post, person.phone])
        else:
            rows[RESPONDENTS].append([place, group_code(person.group), person.name, person.post])
    return rows


def group_code(group: RespondentGroup) -> str:
    """A group as lists write it: CX4.DN."""
    return f"{group.form_code}.{group.code}"


class _Reader:
    """Turns lines into people of this campaign."""

    def __init__(
        self,
        campaign: Campaign,
        groups: Sequence[RespondentGroup],
        known: set[tuple[int | None, int | None, str]],
    ) -> None:
        """`known` are those listed already; it grows with each line, so that a name counts once."""
        self.preview = ListPreview()
        self._known = known
        self._places: dict[str, Unit | None] = {name_key(campaign.office_name): None}
        for unit in campaign.units:
            self._places |= {name_key(unit.code): unit, name_key(unit.name): unit}
        self._groups = _group_names(groups)

    def take(self, worksheet: str, row: int, line: Line) -> None:
        """One line: a person to add, one who is known, or a problem."""
        try:
            person = self._person(worksheet, line)
        except InvalidInput as why:
            self.preview.problems.append(LineProblem(worksheet, row, why))
            return
        if person.key in self._known:
            self.preview.known += 1
            return
        self._known.add(person.key)
        self.preview.people.append(person)

    def _person(self, worksheet: str, line: Line) -> NewPerson:
        place = name_key(line[PLACE])
        if place not in self._places:
            raise InvalidInput("Không có nơi phát “%(place)s”. Ghi mã hoặc tên đơn vị.", place=line[PLACE])
        unit = self._places[place]
        name = checked_name(line[NAME])
        if worksheet == ENUMERATORS:
            if unit is None:
                raise InvalidInput("Người điều tra phải gắn với một đơn vị.")
            return NewPerson(name, unit, None, line.get(POST, ""), line.get(PHONE, ""))
        group = self._groups.get(name_key(line[GROUP]))
        if group is None:
            raise InvalidInput("Không có nhóm “%(group)s”. Ghi mã như trong tệp mẫu.", group=line[GROUP])
        return NewPerson(name, unit, group, line.get(POST, ""))


def _group_names(groups: Sequence[RespondentGroup]) -> dict[str, RespondentGroup]:
    """Every way to write a group; a form's code alone only where the form has one group."""
    names = {name_key(group_code(group)): group for group in groups}
    names |= {name_key(group.name): group for group in groups}
    for group in groups:
        if [other.form_code for other in groups].count(group.form_code) == 1:
            names[name_key(group.form_code)] = group
    return names


def _lines(title: str, rows: Sequence[Sequence[str]]) -> Iterable[tuple[int, Line]]:
    """Each filled row with its number, by heading.

    Raises:
        InvalidInput: a needed heading is missing.
    """
    header = [name_key(text) for text in rows[0]] if rows else []
    at = {
        heading: header.index(name_key(heading)) for heading in HEADINGS[title] if name_key(heading) in header
    }
    missing = [heading for heading in NEEDED[title] if heading not in at]
    if missing:
        raise InvalidInput(
            "Trang tính “%(title)s” thiếu cột: %(missing)s.", title=title, missing=", ".join(missing)
        )
    for number, row in enumerate(rows[1:], 2):
        line = {heading: row[place] if place < len(row) else "" for heading, place in at.items()}
        if any(line.values()):
            yield number, line
