"""The form for a new account."""

from collections.abc import Iterable

from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length

from webapp.http.forms import AppForm
from webapp.http.locale import lazy
from webapp.http.roles import ROLE_NAMES
from webapp.persistence.campaign import Unit
from webapp.services.accounts import NewAccount, Role


class NewUserForm(AppForm):
    """Who the person is and what they are here for; the password is made by the program."""

    display_name = StringField(
        lazy("Họ tên"),
        [InputRequired(lazy("Nhập họ tên.")), Length(max=120, message=lazy("Họ tên dài nhất 120 ký tự."))],
    )
    username = StringField(
        lazy("Tên đăng nhập"),
        [
            InputRequired(lazy("Nhập tên đăng nhập.")),
            Length(max=80, message=lazy("Tên đăng nhập dài nhất 80 ký tự.")),
        ],
    )
    role = SelectField(lazy("Vai trò"), choices=[SelectChoice(*pair) for pair in ROLE_NAMES.items()])
    unit = SelectField(lazy("Đơn vị (chỉ với vai trò Đơn vị)"), choices=[])

    def offer_units(self, units: Iterable[Unit]) -> None:
        """The units of the cycle, in the office's own order."""
        self.unit.choices = [
            SelectChoice("", "–"),
            *(SelectChoice(str(unit.id), unit.name) for unit in units),
        ]

    def account(self) -> NewAccount:
        """What was filled in."""
        return NewAccount(
            username=self.username.data or "",
            display_name=self.display_name.data or "",
            role=Role(self.role.data),
            unit_id=int(self.unit.data) if self.unit.data else None,
        )
