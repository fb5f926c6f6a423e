"""Between the rounds: the appraisal goes back to the unit with its questions, and the unit replies once."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, Locked, StaleVersion
from webapp.par_index.workflow import Move, Party, State, advance
from webapp.persistence.accounts import User
from webapp.persistence.appraisal import (
    AppraisedScoreEntry,
    EvidenceLink,
    ExplanationReply,
    SelfScoreEntry,
    Submission,
    current_links,
    find_submission,
    latest_appraised_scores,
    latest_replies,
)
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Unit
from webapp.services.appraisal import asked_components, require_appraisable, require_other_unit
from webapp.services.evidence import Document, add_citation, drop_citation, keep_file
from webapp.services.submissions import lock_unit, office_time, state_of
from webapp.services.unit_scores import ComponentScores, UnitScores, load_unit_scores

_LONGEST_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Explanation:
    """One question of round one with what the unit says to it; `asked` is the version that asks."""

    here: ComponentScores
    asked: AppraisedScoreEntry
    reply: ExplanationReply | None
    links: Sequence[EvidenceLink]

    @property
    def code(self) -> str:
        """The component's code."""
        return self.here.component.code

    @property
    def words(self) -> str:
        """What the unit has written so far."""
        return "" if self.reply is None else self.reply.words

    @property
    def revision(self) -> int:
        """The revision of these words; 0 before the first."""
        return 0 if self.reply is None else self.reply.revision

    @property
    def is_given(self) -> bool:
        """Whether the unit has said anything, in words or with a document."""
        return bool(self.words.strip() or self.links)


def load_explanations(session: Session, scores: UnitScores) -> list[Explanation]:
    """Every question to the unit in printed order, with what it has written so far."""
    asked = asked_components(session, scores.unit.id)
    replies = latest_replies(session, scores.unit.id)
    links = current_links(session, scores.unit.id, in_reply=True)
    return [
        Explanation(scores.components[code], asked[code], replies.get(code), links.get(code, []))
        for code in scores.in_order(asked)
    ]


def sent_explanations(session: Session, scores: UnitScores) -> dict[str, Explanation]:
    """The same by component, for the appraisers: nothing before the unit has sent it."""
    if scores.submission is None or scores.submission.replied_at is None:
        return {}
    return {explanation.code: explanation for explanation in load_explanations(session, scores)}


def first_round(session: Session, scores: UnitScores) -> list[tuple[ComponentScores, AppraisedScoreEntry]]:
    """Components that round one changed, in printed order, with the version that it left."""
    rows = latest_appraised_scores(session, [scores.unit.id], last_round=1)
    left = [(here, rows[scores.unit.id, here.component.code]) for here in scores.own
            if (scores.unit.id, here.component.code) in rows]  # fmt: skip
    return [(here, row) for here, row in left if _is_changed(here.entry, row)]


def _is_changed(declared: SelfScoreEntry | None, row: AppraisedScoreEntry) -> bool:
    if declared is None or declared.not_applicable or row.not_applicable:
        return declared is None or declared.not_applicable != row.not_applicable
    return declared.points != row.points


def return_unit(session: Session, appraiser: User, unit: Unit, now: dt.datetime) -> Submission:
    """End round one with questions: the unit sees the points and reasons, and may explain, once.

    Raises:
        NotPermitted, Locked: as `appraise_component`.
        InvalidInput: it was returned before, components wait for points, nothing is asked, or there is no
            time to reply.
    """
    lock_unit(session, unit)
    scores = load_unit_scores(session, unit, now)
    require_appraisable(appraiser, scores)
    asked = scores.in_order(asked_components(session, unit.id))
    _check_return(scores, asked, now)
    submission = scores.sent
    submission.state = advance(scores.state, Move.RETURN, Party.APPRAISER)
    submission.returned_at, submission.returned_by = now, appraiser.username
    write_log(session, now, appraiser.username, "appraisal_returned", f"unit/{unit.code}", asked=asked)
    session.flush()
    return submission


def _check_return(scores: UnitScores, asked: list[str], now: dt.datetime) -> None:
    due_at = scores.unit.campaign.explanation_due_at
    if scores.round_number > 1:
        raise InvalidInput("%(unit)s đã giải trình một lần; vòng 2 không trả lại nữa.", unit=scores.unit.name)
    if scores.unappraised:
        raise InvalidInput(
            "Còn %(count)s tiêu chí chưa thẩm định: %(codes)s.",
            count=len(scores.unappraised),
            codes=", ".join(waiting.component.code for waiting in scores.unappraised),
        )
    if not asked:
        raise InvalidInput("Chưa hỏi đơn vị điều gì: ghi câu hỏi ở tiêu chí cần giải trình rồi trả lại.")
    if due_at is None:
        raise InvalidInput(
            "Chu kỳ chưa ghi hạn giải trình. Quản trị ghi ở trang Chu kỳ, phần Chung, rồi trả lại."
        )
    if now >= due_at:
        raise InvalidInput(
            "Hạn giải trình %(due_at)s đã qua, đơn vị không còn thời gian trả lời."
            " Quản trị lùi hạn ở trang Chu kỳ, phần Chung, rồi trả lại.",
            due_at=office_time(due_at),
        )


