"""Ý kiến viết tay: what people wrote, for the head and the appraisers; without serials."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from flask import Blueprint, Response, render_template

from webapp.blueprints.results.tables import as_text, send_rows
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.collation import vietnamese_key
from webapp.http.context import current_campaign, current_session, form_library
from webapp.http.locale import _, language
from webapp.http.log import log_reading
from webapp.services.comments import FormComments, list_comments

blueprint = Blueprint("comments", __name__, url_prefix="/y-kien")


@blueprint.get("")
@access.policy(Permission.TRACE_ANSWERS)
def show_comments() -> str:
    """Every comment, by unit and form."""
    log_reading("comments_seen", f"campaign/{current_campaign().year}")
    written = _in_order()
    titles = {part.form_code: form_library().latest(part.form_code).title(language()) for part in written}
    return render_template("results/comments.html", written=written, titles=titles)


@blueprint.get("/y-kien.csv")
@access.policy(Permission.TRACE_ANSWERS)
def download_comments() -> Response:
    """The same as a table."""
    year = current_campaign().year
    log_reading("comments_exported", f"campaign/{year}")
    return send_rows(_rows(_in_order()), f"y-kien-{year}.csv")


def _in_order() -> list[FormComments]:
    """Everything, the comments of each part by the Vietnamese alphabet."""
    written = list_comments(current_session(), current_campaign())
    return [
        replace(part, comments=sorted(part.comments, key=lambda one: vietnamese_key(one.text)))
        for part in written
    ]


def _rows(written: Sequence[FormComments]) -> Iterator[list[str]]:
    """Header and one row a comment."""
    yield [_("Mã"), _("Đơn vị"), _("Mẫu phiếu"), _("Nhóm trả lời"), _("Ý kiến")]
    for part in written:
        for one in part.comments:
            cells = (part.unit_code, part.unit_name, part.form_code, one.group or "", one.text)
            yield [as_text(cell) for cell in cells]
