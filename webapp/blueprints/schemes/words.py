"""Sentences and names of the catalogue's pages."""

from decimal import Decimal

from webapp.http.figures import format_number
from webapp.http.locale import _, language, lazy
from webapp.par_index.point_sums import AreaSum, PointSums
from webapp.par_index.scheme import Policy
from webapp.par_index.shapes import Measure

NODE_NAMES = {
    "area": lazy("Lĩnh vực"),
    "criterion": lazy("Tiêu chí"),
    "component": lazy("Tiêu chí thành phần"),
}
SHAPE_NAMES = {
    "levels": lazy("Chọn một mức (hoặc có/không)"),
    "ratio": lazy("Tỷ lệ × điểm tối đa, có ngưỡng"),
    "bands": lazy("Theo khoảng tỷ lệ"),
    "checklist": lazy("Cộng các phần có thực hiện"),
    "deduct": lazy("Trừ dần theo sự việc"),
    "count": lazy("Đếm số lượng, có mức trần"),
    "survey": lazy("Điều tra xã hội học"),
}
POLICY_NAMES = {
    Policy.NOT_ALLOWED: lazy("Không được ghi “không áp dụng”"),
    Policy.FULL: lazy("Không phát sinh thì được đủ điểm"),
    Policy.EXCLUDE: lazy("Loại khỏi điểm và điểm tối đa"),
}
MEASURE_NAMES = {Measure.COUNT: lazy("số đếm"), Measure.AMOUNT: lazy("khối lượng, số tiền")}
SECTIONS = {
    "unfit": lazy("Số liệu tự chấm không còn hợp với cách chấm mới"),
    "set_aside": lazy("Đã thẩm định không áp dụng, bộ chỉ số mới không cho phép nữa"),
    "appraised": lazy("Điểm thẩm định vượt điểm tối đa mới, hoặc tiêu chí không còn"),
    "self_scores": lazy("Điểm tự chấm tính lại ra số khác"),
    "survey": lazy("Điểm điều tra tính lại ra số khác"),
    "totals": lazy("Chỉ số (%) tính lại ra số khác"),
}


def sum_words(sums: PointSums) -> str:
    """“Tổng điểm 99,5 – thiếu 0,5 ở lĩnh vực 3.”, or that all is there."""
    where = "; ".join(_gap(area) for area in sums.differing)
    if where:
        return _("Tổng điểm %(total)s – %(where)s.", total=_number(sums.total), where=where)
    if sums.difference:
        words = _("thiếu %(number)s") if sums.difference < 0 else _("thừa %(number)s")
        where = words % {"number": _number(abs(sums.difference))}
        return _("Tổng điểm %(total)s – %(where)s.", total=_number(sums.total), where=where)
    return _(
        "Tổng điểm %(total)s, đủ: thẩm định %(appraisal)s, điều tra %(survey)s.",
        total=_number(sums.total),
        appraisal=_number(sums.appraisal),
        survey=_number(sums.survey),
    )


def _gap(area: AreaSum) -> str:
    is_missing = area.difference < 0
    words = (
        _("thiếu %(number)s ở lĩnh vực %(area)s") if is_missing else _("thừa %(number)s ở lĩnh vực %(area)s")
    )
    return words % {"number": _number(abs(area.difference)), "area": area.code}


def _number(value: Decimal) -> str:
    return format_number(value, language())
