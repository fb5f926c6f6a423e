"""Nguồn gốc: each step from a figure to the paper is a page of its own, one click from the one before."""

from typing import Any

from flask import Blueprint, Response, render_template, url_for

from ocr.layout import Field, PageLayout
from ocr.sheet_code import serial_text
from webapp.blueprints.provenance import words
from webapp.blueprints.provenance.scopes import (
    load_answer,
    load_component,
    load_crop,
    load_page_picture,
    load_question,
    load_reading,
)
from webapp.errors import NotFound
from webapp.http import access
from webapp.http.access import Permission, may
from webapp.http.context import current_session, current_user, form_library, scan_store
from webapp.http.documents import send_picture
from webapp.http.locale import _, language
from webapp.http.roles import ROLE_NAMES
from webapp.http.wording import install_wording
from webapp.persistence.scans import BatchFile
from webapp.services.accounts import find_display_names, find_roles
from webapp.services.provenance import (
    TracedAnswer,
    TracedComponent,
    TracedQuestion,
    TracedReading,
    TracedUnit,
    roles_of,
)

blueprint = Blueprint("provenance", __name__, url_prefix="/nguon-goc/<int:number>")
install_wording(blueprint)
_ANSWER = "/phieu/<int:serial>/<field>"
_READING = f"{_ANSWER}/doc/<int:reading>"
_FRAME_MM = 1.5  # around the question on the page
_CROP_MARGIN_MM = 2.0  # what the reader cuts around a field (ocr.pictures)


@blueprint.get("/diem/<code>/<component>")
@access.policy(Permission.TRACE_ANSWERS, scope=load_component)
def show_component(found: TracedComponent) -> Response:
    """A survey score: its pools, and what each counted sheet said."""
    return _page("component", found.traced, found=found)


@blueprint.get("/cau/<code>/<pool>/<question>")
@access.policy(Permission.TRACE_ANSWERS, scope=load_question)
def show_question(found: TracedQuestion) -> Response:
    """A question's distribution, and the answers that it counts."""
    return _page("question", found.traced, found=found, labels=_labels(found.pool.form, found.mean.question))


@blueprint.get(_ANSWER)
@access.policy(Permission.TRACE_ANSWERS, scope=load_answer)
def show_answer(answer: TracedAnswer) -> Response:
    """One answer: everything that was read and said of it."""
    return _answer_page("answer", answer, people=_people(answer))


@blueprint.get(_READING)
@access.policy(Permission.TRACE_ANSWERS, scope=load_reading)
def show_reading(found: TracedReading) -> Response:
    """One reading: all scores, flags, and exactly with what it was read."""
    return _answer_page("reading", found.answer, field=found.field)


@blueprint.get(f"{_READING}/o")
@access.policy(Permission.TRACE_ANSWERS, scope=load_reading)
def show_crop(found: TracedReading) -> Response:
    """The picture of the question."""
    page, place = _place(found)
    return _answer_page(
        "crop", found.answer, field=found.field, page=page, place=place, margin_mm=_CROP_MARGIN_MM
    )


@blueprint.get(f"{_READING}/o.jpg")
@access.policy(Permission.TRACE_ANSWERS, scope=load_crop)
def send_crop(sha256: str) -> Response:
    """The picture that was cut when the page was read."""
    return _send(sha256)


@blueprint.get(f"{_READING}/trang")
@access.policy(Permission.TRACE_ANSWERS, scope=load_reading)
def show_whole_page(found: TracedReading) -> Response:
    """The whole page with the answer framed."""
    page, place = _place(found)
    return _answer_page("page", found.answer, field=found.field, page=page, place=place, margin_mm=_FRAME_MM)


@blueprint.get(f"{_READING}/trang.jpg")
@access.policy(Permission.TRACE_ANSWERS, scope=load_page_picture)
def send_page(sha256: str) -> Response:
    """The picture of the whole page."""
    return _send(sha256)


