"""Order and print sheets: every printed sheet is a row with a serial of its own before it is a page.

A lost or spoilt sheet is never printed again: its row is voided and a new sheet takes its place.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from ocr.printing import PrintRun, print_runs
from ocr.sheet_code import serial_text
from ocr.template import FormLibrary
from webapp.errors import InvalidInput, NotFound
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign, PrintOrder, RespondentGroup, Sheet, Unit
from webapp.persistence.scans import Page
from webapp.services.imprint import imprint_of

MAX_SHEETS_PER_UNIT = 500


@dataclass(frozen=True, slots=True)
class PrintBatch:
    """Orders that one person gave at one moment for one group: they are downloaded as one PDF."""

    orders: tuple[PrintOrder, ...]
    voided: int

    @property
    def first(self) -> PrintOrder:
        """The order that stands for the batch in its address."""
        return self.orders[0]

    @property
    def sheet_count(self) -> int:
        """Good sheets in the PDF."""
        return sum(order.sheet_count for order in self.orders) - self.voided

    @property
    def last_serial(self) -> int:
        """The highest serial of the batch."""
        return max(order.first_serial + order.sheet_count - 1 for order in self.orders)


def order_sheets(
    session: Session,
    actor: str,
    library: FormLibrary,
    *,
    group: RespondentGroup,
    counts: Sequence[tuple[Unit, int]],
    now: dt.datetime,
) -> list[PrintOrder]:
    """Make the sheets of a group for one or more units, with the next serials of all.

    Raises:
        InvalidInput: a count out of range, no sheet at all, or a unit of another level.
        TemplateInvalid: the form is missing or broken.
    """
    wanted = [(unit, count) for unit, count in counts if count]
    if not wanted:
        raise InvalidInput("Chưa có đơn vị nào cần in. Nhập số tờ từ 1 trở lên.")
    version = library.latest(group.form_code).version
    session.scalars(select(Campaign).with_for_update()).all()  # two clerks at once never get the same serials
    orders = []
    for unit, count in wanted:
        _check_order(group, unit, count)
        order = _add_order(
            session, group, unit, PrintOrder(ordered_by=actor, ordered_at=now, sheet_count=count)
        )
        _add_sheets(session, order, version)
        orders.append(order)
    subject = f"group/{group.form_code}.{group.code}"
    sheets = sum(order.sheet_count for order in orders)
    write_log(session, now, actor, "sheets_ordered", subject, first=orders[0].first_serial, sheets=sheets)
    return orders


def replace_sheet(
    session: Session, actor: str, library: FormLibrary, *, campaign: Campaign, serial: int, now: dt.datetime
) -> PrintOrder:
    """Void a lost or spoilt sheet and order a new one in its place; gives the order of the new one.

    Raises:
        NotFound: no such sheet in this campaign.
        InvalidInput: the sheet is void already, or it was scanned: then it is not lost.
    """
    sheet = _find_sheet(session, campaign, serial)
    name = serial_text(serial)
    if sheet.voided_at is not None:
        raise InvalidInput("Phiếu %(serial)s đã được hủy từ trước; không cần hủy lại.", serial=name)
    if session.scalars(select(Page.id).where(Page.sheet_id == sheet.id).limit(1)).first() is not None:
        raise InvalidInput("Phiếu %(serial)s đã quét, không phải phiếu bị mất. Không hủy.", serial=name)
    sheet.voided_at = now
    write_log(session, now, actor, "sheet_voided", f"sheet/{sheet.serial}")
    (order,) = order_sheets(session, actor, library, group=sheet.group, counts=[(sheet.unit, 1)], now=now)
    return order


def list_batches(session: Session, campaign: Campaign, limit: int = 50) -> list[PrintBatch]:
    """What was ordered, newest first."""
    orders = session.scalars(
        select(PrintOrder)
        .options(joinedload(PrintOrder.group), joinedload(PrintOrder.unit))
        .where(PrintOrder.campaign_id == campaign.id)
        .order_by(PrintOrder.id.desc())
    )
    grouped: dict[tuple[object, ...], list[PrintOrder]] = defaultdict(list)
    for order in orders:
        grouped[(order.ordered_at, order.ordered_by, order.group_id)].append(order)
    voided = _voided_by_order(session, campaign)
    return [_batch(batch, voided) for batch in list(grouped.values())[:limit]]


def find_batch(session: Session, campaign: Campaign, order_id: int) -> PrintBatch:
    """The batch that an order stands for.

    Raises:
        NotFound: no such order in this campaign.
    """
    order = session.get(PrintOrder, order_id)
    if order is None or order.campaign_id != campaign.id:
        raise NotFound("Không có lần in này.")
    same = (
        PrintOrder.campaign_id == campaign.id,
        PrintOrder.ordered_at == order.ordered_at,
        PrintOrder.ordered_by == order.ordered_by,
        PrintOrder.group_id == order.group_id,
    )
    return _batch(list(session.scalars(select(PrintOrder).where(*same))), _voided_by_order(session, campaign))


def print_batch(
    session: Session, campaign: Campaign, library: FormLibrary, batch: PrintBatch, out: BinaryIO
) -> None:
    """Write the PDF of a batch; voided sheets are left out, so that they cannot come back.

    Raises:
        InvalidInput: every sheet of it is void.
    """
    runs = [_run(session, campaign, order) for order in batch.orders]
    runs = [run for run in runs if run.serials]
    if not runs:
        raise InvalidInput("Mọi phiếu của lần in này đã được hủy; không còn gì để in.")
    print_runs(library, runs, out)


def _check_order(group: RespondentGroup, unit: Unit, count: int) -> None:
    if unit.campaign_id != group.campaign_id or unit.level != group.level:
        raise InvalidInput("Mẫu phiếu %(form)s không hỏi về %(unit)s.", form=group.form_code, unit=unit.name)
    if not 1 <= count <= MAX_SHEETS_PER_UNIT:
        raise InvalidInput(
            "Số tờ của %(unit)s phải từ 1 đến %(most)s.", unit=unit.name, most=MAX_SHEETS_PER_UNIT
        )


def _add_order(session: Session, group: RespondentGroup, unit: Unit, order: PrintOrder) -> PrintOrder:
    """Complete an order; its serials go on from those of all years, so that old paper is foreign."""
    highest = select(func.max(Sheet.serial))
    order.first_serial = (session.scalars(highest).one() or 0) + 1
    order.campaign_id, order.form_code = group.campaign_id, group.form_code
    order.group, order.unit = group, unit
    session.add(order)
    session.flush()  # its sheets need its id
    return order


def _add_sheets(session: Session, order: PrintOrder, version: int) -> None:
    for serial in range(order.first_serial, order.first_serial + order.sheet_count):
        session.add(
            Sheet(
                campaign_id=order.campaign_id,
                serial=serial,
                form_code=order.form_code,
                form_version=version,
                group=order.group,
                unit=order.unit,
                printed_at=order.ordered_at,
                print_order_id=order.id,
            )
        )
    session.flush()  # the next order looks for the highest serial


def _find_sheet(session: Session, campaign: Campaign, serial: int) -> Sheet:
    sheet = session.scalars(
        select(Sheet).where(Sheet.campaign_id == campaign.id, Sheet.serial == serial).with_for_update()
    ).first()
    if sheet is None:
        raise NotFound("Chu kỳ này chưa in phiếu %(serial)s.", serial=serial_text(serial))
    return sheet


def _voided_by_order(session: Session, campaign: Campaign) -> dict[int | None, int]:
    rows = session.execute(
        select(Sheet.print_order_id, func.count())
        .where(Sheet.campaign_id == campaign.id, Sheet.voided_at.is_not(None))
        .group_by(Sheet.print_order_id)
    )
    return {order_id: count for order_id, count in rows}  # noqa: C416 - rows are not typed as pairs for dict()


def _batch(orders: Sequence[PrintOrder], voided: dict[int | None, int]) -> PrintBatch:
    ordered = tuple(sorted(orders, key=lambda order: order.first_serial))
    return PrintBatch(ordered, sum(voided.get(order.id, 0) for order in ordered))


def _run(session: Session, campaign: Campaign, order: PrintOrder) -> PrintRun:
    """The good sheets of an order, as they were ordered: a newer form version changes nothing here."""
    sheets = session.scalars(
        select(Sheet)
        .where(Sheet.print_order_id == order.id, Sheet.voided_at.is_(None))
        .order_by(Sheet.serial)
    ).all()
    return PrintRun(
        form=order.form_code,
        version=sheets[0].form_version if sheets else 0,
        group=order.group.code,
        unit=order.unit.code,
        unit_name=order.unit.name,
        serials=[sheet.serial for sheet in sheets],
        imprint=imprint_of(campaign.office_name, campaign.year),
    )
