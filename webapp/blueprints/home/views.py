"""The first page after signing in: where the cycle stands, and what is mine to do."""

import datetime as dt
from itertools import groupby

from flask import Blueprint, Response, render_template

from webapp.blueprints.home import words
from webapp.blueprints.home.tasks import my_tasks
from webapp.http import access, htmx
from webapp.http.access import Permission, Role
from webapp.http.context import current_session, current_user, find_campaign, now
from webapp.http.figures import VIETNAM
from webapp.persistence.campaign import Campaign
from webapp.services.progress import UnitProgress, cycle_steps, open_work, unit_progress

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@access.policy(Permission.VIEW_PROGRESS)
def show_home() -> Response | str:
    """Bảng việc."""
    return _show()


@blueprint.get("/tien-do")
@access.policy(Permission.VIEW_PROGRESS)
def show_progress() -> Response | str:
    """The same, for the panel that refreshes itself while pages are being read."""
    return _show()


def _show() -> Response | str:
    """The page, or its moving part."""
    campaign = find_campaign()
    if campaign is None:
        return render_template("home/no_campaign.html")
    session, user = current_session(), current_user()
    work = open_work(session, campaign)
    units = _visible_units(unit_progress(session, campaign))
    return htmx.render(
        "home/home.html",
        "home/_progress.html",
        days_left=_days_left(campaign, now()),
        tasks=my_tasks(session, campaign, user, work, now()),
        steps=cycle_steps(session, campaign),
        levels=[(level, list(of_level)) for level, of_level in groupby(units, lambda row: row.unit.level)],
        is_reading=work.pages_reading > 0,
        is_unit=user.role == Role.UNIT,
        words=words,
    )


def _visible_units(units: list[UnitProgress]) -> list[UnitProgress]:
    """A unit's people see their own unit, everybody else sees all, in the office's own order."""
    user = current_user()
    if user.role == Role.UNIT:
        units = [row for row in units if row.unit.id == user.unit_id]
    return sorted(units, key=lambda row: row.unit.position)


def _days_left(campaign: Campaign, moment: dt.datetime) -> int | None:
    """Calendar days until self-scores are due, in Vietnamese time; None once the hour is over."""
    if moment > campaign.self_score_due_at:
        return None
    due = campaign.self_score_due_at.astimezone(VIETNAM).date()
    return (due - moment.astimezone(VIETNAM).date()).days
