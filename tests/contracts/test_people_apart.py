"""Who was asked stays apart from what was answered: in schema, code, log and every paper.

The schema and the code are walked; the log and the papers are in tests/flows/test_payments.py.
"""

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table

from tests.contracts.sources import WEBAPP
from webapp.persistence.all_tables import Base
from webapp.persistence.people import Enumerator, Respondent

PEOPLE = {Respondent.__tablename__, Enumerator.__tablename__}
HUBS = {"campaign", "unit", "respondent_group"}  # all that people and paper may have in common
MAY_HOLD = {
    "respondent": {"id", "campaign_id", "place_unit_id", "group_id", "name", "post", "erased_on"},
    "enumerator": {"id", "campaign_id", "place_unit_id", "name", "post", "phone", "erased_on"},
}
# Tables and modules that know a single sheet, its reading or its answers.
PAPER = {
    "Sheet",
    "Page",
    "Reading",
    "FieldReading",
    "ReviewItem",
    "Decision",
    "Pack",
    "PrintOrder",
    "HandOver",
}
ANSWERS = ("webapp.persistence.scans", "webapp.persistence.readings", "webapp.persistence.responses",
           "webapp.persistence.verification", "webapp.persistence.page_resolutions",
    "webapp.persistence.hand_over")  # fmt: skip


def links(metadata: MetaData) -> list[str]:
    """Every foreign key between people and anything that is not a hub, whichever way it points."""
    keys = [key for table in metadata.tables.values() for key in table.foreign_keys]
    pairs = [(key.parent.table.name, key.column.table.name, str(key.parent)) for key in keys]
    return [
        where
        for one, other, where in pairs
        if (one in PEOPLE and other not in HUBS | PEOPLE) or (other in PEOPLE and one not in PEOPLE)
    ]


def unexpected_columns(metadata: MetaData) -> set[str]:
    """What people's tables hold beyond what they may: a serial need not be a foreign key to be a link."""
    return {
        f"{name}.{column.name}"
        for name in PEOPLE
        for column in metadata.tables[name].columns
        if column.name not in MAY_HOLD[name]
    }


def copy_of_schema() -> MetaData:
    """The schema, to be spoilt."""
    copied = MetaData()
    for table in Base.metadata.tables.values():
        table.to_metadata(copied)
    return copied


def test_no_foreign_key_leads_from_people_to_paper() -> None:
    assert links(Base.metadata) == []


def test_people_hold_nothing_that_could_be_laid_beside_a_sheet() -> None:
    assert unexpected_columns(Base.metadata) == set()


@pytest.mark.parametrize(
    ("table", "target"), [("respondent", "sheet"), ("sheet", "respondent"), ("page", "enumerator")]
)
def test_a_link_that_somebody_adds_is_found(table: str, target: str) -> None:
    spoilt = copy_of_schema()
    spoilt.tables[table].append_column(Column("added_id", Integer, ForeignKey(f"{target}.id")))
    assert links(spoilt) == [f"{table}.added_id"]


def test_a_table_that_would_join_them_is_found() -> None:
    spoilt = copy_of_schema()
    Table(
        "who_got_what",
        spoilt,
        Column("sheet_id", ForeignKey("sheet.id")),
        Column("respondent_id", ForeignKey("respondent.id")),
    )
    assert links(spoilt) == ["who_got_what.respondent_id"]


def test_a_serial_beside_a_name_is_found() -> None:
    spoilt = copy_of_schema()
    spoilt.tables["respondent"].append_column(Column("serial", Integer))
    assert unexpected_columns(spoilt) == {"respondent.serial"}


def imported(tree: ast.Module) -> set[str]:
    """Modules, and names with their modules, that a file imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def names_both(names: Iterable[str]) -> bool:
    """Whether a file sees people and single sheets at once."""
    names = set(names)
    sees_people = any(name.startswith("webapp.persistence.people") for name in names)
    sees_paper = any(name.startswith(ANSWERS) or name.rpartition(".")[2] in PAPER for name in names)
    return sees_people and sees_paper


def python_files() -> list[Path]:
    return [path for path in sorted(WEBAPP.rglob("*.py")) if path.name != "all_tables.py"]


def test_no_module_sees_people_and_sheets_at_once() -> None:
    seen = [
        path for path in python_files() if names_both(imported(ast.parse(path.read_text(encoding="utf-8"))))
    ]
    assert seen == []
    assert names_both({"webapp.persistence.people", "webapp.persistence.campaign.Sheet"})
    assert names_both({"webapp.persistence.people.Respondent", "webapp.persistence.readings.Reading"})
