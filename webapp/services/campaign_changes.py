"""Change a campaign to what was typed or imported: seen before it is saved, saved whole or not at all.

What has paper or scores cannot be removed, and printed sheets and scores are never touched.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from webapp.campaign_plan.differences import differences
from webapp.campaign_plan.parts import GENERAL, PARTS, part_values, plan_rows
from webapp.campaign_plan.plan import CampaignPlan
from webapp.campaign_plan.reading import FormFacts, read_plan
from webapp.errors import InvalidInput, Locked
from webapp.persistence.appraisal import Submission
from webapp.persistence.audit import write_log
from webapp.persistence.base import Base
from webapp.persistence.campaign import Campaign
from webapp.persistence.schemes import newest_scheme_version
from webapp.services.campaign_rows import GENERAL_NAMES, TABLES, fingerprint, new_row, plan_of, rows_of
from webapp.services.campaigns import create_campaign
from webapp.typed_tables.differences import Difference, Kind
from webapp.typed_tables.parts import RowProblem, Rows

_ACCOUNT = "tài khoản"
# Why a row stays, by the table that points at it; whatever else points at it is “data”.
_REASONS = {
    "sheet": "phiếu đã in",
    "print_order": "phiếu đã in",
    "pack": "bộ phiếu",
    "self_score_entry": "điểm tự chấm",
    "unit_fact_entry": "số liệu kê khai",
    "appraised_score_entry": "điểm thẩm định",
    "submission": "bản tự chấm",
    "evidence_file": "minh chứng",
    "app_user": _ACCOUNT,
    "respondent": "danh sách người trả lời",
    "enumerator": "danh sách người điều tra",
    "payment_event": "chi trả",
    "payment_rate": "mức chi",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What saving would do: nothing with a problem or a refusal; `before` is None for a new year."""

    campaign: Campaign | None
    before: CampaignPlan | None
    after: CampaignPlan | None
    differences: tuple[Difference, ...]
    problems: tuple[RowProblem, ...]
    refusals: tuple[InvalidInput, ...]

    @property
    def can_be_saved(self) -> bool:
        """Whether it is sound and changes anything."""
        return bool(self.differences) and not self.problems and not self.refusals

    @property
    def fingerprint(self) -> str:
        """What the change was made from; "" for a new year."""
        return "" if self.before is None else fingerprint(self.before)


def propose(
    session: Session, campaign: Campaign | None, rows: dict[str, Rows], forms: dict[str, FormFacts]
) -> Proposal:
    """What these rows would make of the campaign; parts without rows of theirs stay as they are."""
    before = None if campaign is None else plan_of(campaign)
    kept = {} if before is None else plan_rows(before)
    after, problems = read_plan({**kept, **rows}, forms, is_sample=before is not None and before.is_sample)
    if after is None:
        return Proposal(campaign, before, None, (), tuple(problems), ())
    found = tuple(differences(before, after))
    refusals = () if campaign is None else tuple(_refusals(session, campaign, after, found))
    return Proposal(campaign, before, after, found, (), refusals)


def save_proposal(session: Session, actor: str, proposal: Proposal, seen: str, now: dt.datetime) -> Campaign:
    """Make the campaign what was proposed; `seen` is the fingerprint that the person had before them.

    Raises:
        InvalidInput: the proposal has a problem.
        Locked: somebody else has changed the campaign since.
    """
    if proposal.fingerprint != seen:
        raise Locked("Chu kỳ vừa được người khác sửa. Chưa lưu gì; xem lại rồi bấm lưu lần nữa.")
    if proposal.after is None or proposal.refusals:
        raise InvalidInput("Chưa lưu: còn chỗ phải sửa.")
    if proposal.campaign is None:
        return create_campaign(session, actor, proposal.after, now)
    if not proposal.differences:
        return proposal.campaign
    _apply(session, proposal.campaign, proposal.after)
    write_log(
        session,
        now,
        actor,
        "campaign_changed",
        f"campaign/{proposal.campaign.year}",
        changes=[difference.as_plain() for difference in proposal.differences],
    )
    return proposal.campaign


