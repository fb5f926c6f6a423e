"""Every template compiles, every page has a title, and nothing comes from outside or runs inline."""

import gzip
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask

from tests.contracts.sources import TEMPLATES, WEBAPP

ALL = sorted(TEMPLATES.rglob("*.html"))
PAGES = [path for path in ALL if not path.name.startswith("_") and path.name != "base.html"]
STATIC = WEBAPP / "static"
VENDOR = STATIC / "vendor"
OWN_STATIC = sorted(p for p in STATIC.rglob("*") if p.is_file() and not p.is_relative_to(VENDOR))
OUTSIDE = re.compile(r"""(?:https?:)?//[\w.-]+\.\w""")
MARKUP_MAKERS = {"blueprints/accounts/own_views.py", "charts.py", "http/csrf.py", "http/locale.py"}
NAMESPACES = ("http://www.w3.org/",)


def name(path: Path) -> str:
    return str(path.relative_to(WEBAPP))


@pytest.mark.parametrize("path", ALL, ids=name)
def test_templates_compile(app: Flask, path: Path) -> None:
    app.jinja_env.get_template(str(path.relative_to(TEMPLATES)))


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_pages_have_a_title_and_stand_in_the_frame(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert re.search(r"{% extends \"[\w/]*base\.html\" %}", source)
    assert "{% block title %}" in source


@pytest.mark.parametrize("path", ALL, ids=name)
def test_forms_that_write_carry_the_token(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    for form in re.findall(r"<form\b.*?</form>", source, re.DOTALL):
        opening = form[: form.index(">")]
        if re.search(r"""method=["']post["']""", opening, re.IGNORECASE):
            assert "csrf_field()" in form, opening


@pytest.mark.parametrize("path", [*ALL, *OWN_STATIC], ids=name)
def test_nothing_comes_from_outside(path: Path) -> None:
    if path.suffix in {".html", ".css", ".js", ".svg"}:
        source = path.read_text(encoding="utf-8")
        found = [hit.group() for hit in OUTSIDE.finditer(source)]
        assert [hit for hit in found if not any(space.startswith(hit) for space in NAMESPACES)] == []


class Inline(HTMLParser):
    """Finds what a policy without unsafe-inline would refuse."""

    found: list[str]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Scripts without a source, style elements, style and on* attributes."""
        names = {key for key, _ in attrs}
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)
        self.found += [key for key in names if key == "style" or key.startswith(("on", "hx-on"))]


@pytest.mark.parametrize("path", ALL, ids=name)
def test_nothing_runs_inline(path: Path) -> None:
    parser = Inline()
    parser.found = []
    parser.feed(path.read_text(encoding="utf-8"))
    assert parser.found == []


UNESCAPED = re.compile(r"\|\s*safe\b|autoescape|Markup\(|\|\s*xmlattr\b|javascript:|srcdoc")
JINJA = re.compile(r"{{.*?}}|{%.*?%}|{#.*?#}", re.DOTALL)
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
TAG = re.compile(r"<[a-zA-Z][^>]*>")
RUNS_TEXT = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.on\w+\s*="
)


@pytest.mark.parametrize("path", ALL, ids=name)
def test_everything_is_escaped(path: Path) -> None:
    assert UNESCAPED.findall(path.read_text(encoding="utf-8")) == []


def unquoted(source: str) -> list[str]:
    """Tags with an attribute whose value has no quotes: a value with a blank in it would end there."""
    plain = JINJA.sub("x", source)
    return [tag for tag in TAG.findall(plain) if re.search(r"=(?!q)", QUOTED.sub("q", tag))]


@pytest.mark.parametrize("path", ALL, ids=name)
def test_every_attribute_is_quoted(path: Path) -> None:
    assert unquoted(path.read_text(encoding="utf-8")) == []


def test_an_attribute_without_quotes_is_found() -> None:
    assert unquoted('<a href={{ x }} class="b">') == ['<a href=x class="b">']
    assert unquoted("""<a href="{{ url_for('a', b='c') }}" {% if d == 'e' %}checked{% endif %}>""") == []


@pytest.mark.parametrize("path", [p for p in OWN_STATIC if p.suffix == ".js"], ids=name)
def test_no_script_turns_text_into_elements(path: Path) -> None:
    assert RUNS_TEXT.findall(path.read_text(encoding="utf-8")) == []


def test_markup_is_made_where_it_is_known_to_be_safe() -> None:
    """Python code that says “this is HTML”: the token's field, charts that escape their words, a QR code."""
    makers = {
        str(source.relative_to(WEBAPP))
        for source in WEBAPP.rglob("*.py")
        if re.search(r"\bMarkup\(|render_template_string", source.read_text(encoding="utf-8"))
    }
    assert makers == MARKUP_MAKERS


def test_vendored_files_carry_their_licences() -> None:
    folders = [folder for folder in VENDOR.iterdir() if folder.is_dir()]
    assert folders
    assert all(any(file.name.startswith("LICENSE") for file in folder.iterdir()) for folder in folders)


def test_the_first_load_stays_light() -> None:
    """The budget of a first page is 150 KB; styles, scripts and htmx leave most of it to the content."""
    files = [VENDOR / "htmx/htmx.min.js", STATIC / "app.css", STATIC / "app.js", STATIC / "home.css"]
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < 40_000
