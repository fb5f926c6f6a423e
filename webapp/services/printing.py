"""Order sheets, pack by pack: every printed sheet is a row with a serial of its own before it is a page.

A lost or spoilt sheet is never printed again: its row is voided and a new sheet of its pack takes its place.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, func, insert, select
from sqlalchemy.orm import Session, joinedload

from ocr.booklet import SIDES_PER_PAPER, plan_booklet
from ocr.sheet_code import serial_text
from ocr.template import FormLibrary
from webapp.errors import InvalidInput, NotFound
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign, Pack, PrintOrder, RespondentGroup, Sheet, Unit
from webapp.persistence.scans import Page
from webapp.services.booklets import bind_booklet
from webapp.services.packs import find_pack, make_packs
from webapp.services.print_needs import PackNeed, load_needs

MAX_EXTRA_SHEETS = 500


@dataclass(frozen=True, slots=True)
class PrintBatch:
    """Orders that one person gave at one moment: they are downloaded together.

    Of its good sheets, `booklets` is how many booklets hold some, `papers` how many pieces of paper all are.
    """

    orders: tuple[PrintOrder, ...]
    voided: int
    booklets: int = 0
    papers: int = 0

    @property
    def first(self) -> PrintOrder:
        """The order that stands for the batch in its address."""
        return self.orders[0]

    @property
    def sheet_count(self) -> int:
        """Good sheets in it."""
        return sum(order.sheet_count for order in self.orders) - self.voided

    @property
    def last_serial(self) -> int:
        """The highest serial of the batch."""
        return max(order.last_serial for order in self.orders)

    @property
    def places(self) -> list[Unit | None]:
        """Where its packs go, each once, in order; None: the office."""
        return list(dict.fromkeys(order.pack.place_unit for order in self.orders))


@dataclass(frozen=True, slots=True)
class Replacement:
    """What a replacement would do: `paper` are the sheets that become void, a booklet's all at once.

    `trashed_pages`: pictures of them in the trash, which stay there and will not count.
    """

    sheet: Sheet
    paper: tuple[Sheet, ...]
    trashed_pages: int

    @property
    def is_booklet(self) -> bool:
        """Whether the sheet is a row of one."""
        return self.sheet.booklet_id is not None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Sheets that a pack is to get: how many about each unit, apart or as one booklet."""

    group: RespondentGroup
    pack: Pack
    sheets: Sequence[tuple[Unit, int]]
    as_booklet: bool = False

    @property
    def count(self) -> int:
        return sum(count for _unit, count in self.sheets)


def order_missing(
    session: Session,
    actor: str,
    library: FormLibrary,
    *,
    campaign: Campaign,
    is_wanted: Callable[[PackNeed], bool],
    now: dt.datetime,
) -> list[PrintOrder]:
    """Make all sheets that the wanted packs are short of, with the next serials of all.

    Raises:
        InvalidInput: nothing is missing.
        TemplateInvalid: a form is missing or broken.
    """
    _take_turn(session)
    short = [need for need in load_needs(session, campaign) if is_wanted(need) and need.need.missing]
    if not short:
        raise InvalidInput("Không còn phiếu nào thiếu để lập. Số phiếu vẫn như cũ.")
    packs = make_packs(session, [need.planned for need in short])
    wanted = [
        _Wanted(
            need.group,
            pack,
            [(row.unit, row.missing) for row in need.units if row.missing],
            as_booklet=need.group.in_booklets,
        )
        for need, pack in zip(short, packs, strict=True)
    ]
    return _add_orders(session, actor, library, wanted, now)


def order_extra(
    session: Session,
    actor: str,
    library: FormLibrary,
    *,
    campaign: Campaign,
    code: str,
    count: int,
    now: dt.datetime,
) -> PrintOrder:
    """Make spare sheets for a pack about one unit; gives their order.

    Raises:
        NotFound: no such pack.
        InvalidInput: a count out of range, or a pack with one sheet about each of many units.
    """
    _take_turn(session)
    pack = find_pack(session, campaign, code)
    if pack.person_number is not None:
        raise InvalidInput("Bộ %(code)s là của một người, mỗi đơn vị một tờ: không in thừa được.", code=code)
    if not 1 <= count <= MAX_EXTRA_SHEETS:
        raise InvalidInput("Số tờ của một lần in thêm phải từ 1 đến %(most)s.", most=MAX_EXTRA_SHEETS)
    unit = session.get_one(Unit, pack.place_unit_id)
    (order,) = _add_orders(session, actor, library, [_Wanted(pack.group, pack, [(unit, count)])], now)
    return order


