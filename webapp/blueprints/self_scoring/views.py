"""Tự chấm: a unit fills in its catalogue, proves it, sends it, and later reads how it was appraised."""

import datetime as dt
from typing import BinaryIO, cast

from flask import Blueprint, Response, make_response, render_template, request, url_for
from werkzeug.datastructures import FileStorage

from webapp.blueprints.self_scoring import deadline, facts
from webapp.blueprints.self_scoring.forms import (
    FACT,
    READING,
    read_description,
    read_draft,
    read_page_number,
    read_seen_revision,
)
from webapp.blueprints.self_scoring.scopes import (
    OwnCitation,
    OwnComponent,
    OwnForm,
    load_citation,
    load_component,
    load_file,
    load_form,
    load_own,
    load_page,
    load_sent,
)
from webapp.errors import AppError, InvalidInput, StaleVersion, UploadTooLarge
from webapp.http import access, htmx
from webapp.http.access import Permission
from webapp.http.context import current_session, current_user, now, scan_store, settings
from webapp.http.documents import send_original, send_picture
from webapp.http.figures import format_day
from webapp.http.transaction import keep_changes, roll_back
from webapp.http.wording import install_wording
from webapp.par_index.exact import canonical_json
from webapp.par_index.rules import facts_asked
from webapp.persistence.appraisal import EvidenceFile, SelfScoreEntry, unit_files
from webapp.services.accounts import find_display_names
from webapp.services.declarations import Draft, declare_points, draft_of, with_facts
from webapp.services.evidence import (
    MAX_FILES,
    Document,
    Upload,
    cite_file,
    find_file,
    keep_document,
    prepare_document,
    remove_citation,
)
from webapp.services.evidence_kinds import MEDIA_TYPES
from webapp.services.reopening import self_score_reopenings
from webapp.services.self_scores import save_draft, sent_document, submit_self_scores
from webapp.services.unit_scores import UnitScores

blueprint = Blueprint("self_scoring", __name__, url_prefix="/tu-cham")
install_wording(blueprint)
blueprint.add_url_rule("/so-lieu", view_func=facts.show_facts)
blueprint.add_url_rule("/so-lieu", view_func=facts.save_facts, methods=["POST"])
blueprint.add_url_rule("/han", view_func=deadline.show_deadline)
blueprint.add_url_rule("/han", view_func=deadline.extend, methods=["POST"])
blueprint.add_url_rule("/han/mo-lai", view_func=deadline.reopen, methods=["POST"])
blueprint.add_url_rule("/han/mo-lai-tu-cham", view_func=deadline.reopen_sent, methods=["POST"])


@blueprint.context_processor
def words_for_templates() -> dict[str, object]:
    """What the templates of this feature use besides their own values."""
    return {
        "facts_asked": facts_asked,
        "FACT": FACT,
        "READING": READING,
        "MAX_FILES": MAX_FILES,
        "settings": settings,
        "is_today": is_today,
    }


def is_today(moment: dt.datetime) -> bool:
    """Whether the moment lies on this day in Vietnam; an older one needs its day beside its hour."""
    return format_day(moment) == format_day(now())


@blueprint.get("")
@access.policy(Permission.SELF_SCORE, scope=load_own)
def show_catalogue(scores: UnitScores) -> str:
    """The unit's catalogue with the state of each component, and why it was opened again if it was."""
    opened = self_score_reopenings(current_session(), scores.unit, scores.submission)
    names = find_display_names(current_session(), [entry.actor for entry in opened])
    return render_template("self_scoring/catalogue.html", scores=scores, reopenings=opened, names=names)


@blueprint.get("/gui")
@access.policy(Permission.SELF_SCORE, scope=load_own)
def show_check(scores: UnitScores) -> str:
    """Check before sending: what is missing, each with its link."""
    return render_template("self_scoring/check.html", scores=scores, refusal=None)


@blueprint.post("/gui")
@access.policy(Permission.SELF_SCORE, scope=load_own)
def send(scores: UnitScores) -> Response:
    """Send the self-score, or say by name what it still lacks."""
    try:
        submit_self_scores(current_session(), current_user().username, scores.unit, now())
    except InvalidInput as refusal:
        page = render_template("self_scoring/check.html", scores=scores, refusal=refusal)
        return make_response(page, refusal.status)
    return htmx.go_to(url_for(".show_receipt"))


