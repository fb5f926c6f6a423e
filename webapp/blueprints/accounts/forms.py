"""The forms of signing in and of one's own account."""

from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired

from webapp.http.forms import AppForm
from webapp.http.locale import lazy


class SignInForm(AppForm):
    """Name and password."""

    username = StringField(lazy("Tên đăng nhập"), [InputRequired(lazy("Nhập tên đăng nhập."))])
    password = PasswordField(lazy("Mật khẩu"), [InputRequired(lazy("Nhập mật khẩu."))])


class PasswordForm(AppForm):
    """The current password, and the new one."""

    current = PasswordField(lazy("Mật khẩu hiện tại"), [InputRequired(lazy("Nhập mật khẩu hiện tại."))])
    new = PasswordField(lazy("Mật khẩu mới"), [InputRequired(lazy("Nhập mật khẩu mới."))])


class CodeForm(AppForm):
    """A code of the authenticator app, or a recovery code."""

    code = StringField(lazy("Mã xác nhận"), [InputRequired(lazy("Nhập mã xác nhận."))])


class ConsentForm(AppForm):
    """The password, once more, before something that weighs."""

    password = PasswordField(lazy("Mật khẩu hiện tại"), [InputRequired(lazy("Nhập mật khẩu hiện tại."))])
