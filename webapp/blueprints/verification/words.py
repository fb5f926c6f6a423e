"""Verification's slugs in words."""

from webapp.http.locale import lazy
from webapp.persistence.verification import ReviewItem

FLAG_WORDS = {
    "marginal_mark": lazy("dấu mờ, chưa rõ có phải là chọn hay không"),
    "multiple_marks": lazy("hai ô trở lên cùng có dấu"),
    "corrected_mark": lazy("có ô bị gạch bỏ"),
    "no_mark": lazy("không thấy dấu nào"),
    "low_confidence": lazy("máy chưa đủ chắc"),
    "poor_registration": lazy("trang bị lệch hoặc méo"),
    "streak": lazy("có vệt đen của máy quét"),
}
REOPENED = lazy("hỏi lại: ảnh, hoặc điều máy đọc, không còn như lúc trả lời trước")
SET_ASIDE = lazy("có người nhìn ảnh thấy khác điều máy đọc")
WRITTEN = lazy("có chữ viết tay")
BLIND = lazy("ô này được nhập hai lần; nhìn ảnh mà chọn, không ai thấy câu trả lời trước")
ARBITRATED = lazy("hai người nhập khác nhau, hoặc có người chuyển lên")
OTHER_FLAG = lazy("máy đánh dấu cần xem")

INVALID_WORDS = {
    "several_marks": lazy("Chọn từ hai ô trở lên"),
    "between_options": lazy("Dấu nằm giữa hai ô"),
    "all_crossed_out": lazy("Đã gạch bỏ hết"),
    "unreadable_mark": lazy("Rách, bẩn, không đọc được"),
}
ESCALATION_WORDS = {
    "unsure_rule": lazy("Không chắc áp dụng quy tắc nào"),
    "need_paper": lazy("Phải xem tờ giấy gốc"),
    "written_note": lazy("Người trả lời ghi chú thêm"),
    "wrong_sheet": lazy("Nghi nhầm phiếu hoặc nhầm trang"),
}
ARBITRATION_WORDS = {
    "faint_counts": lazy("Nét mờ vẫn là chọn"),
    "dirt": lazy("Vết bẩn"),
    "crossed_out": lazy("Đã gạch bỏ"),
    "other": lazy("Lý do khác"),
}
KIND_WORDS = {
    "blank": lazy("trống"),
    "invalid": lazy("không hợp lệ"),
    "unreadable": lazy("không đọc được"),
    "text": lazy("đã nhập chữ"),
    "escalate": lazy("chuyển phân xử"),
}
# Why what a person sent is no answer that counts.
NOT_COUNTED_WORDS = {
    "late": lazy("Ô này hết giờ giữ và đã có người làm. Câu trả lời của bạn thành ý kiến thứ hai."),
    "replaced": lazy(
        "Trong lúc bạn làm, trang của ô này được thay bằng trang khác. Câu trả lời theo ảnh cũ được giữ làm "
        "ý kiến, không được tính; còn cần người trả lời thì ô hiện lại với ảnh mới."
    ),
    "set_aside": lazy(
        "Trong lúc bạn làm, trang được đọc lại và máy đã nhận một câu trả lời khác. Câu của bạn được giữ làm "
        "ý kiến; ô sang soát từng ô, chưa được tính cho tới khi có người xem."
    ),
    "void": lazy(
        "Ô này không còn chờ ai: trang đã được đọc lại và máy nhận đúng như vậy, hoặc trang không còn được "
        "tính. Câu trả lời của bạn được giữ làm ý kiến."
    ),
}


# What waits in each queue, and how it is done there.
QUEUE_WORDS = {
    "page": (lazy("Trang có vấn đề"), lazy("gán vào phiếu, bỏ, hoặc quét lại")),
    "grid": (lazy("Soát theo nhóm"), lazy("xem lướt 24 ô máy đọc giống nhau, chỉ bấm vào ô khác")),
    "single": (lazy("Soát từng ô"), lazy("mỗi lần một ô, nhìn ảnh, bấm một phím")),
    "second": (
        lazy("Nhập lần hai"),
        lazy("người khác đã làm; bạn nhập lại mà không thấy câu trả lời của họ hay của máy"),
    ),
    "arbitration": (lazy("Phân xử"), lazy("hai người nhập khác nhau; bạn quyết định và nêu lý do")),
    "comment": (lazy("Ý kiến viết tay"), lazy("gõ lại chữ người trả lời viết")),
}


def reasons_to_look(item: ReviewItem) -> list[str]:
    """Why a person must look at the item, the weightiest first; nothing of the reading to whom keys blind."""
    if item.state == "second":
        return [str(BLIND)]
    if item.state == "arbitration":
        return [str(ARBITRATED)]
    if item.queue == "comment":
        return [str(WRITTEN if item.reopened_at is None else REOPENED)]
    reasons = [str(FLAG_WORDS.get(flag, OTHER_FLAG)) for flag in item.field_reading.flags]
    if item.set_aside_at is not None:
        return [str(SET_ASIDE)]
    return [str(REOPENED), *reasons] if item.reopened_at is not None else reasons or [str(OTHER_FLAG)]
