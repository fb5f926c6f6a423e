"""Read people's marks and count, class by class: `python -m tests.human_marks.measure` prints the table."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ocr.pipeline import read_page
from tests.human_marks.composite import HumanMark, composite, human_marks, questions
from tests.worlds.scanned_pages import LIBRARY, as_page

MARK = frozenset({"cross", "tick", "filled", "partial", "line"})
PERHAPS = frozenset({"line_horizontal", "other"})
NO_MARK = frozenset({"stray", "empty"})
_DOUBLES = 200
_SEED = 20261126
_MEANT, _BESIDE = "2", "1"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question: `right`, `shown` to a person, or `silent` error; `read` was accepted."""

    group: str
    outcome: str
    read: str | None
    visible: bool
    names: tuple[str, ...]


def single_outcomes() -> Iterator[Outcome]:
    """Every picture alone in its question, beside the picture of an empty box."""
    empties = [mark for mark in human_marks() if mark.label == "empty"]
    marks = sorted(human_marks(), key=lambda mark: mark.label)
    at = 0
    for page, (number, codes) in enumerate(questions(len(marks))):
        here = dict(zip(codes, marks[at : at + len(codes)], strict=True))
        at += len(codes)
        laid = {(code, _MEANT): mark for code, mark in here.items()}
        laid |= {(code, _BESIDE): empties[(at + n) % len(empties)] for n, code in enumerate(codes)}
        values = _accepted(number, laid, page)
        for code, mark in here.items():
            read = values.get(code)
            yield Outcome(mark.label, _judged(read, mark), read, mark.visible, (mark.name,))


def _judged(value: str | None, mark: HumanMark) -> str:
    if value is None:
        return "shown"
    return "right" if value == _MEANT and mark.label not in NO_MARK else "silent"


def double_outcomes() -> Iterator[Outcome]:
    """Pairs of marks in one question: nobody may decide between them but a person."""
    marks = [mark for mark in human_marks() if mark.label in MARK]
    draw = random.Random(_SEED)
    pairs = [tuple(draw.sample(marks, 2)) for _ in range(_DOUBLES)]
    at = 0
    for page, (number, codes) in enumerate(questions(len(pairs))):
        here = dict(zip(codes, pairs[at : at + len(codes)], strict=True))
        at += len(codes)
        laid = {(c, o): m for c, pair in here.items() for o, m in zip((_BESIDE, _MEANT), pair, strict=True)}
        values = _accepted(number, laid, 1000 + page)
        for code, pair in here.items():
            read = values.get(code)
            visible, names = all(m.visible for m in pair), tuple(m.name for m in pair)
            yield Outcome("two marks", "shown" if read is None else "silent", read, visible, names)


def _accepted(number: int, marks: dict[tuple[str, str], HumanMark], seed: int) -> dict[str, str]:
    """What was accepted, by question; nothing of a refused page."""
    reading = read_page(as_page(composite(number, marks, seed)), LIBRARY).reading
    return {field.code: field.value or "" for field in reading.fields if field.accepted}


def table(outcomes: Sequence[Outcome]) -> str:
    """Per class: questions, accepted rightly, shown to a person, silent errors; marks that no eye sees."""
    lines = ["| class | questions | accepted rightly | shown to a person | silent errors | invisible |"]
    lines.append("|---|---:|---:|---:|---:|---:|")
    for group in sorted({each.group for each in outcomes}):
        own = [each for each in outcomes if each.group == group]
        counted = Counter(each.outcome for each in own)
        invisible = sum(not each.visible for each in own)
        cells = [len(own), counted["right"], counted["shown"], counted["silent"], invisible]
        lines.append(f"| {group} | {' | '.join(str(cell) for cell in cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    found = [*single_outcomes(), *double_outcomes()]
    print(table(found))  # noqa: T201 -- a command's answer
    print(*(each for each in found if each.outcome == "silent"), sep="\n")  # noqa: T201 -- the same