@blueprint.get("/bien-nhan")
@access.policy(Permission.SELF_SCORE, scope=load_sent)
def show_receipt(scores: UnitScores) -> str:
    """What was sent, when, and under which hash."""
    sent_by = scores.sent.submitted_by or ""
    sender = find_display_names(current_session(), [sent_by])[sent_by]
    return render_template("self_scoring/receipt.html", scores=scores, sender=sender)


@blueprint.get("/bien-nhan/noi-dung")
@access.policy(Permission.SELF_SCORE, scope=load_sent)
def download_sent(scores: UnitScores) -> Response:
    """Exactly the bytes that the receipt's hash is taken of."""
    response = make_response(canonical_json(sent_document(scores, scores.sent)))
    response.mimetype = "application/json"
    response.headers["Content-Disposition"] = f"attachment; filename=tu-cham-{scores.unit.code}.json"
    return response


@blueprint.get("/<code>")
@access.policy(Permission.SELF_SCORE, scope=load_component)
def show_component(owner: OwnComponent) -> Response:
    """One component a page; `?xem=1` names what is missing in it."""
    return component_page(owner)


@blueprint.post("/<code>")
@access.policy(Permission.SELF_SCORE, scope=load_form)
def save_component(form: OwnForm) -> Response:
    """Save and go on; what is incomplete is saved too, and said on the same page."""
    try:
        store_draft(form)
    except StaleVersion as conflict:
        return conflict_page(form, conflict)
    saved = load_component(current_session(), current_user(), form.code)
    _before, after = saved.scores.neighbours(form.code)
    if saved.here.gap is not None:
        return htmx.go_to(url_for(".show_component", code=form.code, xem=1))
    if after is None:
        return htmx.go_to(url_for(".show_check"))
    return htmx.go_to(url_for(".show_component", code=after))


@blueprint.post("/<code>/nhap")
@access.policy(Permission.SELF_SCORE, scope=load_form)
def autosave(form: OwnForm) -> Response:
    """Keep the draft as typed, and show what it comes to."""
    try:
        store_draft(form)
    except StaleVersion as conflict:
        return conflict_page(form, conflict)
    saved = load_component(current_session(), current_user(), form.code)
    return component_page(saved, fragment="self_scoring/_points_answer.html", saved_at=now())


@blueprint.post("/<code>/tep")
@access.policy(Permission.SELF_SCORE, scope=load_component)
def upload_evidence(owner: OwnComponent) -> Response:
    """Take files for a component: the good ones are kept, each bad one gets its sentence."""
    if owner.scores.lock is not None:
        raise owner.scores.lock
    roll_back()  # nothing is written yet: give the database's lock back while pages are drawn
    documents, problems = prepare_uploads(request.files.getlist("files"))
    for document in documents:
        try:
            cite(owner, take_document(owner, document))
        except InvalidInput as problem:
            problems.append(problem)
    return evidence_answer(owner, problems)


@blueprint.post("/<code>/tep/dung-lai")
@access.policy(Permission.SELF_SCORE, scope=load_component)
def reuse_evidence(owner: OwnComponent) -> Response:
    """Cite a file that the unit has uploaded already, at a page."""
    try:
        file = find_file(current_session(), owner.unit.id, request.form.get("file_id", 0, type=int))
        cite(owner, file)
    except InvalidInput as problem:
        return evidence_answer(owner, [problem])
    return evidence_answer(owner, [])


@blueprint.post("/<code>/tep/<int:link_id>/bo")
@access.policy(Permission.SELF_SCORE, scope=load_citation)
def drop_evidence(citation: OwnCitation) -> Response:
    """Take a file away from a component; the file itself stays."""
    session, actor = current_session(), current_user().username
    remove_citation(session, citation.owner.unit, citation.link, actor, now())
    return evidence_answer(citation.owner, [])


@blueprint.get("/tep/<int:file_id>")
@access.policy(Permission.SELF_SCORE, scope=load_file)
def download_file(file: EvidenceFile) -> Response:
    """The unit's own document, as it was uploaded."""
    return send_original(file.sha256, MEDIA_TYPES[file.kind], file.name)


@blueprint.get("/tep/<int:file_id>/trang/<int:page_number>")
@access.policy(Permission.SELF_SCORE, scope=load_page)
def show_page(picture: tuple[str, str]) -> Response:
    """A page of the unit's own document."""
    return send_picture(*picture)


def store_draft(form: OwnForm) -> None:
    """Keep the form of this request."""
    save_draft(
        current_session(),
        form.unit,
        form.component,
        read_draft(request.form),
        actor=current_user().username,
        now=now(),
        seen_revision=read_seen_revision(request.form),
    )


