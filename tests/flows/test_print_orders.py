"""Orders on both databases: serials run on, never twice; each campaign counts its own; packs are whole."""

import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ocr.sheet_code import pack_code
from ocr.template import FormLibrary
from tests.worlds.small import SmallWorld, make_small_world
from webapp.errors import InvalidInput, NotFound
from webapp.persistence.campaign import Campaign, Pack, PrintOrder, Sheet
from webapp.services.packs import plan_campaign
from webapp.services.print_files import batch_files, write_pdf
from webapp.services.print_needs import Need, PackNeed, load_needs
from webapp.services.printing import find_batch, list_batches, order_extra, order_missing, replace_sheet

LIBRARY = FormLibrary(Path(__file__).parents[2] / "forms_templates")


def of(form: str, group: str, place: str | None = None) -> Callable[[PackNeed], bool]:
    """The packs of one form and group, at one place or at all."""

    def wanted(need: PackNeed) -> bool:
        at_place = place is None or (need.place is not None and need.place.code == place)
        return (need.group.form_code, need.group.code) == (form, group) and at_place

    return wanted


def order(
    session: Session, campaign: Campaign, wanted: Callable[[PackNeed], bool], now: dt.datetime
) -> list[PrintOrder]:
    return order_missing(session, "clerk", LIBRARY, campaign=campaign, is_wanted=wanted, now=now)


def total(session: Session, world: SmallWorld) -> Need:
    return sum((need.need for need in load_needs(session, world.campaign)), Need())


def test_serials_run_on_and_needs_follow(session: Session, now: dt.datetime) -> None:
    world = make_small_world(session, now)
    order(session, world.campaign, of("CX1", "DB"), now)
    later = now + dt.timedelta(minutes=1)
    (leaders,) = order(session, world.campaign, of("CX1", "LD", "19186"), later)
    assert session.scalars(select(Sheet.serial).order_by(Sheet.serial)).all() == list(range(1, 33))
    assert total(session, world) == Need(due=152, printed=32, missing=120)
    newest, oldest = list_batches(session, world.campaign)
    assert (newest.sheet_count, newest.first.pack.code) == (2, leaders.pack.code)
    assert (oldest.sheet_count, oldest.first.first_serial, oldest.last_serial) == (30, 1, 30)
    replace_sheet(session, "clerk", LIBRARY, campaign=world.campaign, serial=16, now=later)
    batch = find_batch(session, world.campaign, oldest.first.id)
    assert batch.voided == 1
    out = io.BytesIO()
    write_pdf(LIBRARY, batch_files(session, world.campaign, batch), out)
    with pikepdf.open(out) as pdf:
        assert len(pdf.pages) == 2 * 2 + 2 * 29, "two cover slips, and every sheet but the void one"


def test_a_persons_pack_holds_one_sheet_about_each_unit(session: Session, now: dt.datetime) -> None:
    world = make_small_world(session, now)
    orders = order(session, world.campaign, of("CX3", "CH"), now)
    assert [
        (o.pack.place_unit.code, o.pack.person_number, o.sheet_count) for o in orders if o.pack.place_unit
    ] == [("NV", 1, 2)]
    orders = order(session, world.campaign, of("CH3", "CX"), now)
    assert [(o.pack.place_unit.code, o.pack.person_number) for o in orders if o.pack.place_unit] == [
        ("19111", 1),
        ("19111", 2),
        ("19186", 1),
        ("19186", 2),
    ]
    about = session.scalars(select(Sheet).where(Sheet.pack_id == orders[0].pack_id)).all()
    assert [sheet.unit.code for sheet in about] == ["NV"]
    (office, *_rest) = order(session, world.campaign, of("CH1", "LD"), now)
    assert office.pack.place_unit is None
    with pytest.raises(InvalidInput, match="mỗi đơn vị một tờ"):
        order_extra(
            session, "clerk", LIBRARY, campaign=world.campaign, code=office.pack.code, count=1, now=now
        )


def test_the_whole_campaign_is_ordered_at_once_and_once_only(session: Session, now: dt.datetime) -> None:
    world = make_small_world(session, now)
    orders = order(session, world.campaign, lambda _need: True, now)
    assert total(session, world) == Need(due=152, printed=152, missing=0)
    assert len(orders) == len(plan_campaign(session, world.campaign)) == 3 + 1 + 4 + 1 + 2 * 4 + 1
    with pytest.raises(InvalidInput, match="Không còn phiếu nào thiếu"):
        order(session, world.campaign, lambda _need: True, now)
    codes = session.scalars(select(Pack.code).order_by(Pack.id)).all()
    assert codes == [pack_code(number) for number in range(1, len(orders) + 1)]
    strays = select(func.count()).select_from(Sheet).join(Pack).where(Pack.group_id != Sheet.group_id)
    assert session.scalar(strays) == 0


def test_spare_sheets_go_into_the_pack_and_hide_no_gap(session: Session, now: dt.datetime) -> None:
    world = make_small_world(session, now)
    (order_of_pack,) = order(session, world.campaign, of("CX4", "DN", "19186"), now)
    code = order_of_pack.pack.code
    order_extra(session, "clerk", LIBRARY, campaign=world.campaign, code=code, count=5, now=now)
    assert total(session, world) == Need(due=152, printed=35, missing=122)
    for count in (0, -1, 501):
        with pytest.raises(InvalidInput, match="từ 1 đến 500"):
            order_extra(session, "clerk", LIBRARY, campaign=world.campaign, code=code, count=count, now=now)


def test_a_replacement_knows_what_it_replaces(session: Session, now: dt.datetime) -> None:
    world = make_small_world(session, now)
    (first,) = order(session, world.campaign, of("CX4", "DN", "19186"), now)
    new = replace_sheet(session, "clerk", LIBRARY, campaign=world.campaign, serial=2, now=now)
    old = session.scalars(select(Sheet).where(Sheet.serial == 2)).one()
    assert new.pack_id == first.pack_id
    assert old.voided_at == now
    assert old.replacement is not None
    assert (old.replacement.serial, old.replacement.unit.code) == (31, "19186")


def test_another_campaign_has_serials_and_orders_of_its_own(session: Session, now: dt.datetime) -> None:
    world = make_small_world(session, now)
    (first,) = order(session, world.campaign, of("CX4", "DN", "19186"), now)
    other = Campaign(year=2021, name="2021", office_name="UBND", place="", self_score_due_at=now)
    session.add(other)
    session.flush()
    assert list_batches(session, other) == []
    with pytest.raises(NotFound):
        find_batch(session, other, first.id)
    with pytest.raises(NotFound):
        replace_sheet(session, "clerk", LIBRARY, campaign=other, serial=1, now=now)
    with pytest.raises(NotFound, match="không có bộ phiếu"):
        order_extra(session, "clerk", LIBRARY, campaign=other, code=first.pack.code, count=1, now=now)
