"""“Việc của tôi”: what waits for this person, each with its number and the page where it is done."""

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from webapp.http.access import Permission, may
from webapp.http.figures import format_number
from webapp.http.locale import _, language, ngettext
from webapp.par_index.workflow import State
from webapp.persistence.accounts import User
from webapp.persistence.campaign import Campaign
from webapp.persistence.schemes import levels_with_scheme
from webapp.services.progress import CycleFigures, OpenWork
from webapp.services.reopening import self_score_reopenings
from webapp.services.review_work import ANCHOR_S
from webapp.services.unit_scores import load_unit_scores


@dataclass(frozen=True, slots=True)
class Task:
    """A link with its figure; `kind` colours it: attention, working, done, or nothing.

    Without an address it only tells: others do that work, on pages that this person may not open.
    """

    figure: str
    word: str
    address: str
    kind: str = ""


def my_tasks(
    session: Session, campaign: Campaign, user: User, figures: CycleFigures, now: dt.datetime
) -> list[Task]:
    """Everything that this person may do and that waits, most pressing first."""
    waiting = (find(figures.work) for allowed, find in _FINDERS.items() if may(user, allowed))
    own = _self_score_tasks(session, campaign, user, figures, now) if may(user, Permission.SELF_SCORE) else []
    return [*own, *(task for tasks in waiting for task in tasks)]


def _print_tasks(work: OpenWork) -> list[Task]:
    if not work.sheets_to_print:
        return []
    word = ngettext("phiếu chưa in", "phiếu chưa in", work.sheets_to_print)
    return [Task(_number(work.sheets_to_print), word, "/in")]


def _intake_tasks(work: OpenWork) -> list[Task]:
    problems = work.pages_problem + work.files_refused
    tasks = []
    if problems:
        word = ngettext("trang hoặc tệp có vấn đề", "trang hoặc tệp có vấn đề", problems)
        tasks.append(Task(_number(problems), word, "/quet", "attention"))
    if work.sheets_one_sided:
        word = ngettext("phiếu thiếu mặt", "phiếu thiếu mặt", work.sheets_one_sided)
        tasks.append(Task(_number(work.sheets_one_sided), word, "/quet/can-quet-lai", "attention"))
    if work.pages_reading:
        word = ngettext("trang đang chờ máy đọc", "trang đang chờ máy đọc", work.pages_reading)
        tasks.append(Task(_number(work.pages_reading), word, "/quet", "working"))
    if work.doubtful.waiting:
        word = ngettext(
            "ô đang chờ người rà soát, %(settled)s ô đã xong",
            "ô đang chờ người rà soát, %(settled)s ô đã xong",
            work.doubtful.waiting,
            settled=_number(work.doubtful.settled),
        )
        tasks.append(Task(_number(work.doubtful.waiting), word, "", "working"))
    return [*tasks, Task("+", _("Nhận thêm phiếu quét"), "/quet")]


def _review_tasks(work: OpenWork) -> list[Task]:
    tasks = []
    if work.tiles_open:
        word = ngettext("ô cần xem theo nhóm", "ô cần xem theo nhóm", work.tiles_open)
        tasks.append(Task(_number(work.tiles_open), word, "/ra-soat", "attention"))
    if work.answers_open:
        minutes = math.ceil(work.answers_open * ANCHOR_S["single"] / 60)
        word = _("ô cần rà soát, khoảng %(minutes)s phút", minutes=minutes)
        tasks.append(Task(_number(work.answers_open), word, "/ra-soat", "attention"))
    if work.answers_twice:
        word = ngettext("ô chờ người thứ hai nhập", "ô chờ người thứ hai nhập", work.answers_twice)
        tasks.append(Task(_number(work.answers_twice), word, "/ra-soat", "attention"))
    if work.comments_open:
        word = ngettext("ý kiến viết tay cần nhập", "ý kiến viết tay cần nhập", work.comments_open)
        tasks.append(Task(_number(work.comments_open), word, "/ra-soat"))
    return tasks


