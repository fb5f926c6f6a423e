"""Addresses of our own pages: numbers that a database can hold, and the page that a person is on."""

from urllib.parse import urlsplit

from flask import Flask, current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter

from webapp.http.security import is_local_path


class RowNumber(IntegerConverter):
    """`<int:…>` in an address; what no row can be numbered with is an address that does not exist."""

    regex = r"\d{1,10}"

    def to_python(self, value: str) -> int:
        """The number, if the smallest integer column of our databases holds it."""
        self.max = 2**31 - 1
        number: int = super().to_python(value)
        return number


def install_places(app: Flask) -> None:
    """Before any rule is added; templates ask for `this_page()`."""
    app.url_map.converters = {**app.url_map.converters, "int": RowNumber}
    app.jinja_env.globals.update(this_page=this_page)


def this_page() -> str:
    """Where to come back to: this page, or after a refused form the page that it stood on, else home."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    return own_page(request.referrer) or "/"


def own_page(url: str | None) -> str | None:
    """The path and query of `url` if it is a page of this site that can be opened."""
    try:
        parts = urlsplit(url or "")
    except ValueError:  # not an address at all
        return None
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    if parts.netloc != request.host or not is_local_path(path) or not _opens(parts.path):
        return None
    return path


def _opens(path: str) -> bool:
    """Whether a GET leads anywhere."""
    try:
        current_app.create_url_adapter(request).match(path, method="GET")  # type: ignore[union-attr]  # in a request
    except HTTPException:
        return False
    return True
