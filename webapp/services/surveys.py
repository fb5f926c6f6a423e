"""From accepted answers to what the survey says about each unit."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from sqlalchemy.orm import Session

from webapp.par_index.scheme import Scheme
from webapp.par_index.survey import Answer, UnitSurvey, tally_answers
from webapp.persistence.campaign import Campaign
from webapp.persistence.responses import accepted_answers


class AnswerRow(Protocol):
    """What is asked of an accepted answer (webapp.persistence.responses.AcceptedAnswer)."""

    @property
    def sheet_id(self) -> int: ...
    @property
    def unit_id(self) -> int: ...
    @property
    def form_code(self) -> str: ...
    @property
    def group_code(self) -> str: ...
    @property
    def field_code(self) -> str: ...
    @property
    def value(self) -> str | None: ...
    @property
    def validity(self) -> str: ...


AnswerSource = Callable[[Session, int], Iterable[AnswerRow]]


def survey_units(
    session: Session,
    campaign: Campaign,
    schemes: Mapping[str, Scheme],
    source: AnswerSource = accepted_answers,
) -> dict[int, UnitSurvey]:
    """What the survey says about each unit of the campaign, by unit id.

    Raises:
        AnswerUnknown: forms and scheme do not fit together.
    """
    by_unit: defaultdict[int, list[Answer]] = defaultdict(list)
    for row in source(session, campaign.id):
        by_unit[row.unit_id].append(answer_of(row))
    return {
        unit.id: tally_answers(schemes[unit.level], by_unit[unit.id])
        for unit in campaign.units
        if unit.level in schemes
    }


def answer_of(row: AnswerRow) -> Answer:
    """A row as the arithmetic takes it: only valid answers have an option."""
    return Answer(
        sheet=row.sheet_id,
        form=row.form_code,
        group=row.group_code,
        question=row.field_code,
        option=row.value if row.validity == "valid" else None,
        is_blank=row.validity == "blank",
    )
