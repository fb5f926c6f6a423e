"""Scale-out on PostgreSQL: two web processes and four workers, each on a machine of its own, share one batch.

The machines are network namespaces on this one: each worker reaches the database over its own cable. One is
killed, one loses its network for longer than its lease, one stands still for as long, all in mid-batch.
"""

import itertools
import signal
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from tests.postgres import free_port, running_server
from tests.torture.account import count_undone, violations
from tests.torture.ledger import HandedIn, Ledger, sha256_of
from tests.torture.networks import BRIDGE_ADDRESS, Machine, machines
from tests.torture.nursery import open_nursery
from tests.torture.person import Person
from tests.torture.roles import fake_scans
from tests.torture.site import Reader, Site, open_site
from tests.torture.worlds import open_for_work, print_more
from tests.worlds.small import PASSWORD
from webapp.persistence.readings import Reading
from webapp.persistence.scans import Page

WORKERS = 4
_WEBS = ("web-1", "web-2")
_PAGES_A_FILE = 5
_LEASE_S = 4
_AWAY_S = 3 * _LEASE_S
_LIMIT_S = 600
_LOOK_EVERY_S = 0.1


@dataclass(slots=True)
class ScaleReport:
    """One run: how many workers, how fast, what befell them, what is wrong (nothing)."""

    workers: int
    reader: str
    pages: int
    seconds: float
    pages_per_s: float
    befell: list[str] = field(default_factory=list)
    pages_taken_again: int = 0
    refused_by_the_fence: int = 0
    violations: list[str] = field(default_factory=list)


class Cluster:
    """A site on PostgreSQL with two web processes, and machines that can run workers."""

    def __init__(self, site: Site, fleet: Sequence[Machine]) -> None:
        """Start the web processes, and sign a clerk in at each."""
        self.site, self._fleet = site, fleet
        ports = [free_port() for _ in _WEBS]
        for name, port in zip(_WEBS, ports, strict=True):
            site.start_web(name, port)
        for port in ports:
            site.wait_until_it_answers(port)
        self._clerks = [Person(port, "clerk", PASSWORD) for port in ports]
        for clerk in self._clerks:
            clerk.come_in()

    def read(self, workers: int, scans: Iterable[tuple[bytes, int]], *, torment: bool = False) -> ScaleReport:
        """Hand the scans in, in turn at both web processes, and let so many workers read them."""
        ledger, before = Ledger(), self._last_reading()
        for clerk, (content, count) in zip(itertools.cycle(self._clerks), scans, strict=False):
            answer = clerk.post("/quet", {}, [("files", "lo.pdf", content)])
            number = int(answer.location.rpartition("/")[2])
            ledger.handed_in.append(HandedIn(number, sha256_of(content), count))
        pages = ledger.counts()["pages"]
        for machine in self._fleet[:workers]:
            self.site.start_worker(f"worker-{machine.number}", machine.name)
        befell = self._torment(before, pages // 4) if torment else []
        self._wait_until_all_is_done()
        for number in range(1, workers + 1):
            if f"worker-{number}" in self.site.running:
                self.site.kill(f"worker-{number}")
        seconds = self._seconds_since(before)
        return ScaleReport(
            workers=workers,
            reader=self._reader,
            pages=pages,
            seconds=round(seconds, 1),
            pages_per_s=round((pages - 1) / seconds, 1),
            befell=befell,
            pages_taken_again=self._count_taken_again(),
            refused_by_the_fence=self._count_refusals(),
            violations=violations(self.site, ledger),
        )

    @property
    def _reader(self) -> str:
        page_s = self.site.reader.page_s
        return "real" if page_s is None else f"fake, {page_s:g} s a page"

    def _torment(self, before: int, done: int) -> list[str]:
        """In mid-batch: one killed, one cut off, one standing still; the last two come back."""
        self._wait_for_readings(before, done)
        self.site.kill("worker-2")
        machine, asleep = self._fleet[2], self.site.running["worker-4"]
        machine.pull_out()
        asleep.signal(signal.SIGSTOP)
        time.sleep(_AWAY_S)
        machine.plug_in()
        asleep.signal(signal.SIGCONT)
        return [
            "worker 2 was killed",
            f"worker 3 had no network for {_AWAY_S} s",
            f"worker 4 stood still for {_AWAY_S} s",
        ]

    def _last_reading(self) -> int:
        with self.site.readers() as session:
            return session.scalar(select(func.max(Reading.id))) or 0

    def _wait_for_readings(self, before: int, count: int) -> None:
        until = time.monotonic() + _LIMIT_S
        while self._last_reading() < before + count:
            if time.monotonic() > until:
                raise TimeoutError("the workers do not begin")
            time.sleep(_LOOK_EVERY_S)

    def _wait_until_all_is_done(self) -> None:
        until = time.monotonic() + _LIMIT_S
        while time.monotonic() < until:
            with self.site.readers() as session:
                if count_undone(session) == 0:
                    return
            time.sleep(_LOOK_EVERY_S)
        raise TimeoutError("pages are still unread")

    def _seconds_since(self, before: int) -> float:
        """From the first reading of this run to the last."""
        with self.site.readers() as session:
            span = select(func.min(Reading.read_at), func.max(Reading.read_at)).where(Reading.id > before)
            first, last = session.execute(span).one()
        return float((last - first).total_seconds())

    def _count_taken_again(self) -> int:
        with self.site.readers() as session:
            return session.scalar(select(func.count()).where(Page.attempt > 1)) or 0

    def _count_refusals(self) -> int:
        """How often a worker came back with what had been given to another."""
        logs = (self.site.data_dir / "logs").glob("*.jsonl")
        return sum(path.read_text().count("was given to somebody else meanwhile") for path in logs)


def prove_scale_out(folder: Path, pages: int, page_s: float) -> list[ScaleReport]:
    """One batch by one, two and four workers, then one that three of four workers do not get through."""
    with ExitStack() as opened:
        found = opened.enter_context(machines(WORKERS))
        server = opened.enter_context(running_server(options="", address=BRIDGE_ADDRESS))
        nursery = opened.enter_context(open_nursery())
        site = opened.enter_context(open_site(folder, server, Reader(page_s, _LEASE_S, 1), nursery))
        open_for_work(site)
        print_more(site, 1, 4 * pages)
        cluster = Cluster(site, found)
        scans, files = fake_scans(1, 4 * pages, _PAGES_A_FILE), pages // _PAGES_A_FILE
        reports = [cluster.read(workers, itertools.islice(scans, files)) for workers in (1, 2, WORKERS)]
        tormented = cluster.read(WORKERS, itertools.islice(scans, files), torment=True)
        return [*reports, tormented]
