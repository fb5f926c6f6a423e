"""Kiểm toán: close and commit, enter the seed, look blind, read and print what it proves."""

from flask import Blueprint, Response, make_response, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.audit.escalation import Step
from webapp.blueprints.answer_audit import words
from webapp.blueprints.answer_audit.paper import report_paper
from webapp.blueprints.answer_audit.pictures import part_of
from webapp.errors import InvalidInput, NotFound
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.audit_words import bound_words, shown_bound
from webapp.http.context import current_campaign, current_session, current_user, form_library, now, scan_store
from webapp.http.documents import send_picture
from webapp.http.htmx import go_to, render, wants_fragment
from webapp.http.locale import _, language
from webapp.http.papers import send_paper
from webapp.persistence.accounts import User
from webapp.persistence.answer_audit import AnswerAudit, AuditTicket, find_audit, list_audits
from webapp.persistence.scans import Batch
from webapp.services import answer_audits, audit_reports
from webapp.services.accounts import find_display_names
from webapp.services.audit_effects import measure_effect

blueprint = Blueprint("answer_audit", __name__, url_prefix="/kiem-toan")
_DIGITS = 10  # longer is no batch number
_LONGEST_MS = 24 * 3600 * 1000


def load_audit(session: Session, _user: User, number: int) -> AnswerAudit:
    """An audit of the current campaign."""
    audit = find_audit(session, current_campaign().id, number)
    if audit is None:
        raise NotFound("Không có lần kiểm toán này.")
    return audit


def load_ticket(session: Session, user: User, number: int, ticket_id: int) -> AuditTicket:
    """An answer of such an audit."""
    return answer_audits.require_ticket(session, load_audit(session, user, number), ticket_id)


def load_report(session: Session, user: User, number: int, kind: str) -> tuple[AnswerAudit, str]:
    """Such an audit, and the kind of file that is asked for."""
    return load_audit(session, user, number), kind


@blueprint.get("")
@access.policy(Permission.AUDIT)
def show_audits() -> str:
    """All audits, and the button that closes."""
    session, campaign = current_session(), current_campaign()
    reports = [audit_reports.report_audit(session, audit) for audit in list_audits(session, campaign.id)]
    names = find_display_names(session, [report.audit.closed_by for report in reports])
    return render_template(
        "answer_audit/list.html", reports=reports, names=names, words=words, bound_words=bound_words
    )


@blueprint.post("/chot")
@access.policy(Permission.AUDIT)
def close() -> Response:
    """Commit to the answers as they stand: of the whole year, or of one batch (`lo`)."""
    session, campaign = current_session(), current_campaign()
    audit = answer_audits.close_answers(
        session, scan_store(), current_user().username, campaign, now(), batch=_wanted_batch(session)
    )
    return go_to(_address(audit), _("Đã chốt. In hoặc đọc to mã của bản kê trước khi gieo xúc xắc."))


@blueprint.get("/<int:number>")
@access.policy(Permission.AUDIT, scope=load_audit)
def show_audit(audit: AnswerAudit) -> str:
    """The report as it stands, with what to do next."""
    session = current_session()
    report = audit_reports.report_audit(session, audit)
    ticket = answer_audits.next_ticket(session, current_user(), audit) if report.waiting else None
    effect = measure_effect(session, scan_store(), current_campaign(), report)
    return render_template(
        "answer_audit/audit.html",
        report=report,
        effect=effect,
        part_of=part_of,
        names=_names(report),
        words=words,
        bound_words=bound_words,
        shown_bound=shown_bound,
        may_look=ticket is not None,
        may_go_on=report.step is Step.GO_ON,
    )


@blueprint.post("/<int:number>/hat-giong")
@access.policy(Permission.AUDIT, scope=load_audit)
def enter_seed(audit: AnswerAudit) -> Response:
    """Keep the dice's digits and draw."""
    count = answer_audits.enter_seed(
        current_session(), scan_store(), current_user().username, audit,
        seed=request.form.get("seed", ""), now=now(),
    )  # fmt: skip
    return go_to(_address(audit), _("Đã rút %(count)s ô để xem.", count=count))


@blueprint.post("/<int:number>/them-vong")
@access.policy(Permission.AUDIT, scope=load_audit)
def draw_again(audit: AnswerAudit) -> Response:
    """One more answer of every sheet, where the rule says so."""
    session = current_session()
    if audit_reports.report_audit(session, audit).step is not Step.GO_ON:
        raise InvalidInput("Lần kiểm toán này không cần rút thêm. Xem mục “Việc tiếp theo”.")
    count = answer_audits.draw_again(session, scan_store(), current_user().username, audit, now())
    return go_to(_address(audit), _("Đã rút %(count)s ô để xem.", count=count))


