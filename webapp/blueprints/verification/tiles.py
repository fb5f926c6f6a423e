"""The contact sheet as a page: its tiles, what is left, and a word to the person."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, url_for

from ocr.sheet_code import serial_text
from webapp.blueprints.verification.forms import filter_arguments
from webapp.blueprints.verification.pages import Notice, Recent, list_recent_links
from webapp.blueprints.verification.screens import find_field, picture_of, place_of
from webapp.http.context import current_session, form_library
from webapp.http.htmx import render
from webapp.http.locale import _, language, ngettext
from webapp.persistence.verification import ReviewItem
from webapp.services import review_work
from webapp.services.contact_sheets import QUEUE, SheetOutcome
from webapp.services.verification import WorkFilter


@dataclass(frozen=True, slots=True)
class Tile:
    """One answer at a glance: the end of its crop where the bubbles are, `width_mm` × `height_mm`."""

    item_id: int
    reading_id: int
    place: str
    form_code: str
    serial: str
    question: str
    crop: str
    width_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that the contact sheet's page shows; no tiles when nothing is left."""

    tiles: Sequence[Tile]
    addresses: dict[str, str]
    done: int
    total: int
    recent: Sequence[Recent]
    notice: Notice | None

    @property
    def announcement(self) -> str:
        """What a screen reader says when the sheet appears."""
        if not self.tiles:
            return _("Hết việc ở phần này.")
        return ngettext("Bảng %(num)s ô máy đọc là trống", "Bảng %(num)s ô máy đọc là trống", len(self.tiles))


def show_sheet(
    items: Sequence[ReviewItem], wanted: WorkFilter, notice: Notice | None = None, status: int = 200
) -> Response:
    """The tiles with everything around them, as a page or as what changes on it."""
    blanks = WorkFilter(wanted.campaign_id, QUEUE, wanted.form_code)
    done, total = review_work.count_progress(current_session(), blanks)
    sheet = Sheet(
        tiles=[_tile(item) for item in items],
        addresses=_addresses(wanted),
        done=done,
        total=total,
        recent=list_recent_links(wanted),
        notice=notice,
    )
    return render("verification/bang.html", "verification/_next_sheet.html", status, work=sheet)


def outcome_notice(outcome: SheetOutcome) -> Notice:
    """What became of the tiles that were sent."""
    words = []
    if outcome.blank:
        words.append(ngettext("%(num)s ô: để trống.", "%(num)s ô: để trống.", outcome.blank))
    if outcome.set_aside:
        words.append(
            ngettext("%(num)s ô sang soát từng ô.", "%(num)s ô sang soát từng ô.", outcome.set_aside)
        )
    if outcome.late:
        words.append(
            ngettext(
                "%(num)s ô hết giờ giữ và người khác đã nhận: câu trả lời của bạn thành ý kiến thứ hai.",
                "%(num)s ô hết giờ giữ và người khác đã nhận: câu trả lời của bạn thành ý kiến thứ hai.",
                outcome.late,
            )
        )
    if outcome.unsettled:
        words.append(
            ngettext(
                "%(num)s ô chưa ghi: bạn không còn giữ ô, hoặc ảnh đã đổi. Ô sẽ hiện lại.",
                "%(num)s ô chưa ghi: bạn không còn giữ ô, hoặc ảnh đã đổi. Ô sẽ hiện lại.",
                outcome.unsettled,
            )
        )
    return Notice(" ".join(words), "warning" if outcome.late or outcome.unsettled else "success")


def sheet_address(wanted: WorkFilter) -> str:
    """Where this person's tiles are."""
    return url_for("verification.show_tiles", **filter_arguments(wanted))


def _addresses(wanted: WorkFilter) -> dict[str, str]:
    chosen = filter_arguments(wanted)
    return {
        "work": sheet_address(wanted),
        "settle": url_for("verification.settle_sheet", **chosen),
        "renew": url_for("verification.renew_sheet"),
        "undo": url_for("verification.undo", **chosen),
        "stop": url_for("verification.stop"),
    }


def _tile(item: ReviewItem) -> Tile:
    form = form_library().form(item.sheet.form_code, item.sheet.form_version)
    picture = picture_of(find_field(form_library(), item)[1])
    return Tile(
        item_id=item.id,
        reading_id=item.field_reading_id,
        place=place_of(form, item.field_code),
        form_code=item.form_code,
        serial=serial_text(item.sheet.serial),
        question=form.text(item.field_code, language()),
        crop=url_for("verification.show_crop", item_id=item.id, b=item.field_reading_id),
        width_mm=picture.width_mm * (1 - picture.start_share),
        height_mm=picture.crop_height_mm,
    )
