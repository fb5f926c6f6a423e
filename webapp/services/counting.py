"""With a version of the index, keep which sheets it counted and what each said: the list behind it."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy.orm import Session

from webapp.par_index.snapshot import Snapshot
from webapp.par_index.survey import Answer, sort_sheets
from webapp.persistence.campaign import Campaign, Unit
from webapp.persistence.counted_sheets import CountedSheet
from webapp.persistence.responses import AcceptedAnswer
from webapp.persistence.results import IndexVersion
from webapp.services.surveys import answer_of


def sort_counted(
    snapshot: Snapshot, campaign: Campaign, rows: Sequence[AcceptedAnswer]
) -> list[CountedSheet]:
    """One row a sheet: the answers that a snapshot was made of, by the same rule; of no version yet."""
    counted: list[CountedSheet] = []
    by_unit: defaultdict[int, list[AcceptedAnswer]] = defaultdict(list)
    for row in rows:
        by_unit[row.unit_id].append(row)
    for unit in campaign.units:
        scheme = snapshot.scheme_of(unit.level)
        if scheme is None:
            continue
        about = by_unit[unit.id]
        keyed = {(row.sheet_id, row.field_code) for row in about if row.provenance == "keyed"}
        sheets = sort_sheets(scheme, map(answer_of, about))
        counted += [_counted(unit, sheet, keyed, set_aside=False) for sheet in sheets.counted]
        counted += [_counted(unit, sheet, keyed, set_aside=True) for sheet in sheets.set_aside]
    return counted


def keep_counted(session: Session, version: IndexVersion, counted: Sequence[CountedSheet]) -> None:
    """Add the rows to a version that is flushed."""
    for sheet in counted:
        sheet.version_id = version.id
    session.add_all(counted)


def _counted(
    unit: Unit, sheet: Sequence[Answer], keyed: set[tuple[int, str]], *, set_aside: bool
) -> CountedSheet:
    return CountedSheet(
        unit_id=unit.id,
        sheet_id=sheet[0].sheet,
        form_code=sheet[0].form,
        group_code=sheet[0].group,
        set_aside=set_aside,
        answers={answer.question: answer.outcome for answer in sheet},
        keyed=[answer.question for answer in sheet if (answer.sheet, answer.question) in keyed],
    )
