"""Signing in and out, one's own password and language."""

from flask import Blueprint, Response, render_template, request, session, url_for

from webapp.blueprints.accounts.forms import PasswordForm, SignInForm
from webapp.errors import InvalidInput, NotFound
from webapp.http import access, sign_in
from webapp.http.access import Permission
from webapp.http.context import (
    app_context,
    current_session,
    current_user,
    end_sign_in,
    now,
    settings,
    signed_in_user,
)
from webapp.http.figures import format_clock
from webapp.http.htmx import go_to
from webapp.http.locale import LANGUAGES, _, choose_language
from webapp.http.security import is_local_path
from webapp.http.transaction import keep_changes
from webapp.persistence.accounts import User
from webapp.services import accounts

blueprint = Blueprint("accounts", __name__)
_INVALID = 422


@blueprint.get("/dang-nhap")
@access.public
def show_sign_in() -> Response | str:
    """The sign-in page; who is signed in already has nothing to do here."""
    if signed_in_user() is not None:
        return go_to(_next_address())
    return _sign_in_page(SignInForm())


@blueprint.post("/dang-nhap")
@access.public
def sign_in_person() -> Response | tuple[str, int]:
    """Compare name and password."""
    form = SignInForm(request.form)
    if not form.validate():
        return _sign_in_page(form), _INVALID
    ended = _try_sign_in(form)
    if ended.user is None:
        keep_changes()
        form.form_errors.append(_refusal(ended))
        return _sign_in_page(form), _INVALID
    return _admit(ended.user)


@blueprint.post("/dang-nhap/mau")
@access.public
def enter_demo() -> Response:
    """One click into a role of the demo; elsewhere this address does not exist."""
    if not settings().demo:
        raise NotFound("Chỉ bản chạy thử mới có cách đăng nhập này.")
    return _admit(accounts.enter_demo(current_session(), request.form.get("user", 0, int), now()))


@blueprint.post("/dang-xuat")
@access.public
def sign_out() -> Response:
    """End this session."""
    end_sign_in()
    return go_to(url_for("accounts.show_sign_in"), _("Bạn đã đăng xuất."))


@blueprint.post("/ngon-ngu")
@access.public
def switch_language() -> Response:
    """Change the language of every page, and keep the choice with the account."""
    code = request.form.get("locale", "")
    if code not in LANGUAGES:
        raise InvalidInput("Chương trình chưa có ngôn ngữ này.")
    user = signed_in_user()
    if user is not None:
        accounts.set_locale(user, code)
    choose_language(code)
    return go_to(_next_address())


@blueprint.get("/ca-nhan")
@access.policy(Permission.OWN_ACCOUNT)
def show_account() -> str:
    """One's own account."""
    return _account_page(PasswordForm())


@blueprint.post("/ca-nhan/mat-khau")
@access.policy(Permission.OWN_ACCOUNT)
def change_password() -> Response | tuple[str, int]:
    """A new password; every other session of this person ends, this one goes on."""
    form, user = PasswordForm(request.form), current_user()
    if not form.validate():
        return _account_page(form), _INVALID
    try:
        accounts.change_password(current_session(), user, form.current.data or "", form.new.data or "", now())
    except InvalidInput as error:
        form.form_errors.append(_(error.message, **error.values))
        return _account_page(form), _INVALID
    _begin(user)
    return go_to(
        url_for("accounts.show_account"), _("Đã đổi mật khẩu. Các máy khác của bạn đã được đăng xuất.")
    )


def _try_sign_in(form: SignInForm) -> accounts.SignIn:
    """Hash between two transactions: the one writer's place is not held for so long."""
    attempt = accounts.Attempt(
        form.username.data or "", form.password.data or "", request.remote_addr or "unknown"
    )
    with app_context().read_sessions() as reading:
        refusal = accounts.refuse_address(reading, attempt, now())
        tested = "" if refusal else accounts.hash_to_test(reading, attempt)
    if refusal:
        return refusal
    matches = accounts.is_password(tested, attempt.password)
    return accounts.settle_sign_in(current_session(), attempt, tested if matches else None, now())


def _admit(user: User) -> Response:
    """Begin the session, and go where the person wanted to go."""
    end_sign_in()
    _begin(user)
    return go_to(_next_address())


def _begin(user: User) -> None:
    """A fresh session with a fresh CSRF token."""
    sign_in.begin_session(session, sign_in.Claim(user.id, user.session_epoch), now())


def _next_address() -> str:
    """Where to go on: only to a page of this site."""
    wanted = request.values.get("next", "").rstrip("?")
    return wanted if is_local_path(wanted) else url_for("home.show_home")


def _refusal(attempt: accounts.SignIn) -> str:
    """The same words for a wrong name and a wrong password, whether or not there is such an account."""
    if attempt.locked_until is None:
        return _(
            "Tên đăng nhập hoặc mật khẩu chưa đúng. Kiểm tra phím Caps Lock và bộ gõ tiếng Việt rồi thử lại."
        )
    if attempt.is_address:
        return _(
            "Từ máy này đã nhập sai quá nhiều lần; đến %(time)s mới đăng nhập lại được. Chờ đến giờ đó rồi "
            "thử lại.",
            time=format_clock(attempt.locked_until),
        )
    return _(
        "Tài khoản tạm khóa đến %(time)s vì nhập sai nhiều lần. Chờ đến giờ đó, hoặc nhờ người quản trị "
        "cấp lại mật khẩu.",
        time=format_clock(attempt.locked_until),
    )


def _sign_in_page(form: SignInForm) -> str:
    """The page, with the demo's people where this is a demo."""
    people = accounts.list_demo_users(current_session()) if settings().demo else []
    return render_template(
        "accounts/sign_in.html", form=form, people=people, next=request.values.get("next", "")
    )


def _account_page(form: PasswordForm) -> str:
    """One's own account."""
    return render_template("accounts/account.html", form=form, min_length=accounts.MIN_PASSWORD_LENGTH)
