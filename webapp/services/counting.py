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


def keep_counted(
    session: Session,
    version: IndexVersion,
    snapshot: Snapshot,
    campaign: Campaign,
    rows: Sequence[AcceptedAnswer],
) -> None:
    """Add one row a sheet: the same answers, sorted by the same rule, as the version was computed from."""
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
        session.add_all(_counted(version, unit, sheet, keyed, set_aside=False) for sheet in sheets.counted)
        session.add_all(_counted(version, unit, sheet, keyed, set_aside=True) for sheet in sheets.set_aside)


def _counted(
    version: IndexVersion,
    unit: Unit,
    sheet: Sequence[Answer],
    keyed: set[tuple[int, str]],
    *,
    set_aside: bool,
) -> CountedSheet:
    return CountedSheet(
        version_id=version.id,
        unit_id=unit.id,
        sheet_id=sheet[0].sheet,
        form_code=sheet[0].form,
        group_code=sheet[0].group,
        set_aside=set_aside,
        answers={answer.question: answer.outcome for answer in sheet},
        keyed=[answer.question for answer in sheet if (answer.sheet, answer.question) in keyed],
    )
