"""What would change if some tables took the place of others: rows added, changed, removed and moved."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from webapp.typed_tables.parts import Cells, Column, Part, Rows


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


def differences_of(
    parts: Iterable[Part], before: Mapping[str, Rows], after: Mapping[str, Rows]
) -> list[Difference]:
    """All rows that differ, part by part; without rows before, every row is added."""
    found: list[Difference] = []
    for part in parts:
        found += _of_part(part, _by_key(part, before.get(part.code, [])), _by_key(part, after[part.code]))
    return found


def _by_key(part: Part, rows: Rows) -> dict[str, Cells]:
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
    if stay_old != stay_new:
        found.append(Difference(part, Kind.MOVED, "", {"order": ", ".join(stay_new)}))
    return found
