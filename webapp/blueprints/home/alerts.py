"""Above the work board: what is wrong with the installation, in the words of whoever can act or tell."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from webapp.http.access import Permission, may
from webapp.http.figures import format_moment, format_number
from webapp.http.locale import _, language, lazy, ngettext
from webapp.persistence.accounts import User
from webapp.persistence.backups import BackupFault
from webapp.services.alerts import Alert, AlertKind, standing_alerts

_REASONS = {
    BackupFault.DISK_FULL: lazy("đĩa chứa bản sao lưu đã đầy"),
    BackupFault.FOLDER: lazy("không ghi được vào thư mục sao lưu"),
    BackupFault.DATABASE: lazy("cơ sở dữ liệu không chép ra được"),
    BackupFault.UNVERIFIED: lazy("tệp vừa ghi đọc lại không khớp"),
}
_REMEDIES = {
    BackupFault.DISK_FULL: lazy(
        "Dọn chỗ trống hoặc đặt thư mục sao lưu sang ổ khác; máy tự thử lại mỗi giờ."
    ),
    BackupFault.FOLDER: lazy(
        "Kiểm tra ổ chứa bản sao lưu còn cắm và còn ghi được không; máy tự thử lại mỗi giờ."
    ),
    BackupFault.DATABASE: lazy(
        "Giữ nguyên các bản sao lưu đang có, chạy lệnh chamdiem doctor trên máy chủ; máy tự thử lại mỗi giờ."
    ),
    BackupFault.UNVERIFIED: lazy(
        "Ổ đĩa có thể bị lỗi: đặt thư mục sao lưu sang ổ khác; máy tự thử lại mỗi giờ."
    ),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened, what to do about it, and the page where; `kind` colours it: warning or error."""

    fact: str
    advice: str
    kind: str = "warning"
    address: str | None = None
    link: str = ""


def warnings_for(session: Session, user: User, now: dt.datetime) -> list[Notice]:
    """Administrators are told what to do, clerks and the head whom to tell; units are not troubled."""
    notices = []
    for alert in standing_alerts(session, now):
        if alert.kind is AlertKind.LOG_BROKEN:
            notices += [_log_broken(alert)] if may(user, Permission.VIEW_LOG) else []
        elif may(user, Permission.MANAGE_CAMPAIGN):
            notices.append(Notice(_fact(alert), _remedy(alert), "warning", "/sao-luu", _("Sao lưu")))
        elif may(user, Permission.VIEW_LOG) or may(user, Permission.INTAKE):
            notices.append(Notice(_fact(alert), _plea(alert)))
    return notices


def _log_broken(alert: Alert) -> Notice:
    fact = _(
        "Nhật ký không còn nguyên vẹn từ dòng số %(seq)s (kiểm tra lúc %(time)s).",
        seq=_number(alert.number),
        time=format_moment(alert.since),
    )
    advice = _("Chưa công bố được gì. Giữ nguyên máy và các bản sao lưu, báo người kiểm tra.")
    return Notice(fact, advice, "error", "/nhat-ky", _("Nhật ký"))


def _fact(alert: Alert) -> str:
    since = format_moment(alert.since)
    match alert.kind:
        case AlertKind.BACKUP_OLD:
            return _("Dữ liệu chưa được sao lưu từ %(time)s.", time=since)
        case AlertKind.SCANS_MISSING:
            return ngettext(
                "Bản sao lưu gần nhất thiếu %(num)s tệp quét: tệp trên máy chủ đã mất hoặc hỏng.",
                "Bản sao lưu gần nhất thiếu %(num)s tệp quét: tệp trên máy chủ đã mất hoặc hỏng.",
                alert.number,
            )
        case AlertKind.BACKUP_FAILED if alert.since is not None:
            reason = _REASONS[BackupFault(alert.reason)]
            return _(
                "Lần sao lưu gần nhất không thành: %(reason)s. Bản tốt gần nhất là của %(time)s.",
                reason=reason,
                time=since,
            )
        case AlertKind.BACKUP_FAILED:
            return _(
                "Sao lưu không thành: %(reason)s. Chưa có bản sao lưu nào.",
                reason=_REASONS[BackupFault(alert.reason)],
            )
    return _("Dữ liệu của chương trình chưa được sao lưu lần nào.")


def _remedy(alert: Alert) -> str:
    if alert.kind is AlertKind.BACKUP_FAILED:
        return str(_REMEDIES[BackupFault(alert.reason)])
    if alert.kind is AlertKind.SCANS_MISSING:
        return _(
            "Trên máy chủ, lấy lại từ một bản trước bằng lệnh chamdiem restore --scans-only. Các bản ở trang"
        )
    return _(
        "Máy chủ tự sao lưu một phút sau khi bật, nếu bộ đọc phiếu đang chạy. Muốn làm ngay thì mở trang"
    )


def _plea(alert: Alert) -> str:
    """What to tell the administrator, and why."""
    if alert.kind is AlertKind.SCANS_MISSING:
        return _("Báo người quản trị lấy lại từ bản sao lưu trước; nếu không còn thì phải quét lại.")
    return _("Báo người quản trị: nếu máy chủ hỏng, phần việc chưa sao lưu sẽ mất.")


def _number(count: int) -> str:
    return format_number(count, language())
