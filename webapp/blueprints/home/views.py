"""The first page after signing in: where the cycle stands, what is mine to do, and how far the paper is."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from flask import Blueprint, Response, g, make_response, render_template, request, url_for

from webapp.blueprints.home import paper, words
from webapp.blueprints.home.alerts import Notice, warnings_for
from webapp.blueprints.home.tasks import Task, my_tasks
from webapp.http import access, htmx
from webapp.http.access import Permission, Role
from webapp.http.context import (
    app_context,
    current_campaign,
    current_session,
    current_user,
    find_campaign,
    now,
)
from webapp.http.figures import VIETNAM
from webapp.http.locale import language
from webapp.http.moments import LOOK_EVERY, Moment
from webapp.par_index.workflow import State
from webapp.persistence.campaign import Campaign
from webapp.services.paper_progress import Axis, Order, PaperProgress, paper_progress
from webapp.services.progress import Step, count_cycle

blueprint = Blueprint("home", __name__)

# As addresses have them; the first of each is what stands without it.
_AXES = {"danh-gia": Axis.RATED, "noi-phat": Axis.PLACE}
_ORDERS = {"thu-tu": Order.OFFICE, "cham": Order.LATE}
_OK = 200
_NOTHING_NEW = 204
_STOP_POLLING = 286  # htmx's own status: the answer is swapped in, and no more questions follow
_FINGERPRINT_LENGTH = 16
_POLL_MS = 2500
_UNIT_POLL_MS = 10_000  # a unit's own figures change seldom, and units are many


@dataclass(frozen=True, slots=True)
class _Board:
    """All that the page shows, of one moment, before it is drawn."""

    campaign: Campaign
    days_left: int | None
    tasks: Sequence[Task]
    steps: Sequence[Step]
    states: Mapping[int, State]
    progress: PaperProgress
    is_finished: bool

    @property
    def fingerprint(self) -> str:
        """The same letters as long as nothing changes: who shows them already needs no answer."""
        shown = (self.days_left, self.tasks, self.steps, sorted(self.states.items()), self.progress.figures)
        return hashlib.sha256(repr((language(), shown)).encode()).hexdigest()[:_FINGERPRINT_LENGTH]


@blueprint.before_request
def _begin_moment() -> None:
    """Before the first row is read. The page itself is always of now, its moving part as good as that."""
    polls = request.endpoint == "home.show_progress"
    g.moment = app_context().moments.at(now(), looked_within=LOOK_EVERY if polls else dt.timedelta(0))


def _moment() -> Moment:
    found: Moment = g.moment
    return found


@blueprint.get("/")
@access.policy(Permission.VIEW_PROGRESS)
def show_home() -> Response | str:
    """Bảng việc."""
    warnings = warnings_for(current_session(), current_user(), now())
    if find_campaign() is None:
        return render_template("home/no_campaign.html", warnings=warnings)
    return _draw(_load_board(), warnings)


@blueprint.get("/tien-do")
@access.policy(Permission.VIEW_PROGRESS)
def show_progress() -> Response | str:
    """The moving part: the page asks every few seconds, and is answered when something has changed.

    It is the same for everybody of one role (and unit), so that hundreds of open pages cost what a few do;
    while nobody writes anything, nothing is counted, and while the figures stay, nothing is drawn.
    """
    if not htmx.wants_fragment():
        return show_home()
    user, view = current_user(), (request.args.get("truc"), request.args.get("xep"))
    question = (language(), user.role, user.unit_id, view)
    board = cache(_load_board)
    fingerprint, status = _moment().share(("mark", *question), lambda: _mark(board()))
    if status == _OK and request.args.get("seen") == fingerprint:
        return make_response("", _NOTHING_NEW)
    drawn = _moment().share(("drawn", *question), lambda: _draw(board()).get_data(as_text=True))
    response = make_response(drawn, status)
    response.vary.update(htmx.VARY)
    return response


def _mark(board: _Board) -> tuple[str, int]:
    """The fingerprint and the status of the answer."""
    return board.fingerprint, _STOP_POLLING if board.is_finished else _OK


def _load_board() -> _Board:
    """A unit's people see their own unit, everybody else sees all."""
    session, campaign, user = current_session(), current_campaign(), current_user()
    figures = _moment().share(("cycle", campaign.id), lambda: count_cycle(session, campaign))
    axis = _AXES.get(request.args.get("truc", ""), Axis.RATED)
    order = _ORDERS.get(request.args.get("xep", ""), Order.OFFICE)
    only = user.unit_id if user.role == Role.UNIT else None
    return _Board(
        campaign=campaign,
        days_left=_days_left(campaign, now()),
        tasks=my_tasks(session, campaign, user, figures, now()),
        steps=figures.steps,
        states=figures.states,
        progress=paper_progress(session, campaign, figures.sheets, axis, order, only_unit_id=only),
        is_finished=figures.work.is_published,
    )


def _draw(board: _Board, warnings: Sequence[Notice] = ()) -> Response:
    """The page, or its moving part, with its pictures; a unit has only the strip."""
    user, campaign = current_user(), board.campaign
    is_unit = user.role == Role.UNIT
    stages = [] if is_unit else paper.funnel_rows(board.progress, user)
    return htmx.render(
        "home/home.html",
        "home/_progress.html",
        board=board,
        warnings=warnings,
        days_left=board.days_left,
        progress=board.progress,
        stages=stages,
        strip=paper.strip_chart(campaign, board.progress),
        funnel=None if is_unit else paper.funnel_chart(stages),
        rates=None if is_unit else paper.rates_chart(board.progress),
        unit_name=lambda row: paper.unit_name(campaign, row),
        address=_address,
        is_unit=is_unit,
        poll_ms=_UNIT_POLL_MS if is_unit else _POLL_MS,
        words=words,
        State=State,
    )


def _address(
    endpoint: str, axis: Axis | None = None, order: Order | None = None, seen: str | None = None
) -> str:
    """The page or its moving part with this axis and order, those of this request where not given."""
    axis_word = _word(_AXES, axis) or request.args.get("truc")
    order_word = _word(_ORDERS, order) or request.args.get("xep")
    return url_for(f"home.{endpoint}", truc=axis_word, xep=order_word, seen=seen)


def _word(words_of: Mapping[str, StrEnum], chosen: StrEnum | None) -> str | None:
    return next((word for word, meaning in words_of.items() if meaning is chosen), None)


def _days_left(campaign: Campaign, moment: dt.datetime) -> int | None:
    """Calendar days until self-scores are due, in Vietnamese time; None once the hour is over."""
    if moment > campaign.self_score_due_at:
        return None
    due = campaign.self_score_due_at.astimezone(VIETNAM).date()
    return (due - moment.astimezone(VIETNAM).date()).days
