"""The forms of the results pages."""

from wtforms import StringField
from wtforms.validators import InputRequired, Length

from webapp.http.forms import AppForm
from webapp.http.locale import lazy


class PublishForm(AppForm):
    """Publishing is typed out: it shows the table to everybody."""

    confirmation = StringField(
        lazy("Gõ cụm từ xác nhận"),
        [
            InputRequired(lazy("Gõ cụm từ xác nhận để công bố.")),
            Length(max=80, message=lazy("Cụm từ xác nhận dài quá.")),
        ],
    )
