"""What a browser gets when somebody comes in (a fresh session, put on the list), or why nobody does."""

from flask import Response, request, session, url_for

from webapp.http import sign_in
from webapp.http.browsers import browser_name
from webapp.http.context import current_session, current_user, end_sign_in, now, session_limits
from webapp.http.figures import format_clock
from webapp.http.forms import AppForm
from webapp.http.htmx import go_to
from webapp.http.locale import _
from webapp.http.security import is_local_path
from webapp.http.transaction import keep_changes
from webapp.persistence.accounts import User
from webapp.services import sign_ins


def admit(user: User) -> Response:
    """Begin the session, and go where the person wanted to go."""
    end_sign_in()
    begin(user)
    return go_to(next_address())


def begin(user: User) -> None:
    """A fresh session with a fresh CSRF token."""
    key = sign_in.begin_session(session, sign_in.Claim(user.id, user.session_epoch), now())
    place = sign_ins.Place(key, remote_address(), browser_name(request.headers.get("User-Agent", "")))
    sign_ins.note_sign_in(current_session(), user, place, now(), session_limits().absolute)


def next_address() -> str:
    """Where to go on: only to a page of this site."""
    wanted = request.values.get("next", "").rstrip("?")
    return wanted if is_local_path(wanted) else url_for("home.show_home")


def remote_address() -> str:
    """Whom failed attempts are counted for."""
    return request.remote_addr or "unknown"


def refuse_password(form: AppForm, typed: str) -> bool:
    """Whether the password, asked for once more, is not taken; the form says why.

    Wrong ones are braked as at the door: somebody may sit at another's open session.
    """
    ended = sign_ins.confirm_password(current_session(), current_user(), typed, remote_address(), now())
    if ended.user is not None:
        return False
    keep_changes()
    wrong = _("Mật khẩu hiện tại chưa đúng. Chưa có gì thay đổi.")
    form.form_errors.append(wrong if ended.locked_until is None else refusal_words(ended))
    return True


def refusal_words(attempt: sign_ins.SignIn) -> str:
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
        "Tài khoản tạm khóa đến %(time)s vì nhập sai nhiều lần. Chờ đến giờ đó, hoặc nhờ người quản trị mở "
        "khóa hay cấp lại mật khẩu.",
        time=format_clock(attempt.locked_until),
    )
