"""docs/torture.md, written from the lines of all runs: nothing in its tables is typed by hand."""

import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

Line = dict[str, Any]
_KINDS = ("dashboard", "page", "save draft", "next item", "picture")
_FAULT = 500
_HEAD = """# Under torture

Written by `python -m tests.torture report` from [torture-runs.jsonl](torture-runs.jsonl), one line a round
with its seed and number, so that it can be played again (`python -m tests.torture kill --first 17 --rounds
1`). `make torture` does everything; its short form is part of `make test` (`tests/torture/test_rounds.py`).
What the figures mean for many machines is said in [scaling.md](scaling.md).
"""
_ROUNDS = """
In each, people hand in scans, review, score their units and compute (or fix and publish) the index over
the network. A moment after a random number of acknowledgements processes get `kill -9`; what was killed is
started again, people go on, and the account is taken: every acknowledged scan, page, decision, draft,
evidence file and version is there exactly once and on disk as it came, nothing is there twice, the log's
chain is whole, and nothing waits. Requests that were not answered are sent again, as a person presses again.
"""


def write_report(lines: Path, report: Path) -> None:
    """Read the lines, write the page."""
    by_kind: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        by_kind[told["kind"]].append(told)
    parts = [_HEAD, *_kill(by_kind["kill"]), *_load(by_kind["load"])]
    parts += [*_scale(by_kind["scale"]), *_troubles(by_kind["trouble"])]
    report.write_text("\n".join(parts) + "\n", encoding="utf-8")


def _kill(rounds: Sequence[Line]) -> Iterator[str]:
    if not rounds:
        return
    wrong = [line for line in rounds if line["violations"]]
    told = Counter[str]()
    groups: defaultdict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for line in rounds:
        told.update(line["acknowledged"])
        each = line["round"]
        groups[each["database"], each["scene"], each["target"]].append(line)
    yield f"## Kill rounds\n\n{len(rounds)} rounds, {len(wrong)} with anything wrong.\n{_ROUNDS}"
    yield f"Acknowledged in all: {', '.join(f'{count:,} {name}' for name, count in told.items())}.\n"
    yield "| database | work | killed | rounds | wrong | back after s: median, most | all read after s |"
    yield "| --- | --- | --- | ---: | ---: | ---: | ---: |"
    for (database, scene, target), found in sorted(groups.items()):
        back = [line["back_after_s"] for line in found]
        drained = max(line["drained_after_s"] for line in found)
        bad = sum(bool(line["violations"]) for line in found)
        times = f"{statistics.median(back):.1f}, {max(back):.1f} | {drained:.1f}"
        yield f"| {database} | {scene} | {target} | {len(found)} | {bad} | {times} |"
    yield from _wrong(wrong)


def _wrong(rounds: Iterable[Line]) -> Iterator[str]:
    for line in rounds:
        each = line["round"]
        yield f"\nRound {each['number']} (seed {each['seed']}): {'; '.join(line['violations'])}"


def _load(runs: Sequence[Line]) -> Iterator[str]:
    if runs:
        yield "\n## Load\n"
    for run in runs:
        yield f"### {run['people']} people, {run['database']}, a batch of {run['reading_pages']} pages\n"
        yield _told(run)
        yield "\n| request | number | p50 ms | p95 ms | p99 ms |\n| --- | ---: | ---: | ---: | ---: |"
        for kind in _KINDS:
            if kind in run["times_ms"]:
                times = run["times_ms"][kind]
                yield f"| {kind} | {times['count']} | {times['p50']} | {times['p95']} | {times['p99']} |"
        yield ""


def _told(run: Line) -> str:
    faults = sum(count for status, count in run["statuses"].items() if int(status) >= _FAULT)
    return (
        f"{run['requests']:,} requests in {run['seconds']:.0f} s, "
        f"{run['requests'] / run['seconds']:.0f} a second; {run['pages_read']} pages were read meanwhile. "
        f"{faults} answers of 5xx, {sum(run['broken_off'].values())} connections broken; "
        f"of {sum(run['acknowledged'].values()):,} things acknowledged {len(run['violations'])} were lost, "
        f"doubled or otherwise wrong. {run.get('beside', '')}"
    )


def _scale(runs: Sequence[Line]) -> Iterator[str]:
    if not runs:
        return
    yield "\n## Scale-out\n"
    yield "| workers | reader | pages | pages/s | what befell them | taken again | fenced off | wrong |"
    yield "| ---: | --- | ---: | ---: | --- | ---: | ---: | ---: |"
    for run in runs:
        befell = "; ".join(run["befell"]) or "nothing"
        numbers = f"{run['pages_taken_again']} | {run['refused_by_the_fence']} | {len(run['violations'])}"
        whole = f"{run['workers']} | {run['reader']} | {run['pages']} | {run['pages_per_s']}"
        yield f"| {whole} | {befell} | {numbers} |"


def _troubles(runs: Sequence[Line]) -> Iterator[str]:
    if not runs:
        return
    yield "\n## Troubles of the machine\n"
    yield "| trouble | `/healthz` | answers to people meanwhile | on again after s | wrong |"
    yield "| --- | --- | --- | ---: | ---: |"
    for run in runs:
        answers = ", ".join(f"{count} × {status}" for status, count in sorted(run["answers"].items()))
        health = run["health"].replace("\n", " ")
        yield (
            f"| {run['trouble']} | `{health}` | {answers or 'none'} | {run['back_after_s']} | "
            f"{len(run['violations'])} |"
        )