def plan_replacement(session: Session, campaign: Campaign, serial: int) -> Replacement:
    """What replacing this sheet would void and what it would keep; nothing is changed.

    Raises:
        NotFound: no such sheet in this campaign.
        InvalidInput: the sheet is void already, or a scan of it counts: then it is not lost.
    """
    sheet = _find_sheet(session, campaign, serial)
    name = serial_text(serial)
    if sheet.voided_at is not None:
        raise InvalidInput("Phiếu %(serial)s đã được hủy từ trước; không cần hủy lại.", serial=name)
    states = session.scalars(select(Page.state).where(Page.sheet_id == sheet.paper_id)).all()
    if any(state != "trashed" for state in states):
        raise InvalidInput(
            "Phiếu %(serial)s đã quét, không phải phiếu bị mất. Không hủy."
            " Nếu tờ giấy hỏng khi mới quét một mặt, bỏ trang đã quét vào thùng rác ở lô của nó trước.",
            serial=name,
        )
    paper = session.scalars(select(Sheet).where(Sheet.paper_id == sheet.paper_id).order_by(Sheet.serial))
    return Replacement(sheet, tuple(paper), trashed_pages=len(states))


def replace_sheet(
    session: Session, actor: str, library: FormLibrary, *, campaign: Campaign, serial: int, now: dt.datetime
) -> PrintOrder:
    """Void a lost or spoilt sheet and order a new one of its pack in its place; the order of the new one.

    Of a booklet all sheets are void, and a new booklet about the same units takes its place.

    Raises:
        NotFound: no such sheet in this campaign.
        InvalidInput: the sheet is void already, or a scan of it counts: then it is not lost.
    """
    _take_turn(session)
    session.execute(select(Sheet.id).where(_is_sheet(campaign, serial)).with_for_update())
    plan = plan_replacement(session, campaign, serial)
    old, pack = plan.paper, plan.sheet.pack
    wanted = _Wanted(plan.sheet.group, pack, [(one.unit, 1) for one in old], as_booklet=plan.is_booklet)
    (order,) = _add_orders(session, actor, library, [wanted], now)
    made = select(Sheet).where(Sheet.print_order_id == order.id).order_by(Sheet.serial)
    for one, new in zip(old, session.scalars(made), strict=True):
        one.voided_at, new.replaces_id = now, one.id
        write_log(session, now, actor, "sheet_voided", f"sheet/{one.serial}", replaced_by=new.serial)
    return order


def list_batches(session: Session, campaign: Campaign, limit: int = 50) -> list[PrintBatch]:
    """What was ordered, newest first."""
    grouped: dict[tuple[object, ...], list[PrintOrder]] = defaultdict(list)
    for order in session.scalars(_orders(campaign).order_by(PrintOrder.id.desc())):
        grouped[(order.ordered_at, order.ordered_by)].append(order)
    counts = _count_by_order(session, campaign)
    return [_batch(batch, counts) for batch in list(grouped.values())[:limit]]


def find_batch(session: Session, campaign: Campaign, order_id: int) -> PrintBatch:
    """The batch that an order stands for.

    Raises:
        NotFound: no such order in this campaign.
    """
    order = session.get(PrintOrder, order_id)
    if order is None or order.campaign_id != campaign.id:
        raise NotFound("Không có lần in này.")
    same = (PrintOrder.ordered_at == order.ordered_at, PrintOrder.ordered_by == order.ordered_by)
    return _batch(session.scalars(_orders(campaign).where(*same)).all(), _count_by_order(session, campaign))


def _orders(campaign: Campaign) -> Select[PrintOrder]:
    pack = joinedload(PrintOrder.pack)
    return (
        select(PrintOrder)
        .options(pack.joinedload(Pack.group), pack.joinedload(Pack.place_unit))
        .where(PrintOrder.campaign_id == campaign.id)
    )


