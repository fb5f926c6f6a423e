"""Sentences of the index room in the reader's language: it writes them as message ids with values."""

from flask import Blueprint
from flask.blueprints import BlueprintSetupState

from webapp.errors import AppError
from webapp.http.figures import format_number
from webapp.http.locale import gettext, language
from webapp.par_index.errors import AppraisalError
from webapp.par_index.exact import Words
from webapp.persistence.campaign import Sheet
from webapp.services.hand_over import void_refusal


def say(text: Words | AppraisalError | AppError) -> str:
    """The translated sentence, its numbers written as the reader writes them."""
    if isinstance(text, Words):
        values = text.values(lambda number: format_number(number, language()))
        return gettext(text.message, **values)
    return gettext(text.message, **text.values)


def void_words(sheet: Sheet) -> str:
    """What is to be said of a void sheet."""
    return say(void_refusal(sheet))


def upper_first(text: str) -> str:
    """Names as they begin a sentence: “xã Đại Trạch” → “Xã Đại Trạch”."""
    return text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    """A label within a sentence; abbreviations (TTHC) stay as they are."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def install_wording(blueprint: Blueprint) -> None:
    """Give the templates of a feature these filters."""

    def add(state: BlueprintSetupState) -> None:
        filters = {"upper_first": upper_first, "lower_first": lower_first}
        state.app.jinja_env.filters.update(say=say, void_words=void_words, **filters)

    blueprint.record(add)
