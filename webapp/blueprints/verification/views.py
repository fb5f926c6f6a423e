"""Rà soát: where work begins, and one doubtful answer a round trip."""

from flask import Blueprint, Response, render_template, request, url_for
from sqlalchemy.orm import Session

from webapp.blueprints.verification.forms import filter_arguments, read_answer, read_filter
from webapp.blueprints.verification.grid import grid_address
from webapp.blueprints.verification.order import begin_next, item_address
from webapp.blueprints.verification.overlay import sheets_by_batch
from webapp.blueprints.verification.pages import (
    Notice,
    find_missing,
    not_counted_notice,
    send_cut,
    show_work,
)
from webapp.blueprints.verification.words import QUEUE_WORDS
from webapp.errors import NotFound
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, current_user, form_library, now, settings
from webapp.http.htmx import go_to, wants_fragment
from webapp.http.locale import _, language
from webapp.http.log import log_reading
from webapp.http.transaction import keep_changes
from webapp.persistence.accounts import User
from webapp.persistence.verification import ReviewItem
from webapp.services import group_grid, overlay_sheets, review_work, verification
from webapp.services.verification import WorkFilter

blueprint = Blueprint("verification", __name__, url_prefix="/ra-soat")
_TAKEN = 409


def load_item(session: Session, _user: User, item_id: int) -> ReviewItem:
    """An item of the current campaign; reviewers may see any of them."""
    item = review_work.find_item(session, item_id, current_campaign().id)
    if item is None:
        raise NotFound("Không có ô này.")
    return item


def load_item_id(session: Session, _user: User, item_id: int) -> int:
    """The number of such an item, where the use case takes its row itself."""
    if not review_work.is_item_of(session, item_id, current_campaign().id):
        raise NotFound("Không có ô này.")
    return item_id


# -- the reviewer's work -----------------------------------------------------------------------------


@blueprint.get("")
@access.policy(Permission.VERIFY)
def show_start() -> str:
    """How much is left in each queue, and one button."""
    session, campaign = current_session(), current_campaign()
    wanted = WorkFilter(campaign.id)
    lines = review_work.list_work(session, campaign.id)
    done, total = review_work.count_progress(session, wanted)
    return render_template(
        "verification/start.html",
        queues=review_work.list_queues(session, current_user(), campaign.id),
        queue_words=QUEUE_WORDS,
        lines=lines,
        titles={line.form_code: form_library().latest(line.form_code).title(language()) for line in lines},
        done=done,
        total=total,
        overlays=sheets_by_batch(overlay_sheets.list_groups(session, campaign.id)),
        held=_has_grid(wanted) or verification.held_item(session, current_user(), wanted),
        missing=find_missing(),
        may_settle_pages=access.may(current_user(), Permission.INTAKE),
    )


@blueprint.post("/bat-dau")
@access.policy(Permission.VERIFY)
def begin() -> Response:
    """Claim the first of what is wanted, in the order of the queues."""
    wanted = read_filter(request.form, current_campaign().id)
    address = begin_next(wanted)
    if address is None:
        return go_to(url_for("verification.show_start"), _("Không còn ô nào chờ bạn ở phần này."))
    return go_to(address)


@blueprint.get("/o")
@access.policy(Permission.VERIFY)
def show_held() -> Response:
    """The item I am at: a reload, a crash or another computer change nothing."""
    wanted = _wanted()
    held = verification.held_item(current_session(), current_user(), wanted)
    if held is None:
        return go_to(grid_address(wanted) if _has_grid(wanted) else url_for("verification.show_start"))
    if held.state == "arbitration":
        return go_to(_address_of(held, wanted))
    return show_work(held, wanted)


@blueprint.get("/o/<int:item_id>")
@access.policy(Permission.VERIFY, scope=load_item)
def show_item(item: ReviewItem) -> Response:
    """One of my items again, to look at or to correct."""
    user = current_user()
    if item.lease_user != user.username and not review_work.has_decided(current_session(), user, item.id):
        return go_to(item_address(_wanted()))
    if item.state == "arbitration" and item.lease_user == user.username:
        return go_to(_address_of(item, _wanted()))
    return show_work(item, _wanted())


