"""Files of the accounts' page: slips with first passwords, and a person's data as a workbook."""

from collections.abc import Iterable, Mapping
from typing import Any

from webapp.http.context import settings
from webapp.http.locale import _, language
from webapp.http.roles import ROLE_NAMES
from webapp.persistence.accounts import User


def sign_in_slips(made: Iterable[tuple[User, str]], address: str) -> bytes:
    """One slip for each person and password."""
    from webapp.papers import sign_in_slips

    slips = [
        sign_in_slips.SignInSlip(
            lines=[
                (_("Họ tên"), user.display_name),
                (_("Vai trò"), _role(user)),
                (_("Địa chỉ"), address),
                (_("Tên đăng nhập"), user.username),
                (_("Mật khẩu"), password),
            ],
            password_line=4,
        )
        for user, password in made
    ]
    hint = _(
        "Mật khẩu này chỉ dùng cho lần đăng nhập đầu: chương trình sẽ yêu cầu đặt mật khẩu của riêng bạn."
    )
    fonts = settings().forms_dir / "_fonts"
    return sign_in_slips.write(_("Phiếu đăng nhập"), hint, slips, fonts, language())


def workbook(data: Mapping[str, Any]) -> bytes:
    """The same as the JSON, a worksheet a part."""
    from webapp.papers.plain_workbook import write_rows

    sheets = {_("Tài khoản"): [[_("Mục"), _("Nội dung")], *_pairs(data["account"])]}
    for part, title in (("sign_ins", _("Đăng nhập")), ("log", _("Nhật ký"))):
        rows = data[part]
        head = list(rows[0]) if rows else ["at"]
        sheets[title] = [head, *([_text(row[name]) for name in head] for row in rows)]
    return write_rows(sheets)


def _pairs(values: Mapping[str, Any]) -> list[list[str]]:
    return [[name, _text(value)] for name, value in values.items()]


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _role(user: User) -> str:
    name = str(ROLE_NAMES[user.role])
    return name if user.unit is None else f"{name} · {user.unit.name}"
