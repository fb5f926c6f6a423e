"""The first page after signing in: where the cycle stands, and what is mine to do."""

from flask import Blueprint, render_template

from webapp.http import access
from webapp.http.access import Permission

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@access.policy(Permission.VIEW_PROGRESS)
def show_home() -> str:
    """Bảng việc."""
    return render_template("home/home.html")
