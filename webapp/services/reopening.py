"""What was finished goes a step back when the head says why: an appraisal, or a self-score that was sent."""

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, Locked
from webapp.par_index.workflow import Move, Party, State, advance
from webapp.persistence.appraisal import Submission, find_submission
from webapp.persistence.audit import LogEntry, write_log
from webapp.persistence.campaign import Campaign, Unit
from webapp.services.submissions import is_past_deadline, lock_unit, office_time, state_of

APPRAISAL_REOPENED, SELF_SCORES_REOPENED = "appraisal_reopened", "self_scores_reopened"
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
        APPRAISAL_REOPENED,
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


def reopen_self_scores(session: Session, actor: str, unit: Unit, reason: str, now: dt.datetime) -> Submission:
    """Let the unit change what it has sent, and send it again.

    Revisions, evidence and appraised points all stay; the receipt of what was sent stays in the log.

    Raises:
        Locked: the unit's self-score does not wait for its appraisal.
        InvalidInput: there is no reason, or the unit would have no time.
    """
    lock_unit(session, unit)
    submission = find_submission(session, unit.id)
    if submission is None or state_of(submission) is not State.SUBMITTED:
        raise Locked(
            "%(unit)s không có bản tự chấm đã gửi đang chờ thẩm định. Tải lại trang để xem trạng thái mới.",
            unit=unit.name,
        )
    if is_past_deadline(unit, now):
        raise InvalidInput(
            "Hạn gửi %(due_at)s đã qua nên đơn vị không sửa được gì. Đổi hạn ở trang này trước, rồi mở lại.",
            due_at=office_time(unit.campaign.self_score_due_at),
        )
    if not reason.strip():
        raise InvalidInput("Ghi lý do mở lại: đơn vị đọc lý do này, và nó được lưu cùng tên bạn.")
    write_log(
        session,
        now,
        actor,
        SELF_SCORES_REOPENED,
        f"unit/{unit.code}",
        reason=reason.strip()[:_LONGEST_REASON],
        submission=submission.id,
        sent_at=None if submission.submitted_at is None else submission.submitted_at.isoformat(),
        sent_by=submission.submitted_by,
        receipt=submission.receipt_sha256,
        scheme_version=submission.scheme_version_id,
    )
    submission.state = advance(State.SUBMITTED, Move.REOPEN, Party.HEAD)
    submission.submitted_at = submission.submitted_by = submission.receipt_sha256 = None
    session.flush()
    return submission


def reopenings(session: Session, unit: Unit, submission: Submission | None) -> list[LogEntry]:
    """Each time that this submission or its appraisal was opened again, newest first."""
    if submission is None:
        return []
    acts = (APPRAISAL_REOPENED, SELF_SCORES_REOPENED)
    wanted = select(LogEntry).where(LogEntry.act.in_(acts), LogEntry.subject == f"unit/{unit.code}")
    entries = session.scalars(wanted.order_by(LogEntry.seq.desc()))
    return [entry for entry in entries if entry.detail["submission"] == submission.id]


def self_score_reopenings(session: Session, unit: Unit, submission: Submission | None) -> list[LogEntry]:
    """Each time that the unit was given its self-score back, newest first."""
    return [entry for entry in reopenings(session, unit, submission) if entry.act == SELF_SCORES_REOPENED]


def units_in_state(session: Session, campaign: Campaign, state: State) -> list[Unit]:
    """Units whose submission is in this state, in the office's order."""
    found = set(
        session.scalars(
            select(Submission.unit_id).where(Submission.campaign_id == campaign.id, Submission.state == state)
        )
    )
    return [unit for unit in campaign.units if unit.id in found]


def find_unit_in_state(session: Session, campaign: Campaign, state: State, code: str) -> Unit:
    """A unit whose submission is in this state.

    Raises:
        InvalidInput: this code is none of theirs (any more).
    """
    for unit in units_in_state(session, campaign, state):
        if unit.code == code:
            return unit
    raise InvalidInput("Chọn một đơn vị trong danh sách rồi bấm lại.")
