"""Two processes side by side: the web server, and a worker that is started again when it dies or hangs."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

_LOOK_EVERY_S = 0.5
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0
_STOP_WITHIN_S = 40.0
_STEADY_AFTER_S = 60.0
_HANGS_AFTER_S = 300.0  # its loop turns twice a second, and waits for a busy database for 90 s
_MANY_SIGNS = 65_536
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

Say = Callable[[str], None]


@dataclass
class Companion:
    """The worker's process; it comes back after a pause that doubles while it keeps dying.

    It writes into a pipe as long as its loop turns; when nothing comes for `hangs_after_s`, it is killed.
    What it had in hand is taken again after its lease.
    """

    command: Sequence[str]
    say: Say
    process: "subprocess.Popen[bytes] | None" = None
    started_s: float = 0.0
    pause_s: float = _FIRST_PAUSE_S
    not_before_s: float = field(default=0.0)
    hangs_after_s: float = _HANGS_AFTER_S
    heard_s: float = 0.0
    ear: int | None = None

    def look_after(self, now_s: float) -> None:
        """Start it, or start it again."""
        if self.process is None:
            if now_s >= self.not_before_s:
                self._start(now_s)
        elif self.process.poll() is not None:
            self._mourn(now_s)
        elif self._hangs(now_s):
            self.say(f"The worker has not moved for {now_s - self.heard_s:.0f} s and is ended.")
            self.process.kill()

    def _start(self, now_s: float) -> None:
        self.ear, mouth = os.pipe()
        os.set_blocking(self.ear, False)
        os.set_blocking(mouth, False)
        self.process = subprocess.Popen([*self.command, "--alive-fd", str(mouth)], pass_fds=(mouth,))
        os.close(mouth)
        self.started_s = self.heard_s = now_s

    def _hangs(self, now_s: float) -> bool:
        """Whether it has been silent for too long."""
        with suppress(BlockingIOError):
            if self.ear is not None and os.read(self.ear, _MANY_SIGNS):
                self.heard_s = now_s
        return now_s - self.heard_s > self.hangs_after_s

    def _mourn(self, now_s: float) -> None:
        """A worker that ran steadily comes back at once; one that cannot start is tried ever more rarely."""
        code = self.process.returncode if self.process is not None else None
        if self.ear is not None:
            os.close(self.ear)
            self.ear = None
        steady = now_s - self.started_s >= _STEADY_AFTER_S
        self.pause_s = _FIRST_PAUSE_S if steady else min(_LONGEST_PAUSE_S, self.pause_s * 2)
        self.not_before_s = now_s + self.pause_s
        self.process = None
        self.say(f"The worker ended (code {code}); it starts again in {self.pause_s:.0f} s. Nothing is lost.")


def run_side_by_side(server: Sequence[str], worker: Sequence[str] | None, say: Say) -> int:
    """Run until the server ends or a signal comes; gives the server's exit code."""
    stopping = _Signals()
    main = subprocess.Popen(server)
    companion = Companion(worker, say) if worker is not None else None
    while main.poll() is None and not stopping.came:
        if companion is not None:
            companion.look_after(time.monotonic())
        time.sleep(_LOOK_EVERY_S)
    processes = [main] if companion is None or companion.process is None else [main, companion.process]
    _stop(processes)
    stopping.forget()
    return 0 if stopping.came else main.returncode


class _Signals:
    """Whether somebody asked us to stop."""

    def __init__(self) -> None:
        """Listen to SIGTERM and SIGINT."""
        self.came = False
        self._before = {number: signal.signal(number, self._note) for number in _STOP_SIGNALS}

    def forget(self) -> None:
        """Hand the signals back to whoever had them."""
        for number, before in self._before.items():
            signal.signal(number, before)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.came = True


def _stop(processes: "Sequence[subprocess.Popen[bytes]]") -> None:
    """Ask all to finish what they have in hand; end what does not."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    until_s = time.monotonic() + _STOP_WITHIN_S
    for process in processes:
        try:
            process.wait(max(0.1, until_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
