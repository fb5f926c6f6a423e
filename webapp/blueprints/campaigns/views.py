"""Chu kỳ: the wizard's steps, import with a preview, copy to another year, choice of the current one."""

import json

from flask import Blueprint, Response, abort, render_template, request, send_file, url_for
from sqlalchemy.orm import Session

from webapp.blueprints.campaigns import words
from webapp.blueprints.campaigns.tables import make_table, typed_rows
from webapp.campaign_plan.allocation import allocation_of
from webapp.campaign_plan.cells import read_year
from webapp.campaign_plan.parts import GENERAL, PARTS, plan_rows
from webapp.campaign_plan.worksheets import read_worksheets, worksheets_of
from webapp.errors import AppError, InvalidInput, Locked
from webapp.http import access, difference_words
from webapp.http.access import Permission
from webapp.http.context import current_session, current_user, form_library, now
from webapp.http.htmx import go_to
from webapp.http.locale import _
from webapp.http.transaction import roll_back
from webapp.http.wording import install_wording
from webapp.persistence.accounts import User
from webapp.persistence.campaign import Campaign
from webapp.persistence.schemes import newest_scheme_versions
from webapp.services import campaign_changes, campaigns
from webapp.services.campaign_changes import Proposal
from webapp.services.campaign_rows import fingerprint, form_facts, plan_of
from webapp.services.payment_rates import copy_rates
from webapp.services.schemes import copy_schemes
from webapp.typed_tables.parts import RowProblem, Rows

blueprint = Blueprint("campaigns", __name__, url_prefix="/chu-ky")
install_wording(blueprint)
_INVALID = 422
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FIRST_STEP = "chung"


def load_campaign(session: Session, _user: User, year: int) -> Campaign:
    """The campaign of a year."""
    return campaigns.find_campaign_of(session, year)


@blueprint.get("")
@access.policy(Permission.MANAGE_CAMPAIGN)
def list_years() -> str:
    """All years, and the ways to begin another."""
    return render_template("campaigns/list.html", years=campaigns.list_campaigns(current_session()))


@blueprint.get("/moi")
@access.policy(Permission.MANAGE_CAMPAIGN)
def show_new() -> str:
    """The first step of a year that is typed in from nothing."""
    return render_template("campaigns/new.html", tables=[make_table(GENERAL, [{}])], problems=[], words=words)


@blueprint.post("/moi")
@access.policy(Permission.MANAGE_CAMPAIGN)
def create_new() -> Response | tuple[str, int]:
    """Open it; the further steps fill it."""
    rows = typed_rows(request.form, (GENERAL,))
    proposal = campaign_changes.propose(current_session(), None, rows, form_facts(form_library()))
    if proposal.after is None:
        tables = [make_table(GENERAL, rows[GENERAL] or [{}], proposal.problems)]
        page = render_template("campaigns/new.html", tables=tables, problems=proposal.problems, words=words)
        return page, _INVALID
    campaign = campaigns.create_campaign(current_session(), current_user().username, proposal.after, now())
    return go_to(url_for(".show_step", year=campaign.year, step="don-vi"), _("Đã tạo chu kỳ."))


@blueprint.get("/<int:year>/<step>")
@access.policy(Permission.MANAGE_CAMPAIGN)
def show_step(year: int, step: str) -> str:
    """One step of the wizard."""
    campaign = campaigns.find_campaign_of(current_session(), year)
    return _step_page(campaign, step, plan_rows(plan_of(campaign)), ())


@blueprint.post("/<int:year>/<step>")
@access.policy(Permission.MANAGE_CAMPAIGN)
def save_step(year: int, step: str) -> Response | tuple[str, int]:
    """Save what was typed in a step, whole or not at all."""
    session, campaign = current_session(), campaigns.find_campaign_of(current_session(), year)
    _title, parts = _step(step)
    typed = _typed(campaign, parts)
    proposal = campaign_changes.propose(session, campaign, typed, form_facts(form_library()))
    seen = request.form.get("fingerprint", "")
    try:
        if not proposal.problems and not proposal.refusals:
            campaign_changes.save_proposal(session, current_user().username, proposal, seen, now())
            return go_to(url_for(".show_step", year=year, step=step), _saved_words(proposal))
        stale: tuple[AppError, ...] = ()
    except Locked as refusal:
        stale = (refusal,)
    rows = plan_rows(plan_of(campaign)) | typed
    page = _step_page(campaign, step, rows, proposal.problems, (*proposal.refusals, *stale))
    return page, _INVALID


