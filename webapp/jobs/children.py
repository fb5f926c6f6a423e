"""Child processes that do one task at a time; a bad page can kill a child, never the worker."""

import contextlib
import multiprocessing
import os
import resource
import signal
import time
import traceback
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import Connection

from webapp.jobs.tasks import Engine, MakeEngine, Outcome, Task, TaskFailed
from webapp.persistence.jobs import Claim

# While the worker writes results down, the child already reads the next page; it is given more only once
# its queue is short, because claiming one page costs the database as much as claiming six.
QUEUE_LENGTH = 6
_SHORT_QUEUE = 2
_START_LIMIT_S = 120.0
_MAX_FALSE_STARTS = 5
_SINGLE_THREAD = ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")


@dataclass(frozen=True, slots=True)
class HeldTask:
    """A claimed row with what is to be done for it and how long that may take."""

    claim: Claim
    task: Task
    limit_s: float


class EngineBroken(Exception):
    """The engine cannot be loaded on this machine; the message is the trace."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """The child's first word."""


@dataclass(frozen=True, slots=True)
class _Broken:
    """The child's only word."""

    detail: str


class Child:
    """One child process with its short queue; dies and is replaced when it crashes or takes too long."""

    def __init__(self, make_engine: MakeEngine, memory_limit_bytes: int) -> None:
        """Start the process; it loads its engine while the worker goes on."""
        self._make_engine = make_engine
        self._memory_limit_bytes = memory_limit_bytes
        self._held: deque[HeldTask] = deque()
        self._false_starts = 0
        self._start()

    @property
    def connection(self) -> Connection:
        """Becomes readable when there is an outcome, or when the child died."""
        return self._connection

    @property
    def claims(self) -> list[Claim]:
        """What this child has."""
        return [held.claim for held in self._held]

    @property
    def free_places(self) -> int:
        """How many more tasks it may be given now; none while it has enough to go on with."""
        is_served = self._is_ready and len(self._held) < _SHORT_QUEUE
        return QUEUE_LENGTH - len(self._held) if is_served else 0

    @property
    def deadline(self) -> float:
        """The monotonic time at which its present task, or its start, has taken too long."""
        return self._deadline

    def give(self, held: HeldTask) -> None:
        """Hand over a task."""
        self._held.append(held)
        if len(self._held) == 1:
            self._begin_head()
        self._send(held)

    def take_outcome(self) -> tuple[Claim, Outcome] | None:
        """The outcome that made the connection readable; None where the child got ready, or died idle.

        Raises:
            EngineBroken: the child could not load its engine, so no other could.
        """
        try:
            outcome: Outcome | _Ready | _Broken = self._connection.recv()
        except (EOFError, OSError):
            return self.replace("crashed")
        if isinstance(outcome, _Broken):
            raise EngineBroken(outcome.detail)
        if isinstance(outcome, _Ready):
            self._is_ready, self._false_starts = True, 0
            self._begin_head()
            return None
        claim = self._held.popleft().claim
        self._begin_head()
        return claim, outcome

    def replace(self, code: str) -> tuple[Claim, Outcome] | None:
        """Kill the process, start another; its present task failed with `code`, the queue goes on.

        Raises:
            EngineBroken: the process has died again and again before it was ready for any task.
        """
        self.kill()
        failed = self._held.popleft() if self._is_ready and self._held else None
        self._false_starts += not self._is_ready
        if self._false_starts >= _MAX_FALSE_STARTS:
            raise EngineBroken(f"the reader ended {self._false_starts} times while it started")
        self._start()
        for held in self._held:
            self._send(held)
        return None if failed is None else (failed.claim, TaskFailed(code, is_final=False))

    def kill(self) -> None:
        """End the process at once; nothing of its is lost, for only the worker writes results down."""
        self._process.kill()
        self._process.join()
        self._connection.close()

    def _start(self) -> None:
        self._is_ready = False
        context = multiprocessing.get_context("spawn")
        for name in _SINGLE_THREAD:
            os.environ[name] = "1"
        ours, theirs = context.Pipe()
        self._connection: Connection = ours
        self._process = context.Process(
            target=_run_child, args=(theirs, self._make_engine, self._memory_limit_bytes), daemon=True
        )
        self._process.start()
        self._deadline = time.monotonic() + _START_LIMIT_S
        theirs.close()

    def _send(self, held: HeldTask) -> None:
        with contextlib.suppress(OSError):  # a dead child is noticed by `take_outcome`
            self._connection.send(held.task)

    def _begin_head(self) -> None:
        """The clock of a task runs from when the child can begin it."""
        self._deadline = time.monotonic() + self._held[0].limit_s if self._held else float("inf")


def _run_child(connection: Connection, make_engine: MakeEngine, memory_limit_bytes: int) -> None:
    """The child's life: until the pipe closes, whoever closes it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the worker decides when to stop
    resource.setrlimit(resource.RLIMIT_AS, (memory_limit_bytes, memory_limit_bytes))
    os.nice(5)  # people at the web pages come first
    try:
        engine = make_engine()
    except Exception:  # noqa: BLE001 - whatever it is, the worker must be told why it cannot go on
        connection.send(_Broken(traceback.format_exc()))
        return
    with contextlib.suppress(EOFError, OSError):
        connection.send(_Ready())
        while True:
            task: Task = connection.recv()
            connection.send(_perform(engine, task))


def _perform(engine: Engine, task: Task) -> Outcome:
    try:
        return engine.perform(task)
    except MemoryError:
        return TaskFailed("too_large", is_final=True)
    except Exception:  # noqa: BLE001 - a bug in reading one page must not stop the stack
        return TaskFailed("internal", is_final=False, detail=traceback.format_exc())
