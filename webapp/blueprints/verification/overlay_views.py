"""Rà soát lướt: sheets of a hundred accepted answers; one click doubts one of them."""

from dataclasses import replace

from flask import Blueprint, Response, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.blueprints.verification.forms import read_ids
from webapp.blueprints.verification.overlay import make_picture, title_of
from webapp.errors import InvalidInput, NotFound
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, current_user, form_library, now
from webapp.http.documents import send_picture
from webapp.http.htmx import go_to, wants_fragment
from webapp.http.locale import _, language, ngettext
from webapp.persistence.accounts import User
from webapp.persistence.readings import FieldReading, Reading
from webapp.persistence.scans import Batch, Page
from webapp.services import overlay_sheets
from webapp.services.overlay_sheets import OverlayGroup
from webapp.services.review_queues import is_group_key

blueprint = Blueprint("overlay", __name__, url_prefix="/ra-soat/luot")


def load_batch(session: Session, _user: User, batch_id: int) -> Batch:
    """A batch of the current campaign; reviewers may look at any of them."""
    batch = session.get(Batch, batch_id)
    if batch is None or batch.campaign_id != current_campaign().id:
        raise NotFound("Không có lô này.")
    return batch


def load_reading(session: Session, _user: User, reading_id: int) -> Reading:
    """A reading of the current campaign."""
    rows = select(Reading).join(Page, Page.id == Reading.page_id).join(Batch, Batch.id == Page.batch_id)
    reading = session.scalar(rows.where(Reading.id == reading_id, Batch.campaign_id == current_campaign().id))
    if reading is None:
        raise NotFound("Không có trang này.")
    return reading


def load_field(session: Session, user: User, field_id: int) -> FieldReading:
    """An answer of such a reading."""
    field = session.get(FieldReading, field_id)
    if field is None:
        raise NotFound("Không có ô này.")
    load_reading(session, user, field.reading_id)
    return field


@blueprint.get("/<int:batch_id>")
@access.policy(Permission.VERIFY, scope=load_batch)
def show_sheet(batch: Batch) -> str | Response:
    """The first sheet of the batch that nobody has looked at; looking again changes nothing."""
    session, campaign = current_session(), current_campaign()
    groups = overlay_sheets.list_groups(session, campaign.id, batch.id)
    if not groups:
        return go_to(
            url_for("verification.show_start"), _("Lô %(number)s: đã xem lướt hết.", number=batch.number)
        )
    group = groups[0]
    fields = overlay_sheets.next_tiles(session, campaign.id, group)
    return render_template(
        "verification/overlay.html",
        batch=batch,
        group=group,
        title=title_of(group),
        form_title=form_library().latest(group.form_code).title(language()),
        pictures=[make_picture(field) for field in fields],
        sheets_left=sum(one.sheets for one in groups),
    )


@blueprint.post("/<int:batch_id>")
@access.policy(Permission.VERIFY, scope=load_batch)
def finish_sheet(batch: Batch) -> Response:
    """Write down that I looked at the sheet, and go on with the next one."""
    group = _read_group(batch)
    count = overlay_sheets.record_look(
        current_session(), current_user(), group, read_ids(request.form, "tile"), now()
    )
    notice = ngettext("Đã ghi: bạn đã xem %(num)s ô.", "Đã ghi: bạn đã xem %(num)s ô.", count)
    return go_to(url_for("overlay.show_sheet", batch_id=batch.id), notice)


@blueprint.post("/o/<int:field_id>/nghi")
@access.policy(Permission.VERIFY, scope=load_field)
def doubt(field: FieldReading) -> str | Response:
    """One answer is odd: somebody is to look at it alone."""
    item = overlay_sheets.doubt_answer(current_session(), current_user(), field, now())
    notice = (
        _("Ô ấy đã chờ người xem, đã có người trả lời, hoặc trang không còn được tính.")
        if item is None
        else _("Ô ấy sang soát từng ô, chưa được tính cho tới khi có người xem.")
    )
    if wants_fragment():
        picture = replace(make_picture(field), is_doubted=True)
        return render_template(
            "verification/_overlay_doubted.html", picture=picture, notice=notice, is_news=item is not None
        )
    return go_to(url_for("overlay.show_sheet", batch_id=field.reading.page.batch_id), notice)


@blueprint.get("/trang/<int:reading_id>")
@access.policy(Permission.VERIFY, scope=load_reading)
def show_page(reading: Reading) -> Response:
    """The page's picture, of which every tile shows a part."""
    if reading.preview_sha256 is None:
        raise NotFound("Lần đọc này không có ảnh.")
    return send_picture(reading.preview_sha256, "image/jpeg")


def _read_group(batch: Batch) -> OverlayGroup:
    """Which group the sheet belongs to.

    Raises:
        InvalidInput: the page sent none.
    """
    group_key = request.form.get("group", "")
    if not is_group_key(group_key):
        raise InvalidInput("Trang gửi lên ô không thuộc bảng này. Tải lại trang rồi xem lại.")
    return OverlayGroup(batch.id, batch.number, request.form.get("form", ""), group_key, 0)
