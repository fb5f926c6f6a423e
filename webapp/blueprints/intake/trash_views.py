"""The trash: what was set aside, by whom and why, and the way back.

What people have settled answers of is put there by the administrator, who sees no page and finds it by its
number.
"""

from dataclasses import dataclass

from flask import Blueprint, Response, request, url_for
from sqlalchemy.orm import Session

from webapp.blueprints.intake.scopes import is_administrator, load_move
from webapp.blueprints.intake.words import PAGE_STATES
from webapp.errors import NotFound
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, current_user, now
from webapp.http.htmx import go_to, render
from webapp.http.locale import _
from webapp.persistence.review_counts import count_batch, count_page
from webapp.persistence.scans import Batch, Page
from webapp.persistence.trash import KEPT_FOR, TrashMove, list_trash
from webapp.services.accounts import find_display_names
from webapp.services.batches import list_all_pages
from webapp.services.intake import find_batch
from webapp.services.trash import restore

blueprint = Blueprint("trash", __name__, url_prefix="/thung-rac")


@dataclass(frozen=True, slots=True)
class Sought:
    """A batch, or one page of it, that the administrator asked for by number; `settled`: its answers."""

    batch: Batch
    page: Page | None
    pages: int
    settled: int


@blueprint.get("")
@access.policy(Permission.TRASH_SCANS)
def show_trash() -> Response:
    """What lies there now; for the administrator also what may be put there."""
    session, campaign_id = current_session(), current_campaign().id
    moves = list_trash(session, campaign_id)
    number, place = request.args.get("lo", type=int), request.args.get("trang", type=int)
    all_may_go = is_administrator()
    return render(
        "intake/trash.html",
        "intake/trash.html",
        moves=moves,
        names=find_display_names(session, [move.moved_by for move in moves]),
        kept_for=KEPT_FOR,
        now=now(),
        all_may_go=all_may_go,
        number=number,
        place=place,
        sought=_seek(session, campaign_id, number, place) if all_may_go and number else None,
        page_states=PAGE_STATES,
    )


@blueprint.post("/<int:move_id>/khoi-phuc")
@access.policy(Permission.TRASH_SCANS, scope=load_move)
def take_out(move: TrashMove) -> Response:
    """Give it back to its batch; it is read anew."""
    all_may_go = is_administrator()
    restore(current_session(), current_user().username, move, now(), is_administrator=all_may_go)
    notice = _("Đã khôi phục vào Lô %(number)s; đang đọc lại.", number=move.batch.number)
    if all_may_go:
        return go_to(url_for("trash.show_trash"), notice)
    return go_to(url_for("intake.show_batch", number=move.batch.number), notice)


def _seek(session: Session, campaign_id: int, number: int, place: int | None) -> Sought | None:
    """The batch of this number, or its page at this place, as the clerk calls them, if there is one."""
    try:
        batch = find_batch(session, campaign_id, number)
    except NotFound:
        return None
    pages = [page for page, _preview in list_all_pages(session, batch.id)]
    if place is None:
        return Sought(batch, None, len(pages), count_batch(session, batch.id).settled)
    if not 1 <= place <= len(pages):
        return None
    page = pages[place - 1]
    return Sought(batch, page, len(pages), count_page(session, page.id).settled)
