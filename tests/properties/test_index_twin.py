"""A second implementation of the formula, written as SQL, agrees with the program on 1,000 made-up years."""

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from tests.worlds.random_years import random_year
from webapp.par_index.compute import compute_index
from webapp.par_index.scheme import Scheme
from webapp.par_index.shapes import SurveyRule
from webapp.par_index.snapshot import Snapshot, UnitInputs

TWIN = (Path(__file__).parent / "index_twin.sql").read_text(encoding="utf-8")
TABLES = """
CREATE TABLE leaf(code, maximum REAL, kind, policy); CREATE TABLE unit(code);
CREATE TABLE score(unit, leaf, points REAL, aside); CREATE TABLE weight(leaf, pool, share REAL);
CREATE TABLE feed(question, pool, leaf); CREATE TABLE option_weight(question, option, share REAL);
CREATE TABLE answer(unit, pool, question, option, n);
"""
Line = tuple[Decimal, Decimal | None, int | None]  # total, index in percent, rank


def fill_scheme(database: sqlite3.Connection, scheme: Scheme) -> None:
    for leaf in scheme.scored:
        line = (leaf.code, float(leaf.maximum), leaf.rule.kind, leaf.not_applicable.policy)
        database.execute("INSERT INTO leaf VALUES (?, ?, ?, ?)", line)
        if isinstance(leaf.rule, SurveyRule):
            for weight in leaf.rule.weights:
                line_of_weight = (leaf.code, weight.pool, float(weight.weight))
                database.execute("INSERT INTO weight VALUES (?, ?, ?)", line_of_weight)
    for question in scheme.questions:
        for option in question.options:
            share = (question.code, option.code, float(option.weight))
            database.execute("INSERT INTO option_weight VALUES (?, ?, ?)", share)
        for pool in scheme.pools:
            if pool.form == question.form:
                feeds = [(question.code, pool.code, leaf) for leaf in question.feeds]
                database.executemany("INSERT INTO feed VALUES (?, ?, ?)", feeds)


def fill_unit(database: sqlite3.Connection, scheme: Scheme, unit: UnitInputs) -> None:
    database.execute("INSERT INTO unit VALUES (?)", (unit.code,))
    scores = [(unit.code, s.component, float(s.points), s.not_applicable) for s in unit.appraised]
    database.executemany("INSERT INTO score VALUES (?, ?, ?, ?)", scores)
    pools = {group: pool.code for pool in scheme.pools for group in pool.groups}
    answers = [
        (unit.code, pools[tally.group], tally.question, count.option, count.count)
        for tally in unit.survey.tallies
        for count in tally.counts
    ]
    database.executemany("INSERT INTO answer VALUES (?, ?, ?, ?, ?)", answers)


def by_the_twin(snapshot: Snapshot) -> dict[str, Line]:
    [scheme] = snapshot.schemes
    database = sqlite3.connect(":memory:")
    try:
        database.executescript(TABLES)
        fill_scheme(database, scheme)
        for unit in snapshot.units:
            fill_unit(database, scheme, unit)
        lines = database.execute(TWIN).fetchall()
    finally:
        database.close()
    return {
        code: (two(total), None if share is None else two(share), rank) for code, total, share, rank in lines
    }


def two(number: float) -> Decimal:
    return Decimal(f"{number:.2f}")


@pytest.mark.parametrize("hundred", range(10))
def test_sql_and_program_agree_on_a_thousand_years(hundred: int) -> None:
    incomplete = joint = 0
    for seed in range(100 * hundred, 100 * hundred + 100):
        snapshot = random_year(seed)
        units = compute_index(snapshot).levels[0].units
        expected = {unit.code: (unit.total, unit.index_percent, unit.rank) for unit in units}
        assert by_the_twin(snapshot) == expected, f"seed {seed}"
        incomplete += any(unit.rank is None for unit in units)
        joint += any(unit.rank is not None for unit in units)
    assert incomplete, "the years must have gaps, or nothing is tried"
    assert joint, "and whole units"
