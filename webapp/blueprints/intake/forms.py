"""The form for a new batch. The files themselves are read from the request: WTForms would hold them open."""

from wtforms import IntegerField
from wtforms.validators import NumberRange, Optional

from webapp.http.forms import AppForm
from webapp.http.locale import lazy


class BatchForm(AppForm):
    """What the clerk may say about the stack before it is scanned."""

    declared_sheets = IntegerField(
        lazy("Số tờ trong chồng phiếu (không bắt buộc)"),
        [
            Optional(),
            NumberRange(1, 100_000, lazy("Số tờ trong chồng phiếu phải từ 1 đến 100.000, hoặc để trống.")),
        ],
    )
