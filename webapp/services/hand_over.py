"""Packs and sheets go out and come back: whatever a clerk types or scans is one line, which another can undo.

Sheets go out once and come back once; a sheet that was scanned has come back. Two clerks at once wait for
one another at the pack.
"""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased, joinedload

from ocr.errors import CodeRefused
from ocr.sheet_code import (
    OWN_STARTS,
    identity_from_code,
    pack_code_from_text,
    serial_from_text,
    serial_text,
)
from webapp.errors import InvalidInput, NotFound
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign, Pack, Sheet
from webapp.persistence.hand_over import HandOver, HandOverKind, HandOverSheet
from webapp.services.packs import find_pack
from webapp.services.sheet_counts import came_back, went_out
from webapp.services.submissions import office_time

_BARE_SERIAL = re.compile(r"[0-9]{1,5}")
_PACK_START = re.compile(r"\s*[Bb]")
MAX_PERSON = 120
Read = TypeVar("Read")


def issue(
    session: Session, actor: str, campaign: Campaign, typed: str, *, person: str, now: dt.datetime
) -> HandOver:
    """Hand out a sheet, or all sheets of a pack that are still here, to somebody with a name or an office.

    Raises:
        NotFound: nothing of this campaign is called that.
        InvalidInput: nobody is named, the sheet is void, or nothing is left to hand out.
    """
    person = _checked_person(person)
    if not person:
        raise InvalidInput("Ghi người nhận (tên hoặc chức vụ) trước khi giao. Chưa ghi gì.")
    pack, sheet = _find(session, campaign, typed)
    here = _sheets(session, pack, sheet, is_out=False)
    if not here:
        raise _refusal(session, pack, sheet, HandOverKind.ISSUED)
    line = HandOver(kind=HandOverKind.ISSUED, person=person, pack=pack, by=actor, at=now)
    return _add(session, line, here)


def take_back(
    session: Session,
    actor: str,
    campaign: Campaign,
    typed: str,
    *,
    person: str = "",
    missing: str = "",
    now: dt.datetime,
) -> HandOver:
    """Take back a sheet, or all sheets of a pack that are out, but for those whose serials are `missing`.

    Raises:
        NotFound: nothing of this campaign is called that.
        InvalidInput: it never went out, it is here already, or a missing serial is not out with this pack.
    """
    person = _checked_person(person)
    pack, sheet = _find(session, campaign, typed)
    absent = set() if sheet else {one.paper_id for one in _absent(session, campaign, pack, missing)}
    out = [found for found in _sheets(session, pack, sheet, is_out=True) if found.paper_id not in absent]
    if not out:
        raise _refusal(session, pack, sheet, HandOverKind.RETURNED)
    line = HandOver(kind=HandOverKind.RETURNED, person=person, pack=pack, by=actor, at=now)
    return _add(session, line, out)


def undo(session: Session, actor: str, campaign: Campaign, hand_over_id: int, now: dt.datetime) -> HandOver:
    """Take a line back by a new one; gives the line that holds no more.

    Raises:
        NotFound: no such line in this campaign.
        InvalidInput: it was undone already, or its sheets have come back since.
    """
    former = session.get(HandOver, hand_over_id)
    if former is None or former.campaign_id != campaign.id or former.kind == HandOverKind.UNDONE:
        raise NotFound("Không có lần giao nhận này.")
    _lock(session, former.pack)
    if session.scalars(select(HandOver.id).where(HandOver.undoes_id == former.id)).first() is not None:
        raise InvalidInput("Lần này đã được hoàn tác từ trước; không cần làm lại.")
    if former.kind == HandOverKind.ISSUED and _any_back(session, former):
        raise InvalidInput(
            "Đã thu về một phần của lần giao này. Hoàn tác lần thu trước, rồi hoàn tác lần giao."
        )
    line = HandOver(kind=HandOverKind.UNDONE, person="", pack=former.pack, by=actor, at=now)
    line.undoes_id = former.id
    _add(session, line, former.sheets)
    return former


