"""The working page around one item: progress, what was just done, and a word to the person."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, url_for

from ocr.sheet_code import serial_text
from webapp.blueprints.verification.forms import filter_arguments
from webapp.blueprints.verification.screens import (
    ItemScreen,
    make_screen,
    place_of,
    said_words,
)
from webapp.blueprints.verification.words import ESCALATION_WORDS, INVALID_WORDS, NOT_COUNTED_WORDS
from webapp.errors import NotFound
from webapp.http.access import PERMISSIONS, Permission, Role
from webapp.http.context import current_campaign, current_session, current_user, form_library
from webapp.http.documents import send_picture
from webapp.http.htmx import render
from webapp.persistence.verification import Decision, ReviewItem
from webapp.services import review_work
from webapp.services.verification import Outcome, WorkFilter


@dataclass(frozen=True, slots=True)
class Recent:
    """One of the ten last decisions: a link back to its item."""

    address: str
    serial: str
    place: str
    said: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A word to the person: kinds success, warning."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Work:
    """All that the working page shows; `screen` is None when nothing is left."""

    screen: ItemScreen | None
    addresses: dict[str, str]
    done: int
    total: int
    recent: Sequence[Recent]
    notice: Notice | None


def show_work(
    item: ReviewItem | None, wanted: WorkFilter, notice: Notice | None = None, status: int = 200
) -> Response:
    """The item with everything around it, as a page or as what changes on it."""
    done, total = review_work.count_progress(current_session(), wanted)
    work = Work(
        screen=None if item is None else item_screen(item),
        addresses=_addresses(item, wanted),
        done=done,
        total=total,
        recent=list_recent_links(wanted),
        notice=notice,
    )
    return render(
        "verification/o.html",
        "verification/_next.html",
        status,
        work=work,
        invalid_words=INVALID_WORDS,
        escalation_words=ESCALATION_WORDS,
    )


def not_counted_notice(outcome: Outcome) -> Notice | None:
    """Why the answer that was sent is none that counts; None where it is one."""
    return Notice(str(NOT_COUNTED_WORDS[outcome]), "warning") if outcome in NOT_COUNTED_WORDS else None


def item_screen(item: ReviewItem) -> ItemScreen:
    """The item with what this person said about it, nobody else's word, and the draft of its words."""
    session = current_session()
    draft = review_work.find_draft(session, item) if item.queue == "comment" else None
    return make_screen(form_library(), item, review_work.own_word(session, current_user(), item), draft)


def find_missing() -> review_work.Missing:
    """What nobody of the office may finish, for want of another person."""
    reviewers = [role.value for role in Role if Permission.VERIFY in PERMISSIONS[role]]
    return review_work.find_missing(current_session(), current_campaign().id, reviewers)


def _addresses(item: ReviewItem | None, wanted: WorkFilter) -> dict[str, str]:
    """Where the item's buttons and pictures lead; the filter rides along."""
    chosen = filter_arguments(wanted)
    around = {
        "undo": url_for("verification.undo", **chosen),
        "stop": url_for("verification.stop"),
        "work": url_for("verification.show_held", **chosen),
    }
    if item is None:
        return around
    return around | {
        "decide": url_for("verification.decide", item_id=item.id, **chosen),
        "renew": url_for("verification.renew", item_id=item.id),
        "page": url_for("verification.show_page", item_id=item.id),
    }


def list_recent_links(wanted: WorkFilter) -> list[Recent]:
    """This person's last decisions, each with the way back to it."""
    decisions = review_work.list_recent(current_session(), current_user(), wanted.campaign_id)
    return [_one_recent(decision, wanted) for decision in decisions]


def _one_recent(decision: Decision, wanted: WorkFilter) -> Recent:
    sheet = decision.item.sheet
    form = form_library().form(sheet.form_code, sheet.form_version)
    return Recent(
        address=url_for("verification.show_item", item_id=decision.item_id, **filter_arguments(wanted)),
        serial=serial_text(sheet.serial),
        place=place_of(form, decision.item.field_code),
        said=said_words(form, decision),
    )


def send_cut(sha256: str | None) -> Response:
    """The picture that was cut from a page, or the page, small.

    Raises:
        NotFound: the reading kept none.
    """
    if sha256 is None:
        raise NotFound("Không có ảnh của ô này.")
    return send_picture(sha256, "image/jpeg")
