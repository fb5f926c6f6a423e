"""Every expected error has its status, its words in both languages, and its line in docs/errors.md."""

import re
from typing import Any

import pytest

from ocr.errors import OcrError
from tests.contracts.sources import ROOT, TRANSLATIONS, with_subclasses
from webapp.errors import AppError
from webapp.http.catalogue import read_catalogue
from webapp.http.errors import ERROR_TEXTS
from webapp.http.locale import LazyText
from webapp.par_index.errors import AppraisalError

FAMILIES = (AppError, OcrError, AppraisalError)
COMMANDS_ONLY = (
    "ocr.deck",
    "ocr.accuracy",
)  # test decks are a command's business: their errors never reach a browser
CLASSES: list[Any] = [
    error
    for family in FAMILIES
    for error in with_subclasses(family)
    if not error.__module__.startswith(COMMANDS_ONLY)
]
DOCUMENTED = dict(
    re.findall(
        r"^\| `(\w+)` \| (\d{3}) \|", (ROOT / "docs/errors.md").read_text(encoding="utf-8"), re.MULTILINE
    )
)


@pytest.mark.parametrize("error", CLASSES, ids=lambda error: error.__name__)
def test_every_error_class_is_in_the_table(error: Any) -> None:
    assert error.code in ERROR_TEXTS
    status = getattr(error, "status", None)
    assert status in (None, ERROR_TEXTS[error.code].status)


def test_codes_are_told_apart() -> None:
    codes = [error.code for error in CLASSES]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("code", sorted(ERROR_TEXTS))
def test_every_error_speaks_both_languages(code: str) -> None:
    english = read_catalogue(TRANSLATIONS / "en").singular
    text = ERROR_TEXTS[code]
    for words in (text.title, text.advice):
        assert isinstance(words, LazyText)
        assert english[words.message] != words.message


def test_the_page_of_errors_lists_them_all() -> None:
    assert {code: str(text.status) for code, text in ERROR_TEXTS.items()} == DOCUMENTED
