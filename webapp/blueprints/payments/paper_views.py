"""The papers of paying as files: lists to sign and the cash sheet, as docx, xlsx and PDF."""

from flask import Blueprint, Response, request

from webapp.blueprints.payments import papers
from webapp.errors import NotFound
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, now
from webapp.http.papers import send_paper
from webapp.payments.sums import Basis
from webapp.services import payments, people

blueprint = Blueprint("payment_papers", __name__, url_prefix="/chi-tra")


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