def recent(session: Session, campaign: Campaign, limit: int = 10) -> list[tuple[HandOver, bool]]:
    """The newest lines, each with whether it still holds."""
    undone = aliased(HandOver)
    lines = (
        select(HandOver, ~exists().where(undone.undoes_id == HandOver.id))
        .where(HandOver.campaign_id == campaign.id, HandOver.kind != HandOverKind.UNDONE)
        .options(joinedload(HandOver.pack))
        .order_by(HandOver.id.desc())
        .limit(limit)
    )
    return [(line, bool(holds)) for line, holds in session.execute(lines)]


def lines_of(session: Session, sheet: Sheet) -> Sequence[HandOver]:
    """Each time that this sheet changed hands and that was not undone, the oldest first."""
    undone = aliased(HandOver)
    lines = (
        select(HandOver)
        .join(HandOverSheet)
        .where(HandOverSheet.sheet_id == sheet.id, HandOver.kind != HandOverKind.UNDONE)
        .where(~exists().where(undone.undoes_id == HandOver.id))
        .order_by(HandOver.id)
    )
    return session.scalars(lines).all()


def void_refusal(sheet: Sheet) -> InvalidInput:
    """What is to be said of a void sheet: what replaced it, when, and what to do with the paper."""
    old, day = serial_text(sheet.serial), office_time(sheet.voided_at)[-10:-5] if sheet.voided_at else ""
    if sheet.replacement is None:
        return InvalidInput("Phiếu %(old)s đã hủy ngày %(day)s. Gạch bỏ tờ này.", old=old, day=day)
    return InvalidInput(
        "Phiếu %(old)s đã thay bằng %(new)s ngày %(day)s. Gạch bỏ tờ này.",
        old=old,
        new=serial_text(sheet.replacement.serial),
        day=day,
    )


def _checked_person(person: str) -> str:
    person = " ".join(person.split())
    if len(person) > MAX_PERSON:
        raise InvalidInput("Tên người giao nhận dài quá %(most)s chữ. Viết ngắn lại.", most=MAX_PERSON)
    return person


def _find(session: Session, campaign: Campaign, typed: str) -> tuple[Pack, Sheet | None]:
    """The pack that is meant, locked until the transaction ends, and the sheet if one sheet is meant."""
    if _PACK_START.match(typed):
        pack = find_pack(session, campaign, _read(pack_code_from_text, typed))
        _lock(session, pack)
        return pack, None
    sheet = _find_sheet(session, campaign, typed)
    _lock(session, sheet.pack)
    return sheet.pack, sheet


def _find_sheet(session: Session, campaign: Campaign, typed: str) -> Sheet:
    """A sheet by its serial, with or without its check digit, or by the code that is printed on it."""
    digits, identity = typed.strip(), None
    if digits.startswith(OWN_STARTS):
        identity = _read(identity_from_code, digits)
        serial = identity.serial
    elif _BARE_SERIAL.fullmatch(digits):
        serial = int(digits)
    else:
        serial = _read(serial_from_text, typed)
    name = serial_text(serial)
    sheets = session.scalars(select(Sheet).where(Sheet.serial == serial)).all()
    sheet = next((found for found in sheets if found.campaign_id == campaign.id), None)
    if sheet is None and sheets:
        raise NotFound("Phiếu %(serial)s thuộc một chu kỳ khác. Để riêng tờ này.", serial=name)
    if sheet is None:
        raise NotFound("Chu kỳ này chưa in phiếu %(serial)s.", serial=name)
    about = "" if sheet.booklet_id else sheet.unit.code
    if identity and (identity.form, identity.unit) != (sheet.form_code, about):
        raise NotFound("Mã trên tờ này không khớp với phiếu %(serial)s đã in. Để riêng tờ này.", serial=name)
    if sheet.voided_at is not None:
        raise void_refusal(sheet)
    return sheet


def _read(read: Callable[[str], Read], typed: str) -> Read:
    try:
        return read(typed)
    except CodeRefused as refused:
        raise InvalidInput(
            "“%(typed)s” không phải số phiếu hay mã bộ, hoặc sai chữ số kiểm tra. Xem lại số in trên giấy.",
            typed=typed.strip()[:40],
        ) from refused


