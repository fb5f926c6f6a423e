"""The table that `chamdiem campaign` ends with."""

from collections.abc import Iterator

from ocr.deck.bounds import Rate, rate
from ocr.deck.report import as_text as score_as_text
from ocr.deck.report import rates
from webapp.cli.campaign_run import Outcome

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
    yield _line(
        "  theo nhóm / từng ô", f"{looked.tiles} ô trong bảng ({looked.decoys} ô mồi) / {looked.items} ô"
    )
    yield _line("Thời gian của người (0,6 s, 2 s một ô)", f"{_decimal(looked.seconds / 60, 1)} phút")
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
