"""The home page's pictures of the paper: strip, funnel and response rates, each with its words."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from markupsafe import Markup

from webapp import charts
from webapp.charts import NARROW_PX, WIDE_PX, Bullet, Finding, Stage, StripCell
from webapp.http.access import Permission, may
from webapp.http.figures import format_number, format_percent
from webapp.http.locale import _, language, ngettext
from webapp.http.wording import upper_first
from webapp.persistence.accounts import User
from webapp.persistence.campaign import Campaign
from webapp.services.paper_progress import Axis, PaperProgress, UnitPaper

_NAMED = 3  # units that the strip's finding names


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture drawn for wide and for narrow screens, and the sentence that it shows."""

    finding: Finding
    wide: Markup
    narrow: Markup


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage of the funnel with its link, where this person may follow it."""

    name: str
    sheets: int
    share: Fraction
    address: str | None


def strip_chart(campaign: Campaign, progress: PaperProgress) -> Chart:
    """One cell a unit."""
    cells = [
        StripCell(
            unit_name(campaign, row),
            row.share,
            f"{_number(row.back)}/{_number(row.due)}",
            format_percent(row.share, language()),
        )
        for row in progress.units
    ]
    title = (
        _("Phiếu thu về theo đơn vị được đánh giá")
        if progress.axis is Axis.RATED
        else _("Phiếu thu về theo nơi phát")
    )
    finding = Finding("strip", title, _late_words(campaign, progress))
    return Chart(finding, *(charts.draw_strip(finding, cells, px) for px in (WIDE_PX, NARROW_PX)))


def funnel_rows(progress: PaperProgress, user: User) -> list[StageRow]:
    """Planned and the five stages, each of the plan."""
    reached = progress.reached
    stages = (
        (_("Kế hoạch"), progress.planned, None, ""),
        (_("Đã in"), reached.printed, Permission.PRINT, "/in"),
        (_("Đã phát"), reached.issued, Permission.HAND_OVER, "/phat-thu"),
        (_("Đã thu"), reached.returned, Permission.HAND_OVER, "/phat-thu"),
        (_("Đã đọc"), reached.read, Permission.INTAKE, "/quet"),
        (_("Hợp lệ"), reached.valid, Permission.VERIFY, "/ra-soat"),
    )
    whole = max(progress.planned, reached.printed, 1)
    return [
        StageRow(
            name,
            sheets,
            Fraction(sheets, whole),
            path if allowed is not None and may(user, allowed) else None,
        )
        for name, sheets, allowed, path in stages
    ]


def funnel_chart(rows: Sequence[StageRow]) -> Chart:
    """From the plan to valid forms."""
    stages = [
        Stage(row.name, row.share, f"{_number(row.sheets)} · {format_percent(row.share, language())}")
        for row in rows
    ]
    names = ("planned", "printed", "issued", "returned", "read", "valid")
    figures = dict(zip(names, (_number(row.sheets) for row in rows), strict=True))
    sentence = _(
        "Kế hoạch %(planned)s phiếu: đã in %(printed)s, đã phát %(issued)s, đã thu %(returned)s, "
        "đã đọc %(read)s, hợp lệ %(valid)s.",
        **figures,
    )
    finding = Finding("funnel", _("Phễu phiếu"), sentence)
    return Chart(finding, *(charts.draw_funnel(finding, stages, px) for px in (WIDE_PX, NARROW_PX)))


def rates_chart(progress: PaperProgress) -> Chart:
    """Each group against its quota."""
    bullets = [
        Bullet(
            f"{row.group.form_code} · {row.group.name}",
            [row.share(sheets) for sheets in (row.reached.issued, row.reached.returned, row.reached.valid)],
            f"{_number(row.reached.returned)}/{_number(row.quota)} · "
            f"{format_percent(row.share(row.reached.returned), language())}",
        )
        for row in progress.groups
    ]
    finding = Finding("rates", _("Tỉ lệ thu hồi của từng nhóm"), _rates_words(progress))
    return Chart(finding, *(charts.draw_bullets(finding, bullets, px) for px in (WIDE_PX, NARROW_PX)))


def unit_name(campaign: Campaign, row: UnitPaper) -> str:
    """The unit, or the office itself where forms are handed out at the office."""
    return upper_first(campaign.office_name if row.unit is None else row.unit.name)


def _late_words(campaign: Campaign, progress: PaperProgress) -> str:
    late = progress.late
    if not late:
        return _("Mọi đơn vị đã thu đủ phiếu.")
    words = ngettext("%(num)s nơi chưa thu đủ.", "%(num)s nơi chưa thu đủ.", len(late))
    named = "; ".join(
        f"{unit_name(campaign, row)} {_number(row.back)}/{_number(row.due)}" for row in late[:_NAMED]
    )
    worst = _("Chậm nhất: %(units)s.", units=named)
    return f"{words} {worst}"


def _rates_words(progress: PaperProgress) -> str:
    counted = [row for row in progress.groups if row.quota]
    if not counted:
        return _("Chưa có nhóm nào có chỉ tiêu.")
    lowest = min(counted, key=lambda row: row.share(row.reached.returned))
    full = sum(row.reached.returned >= row.quota for row in counted)
    return _(
        "%(full)s/%(all)s nhóm đã thu đủ chỉ tiêu. Thấp nhất: %(form)s, %(group)s, %(share)s.",
        full=_number(full), all=_number(len(counted)), form=lowest.group.form_code, group=lowest.group.name,
        share=format_percent(lowest.share(lowest.reached.returned), language()),
    )  # fmt: skip


def _number(count: int) -> str:
    return format_number(count, language())
