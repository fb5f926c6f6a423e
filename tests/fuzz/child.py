"""The process that a parser may take along: it tells each input before it tries it."""

import os
import resource
import signal
import time
import traceback
from multiprocessing.connection import Connection
from random import Random
from types import FrameType

from tests.fuzz.harnesses import HARNESSES

_INPUT_LIMIT_S = 20  # of the processor's time
_MEMORY_LIMIT_BYTES = 3_000_000_000


def spoil_for(name: str, number: int, seconds: float, pipe: Connection) -> None:
    """The child: tells each input before it is tried, what broke, at the end None."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_LIMIT_BYTES, _MEMORY_LIMIT_BYTES))
    signal.signal(signal.SIGPROF, _too_slow)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what libraries say of each broken picture
    harness, random = HARNESSES[name], Random(number)
    seeds = [path.read_bytes() for path in harness.seeds()]
    tried, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            spoilt = harness.mutate(random.choice(seeds), random)
            pipe.send(spoilt)
            signal.setitimer(signal.ITIMER_PROF, _INPUT_LIMIT_S)
            harness.check(spoilt)
        except BaseException:  # noqa: BLE001 - whatever it is, it is the find
            pipe.send(traceback.format_exc())
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        tried += 1
    used = resource.getrusage(resource.RUSAGE_SELF)
    pipe.send((tried, used.ru_utime + used.ru_stime))
    pipe.send(None)


def _too_slow(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"one input took more than {_INPUT_LIMIT_S} s of the processor")
