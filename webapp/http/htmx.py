"""The one seam between full pages and fragments, and the only module that imports htmx_flask."""

from flask import Flask, Response, flash, redirect, render_template
from htmx_flask import Htmx, make_response, request
from htmx_flask.requests import HtmxAwareRequest

from webapp.http.requests import ComposedRequest

_SEE_OTHER = 303
VARY = ("HX-Request", "HX-Boosted", "HX-History-Restore-Request")


class AppRequest(HtmxAwareRequest, ComposedRequest):  # type: ignore[misc]  # the package has no types
    """Every request: composed text, and `request.htmx`."""


def install_htmx(app: Flask) -> None:
    """Make requests know htmx."""
    Htmx(app)
    app.request_class = AppRequest


def wants_fragment() -> bool:
    """Whether htmx asks for a piece of the page, rather than a browser for all of it."""
    asked = request.htmx
    return bool(asked) and not asked.boosted and not asked.history_restore_request


def render(
    page: str, fragment: str, status: int = 200, trigger: dict[str, object] | None = None, **context: object
) -> Response:
    """Render `fragment` for a swap, else the whole `page` (plain, boosted or history request).

    `trigger` names events for the page's own script; a dict, as a Vietnamese header kills the response.
    """
    body = render_template(fragment if wants_fragment() else page, **context)
    response: Response = make_response((body, status), trigger=trigger)
    response.vary.update(VARY)
    return response


def go_to(address: str, notice: str | None = None) -> Response:
    """Leave the page after a change: 303, or htmx's own way of saying so. `notice` is shown there once."""
    if notice:
        flash(notice)
    if wants_fragment():
        response: Response = make_response(("", 204), redirect=address)
    else:
        response = redirect(address, _SEE_OTHER)  # type: ignore[assignment]  # werkzeug's type for Flask's object
    response.vary.update(VARY)
    return response
