"""One's own sign-ins, and one's own second step."""

import io

import segno
from flask import Blueprint, Response, render_template, request, session, url_for
from markupsafe import Markup
from sqlalchemy.orm import Session

from webapp.blueprints.accounts.entering import refuse_password
from webapp.blueprints.accounts.forms import CodeForm, ConsentForm
from webapp.errors import InvalidInput
from webapp.http import access, sign_in
from webapp.http.access import Permission
from webapp.http.context import current_session, current_user, now, session_limits
from webapp.http.htmx import go_to
from webapp.http.locale import _
from webapp.http.security import leave_nothing
from webapp.persistence.accounts import SignInRecord, User
from webapp.services import accounts, second_factor, sign_ins

blueprint = Blueprint("own_account", __name__, url_prefix="/ca-nhan")
_INVALID = 422


def load_sign_in(opened: Session, user: User, sign_in_id: int) -> SignInRecord:
    """One's own sign-in."""
    return sign_ins.find_sign_in(opened, user, sign_in_id)


@blueprint.post("/dang-nhap/<int:sign_in_id>/ket-thuc")
@access.policy(Permission.OWN_ACCOUNT, scope=load_sign_in)
def end_sign_in(record: SignInRecord) -> Response:
    """Sign another computer out."""
    sign_ins.end_one(current_session(), current_user().username, record, now(), session_limits().absolute)
    return go_to(url_for("accounts.show_account"), _("Đã đăng xuất máy ấy."))


@blueprint.post("/dang-xuat-moi-may")
@access.policy(Permission.OWN_ACCOUNT)
def end_everywhere() -> Response:
    """Sign out on every computer, this one too."""
    user = current_user()
    accounts.end_sessions(current_session(), user.username, user.id, now())
    sign_in.forget_session(session)
    return leave_nothing(go_to(url_for("accounts.show_sign_in"), _("Bạn đã đăng xuất khỏi mọi máy.")))


@blueprint.get("/hai-buoc")
@access.policy(Permission.OWN_ACCOUNT)
def show_second_factor() -> str:
    """Switch the second step on or off; in between, the picture for the app."""
    return _page(ConsentForm(), CodeForm())


@blueprint.post("/hai-buoc")
@access.policy(Permission.OWN_ACCOUNT)
def begin_second_factor() -> Response | tuple[str, int]:
    """Make the secret that the app is to photograph."""
    form = ConsentForm(request.form)
    if form.validate() and not refuse_password(form, form.password.data or ""):
        try:
            second_factor.begin(current_session(), current_user())
            return go_to(url_for(".show_second_factor"))
        except InvalidInput as error:
            form.form_errors.append(_(error.message, **error.values))
    return _page(form, CodeForm()), _INVALID


@blueprint.post("/hai-buoc/xac-nhan")
@access.policy(Permission.OWN_ACCOUNT)
def confirm_second_factor() -> str | tuple[str, int]:
    """Switch it on with the first code; the recovery codes are shown once."""
    form = CodeForm(request.form)
    if form.validate():
        try:
            codes = second_factor.confirm(current_session(), current_user(), form.code.data or "", now())
            return render_template("accounts/recovery_codes.html", codes=codes)
        except InvalidInput as error:
            form.form_errors.append(_(error.message, **error.values))
    return _page(ConsentForm(), form), _INVALID


@blueprint.post("/hai-buoc/tat")
@access.policy(Permission.OWN_ACCOUNT)
def switch_off_second_factor() -> Response | tuple[str, int]:
    """Give the second step up."""
    form = ConsentForm(request.form)
    if form.validate() and not refuse_password(form, form.password.data or ""):
        user = current_user()
        second_factor.remove(current_session(), user.username, user, now())
        return go_to(url_for("accounts.show_account"), _("Đã tắt đăng nhập hai bước."))
    return _page(form, CodeForm()), _INVALID


def _page(consent: ConsentForm, code: CodeForm) -> str:
    user, opened = current_user(), current_session()
    pending = second_factor.find_pending(opened, user)
    return render_template(
        "accounts/second_factor.html",
        consent=consent,
        code=code,
        may_have=user.role in second_factor.ROLES,
        is_on=second_factor.is_on(opened, user),
        secret=None if pending is None else pending.secret,
        picture=None if pending is None else _picture(second_factor.address_for_app(pending, user.username)),
    )


def _picture(text: str) -> Markup:
    """A QR code as SVG that stands in the page itself: nothing of the secret lies under an address."""
    out = io.BytesIO()
    segno.make_qr(text, error="m").save(
        out, kind="svg", border=4, xmldecl=False, svgns=True, svgclass="qr", lineclass=None, omitsize=True
    )
    return Markup(out.getvalue().decode())  # noqa: S704 - segno's own drawing
