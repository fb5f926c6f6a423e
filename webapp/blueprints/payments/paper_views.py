"""The papers of paying as files: lists to sign and the cash sheet, as docx, xlsx and PDF."""

from flask import Blueprint, Response, make_response, request

from webapp.blueprints.payments import papers
from webapp.errors import NotFound
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, now, settings
from webapp.papers.signed_paper import SignedPaper
from webapp.payments.sums import Basis
from webapp.services import payments, people

blueprint = Blueprint("payment_papers", __name__, url_prefix="/chi-tra")
MEDIA_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


@blueprint.get("/bang-chi.<kind>")
@access.policy(Permission.PAY)
def download_cash_sheet(kind: str) -> Response:
    """All places on one sheet; `theo` names another basis than the campaign's own."""
    basis = request.args.get("theo")
    if basis is not None and basis not in set(Basis):
        raise NotFound("Không có bảng chi này.")
    session, campaign = current_session(), current_campaign()
    loaded = payments.load_payments(session, campaign, Basis(basis) if basis else None)
    paper = papers.cash_paper(campaign, loaded, now())
    return send_paper(paper, kind, f"bang-chi-{campaign.year}-{loaded.basis}")


@blueprint.get("/noi-phat/<code>/danh-sach.<kind>")
@access.policy(Permission.PAY)
def download_list(code: str, kind: str) -> Response:
    """The list that the people of one place sign."""
    session, campaign = current_session(), current_campaign()
    loaded = payments.load_payments(session, campaign)
    place = payments.find_place(loaded, code)
    listed = (
        people.list_respondents(session, campaign, place.unit),
        people.list_enumerators(session, campaign, place.unit),
    )
    paper = papers.place_paper(campaign, loaded, place, listed, now())
    return send_paper(paper, kind, f"danh-sach-{campaign.year}-{place.code}")


def send_paper(paper: SignedPaper, kind: str, name: str) -> Response:
    """The paper as a file of this kind.

    Raises:
        NotFound: a kind that we do not make.
    """
    if kind not in MEDIA_TYPES:
        raise NotFound("Giấy tờ này có dạng docx, xlsx và pdf.")
    return send_file_bytes(_drawn(paper, kind), kind, name)


def send_file_bytes(data: bytes, kind: str, name: str) -> Response:
    """Saved by the browser, kept by no cache: names stand in it."""
    response = make_response(data)
    response.headers["Content-Type"] = MEDIA_TYPES[kind]
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _drawn(paper: SignedPaper, kind: str) -> bytes:
    """Late imports: the makers of office files are heavy, and bring an array library into the web process."""
    if kind == "pdf":
        from webapp.papers import as_pdf

        return as_pdf.write(paper, settings().forms_dir / "_fonts")
    if kind == "docx":
        from webapp.papers import as_docx

        return as_docx.write(paper)
    from webapp.papers import as_xlsx

    return as_xlsx.write(paper)
