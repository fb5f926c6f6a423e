"""Phản hồi: what the appraisal asks a unit after its first round, and the unit's one reply."""

from dataclasses import dataclass
from typing import BinaryIO, cast

from flask import Blueprint, Response, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from webapp.errors import AppError, InvalidInput, NotFound, StaleVersion, UploadTooLarge
from webapp.http import access, htmx
from webapp.http.access import Permission
from webapp.http.context import current_session, current_user, now, scan_store, settings
from webapp.http.locale import gettext
from webapp.http.transaction import keep_changes, roll_back
from webapp.http.wording import install_wording
from webapp.persistence.accounts import User
from webapp.services.accounts import find_display_names
from webapp.services.appraisal_dates import appraisal_dates
from webapp.services.evidence import Document, Upload, prepare_document
from webapp.services.explanations import (
    Explanation,
    attach_to_reply,
    detach_from_reply,
    first_round,
    load_explanations,
    reply_lock,
    send_reply,
    write_reply,
)
from webapp.services.unit_scores import UnitScores, load_unit_scores

blueprint = Blueprint("explanations", __name__, url_prefix="/phan-hoi")
install_wording(blueprint)


@dataclass(frozen=True, slots=True)
class Brought:
    """A document of the form, looked at and stored, for one question."""

    code: str
    document: Document
    page_number: int | None


def load_own(session: Session, user: User) -> UnitScores:
    """All scores of the user's own unit; there is no way to name another."""
    if user.unit is None:
        raise NotFound("Tài khoản của bạn chưa gắn với đơn vị nào. Người quản trị sẽ gắn giúp.")
    return load_unit_scores(session, user.unit, now())


@blueprint.get("")
@access.policy(Permission.SELF_SCORE, scope=load_own)
def show_questions(scores: UnitScores) -> str:
    """What round one changed and asks, with what the unit has written so far."""
    return reply_page(scores, [])


@blueprint.post("")
@access.policy(Permission.SELF_SCORE, scope=load_own)
def save(scores: UnitScores) -> Response:
    """Keep words and documents; nothing is sent yet."""
    problems = keep_form(scores)
    if problems:
        return refused(scores, problems)
    return htmx.go_to(url_for(".show_questions"), gettext("Đã lưu. Phản hồi chưa gửi."))


@blueprint.post("/gui")
@access.policy(Permission.SELF_SCORE, scope=load_own)
def send(scores: UnitScores) -> Response:
    """Keep what the form holds, and send the reply: it can be sent once."""
    problems = keep_form(scores)
    if problems:
        return refused(scores, problems)
    try:
        send_reply(current_session(), current_user().username, scores.unit, now())
    except InvalidInput as refusal:
        return refused(scores, [refusal])
    return htmx.go_to(url_for(".show_questions"), gettext("Đã gửi phản hồi cho tổ thẩm định."))


def keep_form(scores: UnitScores) -> list[AppError]:
    """Words, documents and what is to be taken away; what cannot be kept gets its sentence."""
    lock = reply_lock(scores.unit, scores.submission, now())
    if lock is not None:
        raise lock
    codes = [one.code for one in load_explanations(current_session(), scores)]
    roll_back()  # nothing is written yet: give the database's lock back while pages are drawn
    brought, problems = prepare_brought(codes)
    session, actor = current_session(), current_user().username
    for code in codes:
        words, seen = request.form.get(f"words-{code}", ""), request.form.get(f"seen-{code}", 0, type=int)
        try:
            write_reply(session, scores.unit, code, words, seen_revision=seen, actor=actor, now=now())
        except StaleVersion as conflict:
            problems.append(conflict)
    for one in brought:
        try:
            attach_to_reply(
                session, scores.unit, one.code, one.document, one.page_number, actor=actor, now=now()
            )
        except InvalidInput as problem:
            problems.append(problem)
    dropped = request.form.get("drop", 0, type=int)
    if dropped:
        detach_from_reply(session, scores.unit, dropped, actor=actor, now=now())
    return problems


def prepare_brought(codes: list[str]) -> tuple[list[Brought], list[AppError]]:
    """Look at each document of the form, store and draw it."""
    brought: list[Brought] = []
    problems: list[AppError] = []
    for code in codes:
        page_number = request.form.get(f"page-{code}", None, type=int)
        for file in request.files.getlist(f"files-{code}"):
            if not file.filename:
                continue
            upload = Upload(file.filename, cast("BinaryIO", file.stream))
            try:
                document = prepare_document(scan_store(), upload, settings().max_evidence_mb)
                brought.append(Brought(code, document, page_number))
            except (InvalidInput, UploadTooLarge) as problem:
                problems.append(problem)
    return brought, problems


def refused(scores: UnitScores, problems: list[AppError]) -> Response:
    """The page again: what could be kept is kept, what was typed stays on the screen."""
    keep_changes()
    current_session().flush()
    return make_response(reply_page(scores, problems), problems[-1].status)


def reply_page(scores: UnitScores, problems: list[AppError]) -> str:
    """The questions with the unit's words; a conflict shows a colleague's words beside one's own."""
    session = current_session()
    returned = scores.submission is not None and scores.submission.returned_at is not None
    explanations = load_explanations(session, scores) if returned else []
    writers = [one.reply.written_by for one in explanations if one.reply is not None]
    return render_template(
        "explanations/reply.html",
        scores=scores,
        explanations=explanations,
        changed=first_round(session, scores) if returned else [],
        lock=reply_lock(scores.unit, scores.submission, now()),
        dates=appraisal_dates(scores.unit.campaign, now()),
        problems=problems,
        typed={one.code: typed_words(one) for one in explanations},
        names=find_display_names(session, writers),
        settings=settings,
    )


def typed_words(one: Explanation) -> str:
    """What this request typed, else what is kept."""
    return request.form.get(f"words-{one.code}", one.words)
