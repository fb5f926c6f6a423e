"""The papers of handing over: slips that both sides sign, and the list of what is still missing."""

import datetime as dt
from collections.abc import Mapping, Sequence

from ocr.cover import serial_ranges
from webapp.http.figures import VIETNAM, format_day, format_moment
from webapp.http.locale import _, language
from webapp.http.wording import upper_first
from webapp.papers.signed_paper import Cell, Column, PaperFrame, SignedPaper, Table
from webapp.persistence.campaign import Campaign, Unit
from webapp.services.hand_over_lists import PackLine, due_day
from webapp.services.packs import Place, place_name


def issue_slip(
    campaign: Campaign,
    place: Place,
    lines: Sequence[PackLine],
    serials: Mapping[int, Sequence[int]],
    now: dt.datetime,
) -> SignedPaper:
    """What a place was given: every pack with its sheets and serials."""
    given = [line for line in lines if line.reached.issued]
    rows: list[list[Cell]] = [
        [number, line.pack.code, pack_words(line), serial_ranges(serials[line.pack.id]), line.reached.issued]
        for number, line in enumerate(given, 1)
    ]
    total: list[Cell] = ["", _("Cộng"), "", "", sum(line.reached.issued for line in given)]
    columns = [*_first_columns(), Column(_("Số phiếu"), 40), Column(_("Số tờ giao"), 11, is_number=True)]
    return SignedPaper(
        title=_("BIÊN BẢN GIAO PHIẾU ĐIỀU TRA"),
        subtitle=upper_first(place.name),
        tables=[Table("", columns, rows, total)],
        notes=[_("Bên nhận đã đếm đủ số tờ ghi trên."), _due_words(campaign)],
        frame=_frame(campaign, now),
    )


def return_slip(campaign: Campaign, place: Place, lines: Sequence[PackLine], now: dt.datetime) -> SignedPaper:
    """What a place brought back, and the serials that are missing."""
    given = [line for line in lines if line.reached.issued]
    rows: list[list[Cell]] = [
        [number, line.pack.code, pack_words(line), *_figures(line)] for number, line in enumerate(given, 1)
    ]
    issued = sum(line.reached.issued for line in given)
    returned = sum(line.reached.returned for line in given)
    total: list[Cell] = ["", _("Cộng"), "", issued, returned, issued - returned, ""]
    columns = [
        *_first_columns(),
        Column(_("Đã giao"), 9, is_number=True),
        Column(_("Đã thu"), 9, is_number=True),
        Column(_("Thiếu"), 9, is_number=True),
        Column(_("Số phiếu thiếu"), 26),
    ]
    return SignedPaper(
        title=_("BIÊN BẢN NHẬN LẠI PHIẾU ĐIỀU TRA"),
        subtitle=upper_first(place.name),
        tables=[Table("", columns, rows, total)],
        notes=[],
        frame=_frame(campaign, now),
    )


def reminder_paper(
    campaign: Campaign, places: Mapping[Unit | None, Sequence[PackLine]], now: dt.datetime
) -> SignedPaper:
    """All that is out and not back, place by place."""
    tables = [
        Table(
            upper_first(place_name(campaign, unit)),
            [*_first_columns(), Column(_("Thiếu"), 9, is_number=True), Column(_("Số phiếu thiếu"), 44)],
            [
                [number, line.pack.code, pack_words(line), len(line.missing_serials), _missing(line)]
                for number, line in enumerate(lines, 1)
            ],
            ["", _("Cộng"), "", sum(len(line.missing_serials) for line in lines), ""],
        )
        for unit, lines in places.items()
    ]
    return SignedPaper(
        title=_("DANH SÁCH NHẮC NỘP PHIẾU ĐIỀU TRA"),
        subtitle=_due_words(campaign),
        tables=tables,
        notes=[],
        frame=_frame(campaign, now, signatories=[_("Người lập")]),
    )


def pack_words(line: PackLine) -> str:
    """The form and who answers: “CX4, Doanh nghiệp…”; whose pack it is, by number."""
    words = f"{line.pack.group.form_code}, {line.pack.group.name}"
    if line.pack.person_number is None:
        return words
    return _("%(pack)s (người số %(number)s)", pack=words, number=line.pack.person_number)


def _first_columns() -> list[Column]:
    return [Column(_("STT"), 6, is_number=True), Column(_("Mã bộ"), 11), Column(_("Mẫu, nhóm trả lời"), 34)]


def _figures(line: PackLine) -> list[Cell]:
    reached = line.reached
    return [reached.issued, reached.returned, reached.issued - reached.returned, _missing(line)]


def _missing(line: PackLine) -> str:
    return serial_ranges(line.missing_serials) if line.missing_serials else ""


def _due_words(campaign: Campaign) -> str:
    day = format_day(due_day(campaign))
    if not campaign.recipient:
        return _("Hạn nộp lại phiếu đã điền: hết ngày %(day)s.", day=day)
    return _(
        "Hạn nộp lại phiếu đã điền: hết ngày %(day)s. Nơi nhận: %(recipient)s.",
        day=day,
        recipient=campaign.recipient,
    )


def _frame(campaign: Campaign, now: dt.datetime, signatories: Sequence[str] | None = None) -> PaperFrame:
    return PaperFrame(
        authority=campaign.office_name,
        place_and_day=_(
            "%(place)s, ngày … tháng … năm %(year)s", place=campaign.place, year=now.astimezone(VIETNAM).year
        ),
        signatories=signatories or [_("BÊN GIAO"), _("BÊN NHẬN")],
        signing_hint=_("(ký, ghi rõ họ tên)"),
        page_word=_("Trang số"),
        foot=_("In lúc %(moment)s · %(campaign)s", moment=format_moment(now), campaign=campaign.name),
        language=language(),
    )
