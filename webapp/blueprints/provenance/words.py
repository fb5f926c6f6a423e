"""Outcomes, events and sources in words."""

from webapp.http.locale import lazy

OUTCOME_WORDS = {"blank": lazy("trống"), "invalid": lazy("không hợp lệ")}
KIND_WORDS = {
    "blank": lazy("để trống"),
    "invalid": lazy("không hợp lệ"),
    "unreadable": lazy("không đọc được"),
    "text": lazy("nhập chữ"),
    "escalate": lazy("chuyển phân xử"),
    "undo": lazy("hoàn tác quyết định trước"),
}
STAGE_WORDS = {"second": lazy("nhập lần hai"), "arbitration": lazy("phân xử")}
REASON_WORDS = {
    "several_marks": lazy("chọn từ hai ô trở lên"),
    "between_options": lazy("dấu nằm giữa hai ô"),
    "all_crossed_out": lazy("đã gạch bỏ hết"),
    "unreadable_mark": lazy("rách, bẩn, không đọc được"),
    "unsure_rule": lazy("không chắc áp dụng quy tắc nào"),
    "need_paper": lazy("phải xem tờ giấy gốc"),
    "written_note": lazy("người trả lời ghi chú thêm"),
    "wrong_sheet": lazy("nghi nhầm phiếu hoặc nhầm trang"),
    "faint_counts": lazy("nét mờ vẫn là chọn"),
    "dirt": lazy("vết bẩn"),
    "crossed_out": lazy("đã gạch bỏ"),
    "other": lazy("lý do khác"),
}
FLAG_WORDS = {
    "marginal_mark": lazy("dấu mờ, chưa rõ"),
    "multiple_marks": lazy("nhiều ô cùng có dấu"),
    "corrected_mark": lazy("có dấu đã sửa"),
    "no_mark": lazy("không có dấu"),
    "low_confidence": lazy("độ tin cậy thấp"),
    "poor_registration": lazy("căn chỉnh kém"),
    "streak": lazy("vệt sọc"),
}
STATE_WORDS = {
    "empty": lazy("trống"),
    "marginal": lazy("chưa rõ"),
    "filled": lazy("có dấu"),
    "cancelled": lazy("đã gạch bỏ"),
}
SOURCE_WORDS = {
    "upload": lazy("tải lên từ trình duyệt"),
    "folder": lazy("thư mục quét"),
    "phone": lazy("chụp bằng điện thoại"),
    "separator": lazy("tách từ chồng phiếu có tờ ngăn"),
}
