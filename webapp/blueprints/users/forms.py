"""The form for a new account."""

from collections.abc import Iterable

from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, ValidationError

from webapp.http.forms import AppForm
from webapp.http.locale import _, lazy
from webapp.http.roles import ROLE_NAMES
from webapp.persistence.campaign import Unit
from webapp.services.accounts import NewAccount, Role

OUTSIDE = "outside"


def read_unit_id(chosen: str) -> int | None:
    """The chosen unit; None for none and for somebody outside the units."""
    return int(chosen) if chosen not in ("", OUTSIDE) else None


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
    unit = SelectField(lazy("Đơn vị (vai trò Đơn vị; vai trò Thẩm định: nơi công tác)"), choices=[])

    def offer_units(self, units: Iterable[Unit]) -> None:
        """The units of the cycle, in the office's own order."""
        self.unit.choices = [
            SelectChoice("", "–"),
            SelectChoice(OUTSIDE, _("Ngoài các đơn vị được chấm")),
            *(SelectChoice(str(unit.id), unit.name) for unit in units),
        ]

    def validate_unit(self, field: SelectField) -> None:
        """Where an appraiser works has to be said: in one of the units, or outside all of them."""
        if self.role.data == Role.APPRAISER and not field.data:
            raise ValidationError(
                _("Chọn nơi công tác của người thẩm định: không ai thẩm định đơn vị của mình.")
            )

    def account(self) -> NewAccount:
        """What was filled in."""
        return NewAccount(
            username=self.username.data or "",
            display_name=self.display_name.data or "",
            role=Role(self.role.data),
            unit_id=read_unit_id(self.unit.data or ""),
        )
