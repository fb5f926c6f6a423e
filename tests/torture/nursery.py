"""A process that has loaded the program once and forks its processes on request: a start costs no import.

Whatever it forks is a process of its own, in a group of its own, and is killed like any other. It reads one
line of JSON an order, `{"kind", "arguments", "variables", "output"}`, and answers with the process number.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
_LOOK_EVERY_S = 0.02
_GUNICORN = "gunicorn.app.wsgiapp"
_NETWORK = 0x40000000  # CLONE_NEWNET


@dataclass
class Forked:
    """A process of the nursery; it is waited for by looking, for it is no child of ours."""

    pid: int

    def is_running(self) -> bool:
        """Whether it still is there."""
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state != "Z"

    def signal(self, number: int) -> None:
        """Send it a signal; nothing happens where it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill_group(self) -> None:
        """SIGKILL to it and to all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def wait(self, limit_s: float) -> bool:
        """Wait until it has ended; False where it has not."""
        until = time.monotonic() + limit_s
        while self.is_running():
            if time.monotonic() > until:
                return False
            time.sleep(_LOOK_EVERY_S)
        return True


class Nursery:
    """The process that forks."""

    def __init__(self) -> None:
        """Start it; it loads the program while we go on."""
        command = [sys.executable, "-m", "tests.torture.nursery"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def fork(
        self, kind: str, arguments: Sequence[str], variables: dict[str, str], output: Path, network: str = ""
    ) -> Forked:
        """Start `kind` ("web": gunicorn's arguments; "worker": those of tests.torture.worker).

        `network` names the network namespace that it lives in, if it is another.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"kind": kind, "arguments": list(arguments), "variables": variables}
        order |= {"output": str(output), "network": network}
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        return Forked(int(self._process.stdout.readline()))

    def close(self) -> None:
        """Let it end; what it has forked ends with it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@contextmanager
def open_nursery() -> Iterator[Nursery]:
    """A nursery for a while."""
    nursery = Nursery()
    try:
        yield nursery
    finally:
        nursery.close()


def main() -> None:
    """Fork what is ordered until nobody orders any more."""
    import_module(_GUNICORN)  # all loaded before the forks
    import tests.torture.worker  # noqa: F401 - the same
    import webapp.app  # noqa: F401 - the same

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody here waits for them
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # it ends when nobody orders any more
    forked = []
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become(json.loads(line))
        forked.append(Forked(pid))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    for process in forked:
        if process.is_running():
            process.kill_group()


def _become(order: dict[str, object]) -> None:
    """Be the ordered process, and never come back."""
    os.setpgid(0, 0)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    descriptor = os.open(str(order["output"]), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for standard, ours in ((0, nothing), (1, descriptor), (2, descriptor)):
        os.dup2(ours, standard)
    if order["network"]:
        _move_to(str(order["network"]))
    os.environ.update(order["variables"])  # type: ignore[call-overload]  # a line of JSON
    code = 1
    try:
        _run(str(order["kind"]), list(order["arguments"]))  # type: ignore[call-overload]  # the same
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        raise
    finally:
        sys.stderr.flush()
        os._exit(code)


def _move_to(network: str) -> None:
    """Enter a network namespace; Python itself can from 3.12 on.

    Raises:
        OSError: it is not there, or this account may not.
    """
    with Path("/var/run/netns", network).open("rb") as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _NETWORK) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter the network namespace {network}")


def _run(kind: str, arguments: list[str]) -> None:
    if kind == "web":
        sys.argv = ["gunicorn", *arguments]
        import_module(_GUNICORN).run()
    else:
        from tests.torture.worker import main as work

        data_dir, url, reader, lease_s, processes = arguments
        work(Path(data_dir), url, reader, int(lease_s), int(processes))


if __name__ == "__main__":
    main()
