"""Sentences of the index room in the reader's language: it writes them as message ids with values."""

from decimal import Decimal

from webapp.errors import AppError
from webapp.http.figures import format_number
from webapp.http.locale import gettext, language
from webapp.par_index.errors import AppraisalError
from webapp.par_index.exact import Words


def say(text: Words | AppraisalError | AppError) -> str:
    """The translated sentence, its numbers written as the reader writes them."""
    if isinstance(text, Words):
        numbers = {name: format_number(Decimal(number), language()) for name, number in text.numbers}
        return gettext(text.message, **numbers, **dict(text.texts))
    return gettext(text.message, **text.values)
