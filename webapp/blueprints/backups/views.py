"""Sao lưu: which backups there are, where, and one more at once."""

from flask import Blueprint, Response, render_template, url_for

from webapp.blueprints.backups.words import FAULTS, OCCASIONS
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import current_session, current_user, now, settings
from webapp.http.htmx import go_to
from webapp.http.locale import _
from webapp.persistence.backups import last_good_backup, list_backups, open_request
from webapp.services.backups import ask_for_backup
from webapp.services.disks import is_one_disk

blueprint = Blueprint("backups", __name__, url_prefix="/sao-luu")
_SHOWN = 30


@blueprint.get("")
@access.policy(Permission.MANAGE_CAMPAIGN)
def show_backups() -> str:
    """The newest backups and what became of each."""
    session, chosen = current_session(), settings()
    return render_template(
        "backups/backups.html",
        runs=list_backups(session, _SHOWN),
        good=last_good_backup(session),
        request_open=open_request(session),
        hour=chosen.backup_hour,
        kept=chosen.backups_kept,
        folder=chosen.backups_dir,
        one_disk=is_one_disk(chosen.data_dir, chosen.backups_dir),
        occasions=OCCASIONS,
        faults=FAULTS,
    )


@blueprint.post("")
@access.policy(Permission.MANAGE_CAMPAIGN)
def ask() -> Response:
    """Have the worker make one now."""
    ask_for_backup(current_session(), current_user().username, now())
    return go_to(
        url_for(".show_backups"), _("Đã nhận. Bản sao lưu bắt đầu trong vòng một phút; tải lại trang để xem.")
    )
