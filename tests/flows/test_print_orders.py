"""Orders on both databases: serials run on, never twice, and each campaign counts its own."""

import datetime as dt
import io
from pathlib import Path

import pikepdf
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ocr.template import FormLibrary
from tests.worlds.small import make_small_world
from webapp.errors import InvalidInput, NotFound
from webapp.persistence.campaign import Campaign, RespondentGroup, Sheet
from webapp.services.print_needs import load_need, load_needs
from webapp.services.printing import find_batch, list_batches, order_sheets, print_batch, replace_sheet

LIBRARY = FormLibrary(Path(__file__).parents[2] / "forms_templates")


def group_of(session: Session, form: str, code: str) -> RespondentGroup:
    found = select(RespondentGroup).where(RespondentGroup.form_code == form, RespondentGroup.code == code)
    return session.scalars(found).one()


def test_serials_run_on_and_needs_follow(session: Session, now: dt.datetime) -> None:
    world = make_small_world(session, now)
    deputies, leaders = group_of(session, "CX1", "DB"), group_of(session, "CX1", "LD")
    both = [(world.units["19111"], 15), (world.units["19186"], 15)]
    order_sheets(session, "clerk", LIBRARY, group=deputies, counts=both, now=now)
    later = now + dt.timedelta(minutes=1)
    order_sheets(session, "clerk", LIBRARY, group=leaders, counts=[(world.units["19186"], 1)], now=later)
    assert session.scalars(select(Sheet.serial).order_by(Sheet.serial)).all() == list(range(1, 32))
    assert load_need(session, world.campaign, deputies).missing == 0
    assert load_need(session, world.campaign, leaders).missing == 3
    assert sum(need.printed for need in load_needs(session, world.campaign)) == 31
    newest, oldest = list_batches(session, world.campaign)
    assert (newest.sheet_count, newest.first.group.code) == (1, "LD")
    assert (oldest.sheet_count, oldest.first.first_serial, oldest.last_serial) == (30, 1, 30)
    replace_sheet(session, "clerk", LIBRARY, campaign=world.campaign, serial=16, now=later)
    batch = find_batch(session, world.campaign, oldest.first.id)
    assert batch.voided == 1
    out = io.BytesIO()
    print_batch(session, world.campaign, LIBRARY, batch, out)
    with pikepdf.open(out) as pdf:
        assert len(pdf.pages) == 58


def test_another_campaign_has_serials_and_orders_of_its_own(session: Session, now: dt.datetime) -> None:
    world = make_small_world(session, now)
    group = group_of(session, "CX4", "DN")
    (order,) = order_sheets(
        session, "clerk", LIBRARY, group=group, counts=[(world.units["19186"], 2)], now=now
    )
    other = Campaign(year=2021, name="2021", office_name="UBND", place="", self_score_due_at=now)
    session.add(other)
    session.flush()
    assert list_batches(session, other) == []
    with pytest.raises(NotFound):
        find_batch(session, other, order.id)
    with pytest.raises(NotFound):
        replace_sheet(session, "clerk", LIBRARY, campaign=other, serial=1, now=now)


def test_nothing_is_ordered_for_the_wrong_level(session: Session, now: dt.datetime) -> None:
    world = make_small_world(session, now)
    group = group_of(session, "CX4", "DN")
    with pytest.raises(InvalidInput, match="không hỏi về"):
        order_sheets(session, "clerk", LIBRARY, group=group, counts=[(world.units["NV"], 1)], now=now)
