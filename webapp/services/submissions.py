"""A unit's submission in its campaign: which state it is in, and whether the unit may still change it."""

import datetime as dt
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, Locked
from webapp.par_index.workflow import State, may_unit_edit
from webapp.persistence.appraisal import Submission, find_submission
from webapp.persistence.audit import LogEntry, write_log
from webapp.persistence.campaign import Campaign, Unit
from webapp.services.schemes import scheme_of_level

_OFFICE_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_AS_WRITTEN = "%d/%m/%Y %H:%M"
_FARTHEST = dt.timedelta(days=366)  # a later deadline is a slip of the keyboard


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
    """Why the unit can change nothing of its self-score any more; None while it can."""
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


def extend_deadline(
    session: Session, actor: str, campaign: Campaign, due_at: dt.datetime, *, reason: str, now: dt.datetime
) -> None:
    """Give all units more time, or put a slip right; who did it, from when to when, and why, stays on record.

    Raises:
        InvalidInput: the deadline is over, the same as before or beyond a year, not before the end of the
            appraisal's first round, or has no reason.
    """
    former = campaign.self_score_due_at
    if not now < due_at <= now + _FARTHEST or due_at == former:
        raise InvalidInput(
            "Hạn mới phải sau lúc này, không quá một năm, và khác hạn đang có (%(former)s)."
            " Sửa ngày, giờ rồi bấm lại.",
            former=office_time(former),
        )
    first_round_due_at = campaign.first_round_due_at
    if first_round_due_at is not None and due_at >= first_round_due_at:
        raise InvalidInput(
            "Hạn mới phải trước hạn thẩm định vòng 1 (%(due_at)s)."
            " Quản trị lùi các ngày thẩm định ở trang Chu kỳ trước, rồi đổi hạn này.",
            due_at=office_time(first_round_due_at),
        )
    if not reason.strip():
        raise InvalidInput("Ghi lý do đổi hạn: lý do được lưu cùng tên người đổi.")
    campaign.self_score_due_at = due_at
    write_log(
        session,
        now,
        actor,
        "deadline_extended",
        f"campaign/{campaign.year}",
        former=former.astimezone(dt.UTC).isoformat(),
        due_at=due_at.astimezone(dt.UTC).isoformat(),
        reason=reason.strip(),
    )
    session.flush()


def deadline_extensions(session: Session, campaign: Campaign) -> list[LogEntry]:
    """Every change of this campaign's deadline, newest first."""
    wanted = select(LogEntry).where(
        LogEntry.act == "deadline_extended", LogEntry.subject == f"campaign/{campaign.year}"
    )
    return list(session.scalars(wanted.order_by(LogEntry.seq.desc())))


def read_office_time(day: str, clock: str) -> dt.datetime:
    """A moment as the office writes it: "22/03/2021" and "17:00".

    Raises:
        InvalidInput: no such day or hour.
    """
    try:
        return dt.datetime.strptime(f"{day.strip()} {clock.strip()}", _AS_WRITTEN).replace(
            tzinfo=_OFFICE_ZONE
        )
    except ValueError:
        raise InvalidInput(
            "“%(day)s %(clock)s” không phải ngày, giờ. Ghi ngày dạng 22/03/2021, giờ dạng 17:00.",
            day=day,
            clock=clock,
        ) from None


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
