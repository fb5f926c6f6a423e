"""A person who opens every page that leads on from the first one, and fills in every form there is."""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from tests.clients import Browser

_TYPED = {"text", "search", "tel", "email", "url", "number", "date", "password", ""}
_MOST_OF_ONE_KIND = 2  # pages of one address rule: more would show the same template again


@dataclass
class Form:
    """A form as a page shows it: `inputs` are (name, type, value), a select's type is "select"."""

    action: str
    method: str
    inputs: list[tuple[str, str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """What a page holds for a person: links, forms, and the names of all its elements and attributes."""

    def __init__(self, address: str, text: str) -> None:
        """Read the page at once."""
        super().__init__()
        self.address = address
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.names: set[str] = set()
        self._form: Form | None = None
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect."""
        found = {key: value or "" for key, value in attrs}
        self.names |= {tag, *found}
        if tag == "a" and "href" in found:
            self.links.append(urljoin(self.address, found["href"]))
        if tag == "form":
            action = urljoin(self.address, found.get("action") or self.address)
            self._form = Form(action, found.get("method", "get").lower())
            self.forms.append(self._form)
        if self._form is not None:
            self._take_input(tag, found)

    def handle_endtag(self, tag: str) -> None:
        """A form ends."""
        if tag == "form":
            self._form = None

    def _take_input(self, tag: str, found: dict[str, str]) -> None:
        assert self._form is not None
        if tag == "select":
            self._select = found.get("name", "")
        elif tag == "option" and self._select and found.get("value"):
            self._form.inputs.append((self._select, "select", found["value"]))
        elif tag == "textarea" and "name" in found:
            self._form.inputs.append((found["name"], "text", ""))
        elif tag in {"input", "button"} and "name" in found:
            kind = found.get("type", "submit" if tag == "button" else "").lower()
            self._form.inputs.append((found["name"], kind, found.get("value", "on")))


def fill(form: Form, typed: str, file: tuple[bytes, str]) -> dict[str, Any]:
    """Every box that can be typed into holds `typed`; everything else as the page offers it."""
    values: dict[str, Any] = {}
    for name, kind, value in form.inputs:
        if kind in _TYPED:
            values[name] = typed
        elif kind == "file":
            values[name] = (io.BytesIO(file[0]), file[1])
        else:
            values.setdefault(name, value)
    return values


def walk(browser: Browser, skip: Callable[[str], bool]) -> Iterator[tuple[Page, TestResponse]]:
    """All pages within reach, a few of each kind; files that are offered are opened too."""
    adapter = browser.office.app.url_map.bind("localhost")
    waiting, seen, kinds = ["/"], {"/"}, Counter[str]()
    while waiting:
        address = waiting.pop(0)
        parts = urlsplit(address)
        try:
            endpoint, _ = adapter.match(parts.path, method="GET")
        except HTTPException:
            continue
        kinds[endpoint] += 1
        if kinds[endpoint] > _MOST_OF_ONE_KIND or skip(endpoint):
            continue
        answer = browser.get(address)
        page = Page(address, answer.text if answer.mimetype == "text/html" else "")
        yield page, answer
        for link in page.links:
            local = urlsplit(link)
            target = f"{local.path}?{local.query}" if local.query else local.path
            if not local.netloc and target not in seen:
                seen.add(target)
                waiting.append(target)