@blueprint.get(f"{_READING}/tep")
@access.policy(Permission.TRACE_ANSWERS, scope=load_reading)
def show_file(found: TracedReading) -> Response:
    """The file that the page came in: its hash, its batch, who brought it in and when."""
    page = found.field.reading.page
    archive_id = page.file.archive_id
    archive = None if archive_id is None else current_session().get(BatchFile, archive_id)
    return _answer_page(
        "file",
        found.answer,
        field=found.field,
        page=page,
        archive=archive,
        bringer=_name(page.batch.received_by),
        sources=words.SOURCE_WORDS,
    )


@blueprint.get(f"{_ANSWER}/to")
@access.policy(Permission.TRACE_ANSWERS, scope=load_answer)
def show_sheet(answer: TracedAnswer) -> Response:
    """The printed sheet and its pack."""
    return _answer_page("sheet", answer)


def _page(name: str, traced: TracedUnit, **values: Any) -> Response:  # noqa: ANN401 - a template's values
    """A page of the chain; nobody's shared computer keeps it."""
    text = render_template(
        f"provenance/{name}.html",
        traced=traced,
        unit_place=_unit_place(traced),
        serial_text=serial_text,
        outcome_words=words.OUTCOME_WORDS,
        **values,
    )
    return Response(text, headers={"Cache-Control": "no-store"})


def _unit_place(traced: TracedUnit) -> tuple[str, str]:
    """The unit's page of the version, where the chain begins: its name and address."""
    number, code = traced.version.number, traced.index.code
    if may(current_user(), Permission.COMPUTE_INDEX):
        return traced.index.name, url_for("results.show_version_unit", number=number, code=code)
    return traced.index.name, url_for("results.show_unit", code=code)


def _answer_page(name: str, answer: TracedAnswer, **values: Any) -> Response:  # noqa: ANN401 - as above
    form = form_library().form(answer.sheet.form_code, answer.sheet.form_version)
    return _page(
        name,
        answer.traced,
        answer=answer,
        question=form.text(answer.field_code, language()),
        labels=form.option_labels(answer.field_code, language()),
        words=words,
        **values,
    )


def _labels(form_code: str, field_code: str) -> tuple[str, ...]:
    """The words of the options, as printed."""
    return form_library().latest(form_code).option_labels(field_code, language())


def _place(found: TracedReading) -> tuple[PageLayout, Field]:
    """Where the question stands on paper."""
    sheet = found.answer.sheet
    layout = form_library().layout(sheet.form_code, sheet.form_version)
    places = {field.code: (page, field) for page in layout.pages for field in page.fields}
    return places[found.answer.field_code]


def _people(answer: TracedAnswer) -> dict[str, str]:
    """How each person of the chain is called: by name where that is allowed, else by role and number."""
    actors = [event.decision.actor for event in answer.events if event.decision is not None]
    roles = find_roles(current_session(), actors)
    names = find_display_names(current_session(), actors) if _sees_names() else {}
    return {
        actor: _called(role, number, names.get(actor))
        for actor, (role, number) in roles_of(answer.events, roles).items()
    }


def _called(role: str, number: int, name: str | None) -> str:
    word = str(ROLE_NAMES.get(role, _("Tài khoản đã xóa")))
    return f"{name} ({word})" if name is not None else f"{word} {number}"


def _name(username: str) -> str | None:
    """A person's name, for those who may see it."""
    return find_display_names(current_session(), [username])[username] if _sees_names() else None


def _sees_names() -> bool:
    return may(current_user(), Permission.SEE_REVIEWERS)


def _send(sha256: str) -> Response:
    """Raises NotFound where the picture was erased with its batch."""
    if not scan_store().path(sha256).exists():
        raise NotFound("Ảnh này đã được xóa cùng lô quét của nó. Mã SHA-256 vẫn còn ở trang lần đọc.")
    return send_picture(sha256, "image/jpeg")