def prepare_uploads(files: list[FileStorage]) -> tuple[list[Document], list[AppError]]:
    """Look at each file, store and draw it; what cannot be taken gets its sentence."""
    documents: list[Document] = []
    problems: list[AppError] = []
    chosen = [file for file in files if file.filename]
    if not chosen:
        problems.append(InvalidInput("Chưa chọn tệp nào. Chọn tệp rồi bấm Tải lên."))
    if len(chosen) > MAX_FILES:
        problem = InvalidInput(
            "Một lần tải lên nhiều nhất %(limit)s tệp; lần này có %(count)s tệp nên chưa nhận tệp nào."
            " Chia thành nhiều lần.",
            limit=MAX_FILES,
            count=len(chosen),
        )
        return [], [problem]
    for file in chosen:
        upload = Upload(file.filename or "", cast("BinaryIO", file.stream))
        try:
            documents.append(prepare_document(scan_store(), upload, settings().max_evidence_mb))
        except (InvalidInput, UploadTooLarge) as problem:
            problems.append(problem)
    return documents, problems


def revision_of(entry: SelfScoreEntry | None) -> int:
    """The revision that a page shows; 0 while there is none."""
    return 0 if entry is None else entry.revision


def name_of(entry: SelfScoreEntry | None) -> str:
    """Who entered the newest revision."""
    if entry is None:
        return ""
    return find_display_names(current_session(), [entry.entered_by])[entry.entered_by]


def take_document(owner: OwnComponent, document: Document) -> EvidenceFile:
    """Make a prepared document the unit's."""
    description, actor = read_description(request.form), current_user().username
    return keep_document(current_session(), owner.unit, document, description, actor=actor, now=now())


def cite(owner: OwnComponent, file: EvidenceFile) -> None:
    """Put a file behind the component at the page that the form names."""
    page_number, actor = read_page_number(request.form), current_user().username
    cite_file(
        current_session(), owner.unit, owner.code, file, page_number=page_number, actor=actor, now=now()
    )


def evidence_answer(owner: OwnComponent, problems: list[AppError]) -> Response:
    """The component's evidence as it stands now; without htmx back to the page, unless something is wrong."""
    if not problems and not htmx.wants_fragment():
        return htmx.go_to(url_for(".show_component", code=owner.code, _anchor="evidence"))
    if problems:
        keep_changes()  # the good files of the same upload
    current_session().flush()
    changed = load_component(current_session(), current_user(), owner.code)
    status = problems[-1].status if problems else 200
    return component_page(
        changed, fragment="self_scoring/_evidence_answer.html", status=status, problems=problems
    )


def conflict_page(form: OwnForm, conflict: StaleVersion) -> Response:
    """A colleague was faster: theirs beside the form, which keeps what was typed; nothing overwritten."""
    newest = load_component(current_session(), current_user(), form.code)
    draft = read_draft(request.form)
    fragment = "self_scoring/_conflict.html"
    return component_page(newest, fragment=fragment, status=conflict.status, draft=draft, conflict=conflict)


def component_page(
    owner: OwnComponent,
    *,
    draft: Draft | None = None,
    conflict: StaleVersion | None = None,
    fragment: str = "self_scoring/_points_answer.html",
    status: int = 200,
    problems: list[AppError] | None = None,
    saved_at: object = None,
) -> Response:
    """The page of a component, or the piece of it that changed."""
    entry, facts_here = owner.here.entry, owner.scores.facts_of(owner.code)
    draft = draft or with_facts(
        draft_of(entry), {code: fact.typed for code, fact in facts_here.items() if fact.typed}
    )
    before, after = owner.scores.neighbours(owner.code)
    return htmx.render(
        "self_scoring/component.html",
        fragment,
        status=status,
        owner=owner,
        here=owner.here,
        scores=owner.scores,
        draft=draft,
        facts_here=facts_here,
        declared=declare_points(owner.here.as_declared, draft),
        files=unit_files(current_session(), owner.unit.id),
        before=before,
        after=after,
        problems=problems or [],
        is_asked=request.args.get("xem") == "1",
        saved_at=saved_at or (entry.entered_at if entry is not None and conflict is None else None),
        conflict=conflict,
        theirs=draft_of(entry),
        their_name=name_of(entry),
        seen_revision=request.form.get("seen_revision", "") if conflict else revision_of(entry),
    )