def proceed_without_reply(session: Session, appraiser: User, unit: Unit, now: dt.datetime) -> Submission:
    """Begin round two where the unit let the time for its explanation pass; its drafts stay its own.

    Raises:
        NotPermitted: the appraiser belongs to this unit.
        Locked: the unit does not explain anything, or still has time.
    """
    lock_unit(session, unit)
    require_other_unit(appraiser, unit)
    submission = _require_returned(session, unit)
    if not is_reply_late(unit, now):
        raise Locked("%(unit)s còn trong hạn giải trình. Chờ đơn vị trả lời hoặc hết hạn.", unit=unit.name)
    submission.state = advance(State.RETURNED, Move.PROCEED, Party.APPRAISER)
    write_log(session, now, appraiser.username, "explanation_missed", f"unit/{unit.code}")
    session.flush()
    return submission


def _require_returned(session: Session, unit: Unit) -> Submission:
    submission = find_submission(session, unit.id)
    if submission is None or state_of(submission) is not State.RETURNED:
        raise Locked("Không có gì đang chờ giải trình. Tải lại trang để xem trạng thái mới.")
    return submission


def is_reply_late(unit: Unit, now: dt.datetime) -> bool:
    """Whether the hour by which units reply is over."""
    due_at = unit.campaign.explanation_due_at
    return due_at is not None and now > due_at


def reply_lock(unit: Unit, submission: Submission | None, now: dt.datetime) -> Locked | None:
    """Why the unit cannot reply (any more); None while it can."""
    if submission is not None and submission.replied_at is not None:
        return Locked("Phản hồi đã gửi lúc %(sent_at)s; đơn vị chỉ trả lời một lần.",
                      sent_at=office_time(submission.replied_at))  # fmt: skip
    if state_of(submission) is not State.RETURNED:
        return Locked("Tổ thẩm định chưa hỏi đơn vị, hoặc đã chấm tiếp; lúc này không có gì để trả lời.")
    if is_reply_late(unit, now):
        return Locked(
            "Đã hết hạn phản hồi %(due_at)s. Những gì đã viết vẫn được giữ;"
            " liên hệ %(office)s nếu cần thêm ngày.",
            due_at=office_time(unit.campaign.explanation_due_at or now),
            office=unit.campaign.office_name,
        )
    return None


def require_reply_open(session: Session, unit: Unit, now: dt.datetime, code: str | None = None) -> None:
    """Lock the unit's rows, and refuse a change of its reply unless it is asked, in time and has not sent.

    Raises:
        Locked: says why; also where `code` was not asked about.
    """
    lock_unit(session, unit)
    reason = reply_lock(unit, find_submission(session, unit.id), now)
    if reason is not None:
        raise reason
    if code is not None and code not in asked_components(session, unit.id):
        raise Locked("Tổ thẩm định không hỏi về tiêu chí %(code)s.", code=code)


def write_reply(
    session: Session, unit: Unit, code: str, words: str, *, seen_revision: int, actor: str, now: dt.datetime
) -> None:
    """Keep the unit's words to a question as a new revision; the same words again add nothing.

    Raises:
        Locked: as `require_reply_open`.
        StaleVersion: a colleague has saved other words since `seen_revision`.
    """
    require_reply_open(session, unit, now, code)
    former = latest_replies(session, unit.id).get(code)
    kept = words.strip()[:_LONGEST_TEXT]
    if kept == ("" if former is None else former.words):
        return
    revision = 0 if former is None else former.revision
    if revision != seen_revision:
        raise StaleVersion("Tiêu chí %(code)s vừa có người khác trong đơn vị lưu.", code=code)
    session.add(
        ExplanationReply(
            unit_id=unit.id,
            component_code=code,
            revision=revision + 1,
            words=kept,
            written_by=actor,
            written_at=now,
        )
    )
    session.flush()


def attach_to_reply(
    session: Session, unit: Unit, code: str, document: Document, page_number: int | None,
    *, actor: str, now: dt.datetime,
) -> None:  # fmt: skip
    """Put a document behind the reply to a question, at a page.

    Raises:
        Locked: as `require_reply_open`.
        InvalidInput: the document has no such page.
    """
    require_reply_open(session, unit, now, code)
    file = keep_file(session, unit, document, actor=actor, now=now)
    add_citation(session, unit, code, file, page_number=page_number, actor=actor, now=now, in_reply=True)


def detach_from_reply(session: Session, unit: Unit, link_id: int, *, actor: str, now: dt.datetime) -> None:
    """Take a document away from the reply; the file and the former link stay on record.

    Raises:
        Locked: as `require_reply_open`.
    """
    require_reply_open(session, unit, now)
    standing = current_links(session, unit.id, in_reply=True).values()
    for link in [link for links in standing for link in links if link.id == link_id]:
        drop_citation(session, unit, link, actor=actor, now=now)


def send_reply(session: Session, actor: str, unit: Unit, now: dt.datetime) -> Submission:
    """Send the reply, the only one there is; from then on round two runs.

    Raises:
        Locked: as `require_reply_open`.
        InvalidInput: questions without any answer; they are named.
    """
    require_reply_open(session, unit, now)
    explanations = load_explanations(session, load_unit_scores(session, unit, now))
    silent = [explanation.code for explanation in explanations if not explanation.is_given]
    if silent:
        raise InvalidInput(
            "Còn %(count)s tiêu chí chưa trả lời: %(codes)s. Không giải trình thêm thì ghi như vậy.",
            count=len(silent),
            codes=", ".join(silent),
        )
    submission = _require_returned(session, unit)
    submission.state = advance(State.RETURNED, Move.REPLY, Party.UNIT)
    submission.replied_at, submission.replied_by = now, actor
    write_log(
        session, now, actor, "explanation_sent", f"unit/{unit.code}", codes=[one.code for one in explanations]
    )
    session.flush()
    return submission
