"""Whole families can be held out by name, and the published proportions are those of the code."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path

import numpy as np
import pytest

from ocr.deck.behaviour import CameraProfile, Profile
from ocr.deck.build import build_deck
from ocr.deck.families import FAMILIES, FamilyRefused, without
from ocr.deck.order import DeckOrder, respond
from ocr.deck.profiles import CLEAN, ODD, PHOTO, PROFILES, ROUGH
from ocr.deck.stack import plan_feeds
from ocr.deck.truth import PageKind

ROOT = Path(__file__).parents[4]
ORDER = DeckOrder(ROOT / "forms_templates", "CX4", 1, "DN", "19186", "Đại Trạch", sheets=150, seed=3)


def happens_in(order: DeckOrder) -> set[str]:
    """Every family of people that a deck's answers show."""
    seen: set[str] = set()
    for sheet in range(order.sheets):
        writer, answers = respond(order, sheet)
        seen.add(writer.pen)
        seen |= {writer.second[0], "second_pen"} if writer.second is not None else set()
        seen |= {"straight_lined"} if writer.straight is not None else set()
        seen |= {"all_blank"} if writer.silent else set()
        for answer in answers.values():
            if not writer.silent:
                seen.add(answer.event.value)
            if answer.marks or answer.cancelled:
                seen.add(answer.style.value)
    return seen


PEOPLE = [
    "fill", "tick", "cross", "slash", "dot", "circle", "hatch", "spiral", "line", "label_circle",
    "blank", "double", "correction", "erasure", "stray", "overflow", "lone_cancel",
    "black", "blue", "red", "pencil", "faint pencil", "second_pen", "straight_lined", "all_blank",
]  # fmt: skip


@pytest.fixture(scope="module")
def odd_families() -> set[str]:
    """What people of profile `odd` do when nothing is held out."""
    return happens_in(replace(ORDER, profile="odd"))


@pytest.mark.parametrize("name", PEOPLE)
def test_a_family_of_people_that_is_held_out_never_happens(name: str, odd_families: set[str]) -> None:
    assert name in odd_families
    assert name not in happens_in(replace(ORDER, profile="odd", sheets=60, without=(name,)))


@pytest.mark.parametrize("name", sorted(set(FAMILIES) - set(PEOPLE)))
def test_a_family_of_faults_that_is_held_out_changes_one_of_the_profiles(name: str) -> None:
    changed = [p for p in (ODD, ROUGH, PHOTO) if FAMILIES[name](p) != p]
    assert changed
    assert all(FAMILIES[name](FAMILIES[name](p)) == FAMILIES[name](p) for p in changed)


@pytest.mark.parametrize("name", ["duplicate", "missing", "blank_page", "foreign"])
def test_a_mishap_of_the_stack_that_is_held_out_never_happens(name: str) -> None:
    def kinds(profile: Profile) -> set[str]:
        names = {PageKind.DUPLICATE: "duplicate", PageKind.MISSING: "missing", PageKind.BLANK: "blank_page"}
        feeds = plan_feeds(60, profile, 25, np.random.default_rng(5))
        return {names.get(feed.kind, "sheet") for feed in feeds} | {"foreign" for f in feeds if f.foreign}

    assert name in kinds(ODD)
    assert name not in kinds(without(ODD, [name]))


def test_faults_that_are_held_out_are_on_no_page(tmp_path: Path) -> None:
    always = ("fold", "copied", "bilevel", "dpi150", "show_through")
    order = replace(ORDER, sheets=6, profile="rough", dpi=150)
    seen = [dict(page.tags) for page in build_deck(order, tmp_path / "all").truth]
    assert sum(bool(tags.get("copied")) for tags in seen) > 0
    spared = build_deck(replace(order, without=always), tmp_path / "spared").truth
    assert not any(dict(page.tags).get(name) for page in spared for name in always)


def test_an_unknown_family_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(FamilyRefused, match=r"'nosuch'.*streak.*foreign"):
        without(ODD, ["streak", "nosuch"])


def test_nothing_is_left_to_mark_with(tmp_path: Path) -> None:
    with pytest.raises(FamilyRefused, match="clean"):
        build_deck(replace(ORDER, profile="clean", without=("fill",)), tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert without(CLEAN, ["streak", "tick"]) == CLEAN


def shown(value: object) -> str:
    """A number, a range or nothing, as the table prints it."""
    if isinstance(value, tuple) and len(set(value)) > 1:
        return f"{value[0]:g}–{value[1]:g}"
    single = value[0] if isinstance(value, tuple) else value
    if isinstance(single, bool):
        return "yes" if single else "–"
    return f"{single:.3g}" if single else "–"


def flat(part: object, name: str) -> Iterator[tuple[str, str]]:
    """Every figure of a profile with its name; weighted lists give one figure an entry."""
    if isinstance(part, CameraProfile) or (is_dataclass(part) and not isinstance(part, type)):
        for member in fields(part):
            yield from flat(getattr(part, member.name), f"{name} {member.name}")
    elif isinstance(part, tuple) and part and isinstance(part[0], tuple):
        for key, share in part:
            yield f"{name} {key.value if isinstance(key, Enum) else key}", shown(share)
    elif part is not None:
        yield name, shown(part)


def table() -> list[str]:
    """The proportions of all profiles as lines of Markdown."""
    names = ["clean", "office", "rough", "photo", "odd", "stress", "taken-back"]
    columns = {
        name: dict(
            line
            for part in ("people", "scanner", "stack")
            for line in flat(getattr(PROFILES[name], part), part)
        )
        for name in names
    }
    rows = list(dict.fromkeys(row for name in ("odd", "photo", "stress") for row in columns[name]))
    cells = [[row, *(columns[name].get(row, "–") for name in names)] for row in rows]
    head = ["| what |", *(f" {name} |" for name in names)]
    return [
        "".join(head),
        "|" + "---|" * (len(names) + 1),
        *("| " + " | ".join(line) + " |" for line in cells),
    ]


def test_the_published_proportions_are_those_of_the_code() -> None:
    assert set(PROFILES) == {"clean", "office", "rough", "photo", "odd", "stress", "taken-back"}
    lines = (ROOT / "docs" / "decks.md").read_text(encoding="utf-8").splitlines()
    start = lines.index("## Proportions")
    published = [line for line in lines[start:] if line.startswith("|")]
    assert published == table(), "\n".join(["docs/decks.md should say:", *table()])


def test_every_family_is_named_in_the_documents() -> None:
    text = (ROOT / "docs" / "decks.md").read_text(encoding="utf-8")
    assert [name for name in FAMILIES if f"`{name}`" not in text] == []