@blueprint.post("/<int:year>/doi-chieu")
@access.policy(Permission.MANAGE_CAMPAIGN, scope=load_campaign)
def check_allocation(campaign: Campaign) -> Response | str:
    """The plan's sums for what is being typed; nothing is saved."""
    typed = _typed(campaign, words.STEPS["chi-tieu"][1])
    proposal = campaign_changes.propose(current_session(), campaign, typed, form_facts(form_library()))
    if proposal.after is None:
        return render_template("campaigns/_allocation.html", allocation=None, words=words)
    return render_template(
        "campaigns/_allocation.html", allocation=allocation_of(proposal.after), words=words
    )


@blueprint.post("/<int:year>/chon")
@access.policy(Permission.MANAGE_CAMPAIGN, scope=load_campaign)
def choose(campaign: Campaign) -> Response:
    """Make it the campaign that everybody works in."""
    campaigns.choose_campaign(current_session(), current_user().username, campaign, now())
    return go_to(url_for(".list_years"), _("Chu kỳ hiện hành: %(name)s.", name=campaign.name))


@blueprint.post("/<int:year>/chep")
@access.policy(Permission.MANAGE_CAMPAIGN, scope=load_campaign)
def copy(campaign: Campaign) -> Response | tuple[str, int]:
    """Another year with the same office; the dates move along and are to be looked at."""
    try:
        year = read_year(request.form.get("year", "").strip())
        plan = campaigns.plan_of_next_year(plan_of(campaign), year)
        made = campaigns.create_campaign(current_session(), current_user().username, plan, now())
        rates = copy_rates(current_session(), current_user().username, campaign, made, now())
        schemes = copy_schemes(current_session(), current_user().username, campaign, made, now())
    except InvalidInput as refusal:
        years = campaigns.list_campaigns(current_session())
        return render_template("campaigns/list.html", years=years, refusal=refusal), _INVALID
    notice = _(
        "Đã chép sang năm %(year)s, kèm %(rates)s mức chi, %(schemes)s bộ chỉ số."
        " Soát lại các ngày ở bước này.",
        year=made.year,
        schemes=schemes,
        rates=rates,
    )
    return go_to(url_for(".show_step", year=made.year, step=_FIRST_STEP), notice)


@blueprint.get("/mau.xlsx")
@access.policy(Permission.MANAGE_CAMPAIGN)
def download_blank() -> Response:
    """The empty workbook."""
    return _workbook(None, "chu-ky-mau")


@blueprint.get("/<int:year>.xlsx")
@access.policy(Permission.MANAGE_CAMPAIGN, scope=load_campaign)
def download(campaign: Campaign) -> Response:
    """The campaign as it stands, to be changed and brought back."""
    return _workbook(campaign, f"chu-ky-{campaign.year}")


@blueprint.get("/nhap")
@access.policy(Permission.MANAGE_CAMPAIGN)
def show_import() -> str:
    """Where a workbook is brought in."""
    return render_template("campaigns/import.html", refusal=None)


@blueprint.post("/nhap")
@access.policy(Permission.MANAGE_CAMPAIGN)
def preview_import() -> str | tuple[str, int]:
    """What saving the workbook would do; nothing is saved yet."""
    from webapp.papers import plain_workbook  # openpyxl is loaded when it is needed

    upload = request.files.get("file")
    data = b"" if upload is None else upload.stream.read(plain_workbook.MAX_FILE_BYTES + 1)
    roll_back()  # nothing is written yet: nobody waits for the database while the workbook is read
    try:
        rows, missing = read_worksheets(plain_workbook.read_rows(data))
        proposal = _proposal_of(rows)
    except InvalidInput as error:
        return render_template("campaigns/import.html", refusal=error), _INVALID
    return _preview_page(proposal, rows, missing)


