"""What calibration, rates and advice are called, and the pictures of the bands."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ocr.certainty import Certainty
from webapp.charts import NARROW_PX, WIDE_PX, BandMark, Finding, draw_bands
from webapp.http.figures import format_moment, format_number, format_percent
from webapp.http.locale import _, language, lazy
from webapp.learning.advice import LEAST_SAID, Advice, Proposal, Verdict
from webapp.learning.calibration import Band, Share
from webapp.services.learning import Scanner, Template

_SOURCES = {
    "upload": lazy("Tệp tải lên"),
    "folder": lazy("Thư mục quét"),
    "phone": lazy("Điện thoại"),
    "separator": lazy("Sau tờ ngăn lô"),
}
_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Chart:
    """Bands drawn for wide and for narrow screens, and the sentence that they show."""

    finding: Finding
    wide: Markup
    narrow: Markup


def reviewed_chart(bands: Sequence[Band]) -> Chart:
    """What was sent to people."""
    return _chart("reviewed", _("Các câu máy chuyển cho người"), bands)


def audited_chart(bands: Sequence[Band]) -> Chart:
    """What was accepted, and an audit looked at."""
    return _chart("audited", _("Các câu máy tự nhận, kiểm toán đã xem"), bands)


def band_name(band: Band) -> str:
    """“90–99 %”."""
    low, high = (format_number(edge * 100, language()) for edge in (band.low, band.high))
    return f"{low}–{high}\u00a0%"


def share_words(share: Share) -> str:
    """“97,1 % (95,0–98,6 %)”, or a dash of nothing."""
    if share.share is None:
        return "–"
    low, high = format_number(share.low * 100, language(), 1), format_percent(share.high, language(), 1)
    return f"{format_percent(share.share, language(), 1)} ({low}–{high})"


def template_name(template: Template) -> str:
    """“CX4, bản 1”."""
    return _("%(form)s, bản %(version)s", form=template.form, version=template.version)


def print_name(ordered_at: dt.datetime | None) -> str:
    """When the sheets were ordered from the printer."""
    return _("không rõ") if ordered_at is None else _("in lúc %(moment)s", moment=format_moment(ordered_at))


def scanner_name(scanner: Scanner) -> str:
    """“Thư mục quét, 200 dpi”."""
    source = _SOURCES.get(scanner.source, scanner.source)
    return f"{source}, {scanner.dpi} dpi" if scanner.dpi else _("%(source)s, không rõ dpi", source=source)


def limits_words(certainty: Certainty) -> str:
    """Both limits as they are written on the page."""
    return _(
        "dấu ≥ %(filled)s, cả câu ≥ %(accept)s",
        filled=format_number(certainty.filled, language()),
        accept=format_number(certainty.accept, language()),
    )


def advice_words(advice: Advice) -> str:
    """What the evidence says, in a sentence or two."""
    said = format_number(advice.said, language())
    match advice.verdict:
        case Verdict.FEWER:
            return _("Có thể nới ngưỡng: bớt việc cho người mà không câu nào đã biết là sai lọt qua.")
        case Verdict.MORE:
            return _("Nên siết ngưỡng: đã có câu sai lọt qua mà ngưỡng mới sẽ chặn được.")
        case Verdict.BEYOND:
            return _(
                "Không đề nghị gì: %(said)s câu sai đã lọt qua khi máy gần như chắc chắn, không ngưỡng nào "
                "chặn được. Tìm nguyên nhân ở mẫu phiếu, bản in hoặc máy quét.",
                said=said,
            )
        case Verdict.WRONG:
            return _(
                "Không đề nghị gì: nới bao nhiêu cũng để lọt ít nhất một câu mà người đã trả lời khác máy."
            )
        case Verdict.TOO_FEW:
            return _(
                "Chưa đủ số liệu, không đề nghị gì: mới có %(said)s câu được người xem trong phần có thể nới."
                " Cần ít nhất %(least)s câu không sai câu nào, và phần sai thêm dưới 0,01 %% số câu cả đợt.",
                said=said,
                least=format_number(LEAST_SAID, language()),
            )


def proposal_words(advice: Advice, proposal: Proposal) -> list[str]:
    """What the proposed limits would have done, a sentence each."""
    moved, said = (format_number(count, language()) for count in (proposal.moved, proposal.said))
    bound = format_percent(math.ceil(proposal.bound * 10**_DIGITS) / 10**_DIGITS, language(), 1)
    first = (
        _("Nhiều nhất %(moved)s câu không còn phải chuyển cho người.", moved=moved)
        if advice.verdict is Verdict.FEWER
        else _("%(moved)s câu nữa sẽ chuyển cho người.", moved=moved)
    )
    return [
        first,
        _(
            "Trong đó %(said)s câu đã có người xem (%(glance)s câu chỉ xem theo nhóm); "
            "người trả lời khác máy ở %(wrong)s câu: tỉ lệ sai ≤ %(bound)s (tin cậy 95 %%).",
            said=said,
            glance=format_number(proposal.at_a_glance, language()),
            wrong=format_number(proposal.wrong, language()),
            bound=bound,
        ),
    ]


def _chart(key: str, title: str, bands: Sequence[Band]) -> Chart:
    finding = Finding(key, title, _finding(bands))
    marks = [_mark(band) for band in bands]
    return Chart(finding, draw_bands(finding, marks, WIDE_PX), draw_bands(finding, marks, NARROW_PX))


def _finding(bands: Sequence[Band]) -> str:
    count = format_number(sum(band.right.total for band in bands), language())
    apart = [band_name(band) for band in bands if not band.is_true]
    if not apart:
        return _("%(count)s câu: ở mọi bậc, điều máy nói nằm trong khoảng tìm thấy.", count=count)
    return _(
        "%(count)s câu: ở các bậc %(bands)s, điều máy nói nằm ngoài khoảng tìm thấy.",
        count=count,
        bands="; ".join(apart),
    )


def _mark(band: Band) -> BandMark:
    found = band.right.share or 0.0
    figure = _("%(count)s câu, đúng %(share)s", count=format_number(band.right.total, language()),
               share=share_words(band.right))  # fmt: skip
    return BandMark(band_name(band), band.stated, found, band.right.low, band.right.high, figure)
