"""`python -m tests.fuzz --minutes 60`: spoil the seeds of all parsers for so long; keep what breaks one.

Each parser runs in a child process with limits on time and memory, as in the program itself. An input that
breaks it is kept under var/fuzz/<parser>/; put it into tests/fuzz/seeds/<parser>/ together with the mend.
Exit code 1 where something was found.
"""

import argparse
import itertools
import multiprocessing
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.fuzz.child import spoil_for
from tests.fuzz.harnesses import HARNESSES, Harness

_FOUND = Path("var/fuzz")
_SLICE_S = 60.0


@dataclass
class Tally:
    """What a parser was given and how it ended."""

    tried: int = 0
    cpu_s: float = 0.0
    found: int = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Go round the parsers until the time is over."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--only", choices=HARNESSES, action="append")
    parser.add_argument(
        "--seed", type=int, default=None, help="the same inputs again; by default others each time"
    )
    chosen = parser.parse_args(arguments)
    begun = time.monotonic()
    first = int(time.time()) if chosen.seed is None else chosen.seed
    tallies = {name: Tally() for name in chosen.only or HARNESSES}
    try:
        for turn, name in enumerate(itertools.cycle(tallies)):
            left = begun + 60 * chosen.minutes - time.monotonic()
            if left <= 0:
                break
            _run_slice(HARNESSES[name], first + turn, min(_SLICE_S, left), tallies[name])
    except KeyboardInterrupt:
        sys.stdout.write("Ended early.\n")
    _report(tallies, first)
    return 1 if any(tally.found for tally in tallies.values()) else 0


def _run_slice(harness: Harness, number: int, seconds: float, tally: Tally) -> None:
    """Some seconds of one parser in a child; a child that dies leaves the input that killed it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=spoil_for, args=(harness.name, number, seconds, theirs), daemon=True)
    child.start()
    theirs.close()
    at_work = b""
    try:
        while (told := ours.recv()) is not None:
            if isinstance(told, tuple):
                tally.tried, tally.cpu_s = tally.tried + told[0], tally.cpu_s + told[1]
                at_work = b""
            elif isinstance(told, str):
                tally.found += _keep(harness, at_work, told)
            else:
                at_work = told
    except EOFError:
        child.join()
        if not at_work:
            raise RuntimeError(f"{harness.name}: the process could not begin") from None
        tally.found += _keep(harness, at_work, f"the process ended with {child.exitcode}")
    child.join()


def _keep(harness: Harness, content: bytes, why: str) -> int:
    """Write the input down, once for each place where it broke; 1 if it is new."""
    last = why.strip().splitlines()[-1]
    where = next((line for line in reversed(why.splitlines()) if line.lstrip().startswith("File")), "")
    place = _FOUND / harness.name / sha256((where + last[:60]).encode()).hexdigest()[:12]
    if place.exists():
        return 0
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    place.with_suffix(".txt").write_text(why, encoding="utf-8")
    sys.stdout.write(f"FOUND {place}: {last}\n")
    sys.stdout.flush()
    return 1


def _report(tallies: dict[str, Tally], seed: int) -> None:
    for name, tally in tallies.items():
        sys.stdout.write(
            f"{name:<10} {tally.tried:>9} inputs {tally.cpu_s / 60:7.1f} min {tally.found:>3} found\n"
        )
    tried, cpu_s = sum(t.tried for t in tallies.values()), sum(t.cpu_s for t in tallies.values())
    found = sum(t.found for t in tallies.values())
    sys.stdout.write(
        f"{'in all':<10} {tried:>9} inputs {cpu_s / 60:7.1f} min {found:>3} found (seed {seed})\n"
    )


if __name__ == "__main__":
    sys.exit(main())