@blueprint.post("/nhap/luu")
@access.policy(Permission.MANAGE_CAMPAIGN)
def save_import() -> Response | tuple[str, int]:
    """Save what the preview showed; its rows come back and are checked once more.

    Raises:
        InvalidInput: the rows are not those of a preview.
    """
    try:
        raw = json.loads(request.form.get("rows", ""))
        rows = {
            str(code): [{str(k): str(v) for k, v in row.items()} for row in of_part]
            for code, of_part in raw.items()
        }
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidInput("Bản xem trước không còn nguyên. Tải tệp lên lại.") from error
    proposal = _proposal_of(rows)
    try:
        campaign = campaign_changes.save_proposal(
            current_session(), current_user().username, proposal, request.form.get("fingerprint", ""), now()
        )
    except (InvalidInput, Locked) as refusal:
        page = _preview_page(proposal, rows, [], refusal)
        return (page, _INVALID) if isinstance(page, str) else page
    return go_to(url_for(".show_step", year=campaign.year, step="soat"), _saved_words(proposal))


def _proposal_of(rows: dict[str, Rows]) -> Proposal:
    """The year in the workbook says which campaign is meant; a year without one is a new campaign."""
    session = current_session()
    years = {row.get("year", "").removesuffix(".0") for row in rows.get(GENERAL, []) if row.get("year")}
    known = {str(campaign.year): campaign for campaign in campaigns.list_campaigns(session)}
    if not years:
        raise InvalidInput("Trang tính “Chung” phải ghi năm đánh giá: năm cho biết tệp là của chu kỳ nào.")
    return campaign_changes.propose(session, known.get(years.pop()), rows, form_facts(form_library()))


def _preview_page(
    proposal: Proposal, rows: dict[str, Rows], missing: list[RowProblem], refusal: AppError | None = None
) -> str | tuple[str, int]:
    problems = [*missing, *proposal.problems]
    page = render_template(
        "campaigns/preview.html",
        proposal=proposal,
        problems=problems,
        refusal=refusal,
        absent=[part.title for code, part in PARTS.items() if code not in rows],
        rows=json.dumps(rows, ensure_ascii=False),
        can_be_saved=proposal.can_be_saved and not missing,
        difference_words=difference_words,
    )
    return (page, _INVALID) if problems or proposal.refusals else page


def _step(step: str) -> tuple[str, tuple[str, ...]]:
    found = words.STEPS.get(step)
    if found is None:
        abort(404)
    return found


def _typed(campaign: Campaign, parts: tuple[str, ...]) -> dict[str, Rows]:
    """What was typed; of the general part a step may show only some cells, the others stay."""
    typed = typed_rows(request.form, parts)
    if GENERAL in typed:
        kept = plan_rows(plan_of(campaign))[GENERAL][0]
        shown = {name.rpartition("-")[2] for name in request.form if name.startswith(f"{GENERAL}-0-")}
        row = typed[GENERAL][0] if typed[GENERAL] else {}
        typed[GENERAL] = [{code: row.get(code, "") if code in shown else text for code, text in kept.items()}]
    return typed


def _step_page(
    campaign: Campaign,
    step: str,
    rows: dict[str, Rows],
    problems: tuple[RowProblem, ...],
    refusals: tuple[AppError, ...] = (),
) -> str:
    title, parts = _step(step)
    plan = plan_of(campaign)
    return render_template(
        "campaigns/step.html",
        campaign=campaign,
        step=step,
        title=title,
        tables={code: make_table(code, rows[code], problems) for code in parts},
        problems=problems,
        refusals=refusals,
        schemes=newest_scheme_versions(current_session(), campaign.id),
        allocation=allocation_of(plan),
        fingerprint=fingerprint(plan),
        words=words,
    )


def _saved_words(proposal: Proposal) -> str:
    if proposal.before is None:
        return _("Đã tạo chu kỳ.")
    return _count_words(len(proposal.differences))


def _count_words(changes: int) -> str:
    """How much was saved."""
    return _("Không có gì thay đổi.") if not changes else _("Đã lưu %(count)s thay đổi.", count=changes)


def _workbook(campaign: Campaign | None, name: str) -> Response:
    import io

    from webapp.papers import plain_workbook  # openpyxl is loaded when it is needed

    data = plain_workbook.write_rows(worksheets_of(None if campaign is None else plan_of(campaign)))
    return send_file(io.BytesIO(data), mimetype=_XLSX, as_attachment=True, download_name=f"{name}.xlsx")
