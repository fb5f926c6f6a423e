"""The worker's loop with real child processes and rows that live in a list."""

import functools
import os
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.fake_reader import FakeEngine, scan_bytes, sides
from webapp.jobs.children import QUEUE_LENGTH, EngineBroken, HeldTask
from webapp.jobs.loop import LoopTimes, run_loop
from webapp.jobs.tasks import Engine, Outcome, ReadDone, ReadTask, TaskFailed
from webapp.persistence.jobs import Claim, JobKind

TIMES = LoopTimes(poll_s=0.05, renew_s=0.1, finish_s=5.0)


@dataclass
class ListLedger:
    """Rows in memory: what waits, what came of it, and which claims were renewed or given back."""

    waiting: deque[HeldTask]
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    renewed: set[int] = field(default_factory=set)
    released: list[int] = field(default_factory=list)
    most_taken: int = 0
    most_held: int = 0

    def take(self, limit: int) -> list[HeldTask]:
        self.most_taken = max(self.most_taken, limit)
        return [self.waiting.popleft() for _ in range(min(limit, len(self.waiting)))]

    def settle(self, claim: Claim, outcome: Outcome) -> None:
        assert claim.row_id not in self.outcomes
        self.outcomes[claim.row_id] = outcome

    def renew(self, claims: Iterable[Claim]) -> None:
        held = {claim.row_id for claim in claims}
        self.most_held = max(self.most_held, len(held))
        self.renewed |= held

    def release(self, claims: Iterable[Claim]) -> None:
        self.released += [claim.row_id for claim in claims]


def make_ledger(path: Path, pages: list[dict[str, Any]], limit_s: float = 30.0) -> ListLedger:
    path.write_bytes(scan_bytes(pages))
    tasks = [ReadTask(path, index, path.name) for index in range(len(pages))]
    held = (HeldTask(Claim(JobKind.READ, n, 1), task, limit_s) for n, task in enumerate(tasks))
    return ListLedger(deque(held))


def dying_engine() -> Engine:
    os._exit(9)


def broken_engine() -> Engine:
    raise OSError("libGL.so.1 is missing")


def test_all_pages_come_back_each_once(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path / "a.pdf", sides(list(range(1, 16))))
    engine = functools.partial(FakeEngine, tmp_path / "scans", 0.05)
    run_loop(ledger, engine, 2, lambda: len(ledger.outcomes) == 30, TIMES)
    assert {n: type(outcome) for n, outcome in ledger.outcomes.items()} == dict.fromkeys(range(30), ReadDone)
    assert 2 <= ledger.most_taken <= 2 * QUEUE_LENGTH, "two children, each with as many pages as it may hold"
    assert ledger.renewed


def test_no_child_is_given_more_than_it_may_hold(tmp_path: Path) -> None:
    """A long stack, and children that ask for more at different moments: nobody's pile grows."""
    ledger = make_ledger(tmp_path / "a.pdf", sides(list(range(1, 61))))
    engine = functools.partial(FakeEngine, tmp_path / "scans", 0.02)
    often = LoopTimes(poll_s=0.05, renew_s=0.0, finish_s=5.0)
    run_loop(ledger, engine, 2, lambda: len(ledger.outcomes) == 120, often)
    assert QUEUE_LENGTH < ledger.most_held <= 2 * QUEUE_LENGTH


def test_a_page_that_takes_too_long_is_stopped_and_the_one_behind_it_is_read(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path / "a.pdf", [{"does": "sleep"}, *sides([1])], limit_s=1.5)
    engine = functools.partial(FakeEngine, tmp_path / "scans")
    run_loop(ledger, engine, 1, lambda: len(ledger.outcomes) == 3, TIMES)
    assert ledger.outcomes[0] == TaskFailed("timeout", is_final=False)
    assert isinstance(ledger.outcomes[1], ReadDone)
    assert isinstance(ledger.outcomes[2], ReadDone)


def test_after_a_page_that_took_too_long_with_none_behind_it_reading_goes_on(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path / "a.pdf", [{"does": "sleep"}, *sides([1])], limit_s=0.3)
    later = [ledger.waiting.pop(), ledger.waiting.pop()]

    def is_all_done() -> bool:
        if 0 in ledger.outcomes and later:
            ledger.waiting.extend(later)
            later.clear()
        return len(ledger.outcomes) == 3

    run_loop(ledger, functools.partial(FakeEngine, tmp_path / "scans"), 1, is_all_done, TIMES)
    assert ledger.outcomes[0] == TaskFailed("timeout", is_final=False)
    assert {type(ledger.outcomes[n]) for n in (1, 2)} == {ReadDone}


def test_a_reader_that_dies_while_it_starts_ends_the_worker(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path / "a.pdf", sides([1]))
    with pytest.raises(EngineBroken, match="5 times while it started"):
        run_loop(ledger, dying_engine, 1, lambda: False, TIMES)
    assert ledger.outcomes == {}


def test_stopping_finishes_what_is_begun_and_gives_back_the_rest(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path / "a.pdf", [*sides([1]), {"does": "sleep"}, *sides([2])])
    engine = functools.partial(FakeEngine, tmp_path / "scans")
    times = LoopTimes(poll_s=0.05, renew_s=0.1, finish_s=0.5)
    run_loop(ledger, engine, 1, lambda: len(ledger.outcomes) == 2, times)
    assert set(ledger.outcomes) == {0, 1}
    assert 2 in ledger.released


def test_a_reader_that_cannot_be_loaded_ends_the_worker_with_the_reason(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path / "a.pdf", sides([1]))
    with pytest.raises(EngineBroken, match=r"libGL.so.1 is missing"):
        run_loop(ledger, broken_engine, 1, lambda: False, TIMES)
    assert ledger.outcomes == {}
    assert len(ledger.waiting) == 2, "no page is blamed for it"
