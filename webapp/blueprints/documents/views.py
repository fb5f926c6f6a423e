"""Văn bản: the decision, the report and the minutes of a fixed version, and the words that people add."""

from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request, url_for
from sqlalchemy.orm import Session

from webapp.blueprints.documents.words import BY_SLUG, DOCUMENTS, PASSAGE_WORDS
from webapp.errors import AppError, InvalidInput, NotFound, StaleVersion
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, current_user, now
from webapp.http.htmx import go_to
from webapp.http.locale import _
from webapp.http.papers import send_official
from webapp.http.wording import install_wording
from webapp.papers.official.wording import PASSAGES, Kind
from webapp.persistence.accounts import User
from webapp.persistence.results import IndexVersion
from webapp.services.accounts import find_display_names
from webapp.services.documents import (
    LONGEST_TEXT,
    compose_document,
    load_wording,
    require_fixed_version,
    save_wording,
)

blueprint = Blueprint("documents", __name__, url_prefix="/chi-so/<int:number>/van-ban")
install_wording(blueprint)


@dataclass(frozen=True, slots=True)
class VersionDocument:
    """One document of a fixed version."""

    version: IndexVersion
    kind: Kind


def load_version(session: Session, _user: User, number: int) -> IndexVersion:
    """A fixed version of the current campaign."""
    return require_fixed_version(session, current_campaign(), number)


def load_document(session: Session, user: User, number: int, slug: str) -> VersionDocument:
    """One of its documents."""
    if slug not in BY_SLUG:
        raise NotFound("Không có văn bản này.")
    return VersionDocument(load_version(session, user, number), BY_SLUG[slug])


def load_file(
    session: Session, user: User, number: int, slug: str, file_kind: str
) -> tuple[VersionDocument, str]:
    """One of its documents, and the kind of file that is asked for."""
    return load_document(session, user, number, slug), file_kind


@blueprint.get("")
@access.policy(Permission.COMPUTE_INDEX, scope=load_version)
def list_documents(version: IndexVersion) -> str:
    """The documents of a version, with what is still blank in each."""
    session, campaign = current_session(), current_campaign()
    written = {kind: load_wording(session, campaign, kind) for kind in Kind}
    writers = [one.entry.written_by for one in written.values() if one.entry is not None]
    return render_template(
        "documents/list.html",
        version=version,
        written=written,
        documents=DOCUMENTS,
        names=find_display_names(session, writers),
        campaign=campaign,
    )


@blueprint.get("/<slug>")
@access.policy(Permission.COMPUTE_INDEX, scope=load_document)
def show_wording(document: VersionDocument) -> str:
    """The passages that people write."""
    written = load_wording(current_session(), current_campaign(), document.kind)
    return _wording_page(document, dict(written.wording.texts), written.revision, None)


@blueprint.post("/<slug>")
@access.policy(Permission.COMPUTE_INDEX, scope=load_document)
def save(document: VersionDocument) -> Response | tuple[str, int]:
    """Keep the passages; what cannot be kept stays on the screen."""
    texts = {passage.code: request.form.get(passage.code, "") for passage in PASSAGES[document.kind]}
    seen = request.form.get("seen_revision", 0, type=int)
    session, actor, campaign = current_session(), current_user().username, current_campaign()
    try:
        save_wording(session, actor, campaign, document.kind, texts, seen_revision=seen, now=now())
    except (InvalidInput, StaleVersion) as refusal:
        newest = load_wording(session, campaign, document.kind).revision
        return _wording_page(document, texts, newest, refusal), refusal.status
    return go_to(url_for(".list_documents", number=document.version.number), _("Đã lưu lời của văn bản."))


@blueprint.get("/<slug>.<file_kind>")
@access.policy(Permission.COMPUTE_INDEX, scope=load_file)
def download(asked: tuple[VersionDocument, str]) -> Response:
    """The document as a file: a draft, or with `?trinh-ky` the one to be signed."""
    document, file_kind = asked
    is_draft = "trinh-ky" not in request.args
    official = compose_document(current_session(), document.version, document.kind, is_draft=is_draft)
    stage = "du-thao" if is_draft else "trinh-ky"
    name = f"{DOCUMENTS[document.kind].slug}-{current_campaign().year}-ban-{document.version.number}-{stage}"
    return send_official(official, file_kind, name)


def _wording_page(
    document: VersionDocument, texts: dict[str, str], seen_revision: int, refusal: AppError | None
) -> str:
    return render_template(
        "documents/wording.html",
        version=document.version,
        words=DOCUMENTS[document.kind],
        passages=PASSAGES[document.kind],
        passage_words=PASSAGE_WORDS,
        texts=texts,
        seen_revision=seen_revision,
        refusal=refusal,
        campaign=current_campaign(),
        longest=LONGEST_TEXT,
    )
