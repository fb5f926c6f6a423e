"""The audit's report as a paper to sign."""

import datetime as dt
from collections.abc import Iterator

from webapp.blueprints.answer_audit.words import (
    STEP_WORDS,
    bias_words,
    gap_words,
    level_words,
    value_words,
    worst_case_words,
)
from webapp.http.audit_words import bound_words, shown_bound
from webapp.http.figures import VIETNAM, format_moment
from webapp.http.locale import _, language
from webapp.http.wording import upper_first
from webapp.papers.signed_paper import Column, PaperFrame, SignedPaper, Table
from webapp.persistence.campaign import Campaign
from webapp.services.audit_effects import AuditEffect
from webapp.services.audit_reports import AuditReport


def report_paper(
    campaign: Campaign,
    report: AuditReport,
    effect: AuditEffect | None,
    *,
    names: dict[str, str],
    now: dt.datetime,
) -> SignedPaper:
    """What was committed to, drawn and found, what it proves, and what it means for the index."""
    day = now.astimezone(VIETNAM)
    return SignedPaper(
        title=_("BIÊN BẢN KIỂM TOÁN KẾT QUẢ ĐỌC PHIẾU"),
        subtitle=_("Lần %(number)s, năm %(year)s", number=report.audit.number, year=campaign.year),
        tables=[_facts(report, names), _differences(report), *_inseparable(effect)],
        notes=[bound_words(report), str(STEP_WORDS[report.step]), *_effect_notes(effect)],
        frame=PaperFrame(
            authority=upper_first(campaign.office_name),
            place_and_day=_(
                "Ngày %(day)s tháng %(month)s năm %(year)s", day=day.day, month=day.month, year=day.year
            ),
            signatories=(_("Người kiểm toán"), _("Người chứng kiến"), _("Lãnh đạo")),
            signing_hint=_("(ký, ghi rõ họ tên)"),
            page_word=_("Trang"),
            foot=_("In lúc %(moment)s", moment=format_moment(now)),
            language=language(),
        ),
    )


def _facts(report: AuditReport, names: dict[str, str]) -> Table:
    audit = report.audit
    rows: list[tuple[str, str]] = [
        (_("Mã SHA-256 của bản kê"), f"{audit.manifest_sha256[:32]} {audit.manifest_sha256[32:]}"),
        (_("Chốt lúc"), f"{format_moment(audit.closed_at)}, {names[audit.closed_by]}"),
    ]
    if audit.seed is not None:
        entered = f"{format_moment(audit.seed.entered_at)}, {names[audit.seed.entered_by]}"
        rows += [(_("Hạt giống (20 chữ số)"), audit.seed.seed), (_("Nhập hạt giống lúc"), entered)]
    rows += [
        (_("Câu trả lời trong bản kê"), str(audit.answer_count)),
        (_("Đã rút và xem, số sai"), f"{report.looked}; {report.wrong}"),
        (_("Xem toàn bộ (một câu nặng điểm), số sai"), f"{report.full_looked}; {report.full_wrong}"),
        (_("Hai người xem riêng"), str(report.doubles)),
        (_("Ô biết trước, xem đúng"), f"{report.planted.shown}; {report.planted.caught}"),
        (_("Người kiểm toán"), ", ".join(names[auditor] for auditor in report.auditors)),
    ]
    if report.bound_with_misses is not None:
        rows.append((_("Kể cả phần người xem có thể bỏ sót"), f"≤ {shown_bound(report.bound_with_misses)}"))
    return Table("", [Column(_("Nội dung"), 2), Column(_("Giá trị"), 3)], rows)


def _differences(report: AuditReport) -> Table:
    columns = [
        Column(_("Ô"), 3),
        Column(_("Đã nhận"), 2),
        Column(_("Người xem thấy"), 2),
        Column(_("Mã ảnh"), 3),
    ]
    rows = [
        (
            wrong.ticket.answer_id,
            value_words(wrong.ticket.accepted),
            value_words(wrong.found),
            wrong.ticket.crop_sha256[:16],
        )
        for wrong in report.differences
    ]
    return Table(_("Các ô sai: %(count)s", count=len(rows)), columns, rows)


def _effect_notes(effect: AuditEffect | None) -> list[str]:
    if effect is None:
        return []
    return [bias_words(effect), *map(level_words, effect.levels), worst_case_words(effect)]


def _inseparable(effect: AuditEffect | None) -> Iterator[Table]:
    """The pairs that the audit does not separate, a table a level."""
    columns = [
        Column(_("Đơn vị trên"), 3),
        Column(_("Đơn vị dưới"), 3),
        Column(_("Cách nhau (điểm trên 100)"), 2, is_number=True),
        Column(_("Số câu sai đủ đổi hạng"), 2, is_number=True),
    ]
    for level in effect.levels if effect else ():
        if level.inseparable:
            rows = [gap_words(gap) for gap in level.inseparable]
            yield Table(_("Cặp liền hạng chưa tách được: %(title)s", title=level.title), columns, rows)
