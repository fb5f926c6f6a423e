"""A finished appraisal goes back to the appraisers when the head says why."""

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, Locked
from webapp.par_index.workflow import Move, Party, State, advance
from webapp.persistence.appraisal import Submission, find_submission
from webapp.persistence.audit import LogEntry, write_log
from webapp.persistence.campaign import Campaign, Unit
from webapp.services.submissions import lock_unit, state_of

_ACT = "appraisal_reopened"
_LONGEST_REASON = 2_000


def reopen_appraisal(session: Session, actor: str, unit: Unit, reason: str, now: dt.datetime) -> Submission:
    """Let the appraisers decide again; no version is lost, and the reason stays on record.

    Raises:
        Locked: the unit's appraisal is not finished.
        InvalidInput: there is no reason.
    """
    lock_unit(session, unit)
    submission = find_submission(session, unit.id)
    if submission is None or state_of(submission) is not State.APPRAISED:
        raise Locked(
            "%(unit)s chưa thẩm định xong nên không có gì để mở lại. Tải lại trang để xem trạng thái mới.",
            unit=unit.name,
        )
    if not reason.strip():
        raise InvalidInput("Ghi lý do mở lại: tổ thẩm định đọc lý do này, và nó được lưu cùng tên bạn.")
    write_log(
        session,
        now,
        actor,
        _ACT,
        f"unit/{unit.code}",
        reason=reason.strip()[:_LONGEST_REASON],
        submission=submission.id,
        finished_at=None if submission.appraised_at is None else submission.appraised_at.isoformat(),
        finished_by=submission.appraised_by,
    )
    submission.state = advance(State.APPRAISED, Move.REOPEN, Party.HEAD)
    submission.appraised_at = submission.appraised_by = None
    session.flush()
    return submission


def reopenings(session: Session, unit: Unit, submission: Submission) -> list[LogEntry]:
    """Each time that this submission's appraisal was opened again, newest first."""
    wanted = select(LogEntry).where(LogEntry.act == _ACT, LogEntry.subject == f"unit/{unit.code}")
    entries = session.scalars(wanted.order_by(LogEntry.seq.desc()))
    return [entry for entry in entries if entry.detail["submission"] == submission.id]


def finished_units(session: Session, campaign: Campaign) -> list[Unit]:
    """Units whose appraisal is finished, in the office's order."""
    finished = set(
        session.scalars(
            select(Submission.unit_id).where(
                Submission.campaign_id == campaign.id, Submission.state == State.APPRAISED
            )
        )
    )
    return [unit for unit in campaign.units if unit.id in finished]


def find_finished_unit(session: Session, campaign: Campaign, code: str) -> Unit:
    """A unit whose appraisal is finished.

    Raises:
        InvalidInput: this code is none of theirs (any more).
    """
    for unit in finished_units(session, campaign):
        if unit.code == code:
            return unit
    raise InvalidInput("Chọn một đơn vị đã thẩm định xong rồi bấm lại.")
