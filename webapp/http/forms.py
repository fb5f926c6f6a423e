"""The base of all WTForms forms: its built-in messages in our two languages. CSRF is checked earlier."""

from wtforms import Form

from webapp.http.locale import lazy

# WTForms has no Vietnamese; these are the messages that our forms can show without their own words.
_BUILT_IN = {
    "This field is required.": lazy("Cần điền ô này."),
    "Not a valid choice.": lazy("Chọn một trong các mục có sẵn."),
    "Not a valid choice": lazy("Chọn một trong các mục có sẵn."),
    "Invalid Choice: could not coerce.": lazy("Chọn một trong các mục có sẵn."),
    "Not a valid integer value.": lazy("Nhập một số nguyên."),
    "Not a valid decimal value.": lazy("Nhập một số."),
    "Not a valid date value.": lazy("Nhập ngày dạng dd/mm/yyyy."),
    "Invalid input.": lazy("Nội dung chưa hợp lệ."),
}


class _Translations:
    """What WTForms asks for its own messages."""

    def gettext(self, message: str) -> str:
        """From WTForms' English by way of our Vietnamese."""
        return str(_BUILT_IN.get(message, message))

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """Length and range messages are written by each form itself."""
        return singular if n == 1 else plural


class AppForm(Form):
    """Every form of the app."""

    class Meta:
        """WTForms' own configuration."""

        def get_translations(self, form: Form) -> _Translations:  # noqa: ARG002 - WTForms' signature
            """Ours."""
            return _Translations()
