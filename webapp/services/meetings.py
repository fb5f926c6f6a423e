"""The appraisal team meets: the cells that wait for it, one after the other, and its minutes at the end."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from webapp.papers.official import minutes
from webapp.papers.official.document import OfficialDocument
from webapp.papers.official.figures import points, sentence_start
from webapp.papers.official.wording import Kind
from webapp.papers.publication.edition import Edition
from webapp.par_index.compute import compute_index
from webapp.par_index.outcome import result_sha256
from webapp.par_index.scheme import ComponentCriterion
from webapp.par_index.snapshot import snapshot_file
from webapp.persistence.appraisal import (
    AppraisedScoreEntry,
    SelfScoreEntry,
    latest_appraised_scores,
    latest_self_scores,
)
from webapp.persistence.campaign import Campaign, Unit
from webapp.persistence.documents import DocumentWording
from webapp.services.documents import load_wording, office_of, save_wording
from webapp.services.schemes import schemes_of_campaign
from webapp.services.snapshots import build_snapshot

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
OPENING = ("begun", "place", "chair", "secretary", "members")
"""Passages of the minutes that are known when the meeting begins."""
CLOSING = ("opinions", "ended")


@dataclass(frozen=True, slots=True)
class AgendaItem:
    """A cell that the team has to decide, or has decided; `proposed` is the version before its word."""

    unit: Unit
    component: ComponentCriterion
    declared: SelfScoreEntry | None
    newest: AppraisedScoreEntry

    @property
    def place(self) -> tuple[str, str]:
        """Unit code and component code."""
        return self.unit.code, self.component.code

    @property
    def is_decided(self) -> bool:
        """Whether the team has spoken."""
        return self.newest.in_meeting


def meeting_agenda(session: Session, campaign: Campaign) -> list[AgendaItem]:
    """What the team has to decide and has decided, unit by unit in the office's order."""
    concerned = select(AppraisedScoreEntry.unit_id).where(
        or_(AppraisedScoreEntry.awaits_meeting, AppraisedScoreEntry.in_meeting)
    )
    ids = set(session.scalars(concerned))
    units = [unit for unit in campaign.units if unit.id in ids]
    newest = latest_appraised_scores(session, [unit.id for unit in units])
    declared = latest_self_scores(session, [unit.id for unit in units])
    schemes = schemes_of_campaign(session, campaign.id)
    return [
        AgendaItem(unit, leaf, declared.get((unit.id, leaf.code)), entry)
        for unit in units
        for leaf in schemes[unit.level].appraised
        if (entry := newest.get((unit.id, leaf.code))) is not None
        and (entry.awaits_meeting or entry.in_meeting)
    ]


def opinions_of(agenda: Sequence[AgendaItem]) -> str:
    """What the team decided, a paragraph for each component, as the minutes tell it."""
    return "\n".join(_opinion(item) for item in agenda if item.is_decided)


def _opinion(item: AgendaItem) -> str:
    entry, own = item.newest, item.declared
    declared = "không áp dụng" if own is None or own.not_applicable else points(own.points)
    decided = "không áp dụng" if entry.not_applicable else f"{points(entry.points)} điểm"
    reason = f" Lý do: {entry.reason}" if entry.reason else ""
    return (
        f"{sentence_start(item.unit.name)}, {item.component.code} {item.component.title}:"
        f" tự chấm {declared}; cuộc họp thống nhất {decided}.{reason}"
    )


def office_clock(moment: dt.datetime) -> str:
    """As minutes write it: “9 giờ 05, ngày 16 tháng 3 năm 2021”."""
    local = moment.astimezone(_VIETNAM)
    return f"{local.hour} giờ {local.minute:02d}, ngày {local.day} tháng {local.month} năm {local.year}"


def note_meeting(
    session: Session,
    actor: str,
    campaign: Campaign,
    texts: Mapping[str, str],
    *,
    seen_revision: int,
    now: dt.datetime,
) -> DocumentWording:
    """Write into the minutes what is known of the meeting; passages that are not named stay as they are.

    Raises:
        InvalidInput: a text is too long.
        StaleVersion: somebody saved since `seen_revision`.
    """
    written = load_wording(session, campaign, Kind.MINUTES)
    saved = (
        {} if written.entry is None else {str(code): str(text) for code, text in written.entry.texts.items()}
    )
    return save_wording(
        session, actor, campaign, Kind.MINUTES, {**saved, **texts}, seen_revision=seen_revision, now=now
    )


def compose_meeting_minutes(session: Session, campaign: Campaign, now: dt.datetime) -> OfficialDocument:
    """The minutes as a draft, from the appraised points of this moment; units without any are left out."""
    snapshot = build_snapshot(
        session, campaign, lambda *_: []
    )  # the survey is none of the meeting's business
    snapshot = replace(snapshot, units=tuple(unit for unit in snapshot.units if unit.appraised))
    result = compute_index(snapshot)
    edition = Edition(
        office=campaign.office_name,
        snapshot=snapshot,
        result=result,
        number=0,
        made_at=now.astimezone(_VIETNAM),
        sha256=snapshot_file(snapshot, result_sha256(result))["sha256"],
        result_sha256=result_sha256(result),
        level_names={level.code: level.plural for level in campaign.levels},
        is_sample=campaign.is_sample,
    )
    wording = load_wording(session, campaign, Kind.MINUTES).wording
    marks = ["DỰ THẢO", *([edition.status] if edition.status else [])]
    small_print = [f"Theo điểm thẩm định lúc {edition.made_at:%d/%m/%Y %H:%M}"]
    return minutes.compose(edition, office_of(campaign), wording, marks, small_print)
