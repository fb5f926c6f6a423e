"""Phân xử: a third person sees what was said, without names and in no order, decides, and says why."""

import hashlib

from flask import Blueprint, Response, render_template, request, url_for
from sqlalchemy.orm import Session

from webapp.blueprints.verification.forms import read_answer
from webapp.blueprints.verification.pages import (
    Recent,
    find_missing,
    item_screen,
    not_counted_notice,
    send_cut,
)
from webapp.blueprints.verification.screens import place_of, said_words, value_words
from webapp.blueprints.verification.words import ARBITRATION_WORDS, ESCALATION_WORDS
from webapp.errors import InvalidInput, NotFound
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, current_user, form_library, now, settings
from webapp.http.htmx import go_to
from webapp.http.locale import _
from webapp.http.log import log_reading
from webapp.http.transaction import keep_changes
from webapp.persistence.accounts import User
from webapp.persistence.verification import Decision, ReviewItem
from webapp.services import review_work, verification
from webapp.services.verification import WorkFilter

blueprint = Blueprint("arbitration", __name__, url_prefix="/ra-soat/phan-xu")
STAGE = "arbitration"


def load_mine(session: Session, user: User, item_id: int) -> ReviewItem:
    """An item that this person arbitrates, or has arbitrated; never one that they key blind or have keyed."""
    item = review_work.find_item(session, item_id, current_campaign().id)
    own = None if item is None else review_work.own_word(session, user, item)
    is_mine = item is not None and item.state == STAGE and item.lease_user == user.username
    was_mine = item is not None and item.state in {STAGE, "done"} and own is not None and own.stage == STAGE
    if item is None or not (is_mine or was_mine):
        raise NotFound("Ô này không chờ bạn phân xử: ai đã nhập ô ở lần trước thì người khác phân xử.")
    return item


def load_answered(session: Session, user: User, item_id: int) -> ReviewItem:
    """The same, or one whose page was replaced while this person looked: the word is kept all the same."""
    item = review_work.find_item(session, item_id, current_campaign().id)
    if item is not None and verification.is_replaced(session, item, read_answer(request.form)):
        return item
    return load_mine(session, user, item_id)


@blueprint.get("")
@access.policy(Permission.ADJUDICATE)
def show_start() -> str:
    """How many wait for me, what I decided last, and who is missing."""
    session, campaign = current_session(), current_campaign()
    lines = review_work.list_work(session, campaign.id)
    mine = review_work.count_turns(session, current_user(), campaign.id).get(STAGE, 0)
    decided = [
        _recent(said)
        for said in review_work.list_recent(session, current_user(), campaign.id)
        if said.stage == STAGE
    ]
    return render_template(
        "verification/arbitration.html",
        mine=mine,
        others=sum(line.waiting.get(STAGE, 0) for line in lines) - mine,
        decided=decided,
        missing=find_missing(),
    )


@blueprint.post("/bat-dau")
@access.policy(Permission.ADJUDICATE)
def begin() -> Response:
    """Claim the next that waits for a third person who has not keyed it."""
    return _go_on()


@blueprint.get("/<int:item_id>")
@access.policy(Permission.ADJUDICATE, scope=load_mine)
def show_item(item: ReviewItem) -> str:
    """The values without names, the picture, the whole page, and a reason to give."""
    return render_template(
        "verification/one_arbitration.html",
        screen=item_screen(item),
        values=_values(item),
        questions=_questions(item),
        reasons=ARBITRATION_WORDS,
        addresses={
            "decide": url_for("arbitration.decide", item_id=item.id),
            "renew": url_for("arbitration.renew", item_id=item.id),
            "page": url_for("arbitration.show_page", item_id=item.id),
        },
    )


