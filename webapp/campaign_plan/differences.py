"""What would change if one campaign took the place of another: rows added, changed and removed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from webapp.campaign_plan.parts import GENERAL, PARTS, Cells, Column, Part, plan_rows
from webapp.campaign_plan.plan import CampaignPlan


class Kind(StrEnum):
    """What happens to a row."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    MOVED = "moved"  # the rows that stay stand in another order


@dataclass(frozen=True, slots=True)
class CellChange:
    """A cell before and after."""

    column: Column
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that differs; `row` is how it is afterwards, or was before it is removed."""

    part: Part
    kind: Kind
    key: str
    row: Cells
    cells: tuple[CellChange, ...] = ()

    def as_plain(self) -> dict[str, object]:
        """For the log."""
        cells = {cell.column.code: [cell.before, cell.after] for cell in self.cells}
        return {"part": self.part.code, "kind": self.kind.value, "key": self.key, "cells": cells or self.row}


def differences(before: CampaignPlan | None, after: CampaignPlan) -> list[Difference]:
    """All rows that differ, part by part; without a `before` every row is added."""
    old = {} if before is None else plan_rows(before)
    new = plan_rows(after)
    found: list[Difference] = []
    for part in PARTS.values():
        found += _of_part(part, _by_key(part, old.get(part.code, [])), _by_key(part, new[part.code]))
    return found


def _by_key(part: Part, rows: list[Cells]) -> dict[str, Cells]:
    return {part.key(row): row for row in rows}


def _of_part(part: Part, old: Mapping[str, Cells], new: Mapping[str, Cells]) -> list[Difference]:
    found = [Difference(part, Kind.REMOVED, key, row) for key, row in old.items() if key not in new]
    for key, row in new.items():
        if key not in old:
            found.append(Difference(part, Kind.ADDED, key, row))
            continue
        cells = tuple(
            CellChange(column, old[key][column.code], row[column.code])
            for column in part.columns
            if old[key][column.code] != row[column.code]
        )
        if cells:
            found.append(Difference(part, Kind.CHANGED, key, row, cells))
    stay_old, stay_new = [key for key in old if key in new], [key for key in new if key in old]
    if stay_old != stay_new and part.code != GENERAL:
        found.append(Difference(part, Kind.MOVED, "", {"order": ", ".join(stay_new)}))
    return found