@blueprint.post("/o/<int:item_id>")
@access.policy(Permission.VERIFY, scope=load_item_id)
def decide(item_id: int) -> Response:
    """Keep the decision, and go on with the next item, or with the grid that was left to correct a tile."""
    answer, wanted = read_answer(request.form), _wanted()
    outcome = verification.record_decision(current_session(), current_user(), item_id, answer, now())
    notice = not_counted_notice(outcome)
    if notice is None and _has_grid(wanted):
        return go_to(grid_address(wanted))
    following = _claim(wanted)
    if notice is not None:
        keep_changes()
    if following is not None and following.state == "arbitration":
        return go_to(_address_of(following, wanted), None if notice is None else notice.text)
    if notice is not None:
        return show_work(following, wanted, notice, _TAKEN)
    if not wants_fragment():
        return go_to(item_address(wanted))
    return show_work(following, wanted)


@blueprint.post("/o/<int:item_id>/giu")
@access.policy(Permission.VERIFY, scope=load_item_id)
def renew(item_id: int) -> tuple[str, int]:
    """Keep the item a while longer: its person is active."""
    verification.renew_lease(current_session(), current_user(), item_id, now(), lease_s=settings().lease_s)
    return "", 204


@blueprint.post("/hoan-tac")
@access.policy(Permission.VERIFY)
def undo() -> Response:
    """Take back my last decision and show its item."""
    wanted = _wanted()
    item = verification.undo_last_decision(current_session(), current_user(), now(), wanted.campaign_id)
    if item is None:
        return _nothing_to_undo(wanted)
    if item.state == "arbitration" and item.lease_user == current_user().username:
        return go_to(_address_of(item, wanted), _("Đã hoàn tác. Ô vừa làm hiện lại."))
    if item.queue == group_grid.QUEUE and item.state == "open":
        group_grid.deal_again(current_session(), current_user(), now(), item)
        return go_to(grid_address(wanted), _("Đã hoàn tác. Bảng vừa làm hiện lại."))
    if not wants_fragment():
        return go_to(url_for("verification.show_item", item_id=item.id, **filter_arguments(wanted)))
    return show_work(item, wanted, Notice(_("Đã hoàn tác. Ô vừa làm hiện lại."), "success"))


@blueprint.post("/roi-trang")
@access.policy(Permission.VERIFY)
def leave() -> tuple[str, int]:
    """My page is gone: what I hold is soon free for others, unless I am back at once."""
    verification.leave_items(current_session(), current_user(), now())
    return "", 204


@blueprint.post("/dung")
@access.policy(Permission.VERIFY)
def stop() -> Response:
    """Give back what I hold."""
    verification.release_items(current_session(), current_user())
    return go_to(
        url_for("verification.show_start"), _("Đã dừng. Ô đang mở đã trả lại hàng chờ; việc đã làm vẫn giữ.")
    )


# -- the page ----------------------------------------------------------------------------------------


@blueprint.get("/o/<int:item_id>/trang")
@access.policy(Permission.VERIFY, scope=load_item)
def show_page(item: ReviewItem) -> Response:
    """The whole page, small."""
    log_reading("page_seen", f"item/{item.id}")
    return send_cut(item.field_reading.reading.preview_sha256)


# -- small steps -------------------------------------------------------------------------------------


def _wanted() -> WorkFilter:
    return read_filter(request.args, current_campaign().id)


def _claim(wanted: WorkFilter) -> ReviewItem | None:
    return verification.claim_next_item(
        current_session(), current_user(), now(), wanted, lease_s=settings().lease_s
    )


def _has_grid(wanted: WorkFilter) -> bool:
    if wanted.queue not in (None, group_grid.QUEUE):
        return False
    return group_grid.find_dealt_grid(current_session(), current_user(), wanted) is not None


def _nothing_to_undo(wanted: WorkFilter) -> Response:
    words = _("Không còn gì để hoàn tác.")
    if not wants_fragment() and _has_grid(wanted):
        return go_to(grid_address(wanted), words)
    held = verification.held_item(current_session(), current_user(), wanted)
    return show_work(held, wanted, Notice(words, "warning"))


def _address_of(item: ReviewItem, wanted: WorkFilter) -> str:
    """Where this person works on the item they were given."""
    if item.state == "arbitration":
        return url_for("arbitration.show_item", item_id=item.id)
    return item_address(wanted)