def _lock(session: Session, pack: Pack) -> None:
    session.execute(select(Pack.id).where(Pack.id == pack.id).with_for_update())


def _sheets(session: Session, pack: Pack, sheet: Sheet | None, *, is_out: bool) -> list[Sheet]:
    """The good sheets of a pack (or of the one's paper) that never went out, or went out and are not back."""
    where = [went_out(), ~came_back()] if is_out else [~went_out()]
    found = select(Sheet).where(Sheet.pack_id == pack.id, Sheet.voided_at.is_(None), *where)
    if sheet is not None:
        found = found.where(Sheet.paper_id == sheet.paper_id)
    return list(session.scalars(found.order_by(Sheet.serial)))


def _absent(session: Session, campaign: Campaign, pack: Pack, missing: str) -> Sequence[Sheet]:
    """The sheets that are said to be missing from a pack that comes back."""
    absent = [_find_sheet(session, campaign, serial) for serial in re.split(r"[\s,;]+", missing) if serial]
    for sheet in absent:
        if sheet.pack_id != pack.id:
            raise InvalidInput(
                "Phiếu %(serial)s không thuộc bộ %(code)s. Chưa ghi gì; xem lại số tờ thiếu.",
                serial=serial_text(sheet.serial),
                code=pack.code,
            )
    return absent


def _refusal(session: Session, pack: Pack, sheet: Sheet | None, kind: HandOverKind) -> InvalidInput:
    """Why nothing is left to hand out or to take back."""
    name = pack.code if sheet is None else serial_text(sheet.serial)
    if sheet is not None and sheet.voided_at is not None:
        return void_refusal(sheet)
    last = _last(session, pack, sheet, HandOverKind.RETURNED) or _last(session, pack, sheet, kind)
    if last is not None and last.kind == HandOverKind.RETURNED:
        at = office_time(last.at)
        return InvalidInput("%(name)s đã thu về lúc %(at)s. Không ghi lần nữa.", name=name, at=at)
    own = (Sheet.pack_id == pack.id) if sheet is None else (Sheet.id == sheet.id)
    if session.scalars(select(Sheet.id).where(own, came_back()).limit(1)).first() is not None:
        return InvalidInput("%(name)s đã quét, nên đã tính là thu về. Không cần ghi.", name=name)
    if last is not None:
        return InvalidInput(
            "%(name)s đã giao cho %(person)s lúc %(at)s. Không ghi lần nữa.",
            name=name,
            person=last.person,
            at=office_time(last.at),
        )
    if kind is HandOverKind.ISSUED:
        return InvalidInput("Bộ %(name)s không còn tờ nào để giao.", name=name)
    return InvalidInput("%(name)s chưa giao cho ai. Ghi giao trước, rồi ghi thu.", name=name)


def _last(session: Session, pack: Pack, sheet: Sheet | None, kind: HandOverKind) -> HandOver | None:
    """The newest line of this kind about the pack or sheet that still holds."""
    undone = aliased(HandOver)
    lines = select(HandOver).where(
        HandOver.pack_id == pack.id, HandOver.kind == kind, ~exists().where(undone.undoes_id == HandOver.id)
    )
    if sheet is not None:
        lines = lines.join(HandOverSheet).where(HandOverSheet.sheet_id == sheet.id)
    return session.scalars(lines.order_by(HandOver.id.desc()).limit(1)).first()


def _any_back(session: Session, former: HandOver) -> bool:
    mine = select(HandOverSheet.sheet_id).where(HandOverSheet.hand_over_id == former.id)
    return (
        session.scalars(select(Sheet.id).where(Sheet.id.in_(mine), came_back()).limit(1)).first() is not None
    )


def _add(session: Session, line: HandOver, sheets: Sequence[Sheet]) -> HandOver:
    line.campaign_id = line.pack.campaign_id
    line.sheets, line.sheet_count = list(sheets), len(sheets)
    session.add(line)
    session.flush()
    subject = f"pack/{line.pack.code}"
    write_log(session, line.at, line.by, f"sheets_{line.kind}", subject, sheets=len(sheets))
    return line
