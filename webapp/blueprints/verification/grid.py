"""The group grid as a page: its tiles, what is left, and a word to the person."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, url_for

from ocr.layout import Field
from ocr.sheet_code import serial_text
from webapp.blueprints.verification.forms import filter_arguments
from webapp.blueprints.verification.pages import Notice, Recent, list_recent_links
from webapp.blueprints.verification.screens import CROP_MARGIN_MM, find_field, picture_of, place_of
from webapp.http.context import current_session, form_library
from webapp.http.htmx import render
from webapp.http.locale import _, language, ngettext
from webapp.persistence.group_grid import GridTile
from webapp.services import review_work
from webapp.services.group_grid import QUEUE, DealtGrid, GridOutcome
from webapp.services.review_queues import BLANK, options_of, predicted_of
from webapp.services.verification import WorkFilter


@dataclass(frozen=True, slots=True)
class Outline:
    """The thin ring round the predicted bubble, in millimetres of the tile."""

    x_mm: float
    y_mm: float
    r_mm: float


@dataclass(frozen=True, slots=True)
class Tile:
    """One answer at a glance: the end of its crop where the bubbles are, `width_mm` × `height_mm`.

    A decoy has nothing here that an answer has not.
    """

    tile_id: int
    place: str
    form_code: str
    serial: str
    question: str
    crop: str
    width_mm: float
    height_mm: float
    outline: Outline | None


@dataclass(frozen=True, slots=True)
class GridScreen:
    """All that the grid's page shows; no tiles when nothing is left. `predicted` is None for blanks."""

    tiles: Sequence[Tile]
    predicted: str | None
    options: int
    addresses: dict[str, str]
    done: int
    total: int
    recent: Sequence[Recent]
    notice: Notice | None

    @property
    def title(self) -> str:
        """What the machine reads in every tile."""
        if self.predicted is None:
            return _("Các ô máy đọc là: trống")
        return _(
            "Các ô máy đọc là: phương án %(option)s (trong %(options)s)",
            option=self.predicted,
            options=self.options,
        )

    @property
    def announcement(self) -> str:
        """What a screen reader says when the grid appears."""
        if not self.tiles:
            return _("Hết việc ở phần này.")
        return f"{self.title}. " + ngettext("%(num)s ô.", "%(num)s ô.", len(self.tiles))


def show_grid(
    dealt: DealtGrid | None, wanted: WorkFilter, notice: Notice | None = None, status: int = 200
) -> Response:
    """The tiles with everything around them, as a page or as what changes on it."""
    tiles_wanted = WorkFilter(wanted.campaign_id, QUEUE, wanted.form_code)
    done, total = review_work.count_progress(current_session(), tiles_wanted)
    group_key = f"0-{BLANK}" if dealt is None else dealt.grid.group_key
    predicted = predicted_of(group_key)
    screen = GridScreen(
        tiles=[] if dealt is None else [_tile(tile, predicted) for tile in dealt.tiles],
        predicted=None if predicted == BLANK else predicted,
        options=options_of(group_key),
        addresses=_addresses(dealt, wanted),
        done=done,
        total=total,
        recent=list_recent_links(wanted),
        notice=notice,
    )
    return render("verification/nhom.html", "verification/_next_grid.html", status, work=screen)


def outcome_notice(outcome: GridOutcome, group_key: str) -> Notice:
    """What became of the tiles that were sent."""
    words = [*_settled_words(outcome, predicted_of(group_key)), *_left_words(outcome)]
    is_odd = outcome.late or outcome.unsettled or outcome.requeued or outcome.void
    return Notice(" ".join(words), "warning" if is_odd else "success")


def grid_address(wanted: WorkFilter) -> str:
    """Where this person's tiles are."""
    return url_for("group_grid.show_tiles", **filter_arguments(wanted))


def _settled_words(outcome: GridOutcome, predicted: str) -> list[str]:
    words = []
    if outcome.accepted and predicted == BLANK:
        words.append(ngettext("%(num)s ô: để trống.", "%(num)s ô: để trống.", outcome.accepted))
    elif outcome.accepted:
        words.append(
            ngettext(
                "%(num)s ô: phương án %(option)s.",
                "%(num)s ô: phương án %(option)s.",
                outcome.accepted,
                option=predicted,
            )
        )
    if outcome.set_aside:
        words.append(
            ngettext("%(num)s ô sang soát từng ô.", "%(num)s ô sang soát từng ô.", outcome.set_aside)
        )
    return words


def _left_words(outcome: GridOutcome) -> list[str]:
    words = []
    if outcome.late:
        words.append(
            ngettext(
                "%(num)s ô hết giờ giữ và người khác đã nhận: câu trả lời của bạn thành ý kiến thứ hai.",
                "%(num)s ô hết giờ giữ và người khác đã nhận: câu trả lời của bạn thành ý kiến thứ hai.",
                outcome.late,
            )
        )
    if outcome.void:
        words.append(
            ngettext(
                "%(num)s ô không còn chờ bạn: trang đã được đọc lại, được thay, hoặc không còn được tính. "
                "Câu trả lời của bạn được giữ làm ý kiến.",
                "%(num)s ô không còn chờ bạn: trang đã được đọc lại, được thay, hoặc không còn được tính. "
                "Câu trả lời của bạn được giữ làm ý kiến.",
                outcome.void,
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
    if outcome.requeued:
        words.append(
            ngettext(
                "Trong một giờ, hai ô mồi đã được nhận: %(num)s ô của các bảng gần nhất chuyển cho người "
                "khác xem lại. Nghỉ mắt một lát rồi làm tiếp.",
                "Trong một giờ, hai ô mồi đã được nhận: %(num)s ô của các bảng gần nhất chuyển cho người "
                "khác xem lại. Nghỉ mắt một lát rồi làm tiếp.",
                outcome.requeued,
            )
        )
    return words


def _addresses(dealt: DealtGrid | None, wanted: WorkFilter) -> dict[str, str]:
    chosen = filter_arguments(wanted)
    around = {
        "work": grid_address(wanted),
        "undo": url_for("verification.undo", **chosen),
        "stop": url_for("verification.stop"),
    }
    if dealt is None:
        return around
    return around | {
        "settle": url_for("group_grid.settle", grid_id=dealt.grid.id, **chosen),
        "renew": url_for("group_grid.renew"),
    }


def _tile(tile: GridTile, predicted: str) -> Tile:
    sheet = tile.item.sheet
    form = form_library().form(sheet.form_code, sheet.form_version)
    field = find_field(form_library(), tile.item)[1]
    picture = picture_of(field)
    start_mm = picture.width_mm * picture.start_share
    return Tile(
        tile_id=tile.id,
        place=place_of(form, tile.item.field_code),
        form_code=tile.item.form_code,
        serial=serial_text(sheet.serial),
        question=form.text(tile.item.field_code, language()),
        crop=url_for("group_grid.show_crop", tile_id=tile.id),
        width_mm=picture.width_mm - start_mm,
        height_mm=picture.crop_height_mm,
        outline=_outline(field, predicted, start_mm),
    )


def _outline(field: Field, predicted: str, start_mm: float) -> Outline | None:
    left, top = field.x_mm - CROP_MARGIN_MM + start_mm, field.y_mm - CROP_MARGIN_MM
    for bubble in field.bubbles:
        if bubble.option == predicted:
            return Outline(bubble.x_mm - left, bubble.y_mm - top, bubble.r_mm * 1.7)
    return None
