"""Troubles of the machine: a full disk, a disk that breaks, a worker that hangs. Clear words, then recovery.

The disk is a small image of ext4 on a loop device, mounted for the installation; only root may do that.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.torture import roles
from tests.torture.account import count_undone, violations
from tests.torture.ledger import Ledger
from tests.torture.nursery import Nursery, open_nursery
from tests.torture.person import Person, Weather
from tests.torture.roles import OWN_COMPONENTS, Role, Shift, Stack, fake_scans
from tests.torture.site import Reader, Site, open_site
from tests.torture.worlds import open_for_work, print_more
from tests.worlds.small import PASSWORD

_DISK_MB = 160
_SHEETS = 120
_LIMIT_S = 120
_LOOK_EVERY_S = 0.1
_LEASE_S = 2
_HUNG_S = 5 * _LEASE_S
_SOME = 6  # acknowledgements


@dataclass(slots=True)
class TroubleReport:
    """One trouble: what people were told, how it ended, what is wrong (nothing)."""

    trouble: str
    health: str = ""
    answers: dict[int, int] = field(default_factory=dict)
    acknowledged: dict[str, int] = field(default_factory=dict)
    back_after_s: float = 0.0
    violations: list[str] = field(default_factory=list)


def play_troubles(folder: Path) -> list[TroubleReport]:
    """All of them, each in an installation of its own."""
    with open_nursery() as nursery:
        return [
            _full_disk(folder / "full", nursery),
            _broken_disk(folder / "broken", nursery),
            _hung_worker(folder / "hung", nursery),
        ]


def _full_disk(folder: Path, nursery: Nursery) -> TroubleReport:
    """People work on while the disk fills up, and after somebody has made room."""
    with small_disk(folder) as disk, open_site(disk / "data", None, Reader(), nursery) as site:
        day = _Day(site, "full disk")
        day.work_a_while()
        filler = disk / "filler"
        _fill_up(filler)
        day.report.health = day.wait_for_health(503)
        time.sleep(2)  # people press on
        filler.unlink()
        return day.go_on_and_end()


def _broken_disk(folder: Path, nursery: Nursery) -> TroubleReport:
    """The disk turns read-only in mid-work, as ext4 does at an error; it is mounted anew, all is started."""
    with small_disk(folder) as disk, open_site(disk / "data", None, Reader(), nursery) as site:
        day = _Day(site, "read-only disk")
        day.work_a_while()
        _run("mount", "-o", "remount,abort", str(disk))
        day.report.health = day.wait_for_health(503)
        time.sleep(2)
        site.engine.dispose()
        for name in list(site.running):
            site.kill(name)
        _mount_again(folder)
        site.start_web()
        site.start_worker()
        return day.go_on_and_end()


def _hung_worker(folder: Path, nursery: Nursery) -> TroubleReport:
    """A worker stands still with pages in hand; another one reads them; then the first comes back."""
    with open_site(folder, None, Reader(page_s=0.1, lease_s=_LEASE_S), nursery) as site:
        day = _Day(site, "hung worker")
        day.work_a_while()
        site.running["worker-1"].signal(signal.SIGSTOP)
        site.start_worker("worker-2")
        time.sleep(_HUNG_S)
        day.report.health = day.wait_for_health(200)
        site.running["worker-1"].signal(signal.SIGCONT)
        return day.go_on_and_end()


class _Day:
    """A day of work that is disturbed."""

    def __init__(self, site: Site, trouble: str) -> None:
        """Open the office; everybody sits down."""
        self.report = TroubleReport(trouble)
        self._site, self._ledger = site, Ledger()
        open_for_work(site)
        print_more(site, 1, _SHEETS)
        site.start_web()
        site.start_worker()
        site.wait_until_it_answers()
        self._shift = Shift(self._ledger, trouble)
        files = fake_scans(1, _SHEETS, 3)
        tasks: dict[str, Role] = {
            "clerk": partial(roles.hand_in, stack=Stack(files)),
            "reviewer": roles.review,
            "unit-19186": partial(roles.score_oneself, code=OWN_COMPONENTS[2]),
        }
        self._people = [Person(site.port, name, PASSWORD) for name in tasks]
        for person, task in zip(self._people, tasks.values(), strict=True):
            self._shift.begin(person, task)

    def work_a_while(self) -> None:
        """Until some things are done."""
        self._shift.wait_for(self._ledger.total() + _SOME, _LIMIT_S)
        for person in self._people:
            person.weather = Weather()

    def wait_for_health(self, status: int) -> str:
        """What `/healthz` says, once it answers so."""
        until = time.monotonic() + _LIMIT_S
        while time.monotonic() < until:
            found, words = self._site.health()
            if found == status:
                return words
            time.sleep(_LOOK_EVERY_S)
        return f"never {status}"

    def go_on_and_end(self) -> TroubleReport:
        """The trouble is over: all goes on by itself, and everything acknowledged is there."""
        began = time.monotonic()
        for person in self._people:
            self.report.answers |= dict(person.weather.statuses)
        self._site.wait_until_it_answers()
        goes_on = self._shift.wait_for(self._ledger.total() + _SOME, _LIMIT_S)
        self.report.back_after_s = round(time.monotonic() - began, 1)
        self._shift.end()
        undone = self._drain()
        stuck = [] if goes_on else ["people could not go on"]
        kept = violations(self._site, self._ledger)
        self.report.violations = [*self._shift.faults, *stuck, *undone, *kept]
        self.report.acknowledged = self._ledger.counts()
        return self.report

    def _drain(self) -> list[str]:
        until = time.monotonic() + _LIMIT_S
        while time.monotonic() < until:
            with self._site.readers() as session:
                undone = count_undone(session)
            if not undone:
                return []
            time.sleep(_LOOK_EVERY_S)
        return [f"{undone} files, pages and drafts are still undone"]


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of its own, mounted in `folder`/disk."""
    folder.mkdir(parents=True)
    with (folder / "image").open("wb") as image:
        image.truncate(_DISK_MB << 20)
    _run("mkfs.ext4", "-q", str(folder / "image"))
    with ExitStack() as mounted:
        (folder / "disk").mkdir()
        _mount(folder)
        mounted.callback(_run, "umount", "--lazy", str(folder / "disk"))
        yield folder / "disk"


def _mount(folder: Path) -> None:
    _run("mount", "-o", "loop", str(folder / "image"), str(folder / "disk"))


def _mount_again(folder: Path) -> None:
    """As after a restart of the machine: checked, then mounted."""
    until = time.monotonic() + _LIMIT_S
    while subprocess.run(["umount", str(folder / "disk")], check=False, capture_output=True).returncode:
        if time.monotonic() > until:  # whoever was killed lets go of its files a moment later
            raise TimeoutError("somebody still holds a file on the broken disk")
        time.sleep(_LOOK_EVERY_S)
    subprocess.run(["e2fsck", "-p", str(folder / "image")], check=False, capture_output=True)
    _mount(folder)


def _fill_up(path: Path) -> None:
    """Write until nothing more fits."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    os.write(descriptor, bytes(size))
            except OSError:
                continue
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)
