"""What is typed on the pages of payments: names, and money with dots between the thousands."""

import re
from typing import Final

from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from webapp.errors import InvalidInput
from webapp.http.forms import AppForm
from webapp.http.locale import lazy
from webapp.persistence.people import NAME_LENGTH

_MONEY: Final = re.compile(r"\d{1,3}(?:\.\d{3}){0,5}|\d{1,18}")  # no more than a database keeps
_SPACES: Final = str.maketrans("", "", " \u00a0đĐ")
_LONGEST_TEXT: Final = 20_000


class RespondentsForm(AppForm):
    """Respondents of one group at one place, as they stand on the office's list."""

    names = TextAreaField(
        lazy("Họ và tên, mỗi dòng một người"),
        [
            InputRequired(lazy("Nhập họ tên, mỗi dòng một người.")),
            Length(max=_LONGEST_TEXT, message=lazy("Danh sách quá dài. Thêm làm nhiều lần.")),
        ],
    )

    def lines(self) -> list[tuple[str, str]]:
        """Name and post of each filled line; the post stands after a semicolon."""
        filled = (line for line in (self.names.data or "").splitlines() if line.strip())
        parts = (line.partition(";") for line in filled)
        return [(name.strip(), post.strip()) for name, _, post in parts]


class EnumeratorForm(AppForm):
    """One enumerator of a unit."""

    name = StringField(
        lazy("Họ và tên"),
        [
            InputRequired(lazy("Nhập họ tên.")),
            Length(max=NAME_LENGTH, message=lazy("Họ tên dài nhất 120 ký tự.")),
        ],
    )
    post = StringField(
        lazy("Chức vụ"), [Length(max=NAME_LENGTH, message=lazy("Chức vụ dài nhất 120 ký tự."))]
    )
    phone = StringField(
        lazy("Điện thoại"), [Length(max=40, message=lazy("Số điện thoại dài nhất 40 ký tự."))]
    )


def read_dong(text: str) -> int:
    """“10.000”, “10 000 đ” or “10000” as whole đồng; an empty field is nothing.

    Raises:
        InvalidInput: anything else; a comma or a broken group may mean two different sums.
    """
    plain = text.translate(_SPACES)
    if not plain:
        return 0
    if not _MONEY.fullmatch(plain):
        raise InvalidInput("Số tiền “%(text)s” chưa rõ. Viết số đồng, ví dụ 10.000.", text=text.strip())
    return int(plain.replace(".", ""))