@blueprint.get("/<int:number>/xem")
@access.policy(Permission.AUDIT, scope=load_audit)
def look(audit: AnswerAudit) -> Response:
    """The next answer, blind."""
    ticket = answer_audits.next_ticket(current_session(), current_user(), audit)
    if ticket is None:
        return go_to(_address(audit), _("Không còn ô nào chờ bạn xem."))
    return _show_ticket(audit, ticket)


@blueprint.post("/<int:number>/o/<int:ticket_id>")
@access.policy(Permission.AUDIT, scope=load_ticket)
def record_look(ticket: AuditTicket) -> Response:
    """Keep what was seen, and go on."""
    session, user = current_session(), current_user()
    audit = session.get_one(AnswerAudit, ticket.audit_id)
    answer_audits.record_look(session, user, ticket, _read_value(ticket), shown_ms=_shown_ms(), now=now())
    session.flush()
    following = answer_audits.next_ticket(session, user, audit)
    if following is None:
        return go_to(_address(audit), _("Không còn ô nào chờ bạn xem."))
    if not wants_fragment():
        return go_to(url_for("answer_audit.look", number=audit.number))
    return _show_ticket(audit, following)


@blueprint.post("/<int:number>/hoan-tac")
@access.policy(Permission.AUDIT, scope=load_audit)
def undo(audit: AnswerAudit) -> Response:
    """Take back my last look."""
    ticket = answer_audits.undo_look(current_session(), current_user(), audit, now())
    if ticket is None:
        return go_to(url_for("answer_audit.look", number=audit.number), _("Không còn gì để hoàn tác."))
    return _show_ticket(audit, ticket)


@blueprint.get("/<int:number>/o/<int:ticket_id>/anh")
@access.policy(Permission.AUDIT, scope=load_ticket)
def show_crop(ticket: AuditTicket) -> Response:
    """The picture of the question, or of its page, of which the screen shows the question."""
    if not ticket.crop_sha256:
        raise NotFound("Ô này không có ảnh.")
    return send_picture(ticket.crop_sha256, "image/jpeg")


@blueprint.get("/<int:number>/ban-ke.csv")
@access.policy(Permission.AUDIT, scope=load_audit)
def download_manifest(audit: AnswerAudit) -> Response:
    """The committed text, byte for byte."""
    response = make_response(scan_store().path(audit.manifest_sha256).read_bytes())
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="ban-ke-{audit.number}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/<int:number>/bien-ban.<kind>")
@access.policy(Permission.AUDIT, scope=load_report)
def download_report(asked: tuple[AnswerAudit, str]) -> Response:
    """The report to print and sign."""
    audit, kind = asked
    session, campaign = current_session(), current_campaign()
    report = audit_reports.report_audit(session, audit)
    effect = measure_effect(session, scan_store(), campaign, report)
    paper = report_paper(campaign, report, effect, names=_names(report), now=now())
    return send_paper(paper, kind, f"kiem-toan-{audit.number}")


def _show_ticket(audit: AnswerAudit, ticket: AuditTicket) -> Response:
    """The question, its options in the form's order and the crop; nothing that anybody read or said."""
    form = form_library().form(ticket.sheet.form_code, ticket.sheet.form_version)
    labels = form.option_labels(ticket.field_code, language())
    return render(
        "answer_audit/look.html",
        "answer_audit/_ticket.html",
        audit=audit,
        ticket=ticket,
        part=part_of(ticket),
        question=form.text(ticket.field_code, language()),
        choices=[(str(number), label) for number, label in enumerate(labels, start=1)],
    )


def _read_value(ticket: AuditTicket) -> str:
    form = form_library().form(ticket.sheet.form_code, ticket.sheet.form_version)
    options = [str(n) for n in range(1, len(form.option_labels(ticket.field_code, "vi")) + 1)]
    value = request.form.get("answer", "")
    if value not in (*options, "blank", "invalid"):
        raise InvalidInput("Chưa chọn câu trả lời nào. Chọn một trong các nút trên màn hình.")
    return value


def _shown_ms() -> int | None:
    text = request.form.get("shown_ms", "")
    return int(text) if text.isascii() and text.isdigit() and int(text) <= _LONGEST_MS else None


def _wanted_batch(session: Session) -> Batch | None:
    text = request.form.get("lo", "").strip()
    if not text:
        return None
    number = int(text) if text.isascii() and text.isdigit() and len(text) < _DIGITS else 0
    own = select(Batch).where(Batch.campaign_id == current_campaign().id, Batch.number == number)
    batch = session.scalar(own)
    if batch is None:
        raise InvalidInput("Không có lô số %(number)s. Để trống nếu chốt cả chu kỳ.", number=text)
    return batch


def _names(report: audit_reports.AuditReport) -> dict[str, str]:
    audit = report.audit
    seed = [] if audit.seed is None else [audit.seed.entered_by]
    return dict(find_display_names(current_session(), [audit.closed_by, *seed, *report.auditors]))


def _address(audit: AnswerAudit) -> str:
    return url_for("answer_audit.show_audit", number=audit.number)