def _apply(session: Session, campaign: Campaign, plan: CampaignPlan) -> None:
    for name in GENERAL_NAMES:
        setattr(campaign, name, getattr(plan, name))
    for code, table in TABLES.items():
        part = PARTS[code]
        rows = {part.key(written): row for written, row in _written(campaign, code)}
        for position, value in enumerate(part_values(part, plan)):
            key = part.key(part.row(value))
            row = rows.pop(key, None)
            if row is None:
                session.add(new_row(table, campaign, value, position))
                continue
            for column in part.columns:
                setattr(row, column.code, getattr(value, column.code))
            row.position = position
        for row in rows.values():
            session.delete(row)
    session.flush()
    session.expire(campaign)


def _written(campaign: Campaign, code: str) -> Iterator[tuple[dict[str, str], Any]]:
    part = PARTS[code]
    for row in rows_of(campaign, code):
        yield part.row(row), row


def _refusals(
    session: Session, campaign: Campaign, after: CampaignPlan, found: tuple[Difference, ...]
) -> Iterator[InvalidInput]:
    """Why a removal or a change cannot be: each sentence says what holds the row."""
    if after.year != campaign.year:
        yield InvalidInput(
            "Năm của một chu kỳ không đổi được (%(year)s). Chép sang năm mới để mở năm khác.",
            year=campaign.year,
        )
    changed = {(one.part.code, cell.column.code) for one in found for cell in one.cells}
    if (GENERAL, "self_score_due_at") in changed and _has_begun(session, campaign):
        yield InvalidInput(
            "Đã có đơn vị tự chấm nên hạn tự chấm chỉ lãnh đạo đổi được, ở trang Hạn gửi, có ghi lý do."
        )
    for difference in found:
        if difference.kind is Kind.REMOVED:
            yield from _removal_refusal(session, campaign, difference)
        elif difference.kind is Kind.CHANGED and "level" in {cell.column.code for cell in difference.cells}:
            yield from _level_refusal(session, campaign, difference)


def _removal_refusal(session: Session, campaign: Campaign, removed: Difference) -> Iterator[InvalidInput]:
    if removed.part.code == GENERAL:
        return  # the year has changed: said above
    if removed.part.code == "levels" and newest_scheme_version(session, campaign.id, removed.key) is not None:
        yield InvalidInput("Không xóa được cấp %(key)s: đã có bộ tiêu chí.", key=removed.key)
        return
    reasons = _held_by(session, campaign, removed)
    if reasons and removed.part.code == "units":
        yield InvalidInput(
            "Không xóa được đơn vị %(key)s (%(name)s): đã có %(reasons)s."
            " Đơn vị không còn thì ghi ngày cuối.",
            key=removed.key,
            name=removed.row["name"],
            reasons=", ".join(reasons),
        )
    elif reasons:
        yield InvalidInput(
            "Không xóa được %(key)s (%(name)s): đã có %(reasons)s.",
            key=removed.key,
            name=removed.row["name"],
            reasons=", ".join(reasons),
        )


def _level_refusal(session: Session, campaign: Campaign, changed: Difference) -> Iterator[InvalidInput]:
    reasons = [reason for reason in _held_by(session, campaign, changed) if reason != _ACCOUNT]
    if reasons:
        yield InvalidInput(
            "Không đổi được cấp của %(key)s (%(name)s): đã có %(reasons)s.",
            key=changed.key,
            name=changed.row["name"],
            reasons=", ".join(reasons),
        )


def _held_by(session: Session, campaign: Campaign, difference: Difference) -> list[str]:
    """What points at a row of the campaign, in words; nothing where the row may go."""
    rows = {
        PARTS[difference.part.code].key(written): row
        for written, row in _written(campaign, difference.part.code)
    }
    row = rows[difference.key]
    found: dict[str, None] = {}
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            points_here = any(key.column.table.name == row.__tablename__ for key in column.foreign_keys)
            if points_here and session.scalar(select(literal(1)).where(column == row.id).limit(1)):
                found[_REASONS.get(table.name, "dữ liệu")] = None
    return list(found)


def _has_begun(session: Session, campaign: Campaign) -> bool:
    """Whether any unit has entered anything of its self-score."""
    return bool(session.scalar(select(Submission.id).where(Submission.campaign_id == campaign.id).limit(1)))
