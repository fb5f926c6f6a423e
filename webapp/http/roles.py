"""What the roles are called, and what each does here in a few words."""

from webapp.http.locale import lazy
from webapp.services.accounts import Role

ROLE_NAMES: dict[str, str] = {
    Role.CLERK: lazy("Văn thư"),
    Role.REVIEWER: lazy("Người rà soát"),
    Role.UNIT: lazy("Đơn vị"),
    Role.APPRAISER: lazy("Tổ thẩm định"),
    Role.HEAD: lazy("Lãnh đạo"),
    Role.AUDITOR: lazy("Người kiểm toán"),
    Role.TREASURER: lazy("Thủ quỹ, kế toán"),
    Role.VIEWER: lazy("Người xem"),
    Role.ADMINISTRATOR: lazy("Quản trị"),
}
ROLE_TASKS: dict[str, str] = {
    Role.CLERK: lazy("In phiếu, nhận phiếu quét"),
    Role.REVIEWER: lazy("Rà soát các ô máy chưa chắc"),
    Role.UNIT: lazy("Tự chấm điểm, nộp minh chứng"),
    Role.APPRAISER: lazy("Thẩm định điểm tự chấm"),
    Role.HEAD: lazy("Tính và công bố chỉ số"),
    Role.AUDITOR: lazy("Kiểm toán các câu trả lời đã nhận"),
    Role.TREASURER: lazy("Chi trả người trả lời và người điều tra"),
    Role.VIEWER: lazy("Xem kết quả đã công bố"),
    Role.ADMINISTRATOR: lazy("Quản lý chu kỳ và tài khoản"),
}
