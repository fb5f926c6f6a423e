"""Rà soát theo nhóm: one grid a round trip; with or without script."""

from flask import Blueprint, Response, request, url_for
from sqlalchemy.orm import Session

from webapp.blueprints.verification.forms import read_filter, read_grid_answer
from webapp.blueprints.verification.grid import grid_address, outcome_notice, show_grid
from webapp.blueprints.verification.order import begin_next
from webapp.blueprints.verification.pages import send_cut
from webapp.errors import NotFound
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, current_user, now, settings
from webapp.http.htmx import go_to, wants_fragment
from webapp.http.transaction import keep_changes
from webapp.persistence.accounts import User
from webapp.persistence.group_grid import Grid, GridTile
from webapp.services import group_grid
from webapp.services.group_grid import DealtGrid
from webapp.services.verification import WorkFilter

blueprint = Blueprint("group_grid", __name__, url_prefix="/ra-soat/nhom")
_TAKEN = 409


def load_grid(session: Session, user: User, grid_id: int) -> Grid:
    """A grid of this person's."""
    grid = group_grid.find_grid(session, user, grid_id, current_campaign().id)
    if grid is None:
        raise NotFound("Không có bảng này.")
    return grid


def load_tile(session: Session, user: User, tile_id: int) -> GridTile:
    """A tile that was dealt to this person."""
    tile = group_grid.find_tile(session, user, tile_id, current_campaign().id)
    if tile is None:
        raise NotFound("Không có ô này.")
    return tile


@blueprint.get("")
@access.policy(Permission.VERIFY)
def show_tiles() -> Response:
    """The tiles I am at."""
    wanted = _wanted()
    dealt = group_grid.find_dealt_grid(current_session(), current_user(), wanted)
    if dealt is None:
        return go_to(url_for("verification.show_start"))
    return show_grid(dealt, wanted)


@blueprint.post("/<int:grid_id>")
@access.policy(Permission.VERIFY, scope=load_grid)
def settle(grid: Grid) -> Response:
    """Keep what was seen as predicted, pass on what was marked, and go on with the next grid."""
    answer, wanted = read_grid_answer(request.form), _wanted()
    outcome = group_grid.settle_grid(current_session(), current_user(), grid, answer, now())
    notice, dealt = outcome_notice(outcome, grid.group_key), _deal(wanted)
    if outcome.late or outcome.unsettled or outcome.void:
        keep_changes()
        return show_grid(dealt, wanted, notice, _TAKEN)
    if dealt is None and wanted.queue is None:
        address = begin_next(wanted)
        if address is not None:
            return go_to(address, notice.text)
    if not wants_fragment():
        return go_to(grid_address(wanted), notice.text)
    return show_grid(dealt, wanted, notice)


@blueprint.post("/giu")
@access.policy(Permission.VERIFY)
def renew() -> tuple[str, int]:
    """Keep the tiles a while longer: their person is active."""
    group_grid.renew_grid(current_session(), current_user(), _wanted(), now(), lease_s=settings().lease_s)
    return "", 204


@blueprint.get("/anh/<int:tile_id>")
@access.policy(Permission.VERIFY, scope=load_tile)
def show_crop(tile: GridTile) -> Response:
    """The very picture that was dealt, whatever has been read since."""
    return send_cut(tile.field_reading.crop_sha256)


def _wanted() -> WorkFilter:
    return read_filter(request.args, current_campaign().id)


def _deal(wanted: WorkFilter) -> DealtGrid | None:
    return group_grid.deal_grid(current_session(), current_user(), now(), wanted, lease_s=settings().lease_s)
