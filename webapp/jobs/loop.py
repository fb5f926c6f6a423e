"""The worker's loop on one machine: claims rows, keeps its children busy, writes each outcome down.

One thread does all the database work; the children only read pictures. Whatever happens to the worker,
the rows say what is left to do, and the next worker does it once the lease has run out.
"""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Protocol

from webapp.jobs.children import Child, EngineBroken, HeldTask
from webapp.jobs.tasks import MakeEngine, Outcome
from webapp.persistence.jobs import Claim

_LOG = logging.getLogger(__name__)
_MEMORY_LIMIT_BYTES = 4 << 30  # address space, of which OpenCV and its libraries map most without using it


class Ledger(Protocol):
    """The rows, as the loop sees them; each call is one transaction of its own."""

    def take(self, limit: int) -> list[HeldTask]:
        """Claim up to `limit` rows."""
        ...

    def settle(self, claim: Claim, outcome: Outcome) -> None:
        """Write the outcome and close the claim, or write nothing where the claim was lost."""
        ...

    def renew(self, claims: Iterable[Claim]) -> None:
        """Keep the claims, and show that the worker lives."""
        ...

    def release(self, claims: Iterable[Claim]) -> None:
        """Give claims back unworked."""
        ...


@dataclass(frozen=True, slots=True)
class LoopTimes:
    """How long the loop waits, in seconds."""

    poll_s: float = 0.5
    renew_s: float = 5.0
    finish_s: float = 20.0


def run_loop(
    ledger: Ledger,
    make_engine: MakeEngine,
    child_count: int,
    is_stopping: Callable[[], bool],
    times: LoopTimes,
) -> None:
    """Work until `is_stopping`; then finish what is begun (for at most `finish_s`) and give the rest back.

    Raises:
        EngineBroken: no child can read; what was claimed is given back.
    """
    children = [Child(make_engine, _MEMORY_LIMIT_BYTES) for _ in range(child_count)]
    loop = _Loop(ledger, children, times)
    try:
        while not is_stopping():
            loop.fill()
            loop.turn()
        loop.finish()
    except EngineBroken:
        loop.give_back()
        raise
    finally:
        for child in children:
            child.kill()


class _Loop:
    def __init__(self, ledger: Ledger, children: list[Child], times: LoopTimes) -> None:
        self._ledger = ledger
        self._children = children
        self._times = times
        self._renew_at = 0.0

    def fill(self) -> None:
        """Claim as much as the children have room for; the emptiest child is served first."""
        room = {child: child.free_places for child in self._children}
        most = sum(room.values())
        for held in self._ledger.take(most) if most else ():
            emptiest = max(room, key=room.__getitem__)
            emptiest.give(held)
            room[emptiest] -= 1

    def turn(self) -> None:
        """Wait for an outcome or the next poll; then settle, watch deadlines and renew."""
        by_connection: dict[object, Child] = {child.connection: child for child in self._children}
        connections: list[Connection] = [child.connection for child in self._children]
        for ready in wait(connections, timeout=self._times.poll_s):
            self._settle(by_connection[ready].take_outcome())
        for child in self._children:
            if time.monotonic() > child.deadline:
                self._settle(child.replace("timeout"))
        if time.monotonic() >= self._renew_at:
            self._ledger.renew(self._claims())
            self._renew_at = time.monotonic() + self._times.renew_s

    def finish(self) -> None:
        """Let the begun tasks end, then give back what is left."""
        until = time.monotonic() + self._times.finish_s
        while self._claims() and time.monotonic() < until:
            self.turn()
        self.give_back()

    def give_back(self) -> None:
        """Release what is not done."""
        self._ledger.release(self._claims())

    def _settle(self, ended: tuple[Claim, Outcome] | None) -> None:
        if ended is not None:
            self._ledger.settle(*ended)

    def _claims(self) -> list[Claim]:
        return [claim for child in self._children for claim in child.claims]
