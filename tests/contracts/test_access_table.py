"""docs/access.md says of every address which roles get in, and the app does as it says."""

import re
from collections import defaultdict
from itertools import cycle

import pytest
from flask import Flask
from werkzeug.routing import Rule

from tests.clients import Browser, Office
from tests.contracts.sources import ROOT
from tests.contracts.test_endpoints import MARK, address
from webapp.http.access import PERMISSIONS, Permission, Role

METHODS = ("GET", "POST")
ROW = re.compile(r"^\| `(/[^`]*)` \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)
OPEN, EVERYBODY, NOBODY = "open", "everybody", "–"
USERNAMES = {role: "unit-nv" if role is Role.UNIT else role.value for role in Role}

Table = dict[str, tuple[str, str]]


def written_table() -> Table:
    """Address → who may look, who may change, as the document has it."""
    rows = ROW.findall((ROOT / "docs/access.md").read_text(encoding="utf-8"))
    assert len(rows) == len({row[0] for row in rows}), "an address stands there twice"
    return {row[0]: (row[1].strip(), row[2].strip()) for row in rows}


def who(app: Flask, rule: Rule) -> str:
    """The roles that the rule's policy lets in, in the document's words."""
    mark = "public" if rule.endpoint == "static" else getattr(app.view_functions[rule.endpoint], MARK)
    if mark == "public":
        return OPEN
    roles = [role.value for role in Role if Permission(mark) in PERMISSIONS[role]]
    return EVERYBODY if len(roles) == len(Role) else ", ".join(roles)


def table_of(app: Flask) -> Table:
    """The same of the app itself."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            found[rule.rule][method] = who(app, rule)
    assert {method for row in found.values() for method in row} <= set(METHODS)
    return {rule: (row.get("GET", NOBODY), row.get("POST", NOBODY)) for rule, row in sorted(found.items())}


def lines(table: Table) -> str:
    return "\n".join(f"| `{rule}` | {look} | {change} |" for rule, (look, change) in sorted(table.items()))


def test_every_address_stands_in_the_document_with_its_roles(app: Flask) -> None:
    written, found = written_table(), table_of(app)
    differing = {rule: row for rule, row in found.items() if written.get(rule) != row}
    assert not differing, f"docs/access.md must say, if this is meant:\n{lines(differing)}"
    assert set(written) == set(found), f"no longer there: {sorted(set(written) - set(found))}"


def roles_in(words: str) -> set[Role]:
    return set(Role) if words == EVERYBODY else {Role(word) for word in words.split(", ")}


def guarded() -> list[tuple[str, str, set[Role]]]:
    """Every address and method that is not open, with the roles of the document."""
    return [
        (rule, method, roles_in(words))
        for rule, row in sorted(written_table().items())
        for method, words in zip(METHODS, row, strict=True)
        if words not in {OPEN, NOBODY}
    ]


@pytest.fixture
def browsers(office_of_contracts: Office) -> dict[Role, Browser]:
    return {role: office_of_contracts.browser(name) for role, name in USERNAMES.items()}


def test_a_role_that_is_not_named_is_refused_before_anything_is_looked_at(
    app: Flask, browsers: dict[Role, Browser]
) -> None:
    """One outsider at each address, another each time: the guard asks for the permission and nothing else."""
    rules = {rule.rule: rule for rule in app.url_map.iter_rules()}
    turns = cycle(Role)
    tried = 0
    for rule, method, insiders in guarded():
        if insiders == set(Role):
            continue
        outsider = next(role for role in turns if role not in insiders)
        path = address(rules[rule])
        browser = browsers[outsider]
        answer = browser.get(path) if method == "GET" else browser.post(path)
        assert answer.status_code == 403, (outsider, method, path)
        tried += 1
    assert tried > 100


def test_a_role_that_is_named_is_let_in(app: Flask, browsers: dict[Role, Browser]) -> None:
    """What it looks at may not exist (404) or lead on (303); it is neither refused nor sent to sign in."""
    rules = {rule.rule: rule for rule in app.url_map.iter_rules()}
    for rule, method, insiders in guarded():
        if method == "GET":
            insider = min(insiders)
            answer = browsers[insider].get(address(rules[rule]))
            assert answer.status_code not in {401, 403, 500}, (insider, rule)
            assert "/dang-nhap" not in (answer.location or ""), (insider, rule)
            assert answer.headers["Cache-Control"] == "no-store", rule


def test_a_refusal_does_not_tell_whether_the_thing_exists(browsers: dict[Role, Browser]) -> None:
    there, not_there = (browsers[Role.CLERK].get(f"/nguoi-dung/{number}") for number in (1, 999))
    said = [re.findall(r"<main.*</main>", answer.text, re.DOTALL) for answer in (there, not_there)]
    assert (there.status_code, not_there.status_code) == (403, 403)
    assert said[0]
    assert said[0] == said[1]
