"""The form of replacing a lost sheet."""

from wtforms import StringField
from wtforms.validators import InputRequired, ValidationError

from ocr.errors import CodeRefused
from ocr.sheet_code import serial_from_text
from webapp.http.forms import AppForm
from webapp.http.locale import _, lazy


class ReplaceForm(AppForm):
    """The serial of a lost or spoilt sheet."""

    serial = StringField(lazy("Số phiếu bị mất hoặc hỏng"), [InputRequired(lazy("Nhập số phiếu."))])

    def validate_serial(self, field: StringField) -> None:
        """The check digit catches a slip of the finger before a wrong sheet is voided."""
        try:
            serial_from_text(field.data or "")
        except CodeRefused as error:
            raise ValidationError(
                _("Số phiếu sai hoặc thiếu chữ số kiểm tra: ghi đủ như ở chân phiếu, ví dụ 01742-6.")
            ) from error

    @property
    def number(self) -> int:
        """The serial of a valid form."""
        return serial_from_text(self.serial.data or "")
