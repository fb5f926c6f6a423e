"""A score in words for an office, and as JSON."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from ocr.deck.bounds import Rate, rate
from ocr.deck.judge import UNAVOIDABLE, Review
from ocr.deck.score import Score, SilentError
from ocr.deck.truth import INVISIBLE_BELOW

SCHEMA = "chamdiem-score/1"
_SMALL = 0.001
_WORDS = {
    Review.BLANK: "bỏ trống thật",
    Review.DOUBLE: "tô hai ô thật",
    Review.CORRECTION: "có sửa thật",
    Review.STRUCTURAL: "do trang (vệt, lệch, ảnh kém)",
    Review.LOW_CONFIDENCE: "máy không chắc",
    Review.REFUSED: "trên trang không đọc được",
}
_WHY = {
    "value": "đọc khác ý người trả lời",
    "identity": "đọc nhầm sang phiếu khác",
    "absent": "câu hỏi không có trong kết quả đọc",
    "no_such_sheet": "đọc ra phiếu không có thật",
}


def rates(score: Score) -> dict[str, Rate]:
    """Every rate that is reported, by its name in the JSON."""
    return {
        "silent_errors": rate(
            len(score.silent_errors), max(score.answers_accepted, len(score.silent_errors))
        ),
        "wrong_positions": rate(score.positions_wrong, max(score.positions_accepted, score.positions_wrong)),
        "review": rate(score.answers_reviewed, score.answers),
        **{f"review_{kind.value}": rate(score.review[kind], score.answers) for kind in Review},
        "review_avoidable": rate(score.avoidable_review, score.answers),
        "refused_pages": rate(score.pages_refused, score.pages),
        "misidentified_pages": rate(score.pages_misidentified, score.pages),
        "comments_missed": rate(score.comments_missed, score.comments),
        "comments_invented": rate(score.comments_invented, score.text_boxes - score.comments),
        "lost_pages": rate(score.pages_lost, score.pages),
        "blank_pages_misread": rate(score.blank_pages_misread, score.blank_pages),
    }


def as_json(score: Score) -> dict[str, Any]:
    """The score as `chamdiem-score/1`: plain types."""
    return {
        "schema": SCHEMA,
        "passed": score.passed,
        "pages": score.pages,
        "pages_never_scanned": score.pages_never_scanned,
        "blank_pages": score.blank_pages,
        "foreign_pages": score.foreign_pages,
        "positions": score.positions,
        "positions_accepted": score.positions_accepted,
        "answers": score.answers,
        "answers_accepted": score.answers_accepted,
        "answers_reviewed": score.answers_reviewed,
        "answers_lost": score.answers_lost,
        "invisible_marks": score.invisible_marks,
        "invisible_silent_errors": score.invisible_silent_errors,
        "rates": {name: asdict(value) for name, value in rates(score).items()},
        "silent_error_list": [asdict(error) for error in score.silent_errors],
    }


def as_text(score: Score) -> str:
    """The score as lines for a screen, in Vietnamese."""
    return "\n".join([*_summary(score), *_error_lines(score.silent_errors), _verdict(score)])


def _summary(score: Score) -> Iterator[str]:
    known = rates(score)
    yield f"{'':44}{'số lượng':>12}{'trên':>10}{'tỷ lệ':>11}{'cận trên 95 %':>15}"
    yield f"{'Trang phiếu đã quét':44}{score.pages:>12}"
    yield f"{'Trang phiếu thiếu (không quét)':44}{score.pages_never_scanned:>12}"
    yield _line("Trang không đọc được (từ chối)", known["refused_pages"])
    yield _line("Trang nhầm sang phiếu khác", known["misidentified_pages"])
    yield _line("Trang không có kết quả đọc", known["lost_pages"])
    yield _line("Giấy trắng bị đọc thành phiếu", known["blank_pages_misread"])
    yield f"{'Ô tô':44}{score.positions:>12}"
    yield _line("  máy tự nhận, sai", known["wrong_positions"])
    yield f"{'Câu trả lời':44}{score.answers:>12}"
    yield f"{'  máy tự nhận':44}{score.answers_accepted:>12}"
    yield _line("  SAI SÓT LỌT (không ai được xem)", known["silent_errors"])
    yield f"{'    trong đó dấu mờ mắt khó thấy':44}{score.invisible_silent_errors:>12}"
    yield _line("  chuyển người rà soát", known["review"])
    for kind in Review:
        yield _line(f"    {_WORDS[kind]}", known[f"review_{kind.value}"])
    yield _line("  rà soát ngoài các trường hợp thật", known["review_avoidable"])
    yield _line("Ý kiến viết tay bị bỏ sót", known["comments_missed"])
    yield _line("Ô ý kiến trống bị coi là có chữ", known["comments_invented"])
    names = ", ".join(_WORDS[kind] for kind in UNAVOIDABLE)
    yield f"(trường hợp thật: {names}; mờ dưới {INVISIBLE_BELOW:g} mức xám: {score.invisible_marks} câu)"


def _line(words: str, value: Rate) -> str:
    if value.share is None or value.upper_95 is None:
        return f"{words:44}{value.count:>12}{value.total:>10}{'–':>11}{'–':>15}"
    share, bound = _percent(value.share), _percent(value.upper_95)
    return f"{words:44}{value.count:>12}{value.total:>10}{share:>11}{bound:>15}"


def _percent(share: float) -> str:
    if share == 0:
        return "0 %"
    digits = 4 if share < _SMALL else 2
    return f"{share * 100:.{digits}f} %".replace(".", ",")


def _error_lines(errors: list[SilentError]) -> Iterator[str]:
    if errors:
        yield ""
        yield "Sai sót lọt (sai mà không ai được xem):"
    for error in errors:
        meant = (
            error.truth
            if isinstance(error.truth, str)
            else (error.truth and "+".join(error.truth)) or "(trống)"
        )
        seen = "" if error.visible else ", dấu mờ mắt khó thấy"
        kind = " ".join(part for part in (error.style, error.event) if part)
        yield (
            f"  {error.source} trang {error.page_index + 1}, phiếu {error.serial}, {error.field}: "
            f"đọc {error.read or '(trống)'}, đúng {meant} ({_WHY[error.why]}; {kind}{seen})"
        )


def _verdict(score: Score) -> str:
    if score.passed:
        return "\nĐẠT: không sai sót lọt nào, không trang nào mất."
    return "\nKHÔNG ĐẠT: xem các dòng sai, nhầm hoặc mất ở trên."
