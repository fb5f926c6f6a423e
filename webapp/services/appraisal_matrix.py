"""The appraisal of a level at a glance: units × components, and where each cell stands."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import NotFound
from webapp.par_index.scheme import ComponentCriterion
from webapp.persistence.appraisal import (
    AppraisedScoreEntry,
    SelfScoreEntry,
    Submission,
    evidence_changes,
    latest_appraised_scores,
    latest_self_scores,
)
from webapp.persistence.campaign import Campaign, Unit
from webapp.services.schemes import schemes_of_campaign
from webapp.services.unit_scores import last_said, still_stands


class CellState(StrEnum):
    """Where a cell stands; what still has to be done comes before how the points differ."""

    UNSENT = "unsent"
    WAITING = "waiting"  # sent, no points yet, or none that still stand
    MEETING = "meeting"  # proposed, the team decides
    ASKED = "asked"  # the unit has to explain, or has explained and waits for round two
    ASIDE = "aside"  # agreed that it does not apply
    LOWER = "lower"
    HIGHER = "higher"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Cell:
    """One component of one unit. Points are None where there are none, or where nobody may see them yet."""

    unit: Unit
    component: ComponentCriterion
    state: CellState
    self_points: Decimal | None = None
    points: Decimal | None = None
    reason: str = ""

    @property
    def difference(self) -> Decimal | None:
        """Appraised less self-scored points."""
        return None if self.points is None or self.self_points is None else self.points - self.self_points

    @property
    def is_changed(self) -> bool:
        """Whether the appraisal differs from what the unit declared, whatever else waits."""
        is_appraised = self.state not in (CellState.WAITING, CellState.UNSENT)
        return is_appraised and self.points != self.self_points

    @property
    def can_be_opened(self) -> bool:
        """Whether there is anything to see: a draft is nobody's business but the unit's."""
        return self.state is not CellState.UNSENT


@dataclass(frozen=True, slots=True)
class Matrix:
    """All cells of a level, in their printed order; `cells` by (unit code, component code)."""

    level: str
    units: Sequence[Unit]
    components: Sequence[ComponentCriterion]
    cells: Mapping[tuple[str, str], Cell]

    def row(self, unit: Unit) -> list[Cell]:
        """A unit's cells."""
        return [self.cells[unit.code, component.code] for component in self.components]

    def column(self, component: ComponentCriterion) -> list[Cell]:
        """A component's cells."""
        return [self.cells[unit.code, component.code] for unit in self.units]

    def component(self, code: str) -> ComponentCriterion:
        """A component of the level that is scored by hand.

        Raises:
            NotFound: there is none with this code.
        """
        for component in self.components:
            if component.code == code:
                return component
        raise NotFound("Không có tiêu chí tự chấm nào mang mã này trong bộ chỉ số của cấp.")

    def count(self, is_wanted: Callable[[Cell], bool]) -> int:
        """How many cells are wanted."""
        return sum(is_wanted(cell) for cell in self.cells.values())

    def only(self, is_wanted: Callable[[Cell], bool]) -> "Matrix":
        """The units and components that have any wanted cell."""
        kept = [cell for cell in self.cells.values() if is_wanted(cell)]
        units, codes = {cell.unit.code for cell in kept}, {cell.component.code for cell in kept}
        return Matrix(
            self.level,
            [unit for unit in self.units if unit.code in units],
            [component for component in self.components if component.code in codes],
            self.cells,
        )


def load_matrix(session: Session, campaign: Campaign, level: str) -> Matrix:
    """Every unit of a level with every component that is scored by hand.

    Raises:
        NotFound: the campaign has no such level, or no scheme for it.
    """
    scheme = schemes_of_campaign(session, campaign.id).get(level)
    if scheme is None:
        raise NotFound("Cấp này chưa có bộ chỉ số nên chưa có gì để thẩm định.")
    units = [unit for unit in campaign.units if unit.level == level]
    ids = [unit.id for unit in units]
    sent = set(
        session.scalars(
            select(Submission.unit_id).where(
                Submission.campaign_id == campaign.id, Submission.submitted_at.is_not(None)
            )
        )
    )
    declared, appraised = latest_self_scores(session, ids), latest_appraised_scores(session, ids)
    changes = evidence_changes(session, ids)
    cells = {
        (unit.code, leaf.code): _cell(
            unit,
            leaf,
            declared.get((unit.id, leaf.code)),
            appraised.get((unit.id, leaf.code)),
            changes.get((unit.id, leaf.code)),
        )
        if unit.id in sent
        else Cell(unit, leaf, CellState.UNSENT)
        for unit in units
        for leaf in scheme.appraised
    }
    return Matrix(level, units, scheme.appraised, cells)


def _cell(
    unit: Unit,
    component: ComponentCriterion,
    declared: SelfScoreEntry | None,
    appraised: AppraisedScoreEntry | None,
    evidence_changed_at: dt.datetime | None,
) -> Cell:
    own = None if declared is None or declared.not_applicable else declared.points
    said_at = last_said(declared, evidence_changed_at)
    if appraised is None or not still_stands(component, appraised, said_at):
        return Cell(unit, component, CellState.WAITING, own)
    points = None if appraised.not_applicable else appraised.points
    return Cell(unit, component, _state(appraised, own), own, points, appraised.reason)


def _state(appraised: AppraisedScoreEntry, own: Decimal | None) -> CellState:
    if appraised.awaits_meeting:
        return CellState.MEETING
    if appraised.question:
        return CellState.ASKED
    if appraised.not_applicable:
        return CellState.ASIDE
    if own is None or appraised.points == own:
        return CellState.SAME if own is not None else CellState.LOWER
    return CellState.HIGHER if appraised.points > own else CellState.LOWER
