"""Signing in (in one step or two) and out, one's own password and language."""

from flask import Blueprint, Response, render_template, request, session, url_for

from webapp.blueprints.accounts.entering import (
    admit,
    begin,
    next_address,
    refusal_words,
    refuse_password,
    remote_address,
)
from webapp.blueprints.accounts.forms import CodeForm, PasswordForm, SignInForm
from webapp.errors import InvalidInput, NotFound
from webapp.http import access, sign_in
from webapp.http.access import Permission
from webapp.http.context import (
    app_context,
    current_claim,
    current_session,
    current_user,
    end_sign_in,
    now,
    session_limits,
    settings,
    signed_in_user,
)
from webapp.http.htmx import go_to
from webapp.http.locale import LANGUAGES, _, choose_language
from webapp.http.security import leave_nothing
from webapp.http.transaction import keep_changes
from webapp.persistence.accounts import User
from webapp.services import accounts, passwords, second_factor, sign_ins

blueprint = Blueprint("accounts", __name__)
_INVALID = 422


@blueprint.get("/dang-nhap")
@access.public
def show_sign_in() -> Response | str:
    """The sign-in page; who is signed in already has nothing to do here."""
    if signed_in_user() is not None:
        return go_to(next_address())
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
        form.form_errors.append(refusal_words(ended))
        return _sign_in_page(form), _INVALID
    if ended.needs_code:
        claim = sign_in.Claim(ended.user.id, ended.user.session_epoch)
        sign_in.begin_second_step(session, claim, now())
        return go_to(url_for("accounts.show_second_step", next=request.form.get("next") or None))
    return admit(ended.user)


@blueprint.get("/dang-nhap/ma")
@access.public
def show_second_step() -> Response | str:
    """The second step, for who has just given the right password."""
    return _code_page(CodeForm()) if _awaited_user() is not None else _back_to_the_password()


@blueprint.post("/dang-nhap/ma")
@access.public
def take_second_step() -> Response | tuple[str, int]:
    """Compare the code."""
    form, user = CodeForm(request.form), _awaited_user()
    if user is None:
        return _back_to_the_password()
    if not form.validate():
        return _code_page(form), _INVALID
    ended = sign_ins.settle_code(current_session(), user, form.code.data or "", remote_address(), now())
    if ended.user is None:
        keep_changes()
        form.form_errors.append(_code_refusal(ended))
        return _code_page(form), _INVALID
    return admit(ended.user)


@blueprint.post("/dang-nhap/mau")
@access.public
def enter_demo() -> Response:
    """One click into a role of the demo; elsewhere this address does not exist."""
    if not settings().demo:
        raise NotFound("Chỉ bản chạy thử mới có cách đăng nhập này.")
    return admit(sign_ins.enter_demo(current_session(), request.form.get("user", 0, int), now()))


@blueprint.post("/dang-xuat")
@access.public
def sign_out() -> Response:
    """End this session; nothing of its pages stays in the browser."""
    end_sign_in()
    return leave_nothing(go_to(url_for("accounts.show_sign_in"), _("Bạn đã đăng xuất.")))


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
    return go_to(next_address())


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
    is_first = user.must_change_password
    if not form.validate() or refuse_password(form, form.current.data or ""):
        return _account_page(form), _INVALID
    try:
        accounts.change_password(current_session(), user, form.new.data or "", now())
    except InvalidInput as error:
        form.form_errors.append(_(error.message, **error.values))
        return _account_page(form), _INVALID
    begin(user)
    address = url_for("home.show_home" if is_first else "accounts.show_account")
    return go_to(address, _("Đã đổi mật khẩu. Các máy khác của bạn đã được đăng xuất."))


def _try_sign_in(form: SignInForm) -> sign_ins.SignIn:
    """Hash between two transactions: the one writer's place is not held for so long."""
    attempt = sign_ins.Attempt(form.username.data or "", form.password.data or "", remote_address())
    with app_context().read_sessions() as reading:
        refusal = sign_ins.refuse_address(reading, attempt, now())
        tested = "" if refusal else sign_ins.hash_to_test(reading, attempt)
    if refusal:
        return refusal
    matches = passwords.is_password(tested, attempt.password)
    return sign_ins.settle_sign_in(current_session(), attempt, tested if matches else None, now())


def _awaited_user() -> User | None:
    """Whose code is due: the password was given here a few minutes ago, and the account is as it was."""
    claim = sign_in.read_second_step(session, now())
    user = None if claim is None else current_session().get(User, claim.user_id)
    if user is None or claim is None or not user.is_active or user.session_epoch != claim.epoch:
        return None
    return user


def _back_to_the_password() -> Response:
    return go_to(
        url_for("accounts.show_sign_in"), _("Đã quá năm phút hoặc mật khẩu vừa đổi. Đăng nhập lại từ đầu.")
    )


def _code_refusal(attempt: sign_ins.SignIn) -> str:
    """A wrong code; the password was right, so that who is meant is no secret here."""
    if attempt.locked_until is None:
        return _("Mã chưa đúng hoặc đã dùng. Chờ mã mới trên điện thoại rồi nhập lại.")
    return refusal_words(attempt)


def _code_page(form: CodeForm) -> str:
    return render_template("accounts/second_step.html", form=form, next=request.values.get("next", ""))


def _sign_in_page(form: SignInForm) -> str:
    """The page, with the demo's people where this is a demo."""
    people = accounts.list_demo_users(current_session()) if settings().demo else []
    return render_template(
        "accounts/sign_in.html", form=form, people=people, next=request.values.get("next", "")
    )


def _account_page(form: PasswordForm) -> str:
    """One's own account."""
    user, opened, claim = current_user(), current_session(), current_claim()
    return render_template(
        "accounts/account.html",
        form=form,
        min_length=passwords.MIN_LENGTH,
        sign_ins=sign_ins.list_sign_ins(opened, user, now(), session_limits().absolute),
        this_key="" if claim is None else claim.key,
        idle_min=settings().session_idle_min,
        may_have_second_factor=user.role in second_factor.ROLES,
        has_second_factor=second_factor.is_on(opened, user),
        recovery_codes=second_factor.count_recovery_codes(opened, user),
    )
