"""Properties of packs: whatever the plan, whoever hands over what, both axes count the same sheets once."""

import contextlib
import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from ocr.sheet_code import serial_text
from ocr.template import FormLibrary
from tests.conftest import NOW
from tests.worlds.small import make_small_world
from webapp.errors import AppError
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.campaign import Campaign, Pack, RespondentGroup, Sheet, Unit
from webapp.services import hand_over
from webapp.services.hand_over_lists import list_lines, sum_by_place, sum_by_unit
from webapp.services.packs import plan_packs
from webapp.services.printing import order_missing
from webapp.services.sheet_counts import Reached

LEVELS = ("first", "second")


@st.composite
def plans(draw: st.DrawFn) -> tuple[list[Unit], list[RespondentGroup]]:
    """Units of two levels and groups that are handed out wherever the plan likes."""
    sizes = {level: draw(st.integers(1, 5)) for level in LEVELS}
    levels = [level for level, size in sizes.items() for _ in range(size)]
    units = [Unit(id=n, code=f"U{n}", name=f"u{n}", level=level) for n, level in enumerate(levels, 1)]
    groups = []
    for number in range(1, draw(st.integers(1, 5)) + 1):
        place = draw(st.sampled_from(("unit", "office", *LEVELS)))
        people = None if place == "unit" else draw(st.integers(1, 4))
        places = 1 if place in ("unit", "office") else sizes[place]
        sheets = draw(st.integers(1, 30)) if people is None else people * places
        groups.append(
            RespondentGroup(
                id=number,
                form_code=f"F{number}",
                level=draw(st.sampled_from(LEVELS)),
                place=place,
                people_per_place=people,
                sheets_per_unit=sheets,
            )
        )
    return units, groups


@given(plans())
def test_the_packs_of_a_plan_hold_every_sheet_once(plan: tuple[list[Unit], list[RespondentGroup]]) -> None:
    units, groups = plan
    packs = plan_packs(units, groups)
    assert len({pack.key for pack in packs}) == len(packs)
    for group in groups:
        for unit in units:
            about = sum(
                count
                for pack in packs
                if pack.group is group
                for rated, count in pack.sheets
                if rated is unit
            )
            assert about == (group.sheets_per_unit if unit.level == group.level else 0)
    order = [units.index(pack.place) if pack.place else -1 for pack in packs]
    assert order == sorted(order), "place by place, as they are carried to the printer"


# What a clerk does: hand out or take back a sheet or a pack, or undo a line; many of these are refused.
acts = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["giao", "thu"]), st.integers(1, 8)),
        st.tuples(st.sampled_from(["giao-bo", "thu-bo"]), st.integers(1, 5)),
        st.tuples(st.just("undo"), st.integers(1, 12)),
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> str:
    """A database with a few packs: leaders at two communes, and one person's of two sheets."""
    path = tmp_path_factory.mktemp("packs") / "packs.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    engine = make_engine(f"sqlite:///{path}")
    library = FormLibrary(Path(__file__).parents[2] / "forms_templates")
    with make_session_factory(engine).begin() as session:
        world = make_small_world(session, NOW)
        order_missing(
            session,
            "clerk",
            library,
            campaign=world.campaign,
            is_wanted=lambda need: (need.group.form_code, need.group.code) in {("CX1", "LD"), ("CX3", "CH")},
            now=NOW,
        )
    engine.dispose()
    return f"sqlite:///{path}"


@settings(max_examples=30)
@given(acts)
def test_whatever_is_handed_over_both_axes_agree(printed: str, done: list[tuple[str, int]]) -> None:
    engine = make_engine(printed)
    with make_session_factory(engine)() as session:
        campaign = session.scalars(select(Campaign)).one()
        for minute, (act, number) in enumerate(done):
            _do(session, campaign, act, number, NOW + dt.timedelta(minutes=minute))
            assert_agree(session, campaign)
        session.rollback()
    engine.dispose()


def _do(session: Session, campaign: Campaign, act: str, number: int, now: dt.datetime) -> None:
    """One thing, in a savepoint of its own: a refusal keeps nothing, as in a request."""
    codes = session.scalars(select(Pack.code).order_by(Pack.id)).all()
    typed = codes[(number - 1) % len(codes)] if act.endswith("bo") else serial_text(number)
    with contextlib.suppress(AppError), session.begin_nested():
        if act == "undo":
            hand_over.undo(session, "clerk", campaign, number, now)
        elif act.startswith("giao"):
            hand_over.issue(session, "clerk", campaign, typed, person="A", now=now)
        else:
            hand_over.take_back(session, "clerk", campaign, typed, now=now)


def assert_agree(session: Session, campaign: Campaign) -> None:
    """Both axes and the packs give one total, no stage exceeds the one before, missing = out − back."""
    by_place = sum(sum_by_place(session, campaign).values(), Reached())
    by_unit = sum(sum_by_unit(session, campaign).values(), Reached())
    lines = list_lines(session, campaign)
    by_pack = sum((line.reached for line in lines), Reached())
    assert by_place == by_unit == by_pack
    assert by_place.printed == len(session.scalars(select(Sheet.id)).all()) == 6
    assert by_place.printed >= by_place.issued >= by_place.returned >= by_place.read
    for line in lines:
        assert len(line.missing_serials) == line.reached.issued - line.reached.returned
