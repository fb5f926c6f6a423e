"""The papers of paying with their words and figures: the list to sign at a place, the cash sheet of all."""

import datetime as dt
from collections.abc import Sequence

from webapp.http.collation import Key, vietnamese_key
from webapp.http.figures import VIETNAM, format_moment, format_money
from webapp.http.locale import _, language
from webapp.http.wording import upper_first
from webapp.papers.signed_paper import Cell, Column, PaperFrame, SignedPaper, Table
from webapp.payments.amount_words import amount_in_words
from webapp.payments.sums import Basis, PlaceDue, share_dong, share_forms
from webapp.persistence.campaign import Campaign
from webapp.persistence.people import Enumerator, Respondent
from webapp.services.payments import GroupPay, Payments, PlacePay

Person = Respondent | Enumerator


def given_name_key(person: Person) -> tuple[bool, Key, Key]:
    """As lists are sorted here: by given name, then by the whole; erased names last.

    Never by order of entry, so that a list's order says nothing of the order of anything else.
    """
    name = person.name or ""
    return (not name, vietnamese_key(name.rpartition(" ")[2]), vietnamese_key(name))


def shown_name(person: Person) -> str:
    """The name, or that it was erased."""
    return person.name or _("(đã xóa tên)")


def place_name(campaign: Campaign, place: PlacePay) -> str:
    """The unit's name, or the office's."""
    return upper_first(campaign.office_name if place.unit is None else place.unit.name)


def basis_words(basis: Basis) -> str:
    """What is paid, in words."""
    return {
        Basis.PLANNED: _("theo kế hoạch"),
        Basis.RETURNED: _("theo phiếu thu về"),
        Basis.VALID: _("theo phiếu hợp lệ"),
    }[basis]


def place_paper(
    campaign: Campaign,
    payments: Payments,
    place: PlacePay,
    people: tuple[Sequence[Respondent], Sequence[Enumerator]],
    now: dt.datetime,
) -> SignedPaper:
    """The list that respondents and enumerators of one place sign."""
    respondents, enumerators = people
    paid = [group for group in place.groups if group.rate_dong and (group.forms or group.listed)]
    tables = [
        _group_table(group, [person for person in respondents if person.group_id == group.group.id])
        for group in paid
    ]
    if place.due.enumerators_dong:
        tables.append(_enumerator_table(place.due.enumerators_dong, enumerators))
    notes = [_gap_note(group) for group in paid if group.differs]
    return SignedPaper(
        title=_("DANH SÁCH KÝ NHẬN THÙ LAO ĐIỀU TRA XÃ HỘI HỌC"),
        subtitle=f"{place_name(campaign, place)} · {basis_words(payments.basis)}",
        tables=tables,
        notes=[*notes, *_sum_notes(place.due.total_dong)],
        frame=_frame(campaign, now),
    )


def cash_paper(campaign: Campaign, payments: Payments, now: dt.datetime) -> SignedPaper:
    """The cash sheet: one line a place, with the signature of who takes its money along."""
    due = [place for place in payments.places if place.due.total_dong]
    rows: list[list[Cell]] = [
        [number, place_name(campaign, place), *_figures(place.due), "", ""]
        for number, place in enumerate(due, 1)
    ]
    total: list[Cell] = ["", _("Tổng cộng"), *_figures(payments.total), "", ""]
    return SignedPaper(
        title=_("BẢNG CHI TRẢ THÙ LAO ĐIỀU TRA XÃ HỘI HỌC"),
        subtitle=f"{campaign.name} · {basis_words(payments.basis)}",
        tables=[Table("", _cash_columns(), rows, total)],
        notes=_sum_notes(payments.total.total_dong),
        is_wide=True,
        frame=_frame(campaign, now),
    )


