"""What every page shows around its content: the person, the campaign, and the tabs of the person's role."""

from dataclasses import dataclass

from flask import Flask, request

from webapp.http.access import Permission, may
from webapp.http.context import find_campaign, settings, signed_in_user
from webapp.http.locale import lazy, when_shown
from webapp.http.log import log_mark
from webapp.http.roles import ROLE_NAMES, ROLE_TASKS


@dataclass(frozen=True, slots=True)
class Tab:
    """A plain link of the header; `is_current`: the page on the screen belongs to it."""

    label: str
    address: str
    is_current: bool


# In the order of the cycle: label, blueprint, path, and who sees it.
_TABS = (
    (lazy("Bảng việc"), "home", "/", Permission.VIEW_PROGRESS),
    (lazy("Chu kỳ"), "campaigns", "/chu-ky", Permission.MANAGE_CAMPAIGN),
    (lazy("Bộ chỉ số"), "schemes", "/bo-chi-so", Permission.SEE_CATALOGUE),
    (lazy("In phiếu"), "printing", "/in", Permission.PRINT),
    (lazy("Phát và thu"), "hand_over", "/phat-thu", Permission.HAND_OVER),
    (lazy("Nhận phiếu quét"), "intake", "/quet", Permission.INTAKE),
    (lazy("Rà soát"), "verification", "/ra-soat", Permission.VERIFY),
    (lazy("Phân xử"), "arbitration", "/ra-soat/phan-xu", Permission.ADJUDICATE),
    (lazy("Số liệu rà soát"), "reviewers", "/ra-soat/nguoi", Permission.SEE_REVIEWERS),
    (lazy("Kiểm toán"), "answer_audit", "/kiem-toan", Permission.AUDIT),
    (lazy("Tự chấm"), "self_scoring", "/tu-cham", Permission.SELF_SCORE),
    (lazy("Phản hồi"), "explanations", "/phan-hoi", Permission.SELF_SCORE),
    (lazy("Thẩm định"), "appraisal", "/tham-dinh", Permission.APPRAISE),
    (lazy("Chỉ số"), "results", "/chi-so", Permission.COMPUTE_INDEX),
    (lazy("Chi trả"), "payments", "/chi-tra", Permission.PAY),
    (lazy("Kết quả"), "results", "/ket-qua", Permission.VIEW_RESULTS),
    (lazy("Kiến nghị"), "complaints", "/kien-nghi", Permission.SELF_SCORE),
    (lazy("Người dùng"), "users", "/nguoi-dung", Permission.MANAGE_USERS),
    (lazy("Nhật ký"), "log", "/nhat-ky", Permission.VIEW_LOG),
    (lazy("Sao lưu"), "backups", "/sao-luu", Permission.MANAGE_CAMPAIGN),
)


def install_shell(app: Flask) -> None:
    """Give every template what the header needs."""

    def tabs() -> list[Tab]:
        user = signed_in_user()
        if user is not None and user.must_change_password:  # every tab would lead back to the password
            return []
        shown = [
            (label, path)
            for label, feature, path, permission in _TABS
            if feature in app.blueprints and may(user, permission)
        ]
        inside = [path for _label, path in shown if _is_inside(path)]
        current = max(inside, key=len, default=None)  # /ra-soat/phan-xu has a tab of its own beside /ra-soat
        return [Tab(label, path, path == current) for label, path in shown]

    app.jinja_env.filters.update(
        role_name=when_shown(lambda role: str(ROLE_NAMES[role])),
        role_task=when_shown(lambda role: str(ROLE_TASKS[role])),
    )
    app.jinja_env.globals.update(
        log_mark=log_mark,
        tabs=tabs,
        signed_in_user=signed_in_user,
        find_campaign=find_campaign,
        is_demo=lambda: settings().demo,
        Permission=Permission,
        may=lambda permission: may(signed_in_user(), permission),
    )


def _is_inside(path: str) -> bool:
    """Whether the page lies at or below this address; nothing lies below the home page."""
    return request.path == path or (path != "/" and request.path.startswith(f"{path}/"))
