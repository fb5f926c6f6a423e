"""What deck to build, and where its randomness comes from."""

import zlib
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache
from pathlib import Path

import numpy as np

from ocr.deck.behaviour import Profile
from ocr.deck.families import without
from ocr.deck.hands.model import Part
from ocr.deck.output import Format
from ocr.deck.people import Answer, Writer, choose_answers, meet_writer
from ocr.deck.profiles import PROFILES
from ocr.layout import Layout
from ocr.template import FormLibrary

_FOREIGN_SERIALS = 5000


class Purpose(IntEnum):
    """What a random stream is for; each has its own, so that one draw more in one changes no other."""

    STACK = 0
    WRITER = 1
    DRAWING = 2
    MACHINE = 3
    PAGE = 4


@dataclass(frozen=True, slots=True)
class DeckOrder:
    """What deck to build. The same order gives the same bytes, however many workers build it."""

    forms_dir: Path
    form: str
    version: int
    group: str
    unit: str
    unit_name: str
    sheets: int
    seed: int
    profile: str = "office"
    dpi: int = 200
    file_format: Format = "pdf"
    serials: tuple[int, ...] = ()  # of the sheets, in order; 1, 2, … where it is left out
    sheets_per_file: int = 100
    part: Part = "train"
    without: tuple[str, ...] = ()

    def serial(self, sheet: int) -> int:
        """The serial of a sheet that counts from 0."""
        return self.serials[sheet] if self.serials else sheet + 1

    def name(self) -> str:
        """What the deck's files are called after: unique within a campaign."""
        return f"{self.form}-{self.group}-{self.unit}"

    def layout(self) -> Layout:
        """Where everything stands on these sheets."""
        return _layout(self.forms_dir, self.form, self.version)

    def behaviour(self) -> Profile:
        """The profile, with the families left out that are held out.

        Raises:
            FamilyRefused: there is no such family, or nothing is left to mark with.
        """
        return without(PROFILES[self.profile], self.without)

    def foreign(self, sheets: int) -> "DeckOrder":
        """Sheets of the library's next form for the same unit, with serials far above this deck's.

        Raises:
            TemplateInvalid: the library has no other form.
        """
        library = FormLibrary(self.forms_dir)
        others = [code for code in library.codes() if code != self.form]
        following = [code for code in others if code > self.form] or others or [""]
        form = library.latest(following[0])
        first = max(self.serials, default=self.sheets) + 1 + _FOREIGN_SERIALS
        return replace(
            self,
            form=form.code,
            version=form.version,
            group=form.groups[0],
            sheets=sheets,
            serials=tuple(range(first, first + sheets)),
        )

    def stream(self, purpose: Purpose, *key: int) -> np.random.Generator:
        """The random stream of one purpose, from the order's seed, part and print and nothing else."""
        deck = zlib.crc32(f"{self.form}.{self.version}.{self.group}.{self.unit}.{self.part}".encode())
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(deck, purpose, *key)))


def respond(order: DeckOrder, sheet: int) -> tuple[Writer, dict[str, Answer]]:
    """Who fills in a sheet, and with which answers: known without drawing anything."""
    people = order.behaviour().people
    rng = order.stream(Purpose.WRITER, sheet)
    writer = meet_writer(people, unit_level(order.unit), rng)
    return writer, choose_answers(order.layout(), writer, people, rng)


def unit_level(unit: str) -> float:
    """How good a unit is in all decks, in [0.4, 0.9]: units differ, so that ranks mean something."""
    return 0.4 + 0.5 * (zlib.crc32(f"unit {unit}".encode()) % 1000) / 999


@lru_cache(maxsize=16)
def _layout(forms_dir: Path, form: str, version: int) -> Layout:
    return FormLibrary(forms_dir).layout(form, version)
