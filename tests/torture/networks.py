"""Machines that are none: network namespaces on a bridge, whose cable can be pulled."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

BRIDGE_ADDRESS = "10.203.0.1"
_BRIDGE = "chamdiem0"


@dataclass(frozen=True, slots=True)
class Machine:
    """A network namespace with one cable to the bridge."""

    number: int

    @property
    def name(self) -> str:
        """Of the namespace."""
        return f"chamdiem-{self.number}"

    @property
    def _cable(self) -> str:
        return f"chamdiem-c{self.number}"

    def plug_in(self) -> None:
        """The network is there."""
        _ip("link", "set", self._cable, "up")

    def pull_out(self) -> None:
        """Nothing comes through any more, and nobody is told."""
        _ip("link", "set", self._cable, "down")

    def make(self) -> None:
        """The namespace, its cable, its address."""
        inside = f"chamdiem-i{self.number}"
        _ip("netns", "add", self.name)
        _ip("link", "add", self._cable, "type", "veth", "peer", "name", inside)
        _ip("link", "set", inside, "netns", self.name)
        _ip("link", "set", self._cable, "master", _BRIDGE)
        address = f"{BRIDGE_ADDRESS.rpartition('.')[0]}.{10 + self.number}/24"
        _ip("-n", self.name, "addr", "add", address, "dev", inside)
        for device in (inside, "lo"):
            _ip("-n", self.name, "link", "set", device, "up")
        self.plug_in()

    def remove(self) -> None:
        """Take it away, and its cable with it."""
        _ip("netns", "del", self.name)


@contextmanager
def machines(count: int) -> Iterator[list[Machine]]:
    """So many machines around a bridge of this one; only root may.

    Raises:
        subprocess.CalledProcessError: namespaces are not allowed here.
    """
    found = [Machine(number) for number in range(1, count + 1)]
    _clear_away(found)
    with ExitStack() as made:
        _ip("link", "add", _BRIDGE, "type", "bridge")
        made.callback(_ip, "link", "del", _BRIDGE)
        _ip("addr", "add", f"{BRIDGE_ADDRESS}/24", "dev", _BRIDGE)
        _ip("link", "set", _BRIDGE, "up")
        for machine in found:
            machine.make()
            made.callback(machine.remove)
        yield found


def _clear_away(left_over: Sequence[Machine]) -> None:
    """What a run that was killed has left behind."""
    for machine in left_over:
        with suppress(subprocess.CalledProcessError):
            machine.remove()
    with suppress(subprocess.CalledProcessError):
        _ip("link", "del", _BRIDGE)


def _ip(*arguments: str) -> None:
    command: Sequence[str] = ("ip", *arguments)
    subprocess.run(command, check=True, capture_output=True, timeout=20)
