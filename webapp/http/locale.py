"""Two languages: Vietnamese is the source, English is read from `translations/en/*.po`."""

import functools
from collections.abc import Callable
from pathlib import Path

from flask import Flask, current_app, g, has_request_context, session
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from webapp.http import figures
from webapp.http.catalogue import Catalogue, read_catalogue
from webapp.http.collation import vietnamese_key
from webapp.http.context import signed_in_user

__all__ = [
    "LANGUAGES",
    "_",
    "choose_language",
    "gettext",
    "language",
    "lazy",
    "ngettext",
    "vietnamese_key",
    "when_shown",
]

LANGUAGES = {"vi": "Tiếng Việt", "en": "English"}
SOURCE_LANGUAGE = "vi"
EXTENSION = "chamdiem.catalogues"
TRANSLATIONS = Path(__file__).parent.parent / "translations"


class LazyText:
    """A message that is translated when it is shown: form labels are written before any request."""

    def __init__(self, message: str) -> None:
        """Keep the Vietnamese message."""
        self.message = message

    def __str__(self) -> str:
        """In the language of the request."""
        return gettext(self.message)

    def __mod__(self, values: object) -> str:
        """WTForms fills its validators' messages this way."""
        return str(self) % values

    def __eq__(self, other: object) -> bool:
        """Two of the same message are the same."""
        return isinstance(other, LazyText) and other.message == self.message

    def __hash__(self) -> int:
        """By message."""
        return hash(self.message)


def lazy(message: str) -> str:
    """Mark a message for translation now, translate it when it is shown (WTForms labels, constants)."""
    return LazyText(message)  # type: ignore[return-value]  # stands for its text wherever text is shown


def language() -> str:
    """The language of this request: the person's, else the session's, else Vietnamese."""
    if not has_request_context():
        return SOURCE_LANGUAGE
    if "language" not in g:
        g.language = _chosen_language()
    chosen: str = g.language
    return chosen


def choose_language(code: str) -> None:
    """Keep a choice for this session."""
    session["locale"] = code
    g.language = code


def gettext(message: str, **values: object) -> str:
    """Translate, then fill `%(name)s` placeholders if there are values."""
    text = _catalogue().gettext(message)
    return text % values if values else text


_ = gettext


def ngettext(singular: str, plural: str, num: int, **values: object) -> str:
    """Translate by number, then fill placeholders; `%(num)s` is the number, written the local way."""
    text = _catalogue().ngettext(singular, plural, num)
    return text % {"num": figures.format_number(num, language()), **values}


def install_locale(app: Flask) -> None:
    """Read the catalogues, give templates `_`, `ngettext` and the filters."""
    app.extensions[EXTENSION] = {"en": read_catalogue(TRANSLATIONS / "en"), SOURCE_LANGUAGE: Catalogue()}
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # added by the extension
        lambda message: _catalogue().gettext(message),
        lambda singular, plural, number: _catalogue().ngettext(singular, plural, number),
        newstyle=True,
    )
    app.jinja_env.filters.update({name: when_shown(shown) for name, shown in _filters().items()})
    app.jinja_env.globals.update(language=language, LANGUAGES=LANGUAGES, ngettext=_count_in_template)


def when_shown(text_filter: Callable[..., str]) -> Callable[..., str]:
    """Run a filter at every showing: Jinja works constants like `{{ 0 | points }}` out only once."""

    @pass_context
    @functools.wraps(text_filter)
    def shown(_context: Context, *arguments: object, **options: object) -> str:
        return str(text_filter(*arguments, **options))

    return shown


@pass_context
def _count_in_template(context: Context, singular: str, plural: str, count: int, /, **values: object) -> str:
    """`ngettext` as Jinja has it, but `%(num)s` is written the local way, as in Python."""
    text = _catalogue().ngettext(singular, plural, count)
    filled = {"num": figures.format_number(count, language()), **values}
    return Markup(text) % filled if context.eval_ctx.autoescape else text % filled  # noqa: S704 - our own text


def _filters() -> dict[str, Callable[..., str]]:
    """How figures look in templates."""
    return {
        "number": lambda value, places=None: figures.format_number(value, language(), places),
        "points": lambda value: figures.format_points(value, language()),
        "percent": lambda value, places=0: figures.format_percent(value, language(), places),
        "money": lambda value: figures.format_money(value, language()),
        "day": figures.format_day,
        "moment": figures.format_moment,
        "clock": figures.format_clock,
    }


def _chosen_language() -> str:
    """Only languages we have: a cookie could hold anything."""
    user = signed_in_user()
    wanted = user.locale if user is not None else session.get("locale")
    return wanted if wanted in LANGUAGES else SOURCE_LANGUAGE


def _catalogue() -> Catalogue:
    """The catalogue of this request; outside any app the source texts speak for themselves."""
    if not has_request_context():
        return Catalogue()
    catalogues: dict[str, Catalogue] = current_app.extensions[EXTENSION]
    return catalogues[language()]
