"""What an audit says beside its bound: the promise, what to do next, what it means for the index."""

import math

from webapp.audit.effect import Gap
from webapp.audit.escalation import PROMISE, Step
from webapp.http.figures import format_number, format_percent
from webapp.http.locale import _, language, lazy
from webapp.services.audit_effects import AuditEffect, LevelEffect

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


def bias_words(effect: AuditEffect) -> str:
    """How far all wrong answers together may move the mean of the scored answers; rounded up."""
    if not effect.scored:
        return _("Mọi câu tính điểm đã được xem toàn bộ: không còn phần nào chỉ rút mẫu.")
    return _(
        "Điểm trung bình của %(count)s câu tính điểm lệch không quá %(share)s thang điểm, "
        "tức %(points)s điểm trên 100 tính trung bình mọi đơn vị (tin cậy 95 %%).",
        count=format_number(effect.scored, language()),
        share=format_percent(math.ceil(effect.bias * 10**4) / 10**4, language(), 2),
        points=format_number(math.ceil(effect.bias_points * 10**2) / 10**2, language(), 2),
    )


def level_words(level: LevelEffect) -> str:
    """How many neighbours in rank the audit does not separate."""
    return _(
        "%(title)s: %(inseparable)s trong %(pairs)s cặp liền hạng chưa tách được.",
        title=level.title,
        inseparable=len(level.inseparable),
        pairs=len(level.gaps),
    )


def worst_case_words(effect: AuditEffect) -> str:
    """What “not separated” means."""
    return _(
        "Chưa tách được: nếu cả %(wrong)s câu có thể còn sai đều rơi vào hai đơn vị ấy, đúng chỗ hại nhất, "
        "thì hạng có thể đổi. Đó là trường hợp xấu nhất; muốn chắc thì rà soát toàn bộ phiếu của hai đơn vị.",
        wrong=effect.wrong_at_most,
    )


def gap_words(gap: Gap) -> tuple[str, str, str, str]:
    """A pair that is not separated: above, below, how many points apart, and how many answers swap them."""
    apart = format_number(gap.points, language(), 2)
    return gap.above, gap.below, apart, format_number(gap.fewest, language())