def _cash_columns() -> list[Column]:
    return [
        Column(_("STT"), 5, is_number=True),
        Column(_("Nơi phát"), 28),
        Column(_("Số phiếu trả"), 9, is_number=True),
        Column(_("Người trả lời (đ)"), 14, is_number=True),
        Column(_("Người điều tra (đ)"), 14, is_number=True),
        Column(_("Cộng (đ)"), 14, is_number=True),
        Column(_("Người nhận tiền (ký, ghi rõ họ tên)"), 26),
        Column(_("Ngày nhận"), 12),
    ]


def _figures(due: PlaceDue) -> list[Cell]:
    return [due.forms, due.respondents_dong, due.enumerators_dong, due.total_dong]


def _group_table(group: GroupPay, people: Sequence[Respondent]) -> Table:
    """Listed people, or as many empty lines; who fills in how many forms is left open where counts differ."""
    names = [(shown_name(person), person.post or "") for person in sorted(people, key=given_name_key)]
    names = names or [("", "")] * group.people
    forms: list[Cell] = [""] * len(names)
    dong: list[Cell] = [""] * len(names)
    if len(names) == group.people:
        shares = share_forms(group.forms, len(names))
        forms, dong = list(shares), [share * group.rate_dong for share in shares]
    rows: list[list[Cell]] = [
        [number, *names[number - 1], forms[number - 1], dong[number - 1], ""]
        for number in range(1, len(names) + 1)
    ]
    caption = _(
        "%(form)s, %(group)s: %(forms)s phiếu × %(rate)s",
        form=group.group.form_code, group=group.group.name, forms=group.forms, rate=_money(group.rate_dong),
    )  # fmt: skip
    return Table(caption, _person_columns(), rows, ["", _("Cộng"), "", group.forms, group.dong, ""])


def _enumerator_table(dong: int, people: Sequence[Enumerator]) -> Table:
    """The unit's amount, shared by its enumerators; one empty line before any is listed."""
    listed = sorted(people, key=given_name_key)
    names = [
        (shown_name(person), " · ".join(filter(None, (person.post, person.phone)))) for person in listed
    ] or [("", "")]
    rows: list[list[Cell]] = [
        [number, *names[number - 1], "", share, ""]
        for number, share in enumerate(share_dong(dong, len(names)), 1)
    ]
    return Table(_("Người điều tra"), _person_columns(), rows, ["", _("Cộng"), "", "", dong, ""])


def _person_columns() -> list[Column]:
    return [
        Column(_("STT"), 5, is_number=True),
        Column(_("Họ và tên"), 28),
        Column(_("Chức vụ hoặc địa chỉ"), 26),
        Column(_("Số phiếu trả"), 9, is_number=True),
        Column(_("Số tiền (đ)"), 14, is_number=True),
        Column(_("Ký nhận"), 20),
    ]


def _gap_note(group: GroupPay) -> str:
    return _(
        "%(form)s: %(people)s người có phiếu được trả, danh sách %(listed)s người. "
        "Ghi số phiếu và số tiền của từng người khi chi.",
        form=group.group.form_code, people=group.people, listed=group.listed,
    )  # fmt: skip


def _sum_notes(dong: int) -> list[str]:
    words = upper_first(amount_in_words(dong))
    return [
        _("Tổng số tiền: %(dong)s.", dong=_money(dong)),
        _("Bằng chữ: %(words)s.", words=words),
    ]


def _frame(campaign: Campaign, now: dt.datetime) -> PaperFrame:
    return PaperFrame(
        authority=campaign.office_name,
        place_and_day=_(
            "%(place)s, ngày … tháng … năm %(year)s", place=campaign.place, year=now.astimezone(VIETNAM).year
        ),
        signatories=[_("Người lập"), _("Thủ quỹ"), _("Kế toán"), _("Thủ trưởng đơn vị")],
        signing_hint=_("(ký, ghi rõ họ tên)"),
        page_word=_("Trang số"),
        foot=_("In lúc %(moment)s · %(campaign)s", moment=format_moment(now), campaign=campaign.name),
        language=language(),
    )


def _money(dong: int) -> str:
    return format_money(dong, language())
