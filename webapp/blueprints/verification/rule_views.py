"""Quy tắc nhập hai lần: what two people key, for those who answer for it."""

from typing import Any

from flask import Blueprint, Response, render_template, request, url_for

from webapp.errors import InvalidInput
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, current_user, form_library, now
from webapp.http.htmx import go_to
from webapp.http.locale import _, language
from webapp.services import second_key_rules
from webapp.services.accounts import find_display_names
from webapp.services.second_key import RuleValues

blueprint = Blueprint("second_key_rule", __name__, url_prefix="/ra-soat/nguoi/nhap-hai-lan")
_LONGEST = 9  # digits


@blueprint.get("")
@access.policy(Permission.SEE_REVIEWERS)
def show_rule() -> str:
    """The rule, what it makes of each form, and every change so far."""
    session, campaign = current_session(), current_campaign()
    forms = second_key_rules.list_forms(session, campaign)
    changes = second_key_rules.list_changes(session, campaign)
    return render_template(
        "verification/second_key_rule.html",
        rule=second_key_rules.present_values(session, campaign),
        forms=forms,
        titles={form.form_code: form_library().latest(form.form_code).title(language()) for form in forms},
        changes=changes,
        names=find_display_names(session, [entry.actor for entry in changes]),
        rule_words=rule_words,
    )


@blueprint.post("")
@access.policy(Permission.MANAGE_CAMPAIGN)
def change_rule() -> Response:
    """Let another rule be in force from now on."""
    second_key_rules.change_rule(
        current_session(),
        current_user().username,
        current_campaign(),
        _read_rule(),
        reason=request.form.get("reason", ""),
        now=now(),
    )
    return go_to(url_for(".show_rule"), _("Đã đổi quy tắc. Ô đã xong giữ nguyên."))


def rule_words(values: dict[str, Any]) -> str:
    """A rule in one line, as the log kept it."""
    marks = [_("hai dấu")] if values["double_marks"] else []
    marks += [_("người chọn khác máy")] if values["overridden"] else []
    sample = _("bốc thăm %(percent)s %%", percent=values["sample_percent"])
    full = _("mọi câu nơi có không quá %(sheets)s phiếu một đơn vị", sheets=values["full_up_to_sheets"])
    return "; ".join([*marks, sample, full])


def _read_rule() -> RuleValues:
    """What was filled in.

    Raises:
        InvalidInput: a figure is no whole number.
    """
    figures = [request.form.get(name, "").strip() for name in ("sample_percent", "full_up_to_sheets")]
    if not all(figure.isascii() and figure.isdigit() and len(figure) <= _LONGEST for figure in figures):
        raise InvalidInput("Ghi hai con số là số nguyên, rồi bấm lại. Chưa có gì thay đổi.")
    percent, sheets = map(int, figures)
    return RuleValues("double_marks" in request.form, "overridden" in request.form, percent, sheets)
