"""The draw: which answers are looked at follows from manifest and seed alone, so that anyone can redo it.

python -m webapp.audit.draw manifest.csv SEED [--rounds N] [--expect SHA256]

prints one line an answer that is looked at: round, ticket, answer_id. Needs nothing but Python.
"""

import argparse
import hashlib
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from webapp.audit.manifest import FULL, SAMPLED, ManifestInvalid, ManifestLine, manifest_sha256, read_manifest

FULL_ROUND = 0  # the round of answers that are all looked at
DRAWN, CHECKED, PLANTED = "drawn", "full", "planted"
SEED_DIGITS = 20
_ONE_IN_TEN = 10  # looked at by two auditors apart
_PLANTED_PER = 50  # one planted item to so many others


@dataclass(frozen=True, slots=True)
class Ticket:
    """An answer to look at. `number` is its ticket (64 hex digits): within a round, the order of the draw.

    `kind`: drawn (in its round), full (every answer of its kind is looked at) or planted (the answer is
    known; it tells how much the auditors overlook). `is_double`: two auditors look, apart.
    """

    round: int
    number: str
    line: ManifestLine
    kind: str
    is_double: bool = False


def ticket_number(seed: str, answer_id: str) -> str:
    """SHA-256 of "<seed>,<answer_id>", as 64 hex digits."""
    return hashlib.sha256(f"{seed},{answer_id}".encode()).hexdigest()


def draw_round(lines: Iterable[ManifestLine], seed: str, round_number: int) -> list[Ticket]:
    """One answer of every sheet, the one with the `round_number`-th smallest ticket (from 1), by ticket.

    Sheets that have fewer answers than that are done and give none.
    """
    by_sheet: defaultdict[str, list[tuple[str, ManifestLine]]] = defaultdict(list)
    for line in lines:
        if line.stratum == SAMPLED:
            by_sheet[line.sheet].append((ticket_number(seed, line.answer_id), line))
    place = round_number - 1
    drawn = [sorted(tickets, key=_number)[place] for tickets in by_sheet.values() if len(tickets) > place]
    return [Ticket(round_number, number, line, DRAWN) for number, line in sorted(drawn, key=_number)]


def list_full(lines: Iterable[ManifestLine], seed: str) -> list[Ticket]:
    """Every answer that is looked at whatever the draw says, in order of ticket."""
    whole = [(ticket_number(seed, line.answer_id), line) for line in lines if line.stratum == FULL]
    return [Ticket(FULL_ROUND, number, line, CHECKED) for number, line in sorted(whole, key=_number)]


def mark_doubles(tickets: Sequence[Ticket], seed: str) -> list[Ticket]:
    """The same tickets, a tenth of them (rounded up) for two auditors.

    Those with the smallest SHA-256 of "<seed>,second,<answer_id>".
    """
    wanted = -(-len(tickets) // _ONE_IN_TEN)
    by_lot = sorted(tickets, key=lambda ticket: ticket_number(f"{seed},second", ticket.line.answer_id))
    doubles = {ticket.line.answer_id for ticket in by_lot[:wanted]}
    return [Ticket(t.round, t.number, t.line, t.kind, is_double=t.line.answer_id in doubles) for t in tickets]


def plant(known: Iterable[ManifestLine], drawn: Sequence[Ticket], seed: str) -> list[Ticket]:
    """Answers that are known, one for every fifty drawn: by the SHA-256 of "<seed>,planted,<answer_id>".

    Args:
        known: answers of which nobody doubts the value; those that are drawn anyway are passed over.
        drawn: what is looked at in earnest.
        seed: the public seed.
    """
    taken = {ticket.line.answer_id for ticket in drawn}
    free = [line for line in known if line.answer_id not in taken]
    by_lot = sorted((ticket_number(f"{seed},planted", line.answer_id), line.answer_id, line) for line in free)
    wanted = -(-len(drawn) // _PLANTED_PER)
    return [Ticket(FULL_ROUND, number, line, PLANTED) for number, _answer_id, line in by_lot[:wanted]]


def is_seed(text: str) -> bool:
    """Whether this is a seed: twenty decimal digits, as ten-sided dice give them."""
    return len(text) == SEED_DIGITS and text.isascii() and text.isdigit()


def main(arguments: Sequence[str] | None = None) -> int:
    """Redo the draw; 2 where manifest or seed is none, or the manifest is not the one that was published."""
    parser = argparse.ArgumentParser(prog="python -m webapp.audit.draw", description=__doc__)
    parser.add_argument("manifest", type=Path, help="the manifest as it was downloaded")
    parser.add_argument("seed", help="the public seed: twenty digits")
    parser.add_argument("--rounds", type=int, default=1, help="how many answers of every sheet (default 1)")
    parser.add_argument("--expect", metavar="SHA256", help="the published hash of the manifest")
    chosen = parser.parse_args(arguments)
    try:
        text = chosen.manifest.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as problem:
        return _refuse(f"{chosen.manifest}: {problem}")
    found = manifest_sha256(text)
    if chosen.expect is not None and chosen.expect.lower() != found:
        return _refuse(f"this manifest is not the published one: its SHA-256 is {found}")
    if not is_seed(chosen.seed):
        return _refuse(f"a seed has {SEED_DIGITS} digits and nothing else")
    try:
        lines = read_manifest(text)
    except ManifestInvalid as problem:
        return _refuse(str(problem))
    rounds = [draw_round(lines, chosen.seed, number) for number in range(1, chosen.rounds + 1)]
    sys.stdout.write(f"# manifest {found}\n# seed {chosen.seed}\n")
    for ticket in [*list_full(lines, chosen.seed), *(ticket for drawn in rounds for ticket in drawn)]:
        sys.stdout.write(f"{ticket.round},{ticket.number},{ticket.line.answer_id}\n")
    return 0


def _refuse(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 2


def _number(ticket: tuple[str, ManifestLine]) -> str:
    return ticket[0]


if __name__ == "__main__":
    sys.exit(main())
