"""What is where: packs with what is out and what is missing by name, reminders, and who stood in for whom."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, aliased, joinedload

from webapp.errors import InvalidInput, NotFound
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign, Pack, RespondentGroup, Sheet, Unit
from webapp.persistence.hand_over import HandOver, HandOverKind, Substitution
from webapp.services.packs import find_pack, list_packs
from webapp.services.sheet_counts import Reached, SheetCount, came_back, count_sheets, sum_by, went_out


@dataclass(frozen=True, slots=True)
class PackLine:
    """One pack: how far its sheets are, the serials that went out and are not back, and who fetched it."""

    pack: Pack
    reached: Reached
    missing_serials: tuple[int, ...]
    person: str

    @property
    def missing(self) -> int:
        """How many went out and are not back."""
        return len(self.missing_serials)


@dataclass(frozen=True, slots=True)
class Substituted:
    """A group whose sheets were answered by others in part: how many, at how many places, and why."""

    group: RespondentGroup
    sheets: int
    places: int
    reasons: tuple[str, ...]


def list_lines(session: Session, campaign: Campaign) -> list[PackLine]:
    """All packs that were printed, in the order of their codes."""
    reached = sum_by(count_sheets(session, campaign), lambda count: count.pack_id)
    missing = _serials(session, campaign, went_out(), ~came_back())
    people = _people(session, campaign)
    return [
        PackLine(pack, reached[pack.id], tuple(missing.get(pack.id, ())), people.get(pack.id, ""))
        for pack in list_packs(session, campaign)
        if pack.id in reached
    ]


def issued_serials(session: Session, campaign: Campaign) -> Mapping[int, list[int]]:
    """Good serials that went out, by pack id."""
    return _serials(session, campaign, went_out())


def sum_by_place(session: Session, campaign: Campaign) -> dict[Unit | None, Reached]:
    """How far the sheets are by place of issue: the office first, then units in their order."""
    return _in_order(campaign, count_sheets(session, campaign), lambda count: count.place_unit_id)


def sum_by_unit(session: Session, campaign: Campaign) -> dict[Unit | None, Reached]:
    """The other axis: how far the sheets about each unit are, wherever they were handed out."""
    return _in_order(campaign, count_sheets(session, campaign), lambda count: count.unit_id)


def reminders(session: Session, campaign: Campaign) -> dict[Unit | None, list[PackLine]]:
    """Each place with packs of which something is out, and those packs."""
    places: dict[Unit | None, list[PackLine]] = defaultdict(list)
    for line in list_lines(session, campaign):
        if line.missing_serials:
            places[line.pack.place_unit].append(line)
    order = {unit: number for number, unit in enumerate(campaign.all_units)}
    return dict(sorted(places.items(), key=lambda item: order[item[0]] if item[0] else -1))


def due_day(campaign: Campaign) -> dt.date:
    """The last day on which filled sheets are taken; where the plan has none, that of the self-scores."""
    return campaign.forms_back_on or campaign.self_score_due_at.date()


def record_substitution(
    session: Session,
    actor: str,
    campaign: Campaign,
    *,
    code: str,
    sheet_count: int | None,
    reason: str,
    now: dt.datetime,
) -> Substitution:
    """Note that others answered sheets of a pack because there were too few of those meant.

    Raises:
        NotFound: no such pack.
        InvalidInput: the plan allows it for another group only, more sheets than the pack has, or no reason.
    """
    pack, reason = find_pack(session, campaign, code), " ".join(reason.split())
    session.execute(select(Pack.id).where(Pack.id == pack.id).with_for_update())
    if pack.group.substitutes is None:
        raise InvalidInput(
            "Kế hoạch không cho người khác trả lời thay ở nhóm %(group)s.", group=pack.group.name
        )
    if not reason:
        raise InvalidInput("Ghi lý do thay đối tượng trả lời, ví dụ: trên địa bàn chỉ có 12 doanh nghiệp.")
    noted = sum(note.sheet_count for note in list_substitutions(session, campaign) if note.pack_id == pack.id)
    good = select(func.count()).where(Sheet.pack_id == pack.id, Sheet.voided_at.is_(None))
    left = (session.scalar(good) or 0) - noted
    if sheet_count is None or not 1 <= sheet_count <= left:
        raise InvalidInput("Số tờ của bộ %(code)s phải từ 1 đến %(left)s.", code=pack.code, left=left)
    note = Substitution(
        campaign_id=campaign.id,
        pack=pack,
        sheet_count=sheet_count,
        reason=reason,
        recorded_at=now,
        recorded_by=actor,
    )
    session.add(note)
    session.flush()
    write_log(session, now, actor, "substitution_noted", f"pack/{pack.code}", sheets=sheet_count)
    return note


def undo_substitution(
    session: Session, actor: str, campaign: Campaign, note_id: int, now: dt.datetime
) -> Substitution:
    """Take such a note back by a new one; gives the note that holds no more.

    Raises:
        NotFound: no such note holds in this campaign.
    """
    note = next((note for note in list_substitutions(session, campaign) if note.id == note_id), None)
    if note is None:
        raise NotFound("Không có ghi chú thay đối tượng này, hoặc đã bỏ từ trước.")
    session.add(
        Substitution(
            campaign_id=campaign.id,
            pack=note.pack,
            sheet_count=note.sheet_count,
            reason=note.reason,
            recorded_at=now,
            recorded_by=actor,
            undoes_id=note.id,
        )
    )
    write_log(session, now, actor, "substitution_undone", f"pack/{note.pack.code}", sheets=note.sheet_count)
    return note


def list_substitutions(session: Session, campaign: Campaign) -> list[Substitution]:
    """The notes that hold, the oldest first."""
    undone = aliased(Substitution)
    pack = joinedload(Substitution.pack)
    notes = (
        select(Substitution)
        .where(Substitution.campaign_id == campaign.id, Substitution.undoes_id.is_(None))
        .where(~exists().where(undone.undoes_id == Substitution.id))
        .options(pack.joinedload(Pack.group), pack.joinedload(Pack.place_unit))
    )
    return list(session.scalars(notes.order_by(Substitution.id)))


def sum_substitutions(session: Session, campaign: Campaign) -> list[Substituted]:
    """The notes by group, for the results."""
    by_group: dict[RespondentGroup, list[Substitution]] = defaultdict(list)
    for note in list_substitutions(session, campaign):
        by_group[note.pack.group].append(note)
    return [
        Substituted(
            group,
            sum(note.sheet_count for note in notes),
            len({note.pack.place_unit_id for note in notes}),
            tuple(dict.fromkeys(note.reason for note in notes)),
        )
        for group, notes in sorted(by_group.items(), key=lambda item: item[0].position)
    ]


def _in_order(
    campaign: Campaign, counts: Iterable[SheetCount], key: Callable[[SheetCount], int | None]
) -> dict[Unit | None, Reached]:
    reached = sum_by(counts, key)
    units: Sequence[Unit | None] = [None, *campaign.all_units]
    return {
        unit: reached[unit.id if unit else None] for unit in units if (unit.id if unit else None) in reached
    }


def _serials(session: Session, campaign: Campaign, *chosen: ColumnElement[bool]) -> Mapping[int, list[int]]:
    """Good serials by pack id."""
    rows = session.execute(
        select(Sheet.pack_id, Sheet.serial)
        .where(Sheet.campaign_id == campaign.id, Sheet.voided_at.is_(None), *chosen)
        .order_by(Sheet.serial)
    )
    serials: dict[int, list[int]] = defaultdict(list)
    for pack_id, serial in rows:
        serials[pack_id].append(serial)
    return serials


def _people(session: Session, campaign: Campaign) -> Mapping[int, str]:
    """Who fetched sheets of each pack last, by pack id."""
    undone = aliased(HandOver)
    rows = session.execute(
        select(HandOver.pack_id, HandOver.person)
        .where(HandOver.campaign_id == campaign.id, HandOver.kind == HandOverKind.ISSUED)
        .where(~exists().where(undone.undoes_id == HandOver.id))
        .order_by(HandOver.id)
    )
    return {pack_id: person for pack_id, person in rows}  # noqa: C416 - rows are not typed as pairs for dict()
