"""What an audit says of itself beside its bound: the promise, and what to do next."""

from webapp.audit.escalation import PROMISE, Step
from webapp.http.figures import format_percent
from webapp.http.locale import _, language, lazy

STEP_WORDS = {
    Step.LOOK: lazy("Còn ô chờ xem. Bấm “Xem ô tiếp theo”; người khác cũng có thể xem cùng lúc."),
    Step.PASS: lazy("Đạt. In biên bản, ký và công bố cùng mã của bản kê và hạt giống."),
    Step.GO_ON: lazy(
        "Chưa đủ để kết luận. Tìm nguyên nhân của từng ô sai, rồi bấm “Rút thêm một vòng”: "
        "mỗi phiếu thêm một câu."
    ),
    Step.STOP: lazy(
        "Dừng lại. Sửa nguyên nhân, đọc lại hoặc rà soát lại toàn bộ phần có lỗi, rồi chốt lại "
        "với hạt giống mới. Biên bản của cả hai lần đều được giữ."
    ),
    Step.TOO_SMALL: lazy(
        "Không thấy ô sai, nhưng số phiếu quá ít để chứng minh mức đã hứa. In biên bản với cận đã đạt."
    ),
}


def promise_words() -> str:
    """What the office promises."""
    return format_percent(PROMISE, language(), 1)


def value_words(value: str) -> str:
    """An answer as it is said: the option's number, blank, or invalid."""
    return {"blank": _("trống"), "invalid": _("không hợp lệ")}.get(value, value)
