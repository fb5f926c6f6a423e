"""Every endpoint says who may use it, asks for the token where it writes, and keeps strangers out."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import Rule

from webapp.http.access import PERMISSIONS, Permission, Role, require_policies

MARK = "access_policy"
PUBLIC = {
    "static",
    "accounts.show_sign_in",
    "accounts.sign_in_person",
    "accounts.show_second_step",
    "accounts.take_second_step",
    "accounts.enter_demo",
    "accounts.sign_out",
    "accounts.switch_language",
    "operation.show_health",
    "operation.show_metrics",
}


def address(rule: Rule) -> str:
    """An address that the rule matches."""
    return re.sub(r"<(?:(\w+):)?\w+>", lambda m: "1" if m[1] == "int" else "x", rule.rule)


def rules(app: Flask, method: str) -> list[Rule]:
    """The rules that answer to a method, without the static files."""
    return [
        rule
        for rule in app.url_map.iter_rules()
        if method in (rule.methods or ()) and rule.endpoint != "static"
    ]


def test_every_endpoint_declares_a_policy(app: Flask) -> None:
    require_policies(app)
    declared = {name: getattr(view, MARK) for name, view in app.view_functions.items() if name != "static"}
    assert {name for name, mark in declared.items() if mark == "public"} == PUBLIC - {"static"}
    assert set(declared.values()) <= {*Permission, "public"}


def test_an_app_with_a_silent_endpoint_does_not_start() -> None:
    app = Flask("probe")
    app.add_url_rule("/probe", "probe", lambda: "open to all")
    with pytest.raises(RuntimeError, match="probe"):
        require_policies(app)


def test_every_permission_is_given_to_somebody_and_every_role_may_do_something() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert set().union(*PERMISSIONS.values()) == set(Permission)


def test_strangers_are_sent_to_sign_in_everywhere(app: Flask) -> None:
    client = app.test_client()
    for rule in rules(app, "GET"):
        if rule.endpoint not in PUBLIC:
            answer = client.get(address(rule))
            assert answer.status_code == 303, rule
            assert answer.location.startswith("/dang-nhap?next=") or rule.rule == "/", rule


def test_no_unsafe_request_passes_without_the_token(app: Flask) -> None:
    client = app.test_client()
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for rule in rules(app, method):
            answer = client.open(address(rule), method=method)
            assert answer.status_code == 400, rule


def test_every_answer_carries_the_protecting_headers(app: Flask) -> None:
    client = app.test_client()
    for path in ("/dang-nhap", "/khong-co", "/static/app.css"):
        answer = client.get(path)
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        answer.close()
    assert client.get("/dang-nhap").headers["Cache-Control"] == "no-store"
    cookie = client.get("/dang-nhap", headers={"Cookie": ""}).headers.get(
        "Set-Cookie", "HttpOnly; SameSite=Lax"
    )
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_the_web_process_does_not_load_the_image_engine(tmp_path: Path) -> None:
    code = f"""
import pathlib, sys
from webapp.app import create_app
from webapp.settings import Settings
folder = pathlib.Path({str(tmp_path)!r})
create_app(Settings(folder, f"sqlite:///{{folder}}/x.sqlite3", folder, "secret"))
print([name for name in ("cv2", "numpy", "pytesseract", "pypdfium2", "scipy") if name in sys.modules])
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
