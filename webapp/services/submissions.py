"""A unit's submission in its campaign: which state it is in, and whether the unit may still change it."""

import datetime as dt
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import Locked
from webapp.par_index.workflow import State, may_unit_edit
from webapp.persistence.appraisal import Submission, find_submission
from webapp.persistence.campaign import Unit
from webapp.services.schemes import scheme_of_level

_OFFICE_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def state_of(submission: Submission | None) -> State:
    """The state; a unit that has entered nothing yet is filling in."""
    return State.DRAFT if submission is None else State(submission.state)


def lock_unit(session: Session, unit: Unit) -> None:
    """Writers of one unit's scores go one after another: revision numbers have no gap and no double."""
    session.execute(select(Unit.id).where(Unit.id == unit.id).with_for_update())


def is_past_deadline(unit: Unit, now: dt.datetime) -> bool:
    """Whether the hour by which self-scores had to be sent is over."""
    return now > unit.campaign.self_score_due_at


def lock_reason(unit: Unit, submission: Submission | None, now: dt.datetime) -> Locked | None:
    """Why the unit can change nothing any more; None while it can.

    A self-score that the appraisal returned stays open after the deadline: it was sent in time.
    """
    state = state_of(submission)
    if not may_unit_edit(state):
        sent_at = submission.submitted_at if submission is not None else None
        return Locked(
            "Bản tự chấm đã gửi lúc %(sent_at)s nên không sửa được nữa. Mọi số liệu vẫn xem được.",
            sent_at=office_time(sent_at or now),
        )
    if state is State.DRAFT and is_past_deadline(unit, now):
        return Locked(
            "Hạn gửi %(due_at)s đã qua nên bản tự chấm đã khóa. Những gì đã nhập vẫn được giữ;"
            " liên hệ %(office)s nếu cần gia hạn.",
            due_at=office_time(unit.campaign.self_score_due_at),
            office=unit.campaign.office_name,
        )
    return None


def require_open(session: Session, unit: Unit, now: dt.datetime) -> None:
    """Refuse a change by the unit once its self-score is sent or the deadline is over.

    Raises:
        Locked: says since when, and what was kept.
    """
    reason = lock_reason(unit, find_submission(session, unit.id), now)
    if reason is not None:
        raise reason


def open_submission(session: Session, unit: Unit) -> Submission:
    """The unit's submission, made with its first entry."""
    submission = find_submission(session, unit.id)
    if submission is None:
        version, _scheme = scheme_of_level(session, unit.campaign_id, unit.level)
        submission = Submission(
            unit_id=unit.id,
            campaign_id=unit.campaign_id,
            scheme_version_id=version.id,
            state=State.DRAFT,
        )
        session.add(submission)
        session.flush()
    return submission


def office_time(moment: dt.datetime) -> str:
    """As it is written in the office: 16:30 ngày 19/03/2021."""
    return f"{moment.astimezone(_OFFICE_ZONE):%H:%M %d/%m/%Y}"