def _adjudication_tasks(work: OpenWork) -> list[Task]:
    if not work.answers_disputed:
        return []
    word = ngettext("ô chờ phân xử", "ô chờ phân xử", work.answers_disputed)
    return [Task(_number(work.answers_disputed), word, "/ra-soat/phan-xu", "attention")]


def _appraisal_tasks(work: OpenWork) -> list[Task]:
    tasks = []
    if work.units_to_appraise:
        word = ngettext("đơn vị chờ thẩm định", "đơn vị chờ thẩm định", work.units_to_appraise)
        tasks.append(Task(_number(work.units_to_appraise), word, "/tham-dinh", "attention"))
    if work.units_returned:
        word = ngettext("đơn vị đang trả lời", "đơn vị đang trả lời", work.units_returned)
        tasks.append(Task(_number(work.units_returned), word, "/tham-dinh", "working"))
    return tasks


def _index_tasks(_work: OpenWork) -> list[Task]:
    return [Task("→", _("Xem trước và tính chỉ số"), "/chi-so")]


def _complaint_tasks(work: OpenWork) -> list[Task]:
    if not work.complaints_open:
        return []
    word = ngettext("kiến nghị chờ trả lời", "kiến nghị chờ trả lời", work.complaints_open)
    return [Task(_number(work.complaints_open), word, "/kien-nghi", "attention")]


def _results_tasks(work: OpenWork) -> list[Task]:
    return [Task("→", _("Xem bảng kết quả"), "/ket-qua")] if work.is_published else []


def _user_tasks(_work: OpenWork) -> list[Task]:
    return [
        Task("→", _("Quản lý tài khoản"), "/nguoi-dung"),
        Task("→", _("Xem và sửa chu kỳ"), "/chu-ky"),
        Task("→", _("Thùng rác: bỏ và khôi phục bản quét"), "/thung-rac"),
    ]


_FINDERS: dict[Permission, Callable[[OpenWork], list[Task]]] = {
    Permission.VERIFY: _review_tasks,
    Permission.INTAKE: _intake_tasks,
    Permission.PRINT: _print_tasks,
    Permission.ADJUDICATE: _adjudication_tasks,
    Permission.APPRAISE: _appraisal_tasks,
    Permission.ANSWER_COMPLAINTS: _complaint_tasks,
    Permission.COMPUTE_INDEX: _index_tasks,
    Permission.VIEW_RESULTS: _results_tasks,
    Permission.MANAGE_USERS: _user_tasks,
}


def _self_score_tasks(
    session: Session, campaign: Campaign, user: User, figures: CycleFigures, now: dt.datetime
) -> list[Task]:
    """How far the unit's own self-score is."""
    if user.unit is None:
        return []
    state = figures.states.get(user.unit.id, State.DRAFT)
    if state in (State.APPRAISED, State.FINAL):
        return [Task("✓", _("Xem điểm thẩm định"), "/tu-cham", "done")]
    if state is State.SUBMITTED:
        return [Task("✓", _("Đã gửi bản tự chấm, chờ thẩm định"), "/tu-cham", "done")]
    if user.unit.level not in levels_with_scheme(session, campaign.id):
        return []
    if state is State.RETURNED:
        return [Task("?", _("Tổ thẩm định đang hỏi lại: trả lời một lần"), "/phan-hoi", "attention")]
    scores = load_unit_scores(session, user.unit, now)
    figure, word = f"{scores.complete_count}/{len(scores.own)}", _("tiêu chí đã tự chấm đủ")
    if self_score_reopenings(session, user.unit, scores.submission):
        word = _("tiêu chí đã đủ; bản tự chấm được mở lại: xem lý do, sửa rồi gửi lại")
    return [Task(figure, word, "/tu-cham", "attention")]


def _number(count: int) -> str:
    return format_number(count, language())
