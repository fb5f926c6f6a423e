"""Thử trọng số: what a version would look like with other weights; reads only, and keeps nothing."""

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import current_campaign
from webapp.http.locale import lazy
from webapp.par_index.what_if import Change
from webapp.persistence.accounts import User
from webapp.persistence.results import IndexVersion
from webapp.services.publication import require_version
from webapp.services.what_if import try_level

blueprint = Blueprint("what_if", __name__)
_CHANGES = {
    Change.OUT: lazy("bỏ ra"),
    Change.LESS: lazy("giảm trọng số 25%"),
    Change.MORE: lazy("tăng trọng số 25%"),
}


def load_version(session: Session, _user: User, number: int) -> IndexVersion:
    """Any version of the current campaign, for those who compute."""
    return require_version(session, current_campaign(), number)


@blueprint.get("/chi-so/<int:number>/thu-trong-so")
@access.policy(Permission.COMPUTE_INDEX, scope=load_version)
def show_trial(version: IndexVersion) -> str:
    """One level with one area or component left out, or weighed a quarter less or more."""
    asked = request.args.get("doi", Change.OUT)
    change = Change(asked) if asked in set(Change) else Change.OUT
    level_names = {one.code: one.plural for one in current_campaign().levels if one.code in version.levels}
    level = request.args.get("cap") or next(iter(level_names), "")
    return render_template(
        "what_if/trial.html",
        version=version,
        trial=try_level(version, level, request.args.get("tieu-chi", ""), change),
        changes=_CHANGES,
        level_names=level_names,
    )
