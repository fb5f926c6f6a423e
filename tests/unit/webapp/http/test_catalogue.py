"""Catalogues are read from .po files as they stand."""

from pathlib import Path

from webapp.http.catalogue import read_catalogue

HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
PLURAL = (
    'msgid "%(num)s ô"\nmsgid_plural "%(num)s ô"\nmsgstr[0] "%(num)s answer"\nmsgstr[1] "%(num)s answers"\n'
)


def test_catalogues_are_merged(tmp_path: Path) -> None:
    (tmp_path / "a.po").write_text(HEAD + 'msgid "Rà soát"\nmsgstr "Review"\n', encoding="utf-8")
    (tmp_path / "b.po").write_text(HEAD + PLURAL, encoding="utf-8")
    catalogue = read_catalogue(tmp_path)
    assert catalogue.gettext("Rà soát") == "Review"
    assert catalogue.ngettext("%(num)s ô", "%(num)s ô", 1) == "%(num)s answer"
    assert catalogue.ngettext("%(num)s ô", "%(num)s ô", 0) == "%(num)s answers"
    assert catalogue.gettext("Chưa dịch") == "Chưa dịch", "what is missing stays Vietnamese"
    assert catalogue.conflicts == []


def test_two_translations_of_one_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.po").write_text(HEAD + 'msgid "Gửi"\nmsgstr "Send"\n', encoding="utf-8")
    (tmp_path / "b.po").write_text(HEAD + 'msgid "Gửi"\nmsgstr "Submit"\n', encoding="utf-8")
    catalogue = read_catalogue(tmp_path)
    assert catalogue.gettext("Gửi") == "Send"
    assert catalogue.conflicts == ["b.po: 'Gửi'"]


def test_unfinished_entries_do_not_count(tmp_path: Path) -> None:
    text = HEAD + '#, fuzzy\nmsgid "Một"\nmsgstr "Won"\n\nmsgid "Hai"\nmsgstr ""\n'
    (tmp_path / "a.po").write_text(text, encoding="utf-8")
    assert read_catalogue(tmp_path).singular == {}
