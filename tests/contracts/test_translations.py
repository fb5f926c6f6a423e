"""Every text for people exists in both languages, with the same placeholders, and none is left over."""

import re
from collections import defaultdict
from functools import cache

import pytest
from babel.messages.pofile import read_po

from tests.contracts.sources import TRANSLATIONS, Text, feature_of, texts
from webapp.http.catalogue import Catalogue, read_catalogue

PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@cache
def by_feature() -> dict[str, list[Text]]:
    """All texts, by the feature they belong to."""
    grouped: dict[str, list[Text]] = defaultdict(list)
    for text in texts():
        grouped[feature_of(text.path)].append(text)
    return grouped


@cache
def english() -> Catalogue:
    return read_catalogue(TRANSLATIONS / "en")


@pytest.mark.parametrize("feature", sorted(by_feature()))
def test_every_text_has_its_english(feature: str) -> None:
    missing = [
        str(text)
        for text in by_feature()[feature]
        if text.message not in (english().singular if text.plural is None else english().plural)
    ]
    assert not missing, "write these into webapp/translations/en/<feature>.po:\n" + "\n".join(missing)


def test_translations_fill_the_same_placeholders() -> None:
    pairs = dict(english().singular)
    pairs |= {key: many for key, (_one, many) in english().plural.items()}
    different = [
        key for key, text in pairs.items() if set(PLACEHOLDER.findall(key)) != set(PLACEHOLDER.findall(text))
    ]
    assert not different


def test_no_text_is_translated_in_two_ways() -> None:
    assert not english().conflicts


def test_no_translation_is_left_over() -> None:
    used = {text.message for group in by_feature().values() for text in group}
    left = []
    for path in sorted((TRANSLATIONS / "en").glob("*.po")):
        with path.open("rb") as file:
            for entry in read_po(file):
                key = entry.id if isinstance(entry.id, str) else entry.id[0]
                if key and key not in used:
                    left.append(f"{path.name}: {key!r}")
    assert not left, "\n".join(left)


def test_the_source_language_is_vietnamese() -> None:
    """A text whose English equals its Vietnamese was probably written in English in the source."""
    same = {key for key, text in english().singular.items() if key == text and len(key.split()) > 1}
    assert not same
