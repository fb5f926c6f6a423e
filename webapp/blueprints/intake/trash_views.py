"""The trash: what was set aside, by whom and why, and the way back."""

from flask import Blueprint, Response, url_for

from webapp.blueprints.intake.scopes import load_move
from webapp.http import access
from webapp.http.access import Permission, may
from webapp.http.context import current_campaign, current_session, current_user, now
from webapp.http.htmx import go_to, render
from webapp.http.locale import _
from webapp.persistence.trash import KEPT_FOR, TrashMove, list_trash
from webapp.services.accounts import find_display_names
from webapp.services.trash import restore

blueprint = Blueprint("trash", __name__, url_prefix="/thung-rac")


@blueprint.get("")
@access.policy(Permission.RESTORE_SCANS)
def show_trash() -> Response:
    """What lies there now."""
    session = current_session()
    moves = list_trash(session, current_campaign().id)
    return render(
        "intake/trash.html",
        "intake/trash.html",
        moves=moves,
        names=find_display_names(session, [move.moved_by for move in moves]),
        kept_for=KEPT_FOR,
        now=now(),
    )


@blueprint.post("/<int:move_id>/khoi-phuc")
@access.policy(Permission.RESTORE_SCANS, scope=load_move)
def take_out(move: TrashMove) -> Response:
    """Give it back to its batch; it is read anew."""
    user = current_user()
    is_administrator = may(user, Permission.MANAGE_USERS)
    restore(current_session(), user.username, move, now(), is_administrator=is_administrator)
    notice = _("Đã khôi phục vào Lô %(number)s; đang đọc lại.", number=move.batch.number)
    if is_administrator:
        return go_to(url_for("trash.show_trash"), notice)
    return go_to(url_for("intake.show_batch", number=move.batch.number), notice)
