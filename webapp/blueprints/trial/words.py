"""What the trial sheet found, and what to do on printer or scanner; figures as the office writes them."""

from dataclasses import dataclass

from ocr.trial.judge import Check, Fault, Subject, Verdict
from webapp.http.figures import format_number, format_percent
from webapp.http.locale import _, language, lazy
from webapp.http.trials import TRIAL_VERDICTS

SUBJECTS = {
    Subject.SIDES: lazy("Hai mặt"),
    Subject.SCALE: lazy("Cỡ in"),
    Subject.SKEW: lazy("Độ lệch"),
    Subject.RESOLUTION: lazy("Độ phân giải"),
    Subject.GREY: lazy("Ảnh xám"),
    Subject.CONTRAST: lazy("Độ tương phản"),
    Subject.SHARPNESS: lazy("Độ nét"),
    Subject.STREAKS: lazy("Vệt dọc"),
    Subject.MARKS: lazy("Ô mẫu đọc được"),
}

_FAULTS = {
    Fault.NOTHING_SCANNED: lazy("Tệp không có trang nào. Quét lại tờ phiếu thử."),
    Fault.NOT_A_TRIAL: lazy(
        "Không thấy phiếu thử trong tệp. In tệp PDF ở bước 1 rồi quét chính tờ đó; nếu đã đúng tờ, "
        "lau kính và quét ảnh xám 200–300 dpi."
    ),
    Fault.FRONT_MISSING: lazy("Thiếu mặt trước. Bật quét hai mặt, đặt đúng chiều giấy, rồi quét lại."),
    Fault.BACK_MISSING: lazy("Thiếu mặt sau. Bật in hai mặt và quét hai mặt, rồi thử lại."),
    Fault.BACK_FIRST: lazy("Mặt sau đứng trước mặt trước. Vẫn đọc được; lật chồng giấy khi đặt vào máy."),
    Fault.PHOTOGRAPHED: lazy("Đây là ảnh chụp, không đo được cỡ in. Thử bằng máy quét sẽ dùng."),
    Fault.WRONG_ANSWER: lazy(
        "Có ô mẫu bị đọc sang ô khác. Đừng quét phiếu thật bằng máy này; báo người quản trị, "
        "kèm tệp vừa quét."
    ),
}
_ADVICE = {
    Subject.SCALE: lazy("Chọn “Kích thước thật” (Actual size, 100 %) khi in, rồi in lại phiếu thử."),
    Subject.SKEW: lazy("Chỉnh thanh chặn giấy sát mép chồng giấy ở khay, rồi quét lại."),
    Subject.RESOLUTION: lazy("Đặt máy quét ở 200 hoặc 300 dpi."),
    Subject.GREY: lazy("Máy đang quét đen trắng: nét chì nhạt dễ mất. Chọn ảnh xám (Grayscale)."),
    Subject.CONTRAST: lazy("Bản in hoặc bản quét quá nhạt. Thay mực, hoặc giảm độ sáng của máy quét."),
    Subject.SHARPNESS: lazy("Ảnh nhòe. Lau kính máy quét, tắt chế độ tiết kiệm mực, quét 200–300 dpi."),
    Subject.STREAKS: lazy("Lau kính và con lăn máy quét ở chỗ có vệt, rồi quét lại."),
    Subject.MARKS: lazy("Nhiều ô mẫu máy không chắc, sẽ phải rà soát nhiều. Xem các dòng chưa đạt ở trên."),
}


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One line of the report, in words."""

    subject: str
    verdict: str
    badge: str
    figure: str
    advice: str


def check_line(check: Check) -> CheckLine:
    """A check in words; advice only where something is to be done."""
    advice = _FAULTS.get(check.fault, "")
    if not advice and check.verdict is not Verdict.GOOD:
        advice = _ADVICE.get(check.subject, "")
    word, badge = TRIAL_VERDICTS[check.verdict]
    return CheckLine(
        str(SUBJECTS[check.subject]),
        str(word),
        badge,
        _figure(check),
        str(advice),
    )


# Decimals, and what stands behind the figure.
_NUMBERS = {
    Subject.SKEW: (1, "°"),
    Subject.RESOLUTION: (0, "\N{NO-BREAK SPACE}dpi"),
    Subject.SHARPNESS: (2, "\N{NO-BREAK SPACE}mm"),
}
_SHARES = {Subject.SCALE: 1, Subject.CONTRAST: 0, Subject.MARKS: 1}


def _figure(check: Check) -> str:
    """The measured value; empty where it means nothing to the office."""
    if check.value is None:
        return ""
    if check.subject in _SHARES:
        return format_percent(check.value, language(), _SHARES[check.subject])
    if check.subject is Subject.STREAKS:
        return _("cách mép trái %(mm)s mm", mm=format_number(check.value, language(), 0))
    if check.subject in _NUMBERS:
        places, unit = _NUMBERS[check.subject]
        return format_number(check.value, language(), places) + unit
    return ""
