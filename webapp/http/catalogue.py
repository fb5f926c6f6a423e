"""Translations read from .po files as they stand: one per feature, merged; nothing is compiled."""

from dataclasses import dataclass, field
from pathlib import Path

from babel.messages.pofile import read_po

_ENGLISH_ONE = 1


@dataclass(slots=True)
class Catalogue:
    """Messages of one language; what is missing stays in the source language (Vietnamese)."""

    singular: dict[str, str] = field(default_factory=dict)
    plural: dict[str, tuple[str, str]] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)  # translated in two ways; a test wants none

    def gettext(self, message: str) -> str:
        """The translation, or the message itself."""
        return self.singular.get(message, message)

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        """The form for `number`: English has two, Vietnamese one (and the source text may still differ)."""
        one, many = self.plural.get(singular, (singular, plural))
        return one if number == _ENGLISH_ONE else many

    def add(self, path: Path) -> None:
        """Merge one .po file; what is translated already stays."""
        with path.open("rb") as file:
            for entry in read_po(file):
                if entry.id and entry.string and not entry.fuzzy:
                    self._add_entry(entry.id, entry.string, path)

    def _add_entry(
        self, key: str | list[str] | tuple[str, ...], text: str | tuple[str, ...] | list[str], path: Path
    ) -> None:
        """One message, with its plural if it has one."""
        kept: str | tuple[str, str]
        given: str | tuple[str, str]
        if isinstance(key, str):
            given = str(text)
            kept = self.singular.setdefault(key, given)
        else:
            given = (text[0], text[1])
            kept = self.plural.setdefault(key[0], given)
        if kept != given:
            self.conflicts.append(f"{path.name}: {key!r}")


def read_catalogue(folder: Path) -> Catalogue:
    """Everything under `translations/<language>/`."""
    catalogue = Catalogue()
    for path in sorted(folder.glob("*.po")):
        catalogue.add(path)
    return catalogue
