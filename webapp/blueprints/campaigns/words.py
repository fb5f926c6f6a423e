"""Steps of the wizard, and the sentences of the allocation check."""

from webapp.campaign_plan.allocation import Allocation
from webapp.http.figures import format_number
from webapp.http.locale import _, language, lazy

# In the order of the wizard: address, title, and the parts that are typed there.
STEPS = {
    "chung": (lazy("Chung và thời hạn"), ("general",)),
    "don-vi": (lazy("Cấp và đơn vị"), ("levels", "units")),
    "tieu-chi": (lazy("Tiêu chí và trọng số"), ()),
    "chi-tieu": (lazy("Nhóm và chỉ tiêu phiếu"), ("groups", "form_totals", "general")),
    "nguoi-ky": (lazy("Người ký"), ("signatories",)),
    "soat": (lazy("Soát và chọn làm chu kỳ hiện hành"), ()),
}
HINTS = {
    "general": "",
    "levels": lazy(
        "Mỗi cấp xếp hạng riêng. Mã cấp nối với bộ tiêu chí và mẫu phiếu; tên chung là tiêu đề bảng."
    ),
    "units": lazy(
        "Thứ tự dòng là thứ tự của cơ quan. Đơn vị sáp nhập, giải thể thì ghi ngày cuối, không xóa; "
        "đơn vị không còn vào ngày 31/12 của năm đánh giá thì không xếp hạng."
    ),
    "groups": lazy(
        "Nơi phát: “đơn vị” (phát tại đơn vị được đánh giá), “cơ quan”, hoặc mã một cấp (phát tại mọi đơn vị "
        "của cấp đó, mỗi người đánh giá mọi đơn vị)."
    ),
    "form_totals": lazy("Số phiếu mà kế hoạch ghi cho từng mẫu, để đối chiếu với chỉ tiêu."),
    "signatories": lazy("Ký theo thứ tự dòng."),
}


def allocation_words(allocation: Allocation) -> str:
    """Quotas against plan, as in “Chỉ tiêu 3.107, kế hoạch 3.108: thiếu 1 ở CX2.”."""
    quotas = _number(allocation.sheets)
    if allocation.stated is None:
        return _("Chỉ tiêu %(sheets)s phiếu; kế hoạch chưa ghi tổng số.", sheets=quotas)
    stated = _number(allocation.stated)
    where = "; ".join(_difference(form.difference, form.form_code) for form in allocation.differing)
    if where:
        return _(
            "Chỉ tiêu %(sheets)s, kế hoạch %(stated)s: %(where)s.", sheets=quotas, stated=stated, where=where
        )
    if allocation.sheets == allocation.stated:
        return _("Chỉ tiêu %(sheets)s phiếu, đúng kế hoạch.", sheets=quotas)
    missing = allocation.sheets - allocation.stated
    words = _("thiếu %(number)s") if missing < 0 else _("thừa %(number)s")
    where = words % {"number": _number(abs(missing))}
    return _(
        "Chỉ tiêu %(sheets)s, kế hoạch %(stated)s: %(where)s.", sheets=quotas, stated=stated, where=where
    )


def further_words(allocation: Allocation) -> list[str]:
    """What else does not agree: the plan with itself, and quotas with people and places."""
    found = []
    if allocation.is_contradictory:
        found.append(
            _(
                "Kế hoạch ghi tổng %(total)s, nhưng cộng các mẫu được %(forms)s.",
                total=_number(allocation.stated_total or 0),
                forms=_number(allocation.stated_by_forms or 0),
            )
        )
    for place in allocation.places:
        found.append(  # noqa: PERF401 - a sentence of four figures reads badly in a comprehension
            _(
                "%(group)s: %(people)s người × %(places)s nơi = %(sum)s phiếu mỗi đơn vị,"
                " chỉ tiêu ghi %(sheets)s.",
                group=f"{place.form_code}.{place.group_code}",
                people=_number(place.people),
                places=_number(place.places),
                sum=_number(place.people * place.places),
                sheets=_number(place.sheets_per_unit),
            )
        )
    return found


def _difference(difference: int, form: str) -> str:
    words = _("thiếu %(number)s ở %(form)s") if difference < 0 else _("thừa %(number)s ở %(form)s")
    return words % {"number": _number(abs(difference)), "form": form}


def _number(count: int) -> str:
    return format_number(count, language())