@blueprint.post("/<int:item_id>")
@access.policy(Permission.ADJUDICATE, scope=load_answered)
def decide(item: ReviewItem) -> Response:
    """The third person's word is final."""
    answer = read_answer(request.form)
    if answer.kind == "escalate" or answer.reason not in ARBITRATION_WORDS:
        raise InvalidInput("Chọn câu trả lời rồi chọn lý do: lý do được lưu cùng tên bạn.")
    outcome = verification.record_decision(current_session(), current_user(), item.id, answer, now())
    notice = not_counted_notice(outcome)
    if notice is None:
        return _go_on()
    keep_changes()
    is_shown_again = (
        outcome == "replaced" and item.state == STAGE and item.lease_user == current_user().username
    )
    return _go_on(notice.text) if is_shown_again else go_to(url_for("arbitration.show_start"), notice.text)


@blueprint.post("/<int:item_id>/giu")
@access.policy(Permission.ADJUDICATE, scope=load_mine)
def renew(item: ReviewItem) -> tuple[str, int]:
    """Keep the item a while longer: its person is active."""
    verification.renew_lease(current_session(), current_user(), item.id, now(), lease_s=settings().lease_s)
    return "", 204


@blueprint.post("/hoan-tac")
@access.policy(Permission.ADJUDICATE)
def undo() -> Response:
    """Take back my last word, and show its answer if it is mine to decide again."""
    item = verification.undo_last_decision(current_session(), current_user(), now(), current_campaign().id)
    if item is None:
        return go_to(url_for("arbitration.show_start"), _("Không còn gì để hoàn tác."))
    address = url_for("arbitration.show_start")
    if item.lease_user == current_user().username and item.state == STAGE:
        address = url_for("arbitration.show_item", item_id=item.id)
    return go_to(address, _("Đã hoàn tác. Ô vừa làm hiện lại."))


@blueprint.post("/dung")
@access.policy(Permission.ADJUDICATE)
def stop() -> Response:
    """Give back what I hold."""
    verification.release_items(current_session(), current_user())
    return go_to(url_for("arbitration.show_start"), _("Đã dừng. Ô đang mở đã trả lại hàng chờ."))


@blueprint.get("/<int:item_id>/trang")
@access.policy(Permission.ADJUDICATE, scope=load_mine)
def show_page(item: ReviewItem) -> Response:
    """The whole page."""
    log_reading("page_seen", f"item/{item.id}")
    return send_cut(item.field_reading.reading.preview_sha256)


def _go_on(notice: str | None = None) -> Response:
    wanted = WorkFilter(current_campaign().id, queue=STAGE)
    item = verification.claim_next_item(
        current_session(), current_user(), now(), wanted, lease_s=settings().lease_s
    )
    if item is None:
        return go_to(url_for("arbitration.show_start"), _("Không còn ô nào chờ bạn phân xử."))
    return go_to(url_for("arbitration.show_item", item_id=item.id), notice)


def _values(item: ReviewItem) -> list[str]:
    """What people (or a sure machine) said: no names, an order that is this person's and stays the same."""
    form = form_library().form(item.sheet.form_code, item.sheet.form_version)
    said = [
        said_words(form, one)
        for one in review_work.list_opinions(current_session(), item)
        if one.kind != "escalate" and one.stage != STAGE
    ]
    field = item.field_reading
    if field.accepted and item.reopened_at is None and field.kind == "choice":
        said.append(value_words(form, item.field_code, "option" if field.value else "blank", field.value))
    secret = f"{item.id}:{current_user().username}:"
    return sorted(set(said), key=lambda words: hashlib.sha256((secret + words).encode()).digest())


def _questions(item: ReviewItem) -> list[str]:
    """Why somebody passed it on."""
    said = review_work.list_opinions(current_session(), item)
    return [str(ESCALATION_WORDS[one.reason]) for one in said if one.reason in ESCALATION_WORDS]


def _recent(said: Decision) -> Recent:
    sheet = said.item.sheet
    form = form_library().form(sheet.form_code, sheet.form_version)
    return Recent(
        address=url_for("arbitration.show_item", item_id=said.item_id),
        serial=str(sheet.serial),
        place=f"{said.item.form_code} · {place_of(form, said.item.field_code)}",
        said=said_words(form, said),
    )
