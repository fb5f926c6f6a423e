"""The table that `chamdiem campaign` ends with."""

import math
from collections.abc import Iterator

from ocr.deck.bounds import Rate, rate
from ocr.deck.report import as_text as score_as_text
from ocr.deck.report import rates
from webapp.audit.escalation import PROMISE
from webapp.cli.campaign_run import Outcome
from webapp.services.audit_reports import keeps_promise
from webapp.services.rehearsal import PACE_S
from webapp.services.rehearsal_audit import PlayedAudit

_MOST_AVOIDABLE = 0.03


def as_text(outcome: Outcome) -> str:
    """The score of the readings, then the campaign's own figures."""
    lines = [score_as_text(outcome.score), "", *_lines(outcome), "", _verdict(outcome)]
    return "\n".join(lines)


def _lines(outcome: Outcome) -> Iterator[str]:
    known = rates(outcome.score)
    speed = outcome.pages_read / outcome.read_s if outcome.read_s else 0.0
    yield _line(
        "Đơn vị / tờ phiếu / trang đã quét", f"{outcome.units} / {outcome.sheets} / {outcome.pages_scanned}"
    )
    yield _line("In, điền, quét", f"{outcome.fill_s:.0f} giây")
    yield _line("Đọc (tiến trình đọc thật)", f"{outcome.read_s:.0f} giây, {_decimal(speed, 1)} trang/giây")
    yield _line("Bộ nhớ cao nhất khi đọc", f"{outcome.worker_memory_mb:.0f} MB")
    yield _line("Mặt phiếu phải quét lại", f"{outcome.sides_rescanned}, còn thiếu {outcome.sides_not_read}")
    yield _line("Sai sót lọt (không ai được xem)", _share(known["silent_errors"]))
    yield _line("Chuyển người rà soát", _share(known["review"]))
    yield _line("  ngoài bỏ trống, hai ô, có sửa thật", _share(known["review_avoidable"]))
    yield _line("Trang bị từ chối", _share(known["refused_pages"]))
    looked = outcome.looked
    yield _line("Đã rà soát", f"{looked.answers} ô trong {outcome.settle_s:.0f} giây máy")
    yield from _people_lines(outcome)
    yield from _audit_lines(outcome.audit)
    kept = outcome.answers
    yield _line(
        "Câu trả lời đúng ý sau cùng", f"{kept.recovered} / {kept.true}; sai {kept.wrong}, mất {kept.lost}"
    )
    yield _line("Chênh lệch chỉ số lớn nhất", _difference(outcome))
    state = (
        "đã chốt và công bố" if outcome.is_published else "tính thử (" + "; ".join(outcome.blocked_by) + ")"
    )
    yield _line("Bản chỉ số", state)
    yield _line("Tất cả", f"{outcome.total_s / 60:.1f} phút".replace(".", ","))


_QUEUE_WORDS = {
    "grid": "theo nhóm",
    "single": "từng ô",
    "second": "nhập lần hai (nhập mù)",
    "arbitration": "phân xử",
}


def _people_lines(outcome: Outcome) -> Iterator[str]:
    """What people's work would take at the published paces, queue by queue, and in all."""
    looked, audit = outcome.looked, outcome.audit
    for queue, words in _QUEUE_WORDS.items():
        count, decoys = looked.by_queue.get(queue, 0), f", {looked.decoys} ô mồi" * (queue == "grid")
        minutes = _decimal(looked.seconds_of(queue) / 60, 1)
        yield _line(f"  {words}", f"{count} ô × {_decimal(PACE_S[queue], 1)} s = {minutes} phút{decoys}")
    yield _line("Thời gian rà soát của người", f"{_decimal(looked.seconds / 60, 1)} phút")
    yield _line(
        "Thời gian kiểm toán của người",
        f"{audit.looks} lượt × {_decimal(PACE_S['second'], 1)} s = {_decimal(audit.seconds / 60, 1)} phút",
    )


def _audit_lines(audit: PlayedAudit) -> Iterator[str]:
    """What the audit drew and proves."""
    report, effect = audit.report, audit.effect
    wrong = report.wrong + report.full_wrong
    yield _line(
        "Kiểm toán: rút / xem toàn bộ / sai",
        f"{report.looked} trong {report.rounds} vòng / {report.full_looked} / {wrong}",
    )
    if report.bound is not None:
        kept = "đạt" if keeps_promise(report) else "chưa đạt"
        promise = _decimal(float(PROMISE) * 100, 1)
        yield _line("Sai sót còn lại (tin cậy 95 %)", f"≤ {_share_up(report.bound)} ({kept} mức {promise} %)")
    if report.bound_with_misses is not None:
        planted = f"{report.planted.shown} ô biết trước, xem đúng {report.planted.caught}"
        yield _line(
            "  kể cả phần người xem có thể bỏ sót", f"≤ {_share_up(report.bound_with_misses)} ({planted})"
        )
    if effect is not None:
        pairs = sum(len(level.gaps) for level in effect.levels)
        swapped = sum(len(level.inseparable) for level in effect.levels)
        yield _line("  lệch điểm trung bình của chỉ số", f"≤ {_decimal(effect.bias_points, 2)} điểm trên 100")
        yield _line("  cặp liền hạng chưa tách được", f"{swapped} trong {pairs} (trường hợp xấu nhất)")


def _share_up(share: float) -> str:
    """A bound in percent, rounded up so that it is never too small."""
    return f"{_decimal(math.ceil(share * 10**5) / 10**3, 3)} %"


def _line(words: str, figures: str) -> str:
    return f"{words:40}{figures}"


def _share(value: Rate) -> str:
    if value.share is None or value.upper_95 is None:
        return "–"
    share, bound = _decimal(value.share * 100, 3), _decimal(value.upper_95 * 100, 4)
    return f"{value.count} / {value.total} = {share} % (cận trên 95 %: {bound} %)"


def _difference(outcome: Outcome) -> str:
    index = outcome.index
    if index.largest is None:
        return "chưa đơn vị nào có chỉ số"
    largest = f"{index.largest:f}".replace(".", ",")
    return (
        f"{largest} điểm % ({index.with_index}/{index.units} đơn vị); {index.ranks_changed} đơn vị đổi hạng"
    )


def _decimal(number: float, digits: int) -> str:
    return f"{number:.{digits}f}".replace(".", ",")


def _verdict(outcome: Outcome) -> str:
    if not outcome.passed:
        return "CHIẾN DỊCH THỬ KHÔNG ĐẠT."
    review = rate(outcome.score.avoidable_review, outcome.score.answers).share or 0.0
    if review > _MOST_AVOIDABLE:
        return "CHIẾN DỊCH THỬ ĐẠT về độ đúng; rà soát ngoài các trường hợp thật vượt 3 %."
    return "CHIẾN DỊCH THỬ ĐẠT: mọi câu trả lời được giữ đúng hoặc được người xem; chỉ số bằng chỉ số thật."