def _take_turn(session: Session) -> None:
    """Two clerks at once never get the same serials, nor order the same pack twice."""
    session.scalars(select(Campaign).with_for_update()).all()


def _add_orders(
    session: Session, actor: str, library: FormLibrary, wanted: Sequence[_Wanted], now: dt.datetime
) -> list[PrintOrder]:
    """The orders with their sheets; serials go on from those of all years, so that old paper is foreign."""
    versions = {code: library.latest(code).version for code in {pack.group.form_code for pack in wanted}}
    serial = first = (session.scalar(select(func.max(Sheet.serial))) or 0) + 1
    orders = []
    for pack in wanted:
        order = PrintOrder(
            ordered_by=actor, ordered_at=now, pack=pack.pack, campaign_id=pack.group.campaign_id
        )
        order.first_serial, order.sheet_count = serial, pack.count
        serial += pack.count
        orders.append(order)
    session.add_all(orders)
    session.flush()  # their sheets need their ids
    rows = [
        row
        for order, pack in zip(orders, wanted, strict=True)
        for row in _sheet_rows(order, pack, versions[pack.group.form_code])
    ]
    session.execute(insert(Sheet), rows)
    for order, pack in zip(orders, wanted, strict=True):
        if pack.as_booklet:
            pages = plan_booklet(library.latest(pack.group.form_code), pack.count).pages
            bind_booklet(session, order, len(pages))
    subject = f"pack/{orders[0].pack.code}" if len(orders) == 1 else f"packs/{len(orders)}"
    write_log(session, now, actor, "sheets_ordered", subject, first=first, sheets=serial - first)
    return orders


def _sheet_rows(order: PrintOrder, wanted: _Wanted, version: int) -> list[dict[str, object]]:
    """Unit after unit, the serials running on."""
    units = [unit for unit, count in wanted.sheets for _ in range(count)]
    return [
        {
            "campaign_id": order.campaign_id,
            "serial": serial,
            "form_code": wanted.group.form_code,
            "form_version": version,
            "group_id": wanted.group.id,
            "unit_id": unit.id,
            "pack_id": wanted.pack.id,
            "printed_at": order.ordered_at,
            "print_order_id": order.id,
            "sides": SIDES_PER_PAPER,
        }
        for serial, unit in enumerate(units, order.first_serial)
    ]


def _is_sheet(campaign: Campaign, serial: int) -> ColumnElement[bool]:
    return and_(Sheet.campaign_id == campaign.id, Sheet.serial == serial)


def _find_sheet(session: Session, campaign: Campaign, serial: int) -> Sheet:
    sheet = session.scalars(select(Sheet).where(_is_sheet(campaign, serial))).first()
    if sheet is None:
        raise NotFound("Chu kỳ này chưa in phiếu %(serial)s.", serial=serial_text(serial))
    return sheet


@dataclass(frozen=True, slots=True)
class _OrderCount:
    """Void sheets of an order, and the booklets and papers of its good ones."""

    voided: int = 0
    booklets: int = 0
    papers: int = 0


def _count_by_order(session: Session, campaign: Campaign) -> dict[int | None, _OrderCount]:
    good, bears_serial = Sheet.voided_at.is_(None), Sheet.paper_id == Sheet.id
    rows = session.execute(
        select(
            Sheet.print_order_id,
            func.count().filter(Sheet.voided_at.is_not(None)),
            func.count(Sheet.booklet_id.distinct()).filter(good),
            func.coalesce(func.sum(Sheet.sides).filter(good, bears_serial), 0),
        )
        .where(Sheet.campaign_id == campaign.id)
        .group_by(Sheet.print_order_id)
    )
    return {
        order_id: _OrderCount(voided, booklets, sides // SIDES_PER_PAPER)
        for order_id, voided, booklets, sides in rows
    }


def _batch(orders: Sequence[PrintOrder], counts: Mapping[int | None, _OrderCount]) -> PrintBatch:
    ordered = tuple(sorted(orders, key=lambda order: order.first_serial))
    own = [counts.get(order.id, _OrderCount()) for order in ordered]
    return PrintBatch(
        ordered,
        voided=sum(count.voided for count in own),
        booklets=sum(count.booklets for count in own),
        papers=sum(count.papers for count in own),
    )
