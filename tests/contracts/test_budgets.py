"""Sizes and habits that make the house easy to read: hard stops, enforced."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for top in ("ocr", "webapp") for path in (ROOT / top).rglob("*.py"))
MAX_FUNCTION_LINES = 50
MAX_FILE_LINES = 400
FORBIDDEN_WORDS = {"utils", "util", "helpers", "helper", "manager", "misc", "common"}

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _functions(tree: ast.AST) -> Iterator[FunctionNode]:
    yield from (node for node in ast.walk(tree) if isinstance(node, FunctionNode))


def _body_lines(function: FunctionNode) -> int:
    """Lines from the first statement after the docstring to the end."""
    first = function.body[1] if ast.get_docstring(function) and len(function.body) > 1 else function.body[0]
    return (function.end_lineno or first.lineno) - first.lineno + 1


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_files_and_functions_are_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_FILE_LINES
    long = {
        f.name: _body_lines(f) for f in _functions(ast.parse(text)) if _body_lines(f) > MAX_FUNCTION_LINES
    }
    assert long == {}


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_no_drawer_is_called_utils(path: Path) -> None:
    assert not FORBIDDEN_WORDS & set(path.relative_to(ROOT).with_suffix("").parts)


def _undocumented(tree: ast.Module) -> list[str]:
    missing = [] if ast.get_docstring(tree) else ["(module)"]
    for node in tree.body:
        public = isinstance(node, FunctionNode | ast.ClassDef) and not node.name.startswith("_")
        if public and not ast.get_docstring(node):  # type: ignore[arg-type]  # public implies a def or class
            missing.append(node.name)  # type: ignore[attr-defined]  # the same
    return missing


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if p.is_relative_to(ROOT / "ocr") or "par_index" in p.parts], ids=_name
)
def test_both_rooms_document_what_is_public(path: Path) -> None:
    assert _undocumented(ast.parse(path.read_text(encoding="utf-8"))) == []
