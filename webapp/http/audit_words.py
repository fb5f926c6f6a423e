"""The bound of an audit in one line, the same on every page and paper."""

import math

from webapp.http.figures import format_percent
from webapp.http.locale import _, language
from webapp.services.audit_reports import AuditReport


def bound_words(report: AuditReport) -> str:
    """“Sai sót còn lại ≤ 0,097 % (tin cậy 95 %)”, rounded up so that it is never too small."""
    if report.bound is None:
        return _("Chưa có kết luận: còn ô chờ xem.")
    return _("Sai sót còn lại ≤ %(share)s (tin cậy 95 %%)", share=shown_bound(report.bound))


def shown_bound(rate: float) -> str:
    """A rate as percent with three decimals, rounded up."""
    return format_percent(math.ceil(rate * 10**5) / 10**5, language(), 3)
