"""What people wrote by hand, for those who may learn from it: by unit and form, never by sheet.

The words stand in the order of their letters, so that their place tells nothing of serials or of when a sheet
came.
The respondents' group stands beside them only where no group of the form has few answers about the unit:
else the words would point at people, and one hidden group could be told from the others that are not.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.persistence.campaign import Campaign, RespondentGroup, Sheet
from webapp.persistence.responses import accepted_comments, latest_fields

FEWEST_SHEETS = 5  # with less, a group is few people


@dataclass(frozen=True, slots=True)
class Comment:
    """What one person wrote; `group` is None where few of it answered."""

    text: str
    group: str | None


@dataclass(frozen=True, slots=True)
class FormComments:
    """All comments about one unit on one form."""

    unit_code: str
    unit_name: str
    form_code: str
    comments: Sequence[Comment]

    @property
    def hides_groups(self) -> bool:
        """Whether the groups are left out."""
        return any(comment.group is None for comment in self.comments)


def list_comments(session: Session, campaign: Campaign) -> list[FormComments]:
    """Every comment that people keyed, units in the office's order, forms in theirs."""
    names = _group_names(session, campaign)
    smallest = _smallest_groups(session, campaign)
    written: dict[tuple[int, str], list[Comment]] = defaultdict(list)
    for one in accepted_comments(session, campaign.id):
        place = (one.unit_id, one.form_code)
        told = smallest.get(place, 0) >= FEWEST_SHEETS
        group = names[one.form_code, one.group_code] if told else None
        written[place].append(Comment(one.text, group))
    return [
        FormComments(unit.code, unit.name, form, sorted(comments, key=lambda one: one.text))
        for unit in campaign.units
        for (unit_id, form), comments in sorted(written.items())
        if unit_id == unit.id
    ]


def _group_names(session: Session, campaign: Campaign) -> dict[tuple[str, str], str]:
    """What each group of each form is called."""
    groups = select(RespondentGroup).where(RespondentGroup.campaign_id == campaign.id)
    return {(group.form_code, group.code): group.name for group in session.scalars(groups)}


def _smallest_groups(session: Session, campaign: Campaign) -> dict[tuple[int, str], int]:
    """Of each unit and form, how many sheets its smallest group has filled in, by (unit, form)."""
    sheets = latest_fields(campaign.id, "choice").with_only_columns(
        Sheet.unit_id, Sheet.form_code, RespondentGroup.code, func.count(Sheet.id.distinct())
    )
    rows = session.execute(sheets.group_by(Sheet.unit_id, Sheet.form_code, RespondentGroup.code))
    smallest: dict[tuple[int, str], int] = {}
    for unit_id, form, _group, count in rows:
        smallest[unit_id, form] = min(count, smallest.get((unit_id, form), count))
    return smallest
